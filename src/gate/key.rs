//! Which runs are alike.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::result::{LatencySource, RunResult, Service};
use crate::units::MemoryMb;

/// What must be equal for two runs to be compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
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
}

impl Key {
    /// The key of a run whose latencies were taken from `latency_source`.
    pub fn of(run: &RunResult, latency_source: LatencySource) -> Self {
        Self {
            service: run.service.clone(),
            region: run.region.clone(),
            samples_sha256: run.samples.sha256.clone(),
            memory_sizes: run.settings.memory_sizes.clone(),
            invocations: run.settings.invocations,
            warmup: run.settings.warmup,
            latency_source,
        }
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
