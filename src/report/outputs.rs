//! The numbers of a run for other steps of a workflow.

use super::numbers::rounded;
use crate::analysis::Analysis;
use crate::gate::{Judgement, Metric, MetricJudgement, Tail};
use crate::result::{RunResult, Service};

/// The outputs that hold numbers: plain digits with a point, empty where there is no number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Numbers {
    /// The recommended size.
    pub recommended_memory_mb: String,
    /// p99 at the recommended size.
    pub p99_ms: String,
    /// Cost per million invocations at the recommended size.
    pub cost_per_million_usd: String,
    /// The change of p99 that was judged, at the size that the baseline recommends.
    pub p99_change_percent: String,
    /// The change of the cost that was judged, at the size that the baseline recommends.
    pub cost_change_percent: String,
    /// `sagemaker`, `this-machine`, or `custom-endpoint`: whose the numbers are.
    pub measured_on: &'static str,
}

impl Numbers {
    /// The numbers of a run.
    pub fn of(run: &RunResult, analysis: &Analysis, judgement: &Judgement) -> Self {
        let recommended = judgement.recommended;
        let size = recommended.and_then(|it| analysis.size(it));
        let change = |judged: &MetricJudgement| {
            let compared = judged.compared();
            compared.map(|it| rounded(it.increase.percent(), 2))
        };
        let latency = &judgement.metrics.latency;
        let p99 = Some(latency).filter(|it| it.metric == Metric::Latency(Tail::P99));
        let memory = recommended.map(|it| it.get().to_string());
        let latency = size.map(|it| rounded(it.warm().p99.get(), 3));
        let cost = size.map(|it| rounded(it.cost.per_million().get(), 6));
        Self {
            recommended_memory_mb: memory.unwrap_or_default(),
            p99_ms: latency.unwrap_or_default(),
            cost_per_million_usd: cost.unwrap_or_default(),
            p99_change_percent: p99.and_then(change).unwrap_or_default(),
            cost_change_percent: change(&judgement.metrics.cost).unwrap_or_default(),
            measured_on: match run.service {
                Service::Aws => "sagemaker",
                Service::Custom(_) => "custom-endpoint",
                Service::Local(_) => "this-machine",
            },
        }
    }

    /// Each with the name of its output.
    pub fn named(&self) -> [(&'static str, &str); 6] {
        [
            ("recommended-memory-mb", &self.recommended_memory_mb),
            ("p99-ms", &self.p99_ms),
            ("cost-per-million-usd", &self.cost_per_million_usd),
            ("p99-change-percent", &self.p99_change_percent),
            ("cost-change-percent", &self.cost_change_percent),
            ("measured-on", self.measured_on),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::tests::prices;
    use crate::analysis::{Strategy, analyse};
    use crate::gate::Limits;
    use crate::gate::tests::{history, judged, model};

    fn numbers(scale: f64, with_history: bool) -> Numbers {
        let run = model(scale);
        let history = with_history.then(|| history(5, model));
        let judgement = judged(&run, history.as_ref(), &Limits::default());
        let analysis = analyse(&run, &prices(), Strategy::Balanced);
        Numbers::of(&run, &analysis, &judgement)
    }

    #[test]
    fn numbers_are_plain_and_changes_need_a_baseline() {
        assert_eq!(numbers(1.0, true).recommended_memory_mb, "2048");
        let slow = numbers(1.7, true);
        assert_eq!(
            (slow.p99_change_percent, slow.cost_change_percent),
            ("70.17".to_owned(), "68.91".to_owned())
        );
        let first = numbers(1.7, false);
        let empty = |(_, number): &(&str, &str)| number.is_empty();
        assert_eq!(
            first.named().map(|it| empty(&it)),
            [false, false, false, true, true, false]
        );
        let plain = |it: &(&str, &str)| !empty(it) && it.0 != "measured-on";
        for (name, number) in first.named().into_iter().filter(plain) {
            assert!(number.parse::<f64>().unwrap() > 0.0, "{name}: {number}");
        }
    }
}
