//! The waist of the program: [`RunResult`], everything that was measured, as kept in `result.json`.
//!
//! Analysis, gate and report are pure functions of this file, so a result can be compared, recorded
//! and rendered again later, on another machine, without AWS.

mod cause;
mod check;
mod cleanup;
mod clock;
mod clock_use;
mod container_log;
mod file;
mod invocation;
mod load;
mod local;
mod reference;
mod runner;
mod schema_1;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use self::cause::Cause;
pub use self::check::MAX_LOADS;
pub use self::cleanup::{CleanupSummary, Leftover, ResourceKind};
pub use self::clock::Clock;
pub use self::clock_use::ClockUse;
pub use self::container_log::ContainerLog;
pub use self::file::ResultFileError;
pub use self::invocation::{CallFailure, Invocation, InvocationOutcome, ModelMessage, OutcomeKind};
pub use self::load::{Load, LoadRound, LoadRun, LoadSettings};
pub use self::local::{Condition, ContractCheck, Finding, LocalRun, Machine, SkippedSize};
pub use self::reference::{MAX_ROUNDS, Reference};
pub use self::runner::{MAX_STALLS, Runner, Stall, WakeDelay};
use crate::prices::DatedPrices;
use crate::units::MemoryMb;

/// Version of the file format. A reader refuses a higher one, and brings an older one up to this.
///
/// A member that may be absent can be added without a new version: a reader ignores members that it
/// does not know. `docs/file-formats.md` has the promise.
pub const SCHEMA: u32 = 2;

/// One run: what was asked for, what was sent, what came back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunResult {
    /// [`SCHEMA`], also after an older file was read.
    pub schema: u32,
    /// Version of sagegate that measured.
    pub sagegate_version: String,
    /// Identifies the run: part of every resource name and of the tag `sagegate:run`.
    pub run_id: String,
    /// What people call the model: shown in the report, part of the baseline key.
    pub name: String,
    /// The commit that was measured, where known.
    pub commit: Option<String>,
    /// When the first endpoint config was about to be created.
    pub started_at: Timestamp,
    /// When the last measurement was complete.
    pub finished_at: Timestamp,
    /// AWS, or the host of a custom endpoint.
    pub service: Service,
    /// AWS region, for example `us-east-1`.
    pub region: String,
    /// Name of the `SageMaker` model.
    pub model_name: String,
    /// What was sent.
    pub samples: SampleInfo,
    /// How it was measured.
    pub settings: Settings,
    /// What the run was priced with, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prices: Option<DatedPrices>,
    /// The stability benchmark: one endpoint per memory size, or one per memory size and round
    /// beside a reference, in the order of the plan.
    pub stability: Vec<EndpointRun>,
    /// The model that this one was measured in turn with, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Reference>,
    /// The concurrency benchmark: one endpoint per `MaxConcurrency`; empty when it was not asked
    /// for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub concurrency: Vec<LoadRun>,
    /// A second measurement of sizes that were beyond a limit, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmation: Option<Confirmation>,
    /// What is known besides of a run in containers of this machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local: Option<LocalRun>,
    /// Whose clock the latencies are by; absent in files of older versions, where it is the
    /// program's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<ClockUse>,
    /// The machine that measured; absent in files of older versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runner: Option<Runner>,
    /// What was created and what became of it.
    pub cleanup: CleanupSummary,
}

/// A second measurement, on fresh endpoints, of the sizes at which latency or cost was beyond its
/// limit: what fails a pull request is measured twice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Confirmation {
    /// When it began.
    pub started_at: Timestamp,
    /// When it was complete.
    pub finished_at: Timestamp,
    /// One endpoint per size, ascending.
    pub stability: Vec<EndpointRun>,
    /// The reference's endpoints, measured in turn with these; empty without a reference.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reference: Vec<EndpointRun>,
}

/// Where the model was measured. Part of the baseline key: numbers of a simulator say nothing about
/// AWS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Service {
    /// Amazon's own endpoints.
    Aws,
    /// A custom endpoint URL: its host without the port.
    Custom(String),
    /// Containers on a machine: no endpoint at all.
    Local(Machine),
}

impl std::fmt::Display for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Aws => f.write_str("AWS"),
            Self::Custom(host) => write!(f, "a custom endpoint at {host}"),
            Self::Local(machine) => write!(f, "this machine ({machine}), not SageMaker"),
        }
    }
}

/// The samples that were sent, in round-robin order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SampleInfo {
    /// File or directory as given.
    pub source: String,
    /// Number of samples.
    pub count: usize,
    /// SHA-256 over all samples, hexadecimal: part of the baseline key.
    pub sha256: String,
}

/// The settings that decide whether two runs are alike.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Memory sizes asked for, ascending.
    pub memory_sizes: Vec<MemoryMb>,
    /// Measured invocations per size (a multiple of the number of samples).
    pub invocations: u32,
    /// Warm-up invocations per size, sent before and kept apart.
    pub warmup: u32,
    /// Failed invocations after which a size is stopped.
    pub error_threshold: u32,
    /// Seconds waited between deployment and the first invocation.
    pub cold_start_delay_s: f64,
    /// Whose clock the judged latencies are taken from.
    #[serde(default)]
    pub latency_source: LatencySource,
    /// The concurrency benchmark, when there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load: Option<LoadSettings>,
}

/// Whose clock the judged latencies are taken from. Part of the baseline key.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LatencySource {
    /// Ours: what a caller sees, network included.
    #[default]
    Client,
    /// CloudWatch's `ModelLatency`, where its percentiles are published: without network and
    /// overhead.
    Server,
}

/// Prints `client` or `server`.
impl std::fmt::Display for LatencySource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Client => "client",
            Self::Server => "server",
        })
    }
}

/// One endpoint of the stability benchmark.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EndpointRun {
    /// Memory of the endpoint.
    pub memory_mb: MemoryMb,
    /// Which measurement of the size it is, from 1: more than one beside a reference alone.
    #[serde(default = "first_round", skip_serializing_if = "is_first_round")]
    pub round: u32,
    /// `MaxConcurrency` of the endpoint.
    pub max_concurrency: u32,
    /// Name of the endpoint and of its endpoint config.
    pub endpoint_name: String,
    /// How it went.
    pub outcome: EndpointOutcome,
    /// Seconds from `CreateEndpoint` to `InService`.
    pub deployed_in_s: Option<f64>,
    /// AWS's words for a deployment that failed by AWS's doing, where the size was deployed again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployed_again_after: Option<String>,
    /// Warm-up invocations, in the order sent.
    pub warmup: Vec<Invocation>,
    /// Measured invocations, in the order sent.
    pub invocations: Vec<Invocation>,
    /// CloudWatch's view of warm-up and measured invocations together.
    pub metrics: Option<EndpointMetrics>,
    /// What the container wrote last; empty unless the endpoint failed and its log could be read.
    #[serde(default, skip_serializing_if = "ContainerLog::is_empty")]
    pub container_log: ContainerLog,
}

const fn first_round() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it")]
const fn is_first_round(round: &u32) -> bool {
    *round == 1
}

/// How an endpoint's part of the run ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum EndpointOutcome {
    /// Every planned invocation was sent.
    Measured,
    /// Not created because of an account quota.
    SkippedQuota {
        /// AWS's message.
        reason: String,
    },
    /// Never reached `InService`.
    DeployFailed {
        /// `FailureReason`, or the error of the call that failed.
        reason: String,
        /// What it is due to.
        #[serde(default)]
        cause: Cause,
    },
    /// The error threshold was reached, or calls failed by AWS's doing for too long; the remaining
    /// invocations were not sent.
    StoppedEarly {
        /// The last error.
        reason: String,
        /// What it is due to.
        #[serde(default)]
        cause: Cause,
    },
    /// Nothing that was still to come could have changed that the run fails (`--fail-fast`); the
    /// remaining invocations were not sent.
    FailedFast {
        /// In words.
        reason: String,
        /// The most invocations that the size could have got.
        planned: u32,
    },
    /// Cancelled before it was complete; in a result that is saved on the way, not complete yet.
    Cancelled,
}

impl EndpointOutcome {
    /// What the missing measurement is due to; `None` where nothing went wrong.
    pub const fn cause(&self) -> Option<Cause> {
        match self {
            Self::Measured | Self::FailedFast { .. } | Self::Cancelled => None,
            Self::SkippedQuota { .. } => Some(Cause::Quota),
            Self::DeployFailed { cause, .. } | Self::StoppedEarly { cause, .. } => Some(*cause),
        }
    }

    /// Whether an account quota kept the endpoint from being created: nothing is wrong with the
    /// model then.
    pub const fn is_skipped(&self) -> bool {
        matches!(self, Self::SkippedQuota { .. })
    }

    /// Why the size has no complete measurement, or `None` when it has.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Measured => None,
            Self::SkippedQuota { reason }
            | Self::DeployFailed { reason, .. }
            | Self::StoppedEarly { reason, .. }
            | Self::FailedFast { reason, .. } => Some(reason),
            Self::Cancelled => Some("cancelled"),
        }
    }
}

/// CloudWatch metrics of one endpoint over its whole life.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EndpointMetrics {
    /// Whether `SampleCount` of `ModelLatency` reached the number of calls the model answered.
    pub complete: bool,
    /// `ModelLatency`, milliseconds.
    pub model_latency_ms: Option<MetricStatistics>,
    /// `OverheadLatency`, milliseconds. Includes cold starts.
    pub overhead_latency_ms: Option<MetricStatistics>,
    /// `ModelSetupTime`, milliseconds. Published for cold starts only.
    pub model_setup_time_ms: Option<MetricStatistics>,
    /// `MemoryUtilization`, percent of the configured memory.
    pub memory_utilization_percent: Option<MetricStatistics>,
}

/// Statistics of one metric, in the unit of the field that holds them. CloudWatch answers a run
/// with one period; should it split the run into several, percentiles are absent, as those of parts
/// cannot be merged.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct MetricStatistics {
    /// Number of data points.
    pub sample_count: f64,
    /// Mean.
    pub average: f64,
    /// Smallest.
    pub minimum: f64,
    /// Largest.
    pub maximum: f64,
    /// Quartile, where CloudWatch publishes percentiles.
    pub p25: Option<f64>,
    /// Median, where CloudWatch publishes percentiles.
    pub p50: Option<f64>,
    /// Quartile, where CloudWatch publishes percentiles.
    pub p75: Option<f64>,
    /// 90th percentile, where CloudWatch publishes percentiles.
    #[serde(default)]
    pub p90: Option<f64>,
    /// 95th percentile, where CloudWatch publishes percentiles.
    #[serde(default)]
    pub p95: Option<f64>,
    /// 99th percentile, where CloudWatch publishes percentiles.
    pub p99: Option<f64>,
}

impl RunResult {
    /// Whether `--fail-fast` stopped the run.
    pub fn is_stopped_early(&self) -> bool {
        let stopped = |run: &EndpointRun| matches!(run.outcome, EndpointOutcome::FailedFast { .. });
        self.stability.iter().any(stopped)
    }

    /// The second measurement as a run of its own; `None` where there is none.
    pub fn confirming_run(&self) -> Option<Self> {
        let confirmation = self.confirmation.as_ref()?;
        Some(Self {
            started_at: confirmation.started_at,
            finished_at: confirmation.finished_at,
            stability: confirmation.stability.clone(),
            reference: self
                .reference
                .as_ref()
                .map(|it| it.measured_again(&confirmation.reference)),
            concurrency: Vec::new(),
            confirmation: None,
            cleanup: CleanupSummary::default(),
            ..self.clone()
        })
    }

    /// The sizes that were measured completely.
    pub fn measured(&self) -> impl Iterator<Item = &EndpointRun> {
        self.stability
            .iter()
            .filter(|run| run.outcome == EndpointOutcome::Measured)
    }
}
