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
    /// The model as it was given: its name, its image or its version in the registry.
    pub fn shown(&self) -> &str {
        match self {
            Self::Existing(name) => name,
            Self::Created { container, .. } => match container {
                Container::Image { image_uri, .. } => image_uri,
                Container::Package { arn, .. } => arn,
            },
        }
    }

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

/// The model that a run's own is measured in turn with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReferenceModel {
    /// Where it comes from.
    pub source: ModelSource,
    /// How often each size is measured, each time on fresh endpoints; from 1.
    pub rounds: u32,
    /// Whether it is measured under load, too.
    pub under_load: bool,
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
    /// The model that it is measured in turn with.
    #[serde(default)]
    pub reference: Option<ReferenceModel>,
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
    /// The stability benchmark: round by round, ascending in memory.
    pub sizes: Vec<SizePlan>,
    /// Endpoints of the concurrency benchmark, ascending in `MaxConcurrency`.
    pub load_endpoints: Vec<LoadEndpoint>,
    /// The model that this one is measured in turn with.
    pub reference: Option<ReferencePlan>,
}

/// One measurement of one memory size.
#[derive(Debug, Clone, PartialEq)]
pub struct SizePlan {
    /// Which measurement of the size, from 1.
    pub round: u32,
    /// The model's endpoint.
    pub endpoint: EndpointSpec,
    /// The reference's, which is called in turn with it.
    pub reference: Option<EndpointSpec>,
}

/// The reference of a run before it happens.
#[derive(Debug, Clone, PartialEq)]
pub struct ReferencePlan {
    /// Name of the model behind each of its endpoints.
    pub model_name: String,
    /// The model to create first, if any.
    pub model: Option<ModelSpec>,
    /// Endpoints of its concurrency benchmark, if there is one.
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
        let loads = |stem: &str| options.load.as_ref().map(|load| load.endpoints(stem));
        let reference = identity.reference.as_ref().map(|it| {
            let stem = names::reference_stem(&stem);
            let (model_name, model) = model_of(&it.source, &stem, &tags);
            let load_endpoints = loads(&stem).filter(|_| it.under_load);
            ReferencePlan {
                model_name,
                model,
                load_endpoints: load_endpoints.unwrap_or_default(),
            }
        });
        let mut plan = Self {
            load_endpoints: loads(&stem).unwrap_or_default(),
            identity,
            model_name,
            model,
            options,
            samples,
            sizes: Vec::new(),
            reference,
        };
        plan.sizes = plan.sizes_of(&plan.options.memory_sizes, names::memory_endpoint);
        plan
    }

    /// Every round of these sizes.
    fn sizes_of(
        &self,
        memory_sizes: &[MemoryMb],
        name: fn(&str, MemoryMb, u32) -> String,
    ) -> Vec<SizePlan> {
        let stem = names::stem(&self.identity.run_id, &self.identity.unique);
        let tags = tags(&self.identity);
        let spec = |stem: &str, model_name: &str, memory_mb, round| EndpointSpec {
            name: name(stem, memory_mb, round),
            model_name: model_name.to_owned(),
            memory_mb,
            max_concurrency: 1,
            tags: tags.clone(),
        };
        let reference_stem = names::reference_stem(&stem);
        let size = |round, memory_mb| SizePlan {
            round,
            endpoint: spec(&stem, &self.model_name, memory_mb, round),
            reference: self
                .reference
                .as_ref()
                .map(|it| spec(&reference_stem, &it.model_name, memory_mb, round)),
        };
        let rounds = 1..=self.identity.reference.as_ref().map_or(1, |it| it.rounds);
        rounds
            .flat_map(|round| memory_sizes.iter().map(move |&it| (round, it)))
            .map(|(round, memory_mb)| size(round, memory_mb))
            .collect()
    }

    /// The same run of models whose data is elsewhere.
    #[must_use]
    pub fn of_models(self, model: ModelSource, reference: Option<ModelSource>) -> Self {
        let reference = self.identity.reference.clone().map(|it| ReferenceModel {
            source: reference.unwrap_or_else(|| it.source.clone()),
            ..it
        });
        let identity = Identity {
            model,
            reference,
            ..self.identity
        };
        Self::new(identity, self.options, self.samples)
    }

    /// A second measurement of these sizes, once and on endpoints of other names, without a
    /// concurrency benchmark.
    #[must_use]
    pub fn measuring_again(&self, sizes: &[MemoryMb]) -> Self {
        let mut again = self.clone();
        again.load_endpoints.clear();
        again.options.load = None;
        if let Some(reference) = &mut again.identity.reference {
            reference.rounds = 1;
            reference.under_load = false;
        }
        if let Some(reference) = &mut again.reference {
            reference.load_endpoints.clear();
        }
        let sizes: Vec<MemoryMb> = (self.options.memory_sizes.iter().copied())
            .filter(|it| sizes.contains(it))
            .collect();
        again.sizes = again.sizes_of(&sizes, names::second_endpoint);
        again
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
        let reference = self.reference.as_ref();
        let reference = reference.filter(|it| it.load_endpoints.contains(endpoint));
        EndpointSpec {
            name: endpoint.name.clone(),
            model_name: reference
                .map_or(&self.model_name, |it| &it.model_name)
                .clone(),
            memory_mb,
            max_concurrency: endpoint.max_concurrency,
            tags: tags(&self.identity),
        }
    }

    /// Endpoints of the concurrency benchmarks of both models.
    pub fn all_load_endpoints(&self) -> impl Iterator<Item = &LoadEndpoint> {
        let reference = self.reference.iter().flat_map(|it| &it.load_endpoints);
        self.load_endpoints.iter().chain(reference)
    }

    /// The models that are created for the run.
    pub fn models(&self) -> impl Iterator<Item = &ModelSpec> {
        let reference = self.reference.iter().filter_map(|it| it.model.as_ref());
        self.model.iter().chain(reference)
    }

    /// Whether a name is of an endpoint of the reference.
    pub fn is_of_reference(&self, endpoint: &str) -> bool {
        let stem = names::stem(&self.identity.run_id, &self.identity.unique);
        names::is_of_reference(endpoint, &stem)
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
        let sizes = self.sizes.iter();
        let sizes = sizes.flat_map(|it| std::iter::once(&it.endpoint).chain(&it.reference));
        let sizes = sizes.map(|endpoint| &endpoint.name);
        let load = self.all_load_endpoints().map(|endpoint| &endpoint.name);
        sizes.chain(load).cloned().collect()
    }

    /// Names of the models that are created for the run.
    pub fn model_names(&self) -> Vec<String> {
        self.models().map(|model| model.name.clone()).collect()
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
            reference: None,
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
        let sizes: Vec<u32> = plan
            .sizes
            .iter()
            .map(|it| it.endpoint.memory_mb.get())
            .collect();
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
        let tags = &plan(&[1024], 1, existing()).sizes[0].endpoint.tags;
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
        assert_eq!(created.sizes[0].endpoint.model_name, "sagegate-r1-88b20788");
        let existing = plan_of(existing());
        assert_eq!(existing.model_names(), Vec::<String>::new());
        assert_eq!(existing.sizes[0].endpoint.model_name, "churn-model");
    }
}
