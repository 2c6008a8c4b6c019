//! Pull requests of which the event of a workflow does not say enough.

use serde::Deserialize;
use serde_json::Value;

use super::client::{Call, Client, escaped};
use super::context::{Head, PullRequest};
use super::error::{GitHubError, Operation};

/// The open pull request whose head is exactly this commit of this branch; `None` when there is
/// none, for example because the author has pushed again. Works for forks, where the event of a
/// `workflow_run` lists no pull request.
///
/// # Errors
/// [`GitHubError`].
pub async fn find_pull_request(
    client: &Client,
    head: &Head,
) -> Result<Option<FoundPullRequest>, GitHubError> {
    let branch = escaped(&format!("{}:{}", head.owner, head.branch));
    // At most one is open from one branch to one base: a page is plenty.
    let route = client.in_repository(&format!("/pulls?state=open&per_page=100&head={branch}"));
    let answer = client
        .send(&Call::get(Operation::FindPullRequest, route))
        .await?;
    let pulls: Vec<ApiPull> = answer.json()?;
    // The server ignores a filter that it cannot read, so commit, owner and branch decide.
    let found = pulls.into_iter().filter(|pull| pull.head.is(head));
    let first = found.min_by_key(|pull| pull.number);
    Ok(first.map(|pull| FoundPullRequest {
        number: pull.number,
        base: pull.base.map(|base| base.name),
    }))
}

/// An open pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundPullRequest {
    /// Its number.
    pub number: u64,
    /// The branch that it is merged into, untrusted.
    pub base: Option<String>,
}

/// A pull request by its number.
///
/// # Errors
/// [`GitHubError`].
pub async fn read_pull_request(client: &Client, number: u64) -> Result<PullRequest, GitHubError> {
    let route = client.in_repository(&format!("/pulls/{number}"));
    let call = Call::get(Operation::ReadPullRequest, route);
    let answer: Value = client.send(&call).await?.json()?;
    let described = PullRequest::described(&answer, client.repository());
    Ok(PullRequest {
        number: Some(number),
        ..described
    })
}

#[derive(Deserialize)]
struct ApiPull {
    number: u64,
    head: ApiHead,
    #[serde(default)]
    base: Option<ApiBase>,
}

#[derive(Deserialize)]
struct ApiBase {
    #[serde(rename = "ref")]
    name: String,
}

#[derive(Deserialize)]
struct ApiHead {
    sha: String,
    /// `OWNER:BRANCH`, also where the repository is gone.
    label: Option<String>,
    r#ref: Option<String>,
    repo: Option<ApiRepository>,
}

#[derive(Deserialize)]
struct ApiRepository {
    owner: Option<ApiOwner>,
}

#[derive(Deserialize)]
struct ApiOwner {
    login: String,
}

impl ApiHead {
    /// Whether it is the branch that another workflow ran for. What the answer does not say
    /// contradicts nothing, but its label must be there.
    fn is(&self, head: &Head) -> bool {
        let label = self.label.as_deref().and_then(|it| it.split_once(':'));
        let owner = self.repo.as_ref().and_then(|it| it.owner.as_ref());
        let is_owner = |login: &str| login.eq_ignore_ascii_case(&head.owner);
        self.sha == head.sha
            && label.is_some_and(|(owner, branch)| is_owner(owner) && branch == head.branch)
            && self.r#ref.as_ref().is_none_or(|it| *it == head.branch)
            && owner.is_none_or(|it| is_owner(&it.login))
    }
}
