//! PURE: everything a run will do, decided before the first call.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::load_plan::{LoadEndpoint, LoadOptions};
use super::names;
use crate::aws::{Container, EndpointSpec, ModelSpec};
use crate::result::{LatencySource, Settings};
use crate::samples::SampleSet;
use crate::units::{MemoryMb, saturating_u32};

/// Options of a measurement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Options {
    /// Memory sizes to deploy.
    pub memory_sizes: Vec<MemoryMb>,
    /// Measured invocations per size; rounded up to a multiple of the number of samples.
    pub invocations: u32,
    /// Measured invocations of a size that is extended, at most; rounded like `invocations`, and at
    /// least as many.
    pub max_invocations: u32,
    /// Warm-up invocations per size.
    pub warmup: u32,
    /// Failed invocations after which a size is stopped.
    pub error_threshold: u32,
    /// Pause between deployment and the first invocation.
    pub cold_start_delay: Duration,
    /// Whose latencies are judged.
    pub latency_source: LatencySource,
    /// The concurrency benchmark, if wanted.
    pub load: Option<LoadOptions>,
    /// Longest wait for an endpoint to be in service.
    pub deploy_timeout: Duration,
    /// Longest wait for CloudWatch to be complete.
    pub metrics_timeout: Duration,
    /// Longest wait for an endpoint to be gone.
    pub cleanup_timeout: Duration,
}

/// Where the model comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ModelSource {
    /// A `SageMaker` model of this name, which stays.
    Existing(String),
    /// Created for the run and deleted after it.
    Created {
        /// What it is made of.
        container: Container,
        /// Role that it runs with.
        execution_role_arn: String,
        /// Whether another process has created it already.
        #[serde(default)]
        is_there: bool,
    },
}

impl ModelSource {
    /// The same model once it is created: without the variables of its container, which nobody else
    /// needs.
    #[must_use]
    pub fn created(self) -> Self {
        match self {
            Self::Existing(name) => Self::Existing(name),
            Self::Created {
                container,
                execution_role_arn,
                is_there: _,
            } => Self::Created {
                container: container.without_environment(),
                execution_role_arn,
                is_there: true,
            },
        }
    }
}

/// Identity of the run, and the model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Part of every name.
    pub run_id: String,
    /// Part of every name, too: tells the processes of one CI run apart.
    pub unique: String,
    /// Alias of the model.
    pub name: String,
    /// The model.
    pub model: ModelSource,
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
    /// Identity of the run, and the model.
    pub identity: Identity,
    /// Name of the model behind every endpoint.
    pub model_name: String,
    /// The model to create first, if any.
    pub model: Option<ModelSpec>,
    /// What the user chose, sizes ascending and unique, invocations rounded up.
    pub options: Options,
    /// What is sent.
    pub samples: SampleSet,
    /// Endpoints of the stability benchmark, ascending in memory.
    pub endpoints: Vec<EndpointSpec>,
    /// Endpoints of the concurrency benchmark, ascending in `MaxConcurrency`.
    pub load_endpoints: Vec<LoadEndpoint>,
}

impl Plan {
    /// Derives names, tags and counts.
    pub fn new(identity: Identity, mut options: Options, samples: SampleSet) -> Self {
        options.memory_sizes.sort_unstable();
        options.memory_sizes.dedup();
        options.invocations = round_up(options.invocations, samples.len());
        let most = options.max_invocations.max(options.invocations);
        options.max_invocations = round_up(most, samples.len());
        let stem = names::stem(&identity.run_id, &identity.unique);
        let tags = tags(&identity);
        let (model_name, model) = model_of(&identity.model, &stem, &tags);
        let endpoints = options
            .memory_sizes
            .iter()
            .map(|&memory_mb| EndpointSpec {
                name: names::memory_endpoint(&stem, memory_mb),
                model_name: model_name.clone(),
                memory_mb,
                max_concurrency: 1,
                tags: tags.clone(),
            })
            .collect();
        let load_endpoints = options
            .load
            .as_ref()
            .map(|load| load.endpoints(&stem))
            .unwrap_or_default();
        Self {
            identity,
            model_name,
            model,
            options,
            samples,
            endpoints,
            load_endpoints,
        }
    }

    /// The same run of a model whose data is elsewhere.
    #[must_use]
    pub fn of_model(self, model: ModelSource) -> Self {
        let stem = names::stem(&self.identity.run_id, &self.identity.unique);
        let (model_name, spec) = model_of(&model, &stem, &tags(&self.identity));
        Self {
            model_name,
            model: spec,
            identity: Identity {
                model,
                ..self.identity
            },
            ..self
        }
    }

    /// A second measurement of these sizes, on endpoints of other names, without a concurrency
    /// benchmark.
    #[must_use]
    pub fn measuring_again(&self, sizes: &[MemoryMb]) -> Self {
        let stem = names::stem(&self.identity.run_id, &self.identity.unique);
        let again = self
            .endpoints
            .iter()
            .filter(|spec| sizes.contains(&spec.memory_mb));
        Self {
            endpoints: again
                .map(|spec| EndpointSpec {
                    name: names::second_endpoint(&stem, spec.memory_mb),
                    ..spec.clone()
                })
                .collect(),
            load_endpoints: Vec::new(),
            options: Options {
                load: None,
                ..self.options.clone()
            },
            ..self.clone()
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
            latency_source: self.options.latency_source,
            load: self.options.load.as_ref().map(LoadOptions::settings),
        }
    }

    /// The endpoint of the concurrency benchmark at `memory_mb`, which the stability benchmark
    /// decides.
    pub fn load_spec(&self, endpoint: &LoadEndpoint, memory_mb: MemoryMb) -> EndpointSpec {
        EndpointSpec {
            name: endpoint.name.clone(),
            model_name: self.model_name.clone(),
            memory_mb,
            max_concurrency: endpoint.max_concurrency,
            tags: tags(&self.identity),
        }
    }

    /// Name of the processing job that does the run, where one does.
    pub fn job_name(&self) -> String {
        names::stem(&self.identity.run_id, &self.identity.unique)
    }

    /// Tags of everything that is created for the run.
    pub fn tags(&self) -> Vec<(String, String)> {
        tags(&self.identity)
    }

    /// Names of all endpoints; the endpoint configs have the same.
    pub fn endpoint_names(&self) -> Vec<String> {
        let stability = self.endpoints.iter().map(|endpoint| &endpoint.name);
        let load = self.load_endpoints.iter().map(|endpoint| &endpoint.name);
        stability.chain(load).cloned().collect()
    }

    /// Names of the models that are created for the run.
    pub fn model_names(&self) -> Vec<String> {
        self.model.iter().map(|model| model.name.clone()).collect()
    }
}

fn model_of(
    source: &ModelSource,
    stem: &str,
    tags: &[(String, String)],
) -> (String, Option<ModelSpec>) {
    match source {
        ModelSource::Existing(name) => (name.clone(), None),
        ModelSource::Created {
            container,
            execution_role_arn,
            is_there,
        } => (
            stem.to_owned(),
            Some(ModelSpec {
                name: stem.to_owned(),
                container: container.clone(),
                execution_role_arn: execution_role_arn.clone(),
                tags: tags.to_vec(),
                is_there: *is_there,
            }),
        ),
    }
}

/// Every sample is sent equally often, so that a mean does not depend on where the last round
/// stopped.
fn round_up(invocations: u32, samples: usize) -> u32 {
    let samples = saturating_u32(samples).max(1);
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
pub(super) mod tests {
    use super::*;

    pub(in crate::benchmark) fn plan(
        memory_sizes: &[u32],
        invocations: u32,
        model: ModelSource,
    ) -> Plan {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.jsonl");
        let text = "{\"Body\":\"a\"}\n{\"Body\":\"b\"}\n{\"Body\":\"c\"}\n";
        std::fs::write(&path, text).unwrap();
        let identity = Identity {
            run_id: "r1".to_owned(),
            unique: "88b20788".to_owned(),
            name: "churn".to_owned(),
            model,
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
            max_invocations: invocations,
            warmup: 20,
            error_threshold: 3,
            cold_start_delay: Duration::ZERO,
            latency_source: LatencySource::Client,
            load: None,
            deploy_timeout: Duration::from_secs(1),
            metrics_timeout: Duration::from_secs(1),
            cleanup_timeout: Duration::from_secs(1),
        };
        Plan::new(identity, options, SampleSet::load(&path, None).unwrap())
    }

    pub(in crate::benchmark) fn existing() -> ModelSource {
        ModelSource::Existing("churn-model".to_owned())
    }

    #[test]
    fn sizes_are_sorted_and_each_is_deployed_once() {
        let plan = plan(&[3072, 1024, 3072], 9, existing());
        let sizes: Vec<u32> = plan.endpoints.iter().map(|e| e.memory_mb.get()).collect();
        assert_eq!(sizes, [1024, 3072]);
        assert_eq!(plan.settings().memory_sizes.len(), 2);
    }

    #[test]
    fn every_sample_is_sent_equally_often() {
        let invocations = |asked| plan(&[1024], asked, existing()).options.invocations;
        assert_eq!([invocations(1000), invocations(9)], [1002, 9]);
    }

    #[test]
    fn every_endpoint_carries_the_run_the_repository_and_the_users_tags() {
        let tags = &plan(&[1024], 1, existing()).endpoints[0].tags;
        let keys: Vec<&str> = tags.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(keys, ["sagegate:run", "sagegate:repository", "team"]);
    }

    #[test]
    fn a_model_that_is_created_has_a_name_of_the_run_and_an_existing_one_keeps_its_own() {
        let created = ModelSource::Created {
            container: Container::Package {
                arn: "arn:aws:sagemaker:us-east-1:000000000000:model-package/churn/7".to_owned(),
                environment: Vec::new(),
            },
            execution_role_arn: "arn:aws:iam::000000000000:role/r".to_owned(),
            is_there: false,
        };
        let plan_of = |model| plan(&[1024], 1, model);
        let created = plan_of(created);
        assert_eq!(created.model_names(), ["sagegate-r1-88b20788"]);
        assert_eq!(created.endpoints[0].model_name, "sagegate-r1-88b20788");
        let existing = plan_of(existing());
        assert_eq!(existing.model_names(), Vec::<String>::new());
        assert_eq!(existing.endpoints[0].model_name, "churn-model");
    }
}
