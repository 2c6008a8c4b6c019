//! Client and server side by side: a latency that only this machine has seen grow is not the
//! model's.

use super::comparison::{MetricJudgement, Status, Undecided};
use super::history::{Entry, History, SizeEntry};
use super::key::Key;
use super::server_side::{Percentile, ServerEntry};
use super::{Evidence, Gated, Judgement, Notice, Overall};
use crate::analysis::{Analysis, SizeSummary};
use crate::result::{LatencySource, RunResult};
use crate::units::{LatencyMs, MemoryMb};

/// Smallest growth of the client's median or p99 that the server's is held against.
const CLIENT_GREW: f64 = 0.1;

/// `ModelLatency` stood still when it grew by no more than this share of itself, or of what the
/// client's grew by.
const MODEL_MAY_GROW: f64 = 0.1;

/// `OverheadLatency`, which cold starts are part of, stood still when it grew by no more than this
/// share of what the client's grew by.
const OVERHEAD_MAY_GROW: f64 = 0.5;

/// Largest growth of the answers: longer ones take longer on the way, which no metric of the server
/// counts.
const LARGEST_ANSWERS: f64 = 1.1;

/// One size, by both clocks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Standstill {
    /// The size.
    pub memory_mb: MemoryMb,
    /// The same percentile by all clocks.
    pub percentile: Percentile,
    /// What the client saw.
    pub client: Change,
    /// `ModelLatency`.
    pub model: Change,
    /// `OverheadLatency`.
    pub overhead: Change,
}

/// A latency of the baseline and of this run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Change {
    /// The baseline's: the median of its runs.
    pub before: LatencyMs,
    /// This run's.
    pub now: LatencyMs,
}

impl Change {
    fn increase(&self) -> f64 {
        self.now.get() - self.before.get()
    }

    fn has_grown(&self) -> bool {
        self.increase() > CLIENT_GREW * self.before.get()
    }
}

impl Standstill {
    fn stood_still(&self) -> bool {
        let client = self.client.increase();
        let model_may = MODEL_MAY_GROW * self.model.before.get().max(client);
        self.model.increase() <= model_may && self.overhead.increase() <= OVERHEAD_MAY_GROW * client
    }
}

/// The judgement in which a failing latency decides nothing where the server stood still. A
/// reference that was measured in turn had the same machine: there it decides.
pub(super) fn undecided(
    judgement: Judgement,
    (run, analysis): (&RunResult, &Analysis),
    again: Option<&Analysis>,
    history: Option<&History>,
) -> Judgement {
    let by_client = analysis.latency_source == LatencySource::Client;
    if judgement.origin.reference().is_some() || !by_client {
        return judgement;
    }
    let key = Key::of(run, analysis);
    let Some(history) = history.and_then(|it| it.deciding(&key)) else {
        return judgement;
    };
    let groups = history.comparable(&key);
    let measured = Measured {
        baseline: groups.into_iter().flatten().collect(),
        analysis,
        again,
    };
    let metric = &judgement.metrics.latency;
    let of_metric = metric.fails().then(|| measured.of_metric(metric)).flatten();
    let overall = judgement.overall.latency;
    let is_over_all = overall.is_some_and(|it| it.fails() && measured.stood_still_everywhere());
    if of_metric.is_none() && !is_over_all {
        return judgement;
    }
    rejudged(judgement, of_metric, is_over_all)
}

fn rejudged(judgement: Judgement, still: Option<Standstill>, is_over_all: bool) -> Judgement {
    let undecided = |it: MetricJudgement| MetricJudgement {
        status: Status::Undecided(Undecided::ServerStoodStill),
        ..it
    };
    let Judgement {
        metrics, overall, ..
    } = judgement;
    let mut notices = judgement.notices;
    notices.extend(still.map(Notice::ServerStoodStill));
    let evidence = Evidence {
        recommended: judgement.recommended,
        metrics: Gated {
            latency: still.map_or(metrics.latency, |_| undecided(metrics.latency)),
            ..metrics
        },
        overall: Overall {
            latency: match overall.latency {
                Some(latency) if is_over_all => Some(undecided(latency)),
                latency => latency,
            },
            ..overall
        },
        baseline: judgement.baseline,
        unlike: judgement.unlike,
        notices,
    };
    Judgement {
        stored: judgement.stored,
        ..Judgement::new(evidence, judgement.origin)
    }
}

struct Measured<'a> {
    baseline: Vec<&'a Entry>,
    analysis: &'a Analysis,
    /// The second measurement, where there is one.
    again: Option<&'a Analysis>,
}

impl Measured<'_> {
    /// Only what grew by more than is wanted and by more than noise: a ceiling alone is one of what
    /// the client sees.
    fn of_metric(&self, metric: &MetricJudgement) -> Option<Standstill> {
        metric.excessive_increase()?;
        self.stood_still(metric.memory_mb?)
    }

    fn stood_still_everywhere(&self) -> bool {
        let mut sizes = self.analysis.sizes.iter();
        sizes.all(|size| self.stood_still(size.memory_mb).is_some())
    }

    /// The percentile of the client that grew, beside the server's; `None` where the client's did
    /// not grow, where any of the server's grew with it, or is unknown.
    fn stood_still(&self, memory_mb: MemoryMb) -> Option<Standstill> {
        let first = self.grown(self.analysis.size(memory_mb)?)?;
        // A second measurement must say the same.
        if let Some(again) = self.again.and_then(|it| it.size(memory_mb)) {
            self.grown(again)?;
        }
        Some(first)
    }

    fn grown(&self, size: &SizeSummary) -> Option<Standstill> {
        let entries = || {
            self.baseline
                .iter()
                .filter_map(|it| it.size(size.memory_mb))
        };
        let answers = median(entries().map(|it| it.response_bytes).collect())?;
        if size.response_bytes > LARGEST_ANSWERS * answers {
            return None;
        }
        let servers: Vec<ServerEntry> = entries().filter_map(|it| it.server).collect();
        let server = (
            ServerEntry::median(&servers)?,
            ServerEntry::of(size.metrics.as_ref()?)?,
        );
        let of = |number: fn(&SizeEntry) -> f64| median(entries().map(number).collect());
        let (p50, p99) = (of(|it| it.p50_ms)?, of(|it| it.p99_ms)?);
        let both = [(Percentile::P99, p99), (Percentile::P50, p50)];
        let beside = |(percentile, before)| Standstill {
            memory_mb: size.memory_mb,
            percentile,
            client: Change {
                before: LatencyMs(before),
                now: match percentile {
                    Percentile::P50 => size.client.summary.p50,
                    Percentile::P99 => size.client.summary.p99,
                },
            },
            model: change(server, |it| it.model(percentile)),
            overhead: change(server, |it| it.overhead(percentile)),
        };
        let grown: Vec<Standstill> = both
            .map(beside)
            .into_iter()
            .filter(|it| it.client.has_grown())
            .collect();
        let stood_still = grown.iter().all(Standstill::stood_still);
        grown.first().copied().filter(|_| stood_still)
    }
}

fn change((before, now): (ServerEntry, ServerEntry), of: impl Fn(&ServerEntry) -> f64) -> Change {
    Change {
        before: LatencyMs(of(&before)),
        now: LatencyMs(of(&now)),
    }
}

fn median(mut numbers: Vec<f64>) -> Option<f64> {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied()
}
