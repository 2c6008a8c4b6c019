//! PURE: everything a run will do, decided before the first call.

use std::time::Duration;

use super::names;
use crate::aws::EndpointSpec;
use crate::result::Settings;
use crate::samples::SampleSet;
use crate::units::MemoryMb;

/// What the user chose about measuring.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Memory sizes to deploy.
    pub memory_sizes: Vec<MemoryMb>,
    /// Measured invocations per size; rounded up to a multiple of the number of samples.
    pub invocations: u32,
    /// Warm-up invocations per size.
    pub warmup: u32,
    /// Failed invocations after which a size is stopped.
    pub error_threshold: u32,
    /// Pause between deployment and the first invocation.
    pub cold_start_delay: Duration,
    /// Longest wait for an endpoint to be in service.
    pub deploy_timeout: Duration,
    /// Longest wait for CloudWatch to be complete.
    pub metrics_timeout: Duration,
    /// Longest wait for an endpoint to be gone.
    pub cleanup_timeout: Duration,
}

/// Who runs what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Part of every name.
    pub run_id: String,
    /// Alias of the model.
    pub name: String,
    /// Name of the `SageMaker` model.
    pub model_name: String,
    /// Commit that is measured, where known.
    pub commit: Option<String>,
    /// Repository, where known: becomes a tag.
    pub repository: Option<String>,
    /// Tags the user wants on every resource.
    pub tags: Vec<(String, String)>,
}

/// A run before it happens.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Who runs what.
    pub identity: Identity,
    /// What the user chose, sizes ascending and unique, invocations rounded up.
    pub options: Options,
    /// What is sent.
    pub samples: SampleSet,
    /// Every endpoint that will be created, ascending in memory.
    pub endpoints: Vec<EndpointSpec>,
}

impl Plan {
    /// Derives names, tags and counts.
    pub fn new(identity: Identity, mut options: Options, samples: SampleSet) -> Self {
        options.memory_sizes.sort_unstable();
        options.memory_sizes.dedup();
        options.invocations = round_up(options.invocations, samples.len());
        let tags = tags(&identity);
        let endpoints = options
            .memory_sizes
            .iter()
            .map(|&memory_mb| EndpointSpec {
                name: names::endpoint_name(&identity.run_id, &identity.name, memory_mb),
                model_name: identity.model_name.clone(),
                memory_mb,
                max_concurrency: 1,
                tags: tags.clone(),
            })
            .collect();
        Self {
            identity,
            options,
            samples,
            endpoints,
        }
    }

    /// What the result keeps of the options.
    pub fn settings(&self) -> Settings {
        Settings {
            memory_sizes: self.options.memory_sizes.clone(),
            invocations: self.options.invocations,
            warmup: self.options.warmup,
            error_threshold: self.options.error_threshold,
            cold_start_delay_s: self.options.cold_start_delay.as_secs_f64(),
        }
    }

    /// Names of all endpoints; the endpoint configs have the same.
    pub fn endpoint_names(&self) -> Vec<String> {
        self.endpoints
            .iter()
            .map(|endpoint| endpoint.name.clone())
            .collect()
    }
}

/// Every sample is sent equally often, so that a mean does not depend on where the last round stopped.
fn round_up(invocations: u32, samples: usize) -> u32 {
    let samples = u32::try_from(samples).unwrap_or(u32::MAX).max(1);
    invocations.div_ceil(samples).saturating_mul(samples)
}

fn tags(identity: &Identity) -> Vec<(String, String)> {
    let own = [
        Some((names::TAG_RUN.to_owned(), identity.run_id.clone())),
        identity
            .repository
            .clone()
            .map(|name| ("sagegate:repository".to_owned(), name)),
    ];
    own.into_iter()
        .flatten()
        .chain(identity.tags.iter().cloned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(memory_sizes: &[u32], invocations: u32) -> Plan {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.jsonl");
        std::fs::write(
            &path,
            "{\"Body\":\"a\"}\n{\"Body\":\"b\"}\n{\"Body\":\"c\"}\n",
        )
        .unwrap();
        let identity = Identity {
            run_id: "r1".to_owned(),
            name: "churn".to_owned(),
            model_name: "churn-model".to_owned(),
            commit: None,
            repository: Some("acme/churn".to_owned()),
            tags: vec![("team".to_owned(), "risk".to_owned())],
        };
        let options = Options {
            memory_sizes: memory_sizes
                .iter()
                .map(|&mb| MemoryMb::try_from(mb).unwrap())
                .collect(),
            invocations,
            warmup: 20,
            error_threshold: 3,
            cold_start_delay: Duration::ZERO,
            deploy_timeout: Duration::from_secs(1),
            metrics_timeout: Duration::from_secs(1),
            cleanup_timeout: Duration::from_secs(1),
        };
        Plan::new(identity, options, SampleSet::load(&path, None).unwrap())
    }

    #[test]
    fn sizes_are_sorted_and_each_is_deployed_once() {
        let plan = plan(&[3072, 1024, 3072], 9);
        let sizes: Vec<u32> = plan.endpoints.iter().map(|e| e.memory_mb.get()).collect();
        assert_eq!(sizes, [1024, 3072]);
        assert_eq!(plan.settings().memory_sizes.len(), 2);
    }

    #[test]
    fn every_sample_is_sent_equally_often() {
        assert_eq!(plan(&[1024], 1000).options.invocations, 1002);
        assert_eq!(plan(&[1024], 9).options.invocations, 9);
    }

    #[test]
    fn every_endpoint_carries_the_run_the_repository_and_the_users_tags() {
        let tags = &plan(&[1024], 1).endpoints[0].tags;
        let keys: Vec<&str> = tags.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(keys, ["sagegate:run", "sagegate:repository", "team"]);
    }
}
