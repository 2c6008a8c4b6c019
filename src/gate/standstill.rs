//! Client and server side by side: a latency that only this machine has seen grow is not the
//! model's.

use super::comparison::{MetricJudgement, Status, Undecided};
use super::history::{Entry, History, SizeEntry};
use super::key::Key;
use super::metric::Metric;
use super::server_side::{Percentile, ServerEntry};
use super::{Evidence, Judgement, Notice, Overall};
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
        let overhead_may = OVERHEAD_MAY_GROW * self.client.increase();
        !self.model_has_grown() && self.overhead.increase() <= overhead_may
    }

    fn model_has_grown(&self) -> bool {
        let client = self.client.increase();
        self.model.increase() > MODEL_MAY_GROW * self.model.before.get().max(client)
    }
}

/// The judgement in which a failing latency decides nothing where the server stood still.
pub(super) fn undecided(judgement: Judgement, beside: &Beside<'_>) -> Judgement {
    let metric = &judgement.metrics.latency;
    let of_metric = metric.fails().then(|| beside.of_metric(metric)).flatten();
    let overall = judgement.overall.latency;
    let is_over_all = overall.is_some_and(|it| it.fails() && beside.stood_still_everywhere());
    if of_metric.is_none() && !is_over_all {
        return judgement;
    }
    let which = Which {
        at_size: of_metric.is_some(),
        over_all: is_over_all,
    };
    let notice = of_metric.map(Notice::ServerStoodStill);
    let is_open = |it: &MetricJudgement| which.covers(it);
    rejudged(judgement, Undecided::ServerStoodStill, is_open, notice)
}

/// Which latencies decide nothing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Which {
    pub(super) at_size: bool,
    pub(super) over_all: bool,
}

impl Which {
    pub(super) const fn covers(self, judged: &MetricJudgement) -> bool {
        match judged.metric {
            Metric::Latency(_) => self.at_size,
            Metric::LatencyAllSizes(_) => self.over_all,
            Metric::RecommendedMemory | Metric::CostPerMillion | Metric::CostAllSizes => false,
        }
    }
}

/// The judgement in which the metrics that are open decide nothing.
pub(super) fn rejudged(
    judgement: Judgement,
    why: Undecided,
    is_open: impl Fn(&MetricJudgement) -> bool,
    notice: Option<Notice>,
) -> Judgement {
    let unless_open = |it: MetricJudgement| MetricJudgement {
        status: if is_open(&it) {
            Status::Undecided(why)
        } else {
            it.status
        },
        ..it
    };
    let Judgement {
        metrics, overall, ..
    } = judgement;
    let mut notices = judgement.notices;
    notices.extend(notice);
    let evidence = Evidence {
        recommended: judgement.recommended,
        metrics: metrics.map(unless_open),
        overall: Overall {
            latency: overall.latency.map(unless_open),
            cost: overall.cost.map(unless_open),
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

/// A run beside the server's clock: now, and in the baseline.
pub(super) struct Beside<'a> {
    baseline: Vec<&'a Entry>,
    analysis: &'a Analysis,
    /// The second measurement, where there is one.
    again: Option<&'a Analysis>,
}

impl<'a> Beside<'a> {
    /// `None` where nothing is stored, where the server's clock is judged anyway, and beside a
    /// reference that was measured in turn: both had the same machine.
    pub(super) fn of(
        judgement: &Judgement,
        (run, analysis): (&RunResult, &'a Analysis),
        again: Option<&'a Analysis>,
        history: Option<&'a History>,
    ) -> Option<Self> {
        let by_client = analysis.latency_source == LatencySource::Client;
        if judgement.origin.reference().is_some() || !by_client {
            return None;
        }
        let key = Key::of(run, analysis);
        let groups = history?.deciding(&key)?.comparable(&key);
        Some(Self {
            baseline: groups.into_iter().flatten().collect(),
            analysis,
            again,
        })
    }

    /// Whether `ModelLatency` grew with what the client saw: then the model is slower, however busy
    /// this machine was.
    pub(super) fn server_has_grown(&self, memory_mb: MemoryMb) -> bool {
        let size = self.analysis.size(memory_mb);
        let grown = size.map(|size| self.grown_percentiles(size));
        let mut grown = grown.into_iter().flatten();
        grown.any(|it| it.model_has_grown())
    }

    pub(super) fn server_has_grown_anywhere(&self) -> bool {
        let mut sizes = self.analysis.sizes.iter();
        sizes.any(|size| self.server_has_grown(size.memory_mb))
    }

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
        let entries = self.entries(size.memory_mb);
        let answers = median(entries.map(|it| it.response_bytes).collect())?;
        let grown = self.grown_percentiles(size);
        let stood_still = grown.iter().all(Standstill::stood_still);
        let is_alike = size.response_bytes <= LARGEST_ANSWERS * answers;
        let first = grown.first().copied();
        first.filter(|_| stood_still && is_alike)
    }

    fn entries(&self, memory_mb: MemoryMb) -> impl Iterator<Item = &'a SizeEntry> {
        let entries = self.baseline.iter();
        entries.filter_map(move |it| it.size(memory_mb))
    }

    /// p99 and median where the client's grew; none where the server's are unknown.
    fn grown_percentiles(&self, size: &SizeSummary) -> Vec<Standstill> {
        let both = [Percentile::P99, Percentile::P50].into_iter();
        let beside = both.filter_map(|it| self.percentile(size, it));
        beside.filter(|it| it.client.has_grown()).collect()
    }

    fn percentile(&self, size: &SizeSummary, percentile: Percentile) -> Option<Standstill> {
        let entries = || self.entries(size.memory_mb);
        let servers: Vec<ServerEntry> = entries().filter_map(|it| it.server).collect();
        let server = (
            ServerEntry::median(&servers)?,
            ServerEntry::of(size.metrics.as_ref()?)?,
        );
        let summary = &size.client.summary;
        let (before, now): (Vec<f64>, LatencyMs) = match percentile {
            Percentile::P50 => (entries().map(|it| it.p50_ms).collect(), summary.p50),
            Percentile::P99 => (entries().map(|it| it.p99_ms).collect(), summary.p99),
        };
        Some(Standstill {
            memory_mb: size.memory_mb,
            percentile,
            client: Change {
                before: LatencyMs(median(before)?),
                now,
            },
            model: change(server, |it| it.model(percentile)),
            overhead: change(server, |it| it.overhead(percentile)),
        })
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
