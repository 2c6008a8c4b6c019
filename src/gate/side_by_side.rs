//! A run beside a reference that was measured in turn with it: the reference is a history of one
//! entry, which the same code judges by as a stored one.

use super::compare::Against;
use super::comparison::{MetricJudgement, NotCompared, Status};
use super::history::{Entry, History, MeasuredInTurn, Origin};
use super::key::Key;
use super::limits::Limits;
use super::metric::Tail;
use super::pairs::Pairs;
use super::run_to_run::per_endpoint_variance;
use super::{Evidence, Notice, compare};
use crate::analysis::{Analysis, LeftOut, rounds};
use crate::result::{Cause, Reference, RunResult, Service};
use crate::units::{MemoryMb, Ratio};

/// How much a pair of identical models differs, where nothing is known of it: on two endpoints of
/// AWS, and in containers of one machine.
const DEVIATION_OF_ENDPOINTS: f64 = 0.04;
const DEVIATION_OF_CONTAINERS: f64 = 0.02;

/// What the stored runs say of a run that is judged beside a reference: shown, never judged.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredRuns {
    /// Whose runs these are.
    pub origin: Origin,
    /// Runs that count.
    pub runs: usize,
    /// The size that they recommend.
    pub memory_mb: MemoryMb,
    /// Change of the judged tail there.
    pub latency: Option<(Tail, Ratio)>,
    /// Change of the cost there.
    pub cost: Option<Ratio>,
}

/// A run's reference, ready to be compared with.
pub(super) struct SideBySide {
    /// The reference's entry; none where nothing of it was measured.
    history: History,
    pairs: Pairs,
    /// Sizes at which the reference has no measurement.
    left_out: Vec<LeftOut>,
}

impl SideBySide {
    /// `None` for a run without a reference. `size` is the one that the reference is known to
    /// recommend already.
    pub(super) fn of(
        run: &RunResult,
        analysis: &Analysis,
        stored: Option<&History>,
        size: Option<MemoryMb>,
    ) -> Option<Self> {
        let reference = run.reference.as_ref()?;
        let reference_run = run.reference_run()?;
        let of_reference = analysis.of_reference(run)?;
        let key = Key::of(run, analysis);
        let alike = stored.and_then(|stored| stored.deciding(&key));
        let pairs = Pairs::of(&rounds(run), prior(run, analysis, alike, &key));
        let pairs = pairs.beside(&of_reference);
        let recommended = size.or(of_reference.best);
        let entry = recommended.map(|size| Entry::new(&reference_run, &of_reference, size));
        let entry = entry.filter(|it| !it.sizes.is_empty());
        let origin = origin(reference, entry.is_some().then_some(&pairs), stored);
        Some(Self {
            history: History::of_reference(origin, entry),
            left_out: of_reference.left_out,
            pairs,
        })
    }

    pub(super) fn origin(&self) -> &Origin {
        self.history.origin()
    }

    /// Judges a run; its limits are relative to the reference alone.
    pub(super) fn judge(&self, run: &RunResult, analysis: &Analysis, limits: &Limits) -> Evidence {
        let key = Key::of(run, analysis);
        let against = Against {
            history: &self.history,
            key: &key,
            pairs: Some(&self.pairs),
        };
        let compared = compare::with(analysis, against, limits, run.finished_at);
        let evidence = match compared.filter(|_| !analysis.sizes.is_empty()) {
            Some(evidence) => self.unless_unmeasured(evidence, analysis),
            None => self.without(analysis, &key, limits),
        };
        Evidence {
            notices: self.notices(analysis).chain(evidence.notices).collect(),
            ..evidence
        }
    }

    /// Where a size of the reference could not be measured, it may be the one that the reference
    /// would have recommended.
    fn unless_unmeasured(&self, evidence: Evidence, analysis: &Analysis) -> Evidence {
        let mut metrics = evidence.metrics;
        let memory = metrics.memory;
        let is_open = matches!(memory.status, Status::Off | Status::NotCompared(_));
        if !is_open && self.left_out.iter().any(|it| is_missed(it, analysis)) {
            metrics.memory = MetricJudgement {
                status: Status::NotCompared(NotCompared::ReferenceNotMeasured),
                ..memory
            };
        }
        Evidence {
            metrics,
            ..evidence
        }
    }

    fn without(&self, analysis: &Analysis, key: &Key, limits: &Limits) -> Evidence {
        if analysis.sizes.is_empty() || self.history.newest().is_some() {
            return compare::without_comparison(analysis, Some(&self.history), key, limits);
        }
        compare::without(analysis, limits, NotCompared::ReferenceNotMeasured)
    }

    /// The sizes at which there is a model, but no reference.
    fn notices(&self, analysis: &Analysis) -> impl Iterator<Item = Notice> {
        let missed = self.left_out.iter();
        let missed = missed
            .filter(|it| is_missed(it, analysis) || analysis.size(it.memory_mb).is_some())
            .map(|it| Notice::ReferenceNotMeasured {
                memory_mb: it.memory_mb,
                reason: it.reason.clone(),
            });
        missed.collect::<Vec<_>>().into_iter()
    }
}

/// Whether it is not known how the reference fares at a size of which the run says something.
fn is_missed(left: &LeftOut, analysis: &Analysis) -> bool {
    left.cause != Some(Cause::Model) && analysis.unjudged(left.memory_mb).is_none()
}

/// How much a pair differs, before its rounds say anything.
fn prior(run: &RunResult, analysis: &Analysis, alike: Option<&History>, key: &Key) -> f64 {
    let epochs = alike.map(|it| it.by_epoch(key)).unwrap_or_default();
    let is_known = epochs.iter().any(|epoch| epoch.len() > 1);
    match run.service {
        Service::Aws | Service::Custom(_) if is_known => {
            (2.0 * per_endpoint_variance(&epochs, analysis)).sqrt()
        }
        Service::Aws | Service::Custom(_) | Service::Local(_) => deviation_of(&run.service),
    }
}

/// How much a pair differs, where neither rounds nor stored runs say anything.
pub(super) const fn deviation_of(service: &Service) -> f64 {
    match service {
        Service::Local(_) => DEVIATION_OF_CONTAINERS,
        Service::Aws | Service::Custom(_) => DEVIATION_OF_ENDPOINTS,
    }
}

fn origin(reference: &Reference, pairs: Option<&Pairs>, stored: Option<&History>) -> Origin {
    Origin::Reference(MeasuredInTurn {
        model: reference.model.clone(),
        rounds: pairs.map_or(reference.rounds, |it| it.rounds),
        branch: stored.and_then(History::branch).cloned(),
    })
}

/// What the stored runs say, by the code that would judge by them.
pub(super) fn stored_runs(
    run: &RunResult,
    analysis: &Analysis,
    stored: Option<&History>,
    limits: &Limits,
) -> Option<(StoredRuns, Option<super::Creep>)> {
    let key = Key::of(run, analysis);
    let history = stored?.deciding(&key)?;
    let against = Against {
        history,
        key: &key,
        pairs: None,
    };
    let evidence = compare::with(analysis, against, limits, run.finished_at)?;
    let baseline = evidence.baseline?;
    let latency = &evidence.metrics.latency;
    let change = |it: &MetricJudgement| Some(it.compared()?.increase);
    let runs = StoredRuns {
        origin: history.origin().clone(),
        runs: baseline.runs,
        memory_mb: baseline.recommended,
        latency: latency.metric.tail().zip(change(latency)),
        cost: change(&evidence.metrics.cost),
    };
    let says_something = runs.latency.is_some() || runs.cost.is_some();
    says_something.then_some((runs, baseline.creep))
}
