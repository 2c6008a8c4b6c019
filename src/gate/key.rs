//! Which runs are alike.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::analysis::Analysis;
use crate::result::{LatencySource, RunResult, Service};
use crate::units::MemoryMb;

/// What must be equal for two runs to be compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// AWS or a custom endpoint.
    pub service: Service,
    /// Region.
    pub region: String,
    /// Content hash of the samples.
    pub samples_sha256: String,
    /// Memory sizes asked for.
    pub memory_sizes: Vec<MemoryMb>,
    /// Measured invocations per size.
    pub invocations: u32,
    /// Warm-up invocations per size.
    pub warmup: u32,
    /// Whose latencies.
    #[serde(default)]
    pub latency_source: LatencySource,
    /// How the recommended size was chosen, as `--strategy` takes it; absent in files of older
    /// versions, which then says nothing against being alike.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strategy: Option<String>,
}

impl Key {
    /// The key of a run that was analysed.
    pub fn of(run: &RunResult, analysis: &Analysis) -> Self {
        Self {
            service: run.service.clone(),
            region: run.region.clone(),
            samples_sha256: run.samples.sha256.clone(),
            memory_sizes: run.settings.memory_sizes.clone(),
            invocations: run.settings.invocations,
            warmup: run.settings.warmup,
            latency_source: analysis.latency_source,
            strategy: Some(analysis.strategy.to_string()),
        }
    }

    /// Whether runs of these keys are compared with each other.
    pub fn is_like(&self, other: &Self) -> bool {
        let Self {
            service,
            region,
            samples_sha256,
            memory_sizes,
            invocations,
            warmup,
            latency_source,
            strategy,
        } = self;
        let strategies = strategy.as_ref().zip(other.strategy.as_ref());
        *service == other.service
            && *region == other.region
            && *samples_sha256 == other.samples_sha256
            && *memory_sizes == other.memory_sizes
            && *invocations == other.invocations
            && *warmup == other.warmup
            && *latency_source == other.latency_source
            && strategies.is_none_or(|(own, others)| own == others)
    }

    /// The fields that differ, with the baseline's and this run's value.
    pub fn differences(&self, now: &Self) -> Vec<KeyDifference> {
        let sizes = |key: &Self| {
            let sizes: Vec<String> = key
                .memory_sizes
                .iter()
                .map(|size| size.get().to_string())
                .collect();
            sizes.join(", ")
        };
        let short = |hash: &str| hash.chars().take(8).collect::<String>();
        // One that is not known is taken for the other's.
        let strategy = |key: &Self, other: &Self| {
            let known = key.strategy.as_ref().or(other.strategy.as_ref());
            known.cloned().unwrap_or_default()
        };
        let settings = [
            (
                Setting::Place,
                self.service.to_string(),
                now.service.to_string(),
            ),
            (Setting::Region, self.region.clone(), now.region.clone()),
            (
                Setting::Samples,
                short(&self.samples_sha256),
                short(&now.samples_sha256),
            ),
            (Setting::MemorySizes, sizes(self), sizes(now)),
            (
                Setting::Invocations,
                self.invocations.to_string(),
                now.invocations.to_string(),
            ),
            (
                Setting::Warmup,
                self.warmup.to_string(),
                now.warmup.to_string(),
            ),
            (
                Setting::LatencySource,
                self.latency_source.to_string(),
                now.latency_source.to_string(),
            ),
            (Setting::Strategy, strategy(self, now), strategy(now, self)),
        ];
        let different = settings
            .into_iter()
            .filter(|(_, baseline, now)| baseline != now);
        different
            .map(|(setting, baseline, now)| KeyDifference {
                setting,
                baseline,
                now,
            })
            .collect()
    }
}

/// A setting that must be equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setting {
    /// AWS or a custom endpoint.
    Place,
    /// The region.
    Region,
    /// The content of the samples.
    Samples,
    /// The memory sizes asked for.
    MemorySizes,
    /// Measured invocations per size.
    Invocations,
    /// Warm-up invocations per size.
    Warmup,
    /// Whose latencies.
    LatencySource,
    /// How the recommended size is chosen.
    Strategy,
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Place => "place",
            Self::Region => "region",
            Self::Samples => "samples",
            Self::MemorySizes => "memory sizes",
            Self::Invocations => "invocations",
            Self::Warmup => "warm-up",
            Self::LatencySource => "latency source",
            Self::Strategy => "strategy",
        })
    }
}

/// A setting in which baseline and run differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyDifference {
    /// The setting.
    pub setting: Setting,
    /// The baseline's value.
    pub baseline: String,
    /// This run's value.
    pub now: String,
}

impl fmt::Display for KeyDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {} in the baseline, {} now",
            self.setting, self.baseline, self.now
        )
    }
}
