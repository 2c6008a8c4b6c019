//! The pull request of a commit, for workflows whose event does not name it.

use serde::Deserialize;

use super::client::{Call, Client, escaped};
use super::context::Head;
use super::error::{GitHubError, Operation};

/// The open pull request whose head is exactly this commit of this branch; `None` when there is
/// none, for example because the author has pushed again. Works for forks, where the event of a
/// `workflow_run` lists no pull request.
///
/// # Errors
/// [`GitHubError`].
pub async fn find_pull_request(client: &Client, head: &Head) -> Result<Option<u64>, GitHubError> {
    let branch = escaped(&format!("{}:{}", head.owner, head.branch));
    // At most one is open from one branch to one base: a page is plenty.
    let route = client.in_repository(&format!("/pulls?state=open&per_page=100&head={branch}"));
    let answer = client
        .send(&Call::get(Operation::FindPullRequest, route))
        .await?;
    let pulls: Vec<ApiPull> = answer.json()?;
    // The server ignores a filter that it cannot read, so the commit decides.
    let found = pulls.iter().filter(|pull| pull.head.sha == head.sha);
    Ok(found.map(|pull| pull.number).min())
}

#[derive(Deserialize)]
struct ApiPull {
    number: u64,
    head: ApiHead,
}

#[derive(Deserialize)]
struct ApiHead {
    sha: String,
}
