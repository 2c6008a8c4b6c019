//! What runs have left in an account, found from anywhere: by name and by tag.
//!
//! Nothing is deleted that is not proven to be a run's: its name begins as ours do, and its tag
//! names the run. The name alone is no proof, as anybody may give it, so that a resource whose tag
//! cannot be read stays and is named.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;

use super::cleanup::Names;
use super::names::{PREFIX, TAG_RUN, is_of_run};
use crate::aws::{AwsError, Listed, ResourceKind, Session, Tagged};

/// Which resources are left over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// Those of one run, of any age.
    Run(String),
    /// Those of any run that are older than this.
    OlderThan(Duration),
}

/// A resource that a run has left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Orphan {
    /// The resource.
    pub resource: Listed,
    /// The run, by its tag.
    pub run_id: String,
}

/// A resource that may be a run's: whose it is could not be found out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubtful {
    /// What it is.
    pub kind: ResourceKind,
    /// Its name, which begins as ours do.
    pub name: String,
    /// Why its tag is not known, or that of the endpoint that it belongs to.
    pub error: AwsError,
}

/// What was found, and what could not be looked at.
#[derive(Debug, Default)]
pub struct Orphans {
    found: Vec<Orphan>,
    endpoints: Vec<String>,
    endpoints_alone: Vec<String>,
    models: Vec<String>,
    jobs: Vec<String>,
    /// Resources that may be a run's, and stay.
    pub doubtful: Vec<Doubtful>,
    /// Kinds of which there may be more: AWS's answer to the list.
    pub unseen: Vec<(ResourceKind, AwsError)>,
}

impl Orphans {
    /// What was found: endpoints, endpoint configs, models, processing jobs.
    pub fn iter(&self) -> impl Iterator<Item = &Orphan> {
        self.found.iter()
    }

    /// Whether nothing was found to stop or to delete.
    pub const fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Whether everything could be looked at.
    pub const fn is_complete(&self) -> bool {
        self.doubtful.is_empty() && self.unseen.is_empty()
    }

    /// What to delete.
    pub fn names(&self) -> Names<'_> {
        Names {
            endpoints: &self.endpoints,
            endpoints_alone: &self.endpoints_alone,
            models: &self.models,
        }
    }

    /// Processing jobs to stop: as long as they run, they may create more.
    pub fn jobs(&self) -> &[String] {
        &self.jobs
    }

    /// What was found now, and what `before` had found where it could not be looked at again.
    #[must_use]
    pub fn or_as_before(mut self, before: Self) -> Self {
        let is_unseen = |kind: ResourceKind| self.unseen.iter().any(|(it, _)| *it == kind);
        let pairs = is_unseen(ResourceKind::Endpoint) || is_unseen(ResourceKind::EndpointConfig);
        let models = is_unseen(ResourceKind::Model);
        let doubtful: BTreeSet<&str> = self.doubtful.iter().map(|it| it.name.as_str()).collect();
        let restored = |old: Vec<String>, now: &[String], all: bool| -> Vec<String> {
            let mut names = old;
            names.retain(|it| (all || doubtful.contains(it.as_str())) && !now.contains(it));
            names
        };
        let endpoints = restored(before.endpoints, &self.endpoints, pairs);
        let alone = restored(before.endpoints_alone, &self.endpoints_alone, pairs);
        let models = restored(before.models, &self.models, models);
        self.doubtful
            .retain(|it| !endpoints.contains(&it.name) && !models.contains(&it.name));
        self.endpoints_alone.retain(|it| !endpoints.contains(it));
        self.endpoints.extend(endpoints);
        let with_config = &self.endpoints;
        let alone = alone.into_iter().filter(|it| !with_config.contains(it));
        self.endpoints_alone.extend(alone);
        self.models.extend(models);
        self
    }

    fn doubt(&mut self, half: &Half, error: AwsError) {
        self.doubtful.push(Doubtful {
            kind: half.resource.kind,
            name: half.resource.name.clone(),
            error,
        });
    }
}

/// Looks for leftovers. Endpoint and endpoint config of one name are deleted together: neither,
/// where one of them is not the run's.
///
/// What cannot be looked at is in the answer; it stops nothing else.
pub async fn find_orphans(session: &Session, selection: &Selection, now: Timestamp) -> Orphans {
    let search = Search {
        session,
        selection,
        now,
    };
    let part = search.part();
    let listing = session.named(&part).await;
    let mut orphans = Orphans {
        unseen: listing.failed,
        ..Orphans::default()
    };
    let mut pairs: BTreeMap<String, Pair> = BTreeMap::new();
    for resource in listing.found {
        if !resource.name.starts_with(&part) {
            continue;
        }
        let Some(whose) = search.whose(&resource).await else {
            continue;
        };
        let half = Half { resource, whose };
        let name = half.resource.name.clone();
        match half.resource.kind {
            ResourceKind::Endpoint => pairs.entry(name).or_default().endpoint = Some(half),
            ResourceKind::EndpointConfig => pairs.entry(name).or_default().config = Some(half),
            ResourceKind::Model => keep(half, &mut orphans, |it| &mut it.models),
            ResourceKind::ProcessingJob => keep(half, &mut orphans, |it| &mut it.jobs),
        }
    }
    for mut pair in pairs.into_values() {
        search.complete(&mut pair, &orphans.unseen).await;
        pair.decide(&mut orphans);
    }
    let place = |kind| (kind != ResourceKind::Endpoint, kind);
    orphans.found.sort_by_key(|it| place(it.resource.kind));
    orphans
}

/// Adds a resource that stands for itself.
fn keep(half: Half, orphans: &mut Orphans, names: fn(&mut Orphans) -> &mut Vec<String>) {
    match &half.whose {
        Whose::Ours(_) => {
            names(orphans).push(half.resource.name.clone());
            orphans.found.extend(half.into_orphan());
        }
        Whose::NotOurs => {}
        Whose::Unknown(error) => orphans.doubt(&half, error.clone()),
    }
}

/// Whose a resource is, by its tag.
#[derive(Debug, Clone)]
enum Whose {
    /// A run's that is looked for.
    Ours(String),
    /// Another run's, or no run's, or too young.
    NotOurs,
    Unknown(AwsError),
}

/// An endpoint or an endpoint config.
#[derive(Debug)]
struct Half {
    resource: Listed,
    whose: Whose,
}

impl Half {
    fn into_orphan(self) -> Option<Orphan> {
        let resource = self.resource;
        match self.whose {
            Whose::Ours(run_id) => Some(Orphan { resource, run_id }),
            Whose::NotOurs | Whose::Unknown(_) => None,
        }
    }
}

/// Endpoint and endpoint config of one name.
#[derive(Debug, Default)]
struct Pair {
    endpoint: Option<Half>,
    config: Option<Half>,
}

impl Pair {
    fn decide(self, orphans: &mut Orphans) {
        let is_foreign = |half: &Option<Half>| {
            let whose = half.as_ref().map(|it| &it.whose);
            matches!(whose, Some(Whose::NotOurs))
        };
        if is_foreign(&self.endpoint) || is_foreign(&self.config) {
            return;
        }
        let error_of = |half: &Option<Half>| match half.as_ref().map(|it| &it.whose) {
            Some(Whose::Unknown(error)) => Some(error.clone()),
            Some(Whose::Ours(_) | Whose::NotOurs) | None => None,
        };
        if let Some(error) = error_of(&self.endpoint) {
            // The endpoint config may be in use.
            let halves = [&self.endpoint, &self.config].into_iter().flatten();
            halves.for_each(|half| orphans.doubt(half, error.clone()));
            return;
        }
        let names = match (error_of(&self.config), &self.config) {
            (Some(error), Some(config)) => {
                orphans.doubt(config, error);
                &mut orphans.endpoints_alone
            }
            _ => &mut orphans.endpoints,
        };
        let ours = [self.endpoint, self.config].into_iter().flatten();
        let ours: Vec<Orphan> = ours.filter_map(Half::into_orphan).collect();
        names.extend(ours.first().map(|it| it.resource.name.clone()));
        orphans.found.extend(ours);
    }
}

/// What is looked for.
struct Search<'a> {
    session: &'a Session,
    selection: &'a Selection,
    now: Timestamp,
}

impl Search<'_> {
    /// What every name begins with.
    fn part(&self) -> String {
        match self.selection {
            Selection::Run(run_id) => format!("{PREFIX}{run_id}-"),
            Selection::OlderThan(_) => PREFIX.to_owned(),
        }
    }

    /// `None` for a resource that has gone meanwhile.
    async fn whose(&self, resource: &Listed) -> Option<Whose> {
        if !self.is_old_enough(resource) {
            return Some(Whose::NotOurs);
        }
        Some(match self.session.tag(&resource.arn, TAG_RUN).await {
            Ok(Tagged::Gone) => return None,
            Ok(Tagged::With(run_id)) if self.is_selected(&resource.name, &run_id) => {
                Whose::Ours(run_id)
            }
            Ok(Tagged::With(_) | Tagged::Without) => Whose::NotOurs,
            Err(error) => Whose::Unknown(error),
        })
    }

    fn is_selected(&self, name: &str, run_id: &str) -> bool {
        let is_wanted = match self.selection {
            Selection::Run(wanted) => run_id == wanted,
            Selection::OlderThan(_) => true,
        };
        is_wanted && is_of_run(name, run_id)
    }

    fn is_old_enough(&self, resource: &Listed) -> bool {
        match self.selection {
            Selection::Run(_) => true,
            Selection::OlderThan(age) => {
                let lived = self.now.duration_since(resource.created_at);
                Duration::try_from(lived).is_ok_and(|lived| lived > *age)
            }
        }
    }

    /// Asks for the half that was in no list because the list could not be read: its ARN is known.
    async fn complete(&self, pair: &mut Pair, unseen: &[(ResourceKind, AwsError)]) {
        let failed = |kind| unseen.iter().find(|(it, _)| *it == kind);
        match (&pair.endpoint, &pair.config) {
            (None, Some(config)) => {
                if let Some((_, error)) = failed(ResourceKind::Endpoint) {
                    let resource = endpoint_of(&config.resource);
                    let whose = match self.selection {
                        Selection::Run(_) => self.whose(&resource).await,
                        // It may be younger than its config.
                        Selection::OlderThan(_) => Some(Whose::Unknown(error.clone())),
                    };
                    pair.endpoint = whose.map(|whose| Half { resource, whose });
                }
            }
            // Never younger than its endpoint.
            (Some(endpoint), None) if failed(ResourceKind::EndpointConfig).is_some() => {
                let resource = config_of(&endpoint.resource);
                let whose = self.whose(&resource).await;
                pair.config = whose.map(|whose| Half { resource, whose });
            }
            _ => {}
        }
    }
}

/// The endpoint that an endpoint config is for: sagegate gives both the same name.
fn endpoint_of(config: &Listed) -> Listed {
    Listed {
        kind: ResourceKind::Endpoint,
        arn: config.arn.replacen(":endpoint-config/", ":endpoint/", 1),
        ..config.clone()
    }
}

/// The endpoint config of an endpoint: sagegate gives both the same name.
fn config_of(endpoint: &Listed) -> Listed {
    Listed {
        kind: ResourceKind::EndpointConfig,
        arn: endpoint.arn.replacen(":endpoint/", ":endpoint-config/", 1),
        ..endpoint.clone()
    }
}

#[cfg(test)]
mod tests;
