//! PURE: what started the workflow, from the text of its event.

use serde_json::Value;

use super::super::repository::Repository;
use super::variables::{MAX_TEXT, Variables, sha};

/// What started the workflow. Names and branches are untrusted text; commits are hexadecimal.
///
/// Source: "Events that trigger workflows" in GitHub's documentation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// `pull_request`: the proposed code, with few rights when it comes from a fork.
    PullRequest(PullRequest),
    /// `pull_request_target`: the base branch's workflow, with all rights. Nothing of the workspace
    /// may be run.
    PullRequestTarget(PullRequest),
    /// `push`.
    Push {
        /// The branch; `None` for a tag.
        branch: Option<String>,
    },
    /// `merge_group`: the merge queue.
    MergeGroup(MergeGroup),
    /// `schedule`: always the default branch.
    Schedule,
    /// `workflow_run`: after another workflow, with all rights. Its artifacts are untrusted.
    WorkflowRun(WorkflowRun),
    /// Any other, which may be about a pull request, too: a comment on one, a check of one, or
    /// `workflow_dispatch` with its number as an input.
    Other(PullRequest),
}

/// What an event says of its pull request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PullRequest {
    /// Its number, from 1.
    pub number: Option<u64>,
    /// Its newest commit: not the merge that is built.
    pub head_sha: Option<String>,
    /// Owner of the repository that its branch is in.
    pub head_owner: Option<String>,
    /// Its branch.
    pub head_branch: Option<String>,
    /// The branch that it is merged into.
    pub base: Option<String>,
    /// Whether the code comes from another repository. A deleted one is.
    pub is_fork: bool,
}

/// What a merge queue tries to merge: a pull request, and those before it in the queue.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MergeGroup {
    /// The commit of the merge.
    pub head_sha: Option<String>,
    /// The branch that is merged into.
    pub base: Option<String>,
    /// Number of the pull request that the group is named after, its last.
    pub pull_request: Option<u64>,
}

/// A run of another workflow, which has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkflowRun {
    /// Name of the other workflow.
    pub workflow: Option<String>,
    /// The commit that it ran for.
    pub head_sha: Option<String>,
    /// What it ran for, when that was a pull request: its number has to be asked for. The event
    /// names only the author's idea of one.
    pub pull_request: Option<Head>,
    /// Whether the code comes from another repository. A deleted one is.
    pub is_fork: bool,
}

/// The branch that another workflow ran for: enough to find its pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Owner of the repository that the branch is in: for a fork, not ours.
    pub owner: String,
    /// The branch, untrusted.
    pub branch: String,
    /// The commit, hexadecimal.
    pub sha: String,
}

impl Event {
    /// Reads the event of a workflow in `repository`.
    pub(super) fn read(json: &Value, variables: &Variables<'_>, repository: &Repository) -> Self {
        let pull_request = || PullRequest::read(json, variables, repository);
        match variables.get("GITHUB_EVENT_NAME").unwrap_or_default() {
            "pull_request" => Self::PullRequest(pull_request()),
            "pull_request_target" => Self::PullRequestTarget(pull_request()),
            "push" => Self::Push {
                branch: variables
                    .get("GITHUB_REF")
                    .and_then(|it| it.strip_prefix("refs/heads/"))
                    .map(str::to_owned),
            },
            "merge_group" => Self::MergeGroup(MergeGroup::read(json, variables)),
            "schedule" => Self::Schedule,
            "workflow_run" => Self::WorkflowRun(WorkflowRun::read(json, repository)),
            _ => Self::Other(pull_request()),
        }
    }
}

impl PullRequest {
    fn read(json: &Value, variables: &Variables<'_>, repository: &Repository) -> Self {
        let reference = || {
            let reference = variables.get("GITHUB_REF")?.strip_prefix("refs/pull/")?;
            reference.split('/').next()?.parse().ok()
        };
        let described = json.get("pull_request").filter(|it| !it.is_null());
        let described = described.map(|it| Self::described(it, repository));
        let described = described.unwrap_or_default();
        let number = described.number.or_else(reference);
        let number = number.or_else(|| number_elsewhere(json));
        let base = || variables.get("GITHUB_BASE_REF").map(str::to_owned);
        Self {
            number: number.filter(|number| *number > 0),
            base: described.base.clone().or_else(base),
            ..described
        }
    }

    /// What GitHub says of a pull request, in an event or when it is asked.
    pub(in crate::github) fn described(json: &Value, repository: &Repository) -> Self {
        let owned = |pointer| text(json, pointer).map(str::to_owned);
        let number = json.get("number").and_then(Value::as_u64);
        let head = text(json, "/head/repo/full_name");
        Self {
            number: number.filter(|number| *number > 0),
            head_sha: text(json, "/head/sha").and_then(sha),
            // The repository is gone when it is deleted, its owner stays.
            head_owner: owned("/head/repo/owner/login").or_else(|| owned("/head/user/login")),
            head_branch: owned("/head/ref"),
            base: owned("/base/ref"),
            is_fork: is_elsewhere(head, repository),
        }
    }
}

/// The number in an event that does not describe its pull request: a comment on one, the input of a
/// run by hand, or a check of the only pull request into this repository that has the commit.
fn number_elsewhere(json: &Value) -> Option<u64> {
    if json
        .pointer("/issue/pull_request")
        .is_some_and(Value::is_object)
    {
        return json.pointer("/issue/number").and_then(Value::as_u64);
    }
    let by_hand = ["pull-request", "pull_request"]
        .into_iter()
        .find_map(|name| {
            let input = json.get("inputs")?.get(name)?;
            input
                .as_u64()
                .or_else(|| input.as_str()?.trim().parse().ok())
        });
    let of_check = || {
        let check = json.get("check_suite").or_else(|| json.get("check_run"));
        let listed = check?.get("pull_requests")?.as_array()?;
        let into = |it: &Value| it.pointer("/base/repo/id").and_then(Value::as_u64);
        let own = json.pointer("/repository/id").and_then(Value::as_u64)?;
        let mut ours = listed.iter().filter(|it| into(it) == Some(own));
        let only = ours.next().filter(|_| ours.next().is_none())?;
        only.get("number").and_then(Value::as_u64)
    };
    by_hand.or_else(of_check)
}

/// What the branches of a merge queue begin with.
pub(in crate::github) const QUEUE: &str = "gh-readonly-queue/";

impl MergeGroup {
    fn read(json: &Value, variables: &Variables<'_>) -> Self {
        let short = |name: &str| name.strip_prefix("refs/heads/").unwrap_or(name).to_owned();
        let head = text(json, "/merge_group/head_ref").or_else(|| variables.get("GITHUB_REF"));
        let head = head.map(short);
        let (base_of_head, pull_request) = head.as_deref().and_then(queued).unzip();
        Self {
            head_sha: text(json, "/merge_group/head_sha").and_then(sha),
            base: text(json, "/merge_group/base_ref")
                .map(short)
                .or_else(|| base_of_head.map(str::to_owned)),
            pull_request,
        }
    }
}

/// Base and number of a pull request in a merge queue, by the name of its branch there, for example
/// `gh-readonly-queue/release/1/pr-7-8f31c2e0`.
pub(in crate::github) fn queued(branch: &str) -> Option<(&str, u64)> {
    let (base, last) = branch.strip_prefix(QUEUE)?.rsplit_once('/')?;
    let (number, commit) = last.strip_prefix("pr-")?.split_once('-')?;
    let is_commit = !commit.is_empty() && commit.chars().all(|c| c.is_ascii_hexdigit());
    let number = number.parse().ok().filter(|number| *number > 0)?;
    is_commit.then_some((base, number))
}

impl WorkflowRun {
    fn read(json: &Value, repository: &Repository) -> Self {
        let head = text(json, "/workflow_run/head_repository/full_name");
        Self {
            workflow: text(json, "/workflow_run/name").map(str::to_owned),
            head_sha: text(json, "/workflow_run/head_sha").and_then(sha),
            pull_request: Head::read(json),
            is_fork: is_elsewhere(head, repository),
        }
    }
}

impl Head {
    fn read(json: &Value) -> Option<Self> {
        let event = text(json, "/workflow_run/event")?;
        event.starts_with("pull_request").then_some(())?;
        Some(Self {
            owner: text(json, "/workflow_run/head_repository/owner/login")?.to_owned(),
            branch: text(json, "/workflow_run/head_branch")?.to_owned(),
            sha: text(json, "/workflow_run/head_sha").and_then(sha)?,
        })
    }
}

/// Whether the repository of a head is another one.
fn is_elsewhere(head: Option<&str>, repository: &Repository) -> bool {
    !head.is_some_and(|name| name.eq_ignore_ascii_case(&repository.to_string()))
}

pub(super) fn text<'a>(json: &'a Value, pointer: &str) -> Option<&'a str> {
    let text = json.pointer(pointer)?.as_str()?;
    (1..=MAX_TEXT).contains(&text.len()).then_some(text)
}
