//! Finds leftovers of runs in an account by name and tag, without a ledger.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;

use super::cleanup::Names;
use super::names::{PREFIX, TAG_RUN};
use crate::aws::{AwsError, Listed, ResourceKind, Session};

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

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Orphans {
    found: Vec<Orphan>,
    endpoints: Vec<String>,
    models: Vec<String>,
    jobs: Vec<String>,
}

impl Orphans {
    /// What was found: endpoints, endpoint configs, models, processing jobs.
    pub fn iter(&self) -> impl Iterator<Item = &Orphan> {
        self.found.iter()
    }

    /// What to delete.
    pub fn names(&self) -> Names<'_> {
        Names {
            endpoints: &self.endpoints,
            models: &self.models,
        }
    }

    /// Processing jobs to stop: as long as they run, they may create more.
    pub fn jobs(&self) -> &[String] {
        &self.jobs
    }
}

/// Looks for leftovers. A resource counts when its name begins as ours do and it has the tag of a
/// run: neither alone is enough. Endpoint and endpoint config of one name are deleted together, so
/// both must count.
///
/// # Errors
/// [`AwsError`] of a list.
pub async fn find_orphans(
    session: &Session,
    selection: &Selection,
    now: Timestamp,
) -> Result<Orphans, AwsError> {
    let part = match selection {
        Selection::Run(run_id) => format!("{PREFIX}{run_id}-"),
        Selection::OlderThan(_) => PREFIX.to_owned(),
    };
    let mut found = Vec::new();
    let mut foreign = BTreeSet::new();
    for resource in session.named(&part).await? {
        if !resource.name.starts_with(&part) {
            continue;
        }
        let run_id = session.tag(&resource.arn, TAG_RUN).await?;
        match run_id.filter(|run_id| is_selected(selection, &resource, run_id, now)) {
            Some(run_id) => found.push(Orphan { resource, run_id }),
            None => {
                foreign.insert(resource.name);
            }
        }
    }
    found.retain(|it| !foreign.contains(&it.resource.name));
    Ok(with_names(found))
}

fn is_selected(selection: &Selection, resource: &Listed, run_id: &str, now: Timestamp) -> bool {
    match selection {
        Selection::Run(wanted) => run_id == wanted,
        Selection::OlderThan(age) => {
            let lived = now.duration_since(resource.created_at);
            Duration::try_from(lived).is_ok_and(|lived| lived > *age)
        }
    }
}

fn with_names(found: Vec<Orphan>) -> Orphans {
    let of = |kinds: &[ResourceKind]| -> Vec<String> {
        let names = found
            .iter()
            .filter(|it| kinds.contains(&it.resource.kind))
            .map(|it| it.resource.name.clone());
        names.collect::<BTreeSet<_>>().into_iter().collect()
    };
    Orphans {
        endpoints: of(&[ResourceKind::Endpoint, ResourceKind::EndpointConfig]),
        models: of(&[ResourceKind::Model]),
        jobs: of(&[ResourceKind::ProcessingJob]),
        found,
    }
}
