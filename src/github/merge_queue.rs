//! Which pull requests a merge queue tries together.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::client::{Call, Client, escaped};
use super::context::{MergeGroup, queued};
use super::error::{GitHubError, Operation};

/// The pull requests that a merge group holds besides the one that it is named after, in the order
/// of their numbers: those before it in the queue, whose commits are not in the base branch yet.
/// The queue keeps a branch for each of them.
///
/// # Errors
/// [`GitHubError`].
pub async fn others_in_merge_group(
    client: &Client,
    group: &MergeGroup,
) -> Result<Vec<u64>, GitHubError> {
    let (Some(base), Some(head)) = (&group.base, &group.head_sha) else {
        return Ok(Vec::new());
    };
    let range = format!("{}...{head}", escaped(base));
    let route = client.in_repository(&format!("/compare/{range}"));
    let call = Call::get(Operation::ReadMergeGroup, route);
    let compared: Compared = client.send(&call).await?.json()?;
    let commits: BTreeSet<String> = compared.commits.into_iter().map(|it| it.sha).collect();
    let prefix = escaped(base).replace("%2F", "/");
    let route = format!("/git/matching-refs/heads/gh-readonly-queue/{prefix}/");
    let route = client.in_repository(&route);
    let call = Call::get(Operation::ReadMergeGroup, route);
    let branches: Vec<Reference> = client.send(&call).await?.json()?;
    let in_group = branches.iter().filter_map(|it| {
        let branch = it.name.strip_prefix("refs/heads/")?;
        let (of_base, number) = queued(branch)?;
        let is_in = of_base == base && commits.contains(&it.object.sha);
        is_in.then_some(number)
    });
    let numbers: BTreeSet<u64> = in_group
        .filter(|number| Some(*number) != group.pull_request)
        .collect();
    Ok(numbers.into_iter().collect())
}

#[derive(Deserialize)]
struct Compared {
    commits: Vec<Object>,
}

#[derive(Deserialize)]
struct Reference {
    #[serde(rename = "ref")]
    name: String,
    object: Object,
}

#[derive(Deserialize)]
struct Object {
    sha: String,
}
