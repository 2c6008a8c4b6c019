//! What a run that cannot be judged shows anyway: a slower model beside other samples or another
//! name, which are how a gate is evaded, by accident or not.

use super::history::{BaselineFile, Entry, History};
use super::key::{Key, Setting};
use super::{Judgement, Verdict};
use crate::analysis::Analysis;
use crate::result::RunResult;
use crate::units::{MemoryMb, Ratio};

/// Smallest increase of p99 that is shown: less may be noise.
const LEAST: f64 = 0.2;

/// A comparison that decides nothing: the runs are not alike.
#[derive(Debug, Clone, PartialEq)]
pub struct Aside {
    /// What is not alike.
    pub other: Unlike,
    /// The size, which the baseline recommends.
    pub memory_mb: MemoryMb,
    /// Increase of p99 there.
    pub p99: Ratio,
}

/// What keeps two runs from being compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unlike {
    /// A setting of the same model.
    Setting(Setting),
    /// The name: the baseline has a model with this one, measured alike.
    Name(String),
}

/// A model that is slower than its baseline, where other settings or another name keep it from
/// being judged.
pub fn aside(
    run: &RunResult,
    analysis: &Analysis,
    judgement: &Judgement,
    history: &History,
    others: Option<&BaselineFile>,
) -> Option<Aside> {
    if judgement.origin.reference().is_some() {
        return None;
    }
    let key = Key::of(run, analysis);
    let (other, entry) = match judgement.verdict {
        Verdict::Inconclusive => unlike_settings(&key, history)?,
        Verdict::NoBaseline => other_name(&key, &run.name, others?)?,
        Verdict::Pass
        | Verdict::Fail
        | Verdict::Accepted
        | Verdict::NotRun
        | Verdict::CouldNotMeasure => return None,
    };
    let memory_mb = entry.recommended_memory_mb;
    let before = entry.size(memory_mb)?.p99_ms;
    let now = analysis.size(memory_mb)?.warm().p99.get();
    let increase = now / before - 1.0;
    (increase.is_finite() && increase >= LEAST).then_some(Aside {
        other,
        memory_mb,
        p99: Ratio(increase),
    })
}

/// The newest entry, where only what is sent differs: another place has other latencies.
fn unlike_settings<'a>(key: &Key, history: &'a History) -> Option<(Unlike, &'a Entry)> {
    let newest = history.newest()?;
    let settings = newest.key.differences(key);
    let is_sent = |setting: Setting| match setting {
        Setting::Samples
        | Setting::MemorySizes
        | Setting::Invocations
        | Setting::Warmup
        | Setting::Strategy => true,
        Setting::Place | Setting::Region | Setting::LatencySource => false,
    };
    let first = settings.first()?.setting;
    let all = settings.iter().all(|it| is_sent(it.setting));
    all.then_some((Unlike::Setting(first), newest))
}

/// The newest entry of another model that was measured alike.
fn other_name<'a>(
    key: &Key,
    name: &str,
    baseline: &'a BaselineFile,
) -> Option<(Unlike, &'a Entry)> {
    let newest = baseline.newest_of_others(name);
    let alike = newest.filter(|(_, entry)| entry.key.is_like(key));
    let (name, entry) = alike.max_by_key(|(_, entry)| entry.at)?;
    Some((Unlike::Name(name.to_owned()), entry))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{Strategy, analyse, tests::prices};
    use crate::gate::tests::model;
    use crate::gate::{Branches, Epoch, Limits, judge};

    fn found(main: &RunResult, now: &RunResult) -> Option<Aside> {
        let analysed = |run| analyse(run, &prices(), Strategy::default());
        let mut baseline = BaselineFile::default();
        let of_main = analysed(main);
        let judged = judge(main, &of_main, None, &Limits::default(), main.finished_at);
        let entry = Entry::new(main, &of_main, judged.recommended.unwrap());
        let branches = Branches::default();
        let recorded = baseline.record(&main.name, &branches, entry, Epoch::Same);
        recorded.unwrap();
        let of_now = analysed(now);
        let history = baseline.history(&now.name, &branches).unwrap();
        let at = now.finished_at;
        let judged = judge(now, &of_now, Some(&history), &Limits::default(), at);
        aside(now, &of_now, &judged, &history, Some(&baseline))
    }

    #[test]
    fn a_slower_model_is_shown_beside_other_samples_and_another_name() {
        let main = model(1.0);
        let mut other_samples = model(4.0);
        other_samples.samples.sha256 = "other".to_owned();
        let it = found(&main, &other_samples).unwrap();
        assert_eq!(it.other, Unlike::Setting(Setting::Samples));
        assert!(it.p99.get() > 2.0, "{it:?}");
        let mut renamed = model(4.0);
        renamed.name = "renamed".to_owned();
        let it = found(&main, &renamed).unwrap();
        assert_eq!(it.other, Unlike::Name(main.name.clone()));
    }

    #[test]
    fn an_equal_model_and_another_place_show_nothing() {
        let main = model(1.0);
        let mut equal = model(1.0);
        equal.samples.sha256 = "other".to_owned();
        assert_eq!(found(&main, &equal), None);
        let mut elsewhere = model(4.0);
        elsewhere.region = "eu-west-1".to_owned();
        assert_eq!(found(&main, &elsewhere), None);
        assert_eq!(found(&main, &model(4.0)), None, "it is judged");
    }
}
