//! A model that a run is measured in turn with: main's model in the same job.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{
    CleanupSummary, Confirmation, EndpointMetrics, EndpointOutcome, EndpointRun, LoadRun,
    MetricStatistics, RunResult,
};

/// Most rounds of a run beside a reference.
pub const MAX_ROUNDS: u32 = 20;

/// The other model of a run that measures two side by side. Per size and round each has one
/// endpoint; one client calls them in turn, with the same sample, and never both at once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reference {
    /// The model as it was given: name, image or ARN of a model package.
    pub model: String,
    /// Name of the `SageMaker` model behind its endpoints.
    pub model_name: String,
    /// How often each size was to be measured, on fresh endpoints; from 1 to [`MAX_ROUNDS`].
    pub rounds: u32,
    /// Its endpoints: one per memory size and round, in the order of the plan.
    pub stability: Vec<EndpointRun>,
    /// Its concurrency benchmark (`--against-load`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub concurrency: Vec<LoadRun>,
}

impl Reference {
    /// The reference of a second measurement, which has one round.
    pub(super) fn measured_again(&self, stability: &[EndpointRun]) -> Self {
        Self {
            rounds: 1,
            stability: stability.to_vec(),
            concurrency: Vec::new(),
            ..self.clone()
        }
    }
}

impl RunResult {
    /// The reference as a run of its own, which has no reference; `None` without one.
    pub fn reference_run(&self) -> Option<Self> {
        let reference = self.reference.as_ref()?;
        Some(Self {
            model_name: reference.model_name.clone(),
            commit: None,
            stability: reference.stability.clone(),
            concurrency: reference.concurrency.clone(),
            reference: None,
            confirmation: None,
            local: None,
            cleanup: CleanupSummary::default(),
            ..self.clone()
        })
    }

    /// The run as if it had been measured alone: what is recorded has no reference.
    pub fn without_reference(&self) -> Cow<'_, Self> {
        if self.reference.is_none() {
            return Cow::Borrowed(self);
        }
        let alone = self.pooled();
        Cow::Owned(Self {
            stability: alone.stability.clone(),
            reference: None,
            confirmation: self.confirmation.clone().map(|it| Confirmation {
                reference: Vec::new(),
                ..it
            }),
            ..self.clone()
        })
    }

    /// The run with the rounds of each size put together: one [`EndpointRun`] per size, which has
    /// all their calls. Itself where there is one round.
    pub fn pooled(&self) -> Cow<'_, Self> {
        let has_rounds = |runs: &[EndpointRun]| runs.iter().any(|it| it.round != 1);
        let reference = self.reference.as_ref();
        if !has_rounds(&self.stability) && !reference.is_some_and(|it| has_rounds(&it.stability)) {
            return Cow::Borrowed(self);
        }
        Cow::Owned(Self {
            stability: pooled(&self.stability),
            reference: reference.map(|it| Reference {
                stability: pooled(&it.stability),
                ..it.clone()
            }),
            ..self.clone()
        })
    }
}

/// One run per size, in the order of their first rounds.
fn pooled(runs: &[EndpointRun]) -> Vec<EndpointRun> {
    let mut sizes: Vec<EndpointRun> = Vec::new();
    for run in runs {
        match sizes.iter_mut().find(|it| it.memory_mb == run.memory_mb) {
            Some(size) => add(size, run),
            None => sizes.push(run.clone()),
        }
    }
    for size in &mut sizes {
        size.round = 1;
    }
    sizes
}

/// Adds a later round of the same size. The first round that was not measured decides how the size
/// ended: its calls and log say why.
fn add(size: &mut EndpointRun, round: &EndpointRun) {
    let metrics = size.metrics.take();
    size.metrics = metrics
        .zip(round.metrics.as_ref())
        .map(|(one, other)| metrics_of_both(&one, other));
    if size.outcome == EndpointOutcome::Measured {
        size.outcome.clone_from(&round.outcome);
        size.container_log.clone_from(&round.container_log);
    }
    if size.deployed_again_after.is_none() {
        size.deployed_again_after
            .clone_from(&round.deployed_again_after);
    }
    size.warmup.extend_from_slice(&round.warmup);
    size.invocations.extend_from_slice(&round.invocations);
}

fn metrics_of_both(one: &EndpointMetrics, other: &EndpointMetrics) -> EndpointMetrics {
    let both = |of: fn(&EndpointMetrics) -> Option<MetricStatistics>| match (of(one), of(other)) {
        (Some(one), Some(other)) => Some(statistics_of_both(one, other)),
        (one, other) => one.or(other),
    };
    EndpointMetrics {
        complete: one.complete && other.complete,
        model_latency_ms: both(|it| it.model_latency_ms),
        overhead_latency_ms: both(|it| it.overhead_latency_ms),
        model_setup_time_ms: both(|it| it.model_setup_time_ms),
        memory_utilization_percent: both(|it| it.memory_utilization_percent),
    }
}

/// Percentiles of parts cannot be merged.
fn statistics_of_both(one: MetricStatistics, other: MetricStatistics) -> MetricStatistics {
    let sample_count = one.sample_count + other.sample_count;
    let sum = one.average * one.sample_count + other.average * other.sample_count;
    MetricStatistics {
        sample_count,
        average: if sample_count > 0.0 {
            sum / sample_count
        } else {
            one.average
        },
        minimum: one.minimum.min(other.minimum),
        maximum: one.maximum.max(other.maximum),
        p25: None,
        p50: None,
        p75: None,
        p90: None,
        p95: None,
        p99: None,
    }
}
