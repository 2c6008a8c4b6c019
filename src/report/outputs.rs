//! The numbers of a run for other steps of a workflow.

use crate::analysis::Analysis;
use crate::gate::{Judgement, Metric, MetricJudgement, Tail};
use crate::units::Ratio;

/// Names of the outputs that hold numbers.
pub const NUMBERS: [&str; 5] = [
    "recommended-memory-mb",
    "p99-ms",
    "cost-per-million-usd",
    "p99-change-percent",
    "cost-change-percent",
];

/// Name and value of each number: plain digits with a point, empty where there is none. Latency and cost are those of
/// the recommended size; the changes are those that were judged, at the baseline's recommended size.
pub fn outputs(analysis: &Analysis, judgement: &Judgement) -> [(&'static str, String); 5] {
    let size = judgement.recommended.and_then(|it| analysis.size(it));
    let change = |metric: Metric| {
        let judged = judgement.metrics.iter().find(|it| it.metric == metric);
        let increase = judged.and_then(|it: &MetricJudgement| it.increase);
        increase.map(|it: Ratio| rounded(it.percent(), 2))
    };
    let values = [
        judgement.recommended.map(|it| it.get().to_string()),
        size.map(|it| rounded(it.warm().p99.get(), 3)),
        size.map(|it| rounded(it.cost.per_million().get(), 6)),
        change(Metric::Latency(Tail::P99)),
        change(Metric::CostPerMillion),
    ];
    let mut values = values.into_iter();
    NUMBERS.map(|name| (name, values.next().flatten().unwrap_or_default()))
}

/// `188.24`; without zeros at the end, and never `-0`.
fn rounded(number: f64, decimals: usize) -> String {
    let text = format!("{number:.decimals$}");
    let text = match text.split_once('.') {
        Some(_) => text.trim_end_matches('0').trim_end_matches('.'),
        None => &text,
    };
    if text == "-0" {
        "0".to_owned()
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::tests::prices;
    use crate::analysis::{Strategy, analyse};
    use crate::gate::Limits;
    use crate::gate::tests::{history, judged, model};

    fn of(scale: f64, with_history: bool) -> Vec<String> {
        let run = model(scale);
        let history = with_history.then(|| history(5, model));
        let judgement = judged(&run, history.as_ref(), &Limits::default());
        let analysis = analyse(&run, &prices(), Strategy::Balanced);
        outputs(&analysis, &judgement)
            .map(|(_, value)| value)
            .into()
    }

    #[test]
    fn numbers_are_plain_and_changes_need_a_baseline() {
        assert_eq!(of(1.0, true)[0], "2048");
        assert_eq!(of(1.7, true)[3..], ["70.17", "68.91"]);
        let first = of(1.7, false);
        assert_eq!(first[3..], ["", ""]);
        for number in &first[..3] {
            assert!(number.parse::<f64>().unwrap() > 0.0, "{number}");
        }
    }

    #[test]
    fn zeros_at_the_end_go_and_those_before_the_point_stay() {
        let shown = [(100.0, 2), (1.5, 3), (-0.001, 2), (0.25, 1)]
            .map(|(number, decimals)| rounded(number, decimals));
        assert_eq!(shown, ["100", "1.5", "0", "0.2"]);
    }
}
