//! PURE: what the runner says about the run: environment and event.

use std::collections::BTreeMap;

use serde_json::Value;

use super::repository::Repository;

const API_URL: &str = "https://api.github.com";
const SERVER_URL: &str = "https://github.com";
/// Longest name, branch or address that is believed, in bytes.
const MAX_TEXT: usize = 1024;

/// What started the workflow.
///
/// Source: "Events that trigger workflows" in GitHub's documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// `pull_request`: the proposed code, with few rights when it comes from a fork.
    PullRequest,
    /// `pull_request_target`: the base branch's workflow, with all rights. Nothing of the workspace may be run.
    PullRequestTarget,
    /// `push`.
    Push,
    /// `merge_group`: the merge queue.
    MergeGroup,
    /// `schedule`: always the default branch.
    Schedule,
    /// `workflow_dispatch`: by hand.
    WorkflowDispatch,
    /// `workflow_run`: after another workflow, with all rights. Its artifacts are untrusted.
    WorkflowRun,
    /// Any other.
    Other,
}

impl Event {
    fn of(name: &str) -> Self {
        match name {
            "pull_request" => Self::PullRequest,
            "pull_request_target" => Self::PullRequestTarget,
            "push" => Self::Push,
            "merge_group" => Self::MergeGroup,
            "schedule" => Self::Schedule,
            "workflow_dispatch" => Self::WorkflowDispatch,
            "workflow_run" => Self::WorkflowRun,
            _ => Self::Other,
        }
    }
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

/// A run of a workflow. Names and branches are untrusted text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    /// What started it.
    pub event: Event,
    /// Where it runs.
    pub repository: Repository,
    /// Root of the REST API, for an Enterprise server its own.
    pub api_url: String,
    /// Root of the web pages.
    pub server_url: String,
    /// Number of the pull request, where the event is about one.
    pub pull_request: Option<u64>,
    /// The commit that people see: on a pull request its head and not the merge that is built. Hexadecimal.
    pub head_sha: Option<String>,
    /// What a `workflow_run` came from, when that was a pull request: its number has to be asked for.
    pub triggered_by: Option<Head>,
    /// Name of the workflow that a `workflow_run` came after.
    pub triggering_workflow: Option<String>,
    /// The branch that is merged into.
    pub base_ref: Option<String>,
    /// The branch that the workflow runs on; `None` on pull requests and tags.
    pub branch: Option<String>,
    /// The code comes from another repository.
    pub is_fork: bool,
    /// Dependabot started it.
    pub is_dependabot: bool,
    /// The repository's default branch.
    pub default_branch: Option<String>,
    /// Number of the run, the same for all its attempts. Digits.
    pub run_id: Option<String>,
    /// Number of the attempt, from 1.
    pub run_attempt: Option<u64>,
    /// Name of the workflow.
    pub workflow: Option<String>,
}

impl Context {
    /// Reads the environment and the text of the file at `GITHUB_EVENT_PATH`; `None` when `GITHUB_REPOSITORY` names no
    /// repository, as outside Actions. An unreadable event is an empty one.
    pub fn read(environment: &BTreeMap<String, String>, event: &str) -> Option<Self> {
        let variables = Variables(environment);
        let json: Value = serde_json::from_str(event).unwrap_or_default();
        let event = Event::of(variables.get("GITHUB_EVENT_NAME").unwrap_or_default());
        let repository: Repository = variables.get("GITHUB_REPOSITORY")?.parse().ok()?;
        let owned = |name| variables.get(name).map(str::to_owned);
        let address = |name, default: &str| {
            let url = variables.get(name).unwrap_or(default);
            url.trim_end_matches('/').to_owned()
        };
        let digits = |text: &&str| text.chars().all(|c| c.is_ascii_digit());
        let run_id = variables.get("GITHUB_RUN_ID").filter(digits);
        let attempt = variables.get("GITHUB_RUN_ATTEMPT");
        Some(Self {
            event,
            api_url: address("GITHUB_API_URL", API_URL),
            server_url: address("GITHUB_SERVER_URL", SERVER_URL),
            pull_request: pull_request(event, &json, &variables),
            head_sha: head_sha(event, &json, &variables),
            triggered_by: triggered_by(event, &json),
            triggering_workflow: match event {
                Event::WorkflowRun => text(&json, "/workflow_run/name").map(str::to_owned),
                Event::PullRequest
                | Event::PullRequestTarget
                | Event::Push
                | Event::MergeGroup
                | Event::Schedule
                | Event::WorkflowDispatch
                | Event::Other => None,
            },
            base_ref: base_ref(&json, &variables),
            branch: variables
                .get("GITHUB_REF")
                .and_then(|it| it.strip_prefix("refs/heads/"))
                .map(str::to_owned),
            is_fork: is_fork(event, &json, &repository),
            is_dependabot: variables.get("GITHUB_ACTOR") == Some("dependabot[bot]"),
            default_branch: text(&json, "/repository/default_branch").map(str::to_owned),
            run_id: run_id.map(str::to_owned),
            run_attempt: attempt.and_then(|it| it.parse().ok()),
            workflow: owned("GITHUB_WORKFLOW"),
            repository,
        })
    }

    /// Whether the run is about the default branch itself: a push to it, or the schedule.
    pub fn is_on_default_branch(&self) -> bool {
        match self.event {
            Event::Schedule => true,
            Event::Push => self.branch.is_some() && self.branch == self.default_branch,
            Event::PullRequest
            | Event::PullRequestTarget
            | Event::MergeGroup
            | Event::WorkflowDispatch
            | Event::WorkflowRun
            | Event::Other => false,
        }
    }

    /// Whether GitHub takes the right to write, and the secrets, from this run whatever its `permissions` say.
    ///
    /// Source: "Events that trigger workflows" on forks, and "Dependabot on GitHub Actions".
    pub const fn is_restricted(&self) -> bool {
        match self.event {
            Event::PullRequest | Event::Other => self.is_fork || self.is_dependabot,
            Event::Push => self.is_dependabot,
            Event::PullRequestTarget
            | Event::MergeGroup
            | Event::Schedule
            | Event::WorkflowDispatch
            | Event::WorkflowRun => false,
        }
    }

    /// The page of the run.
    pub fn run_url(&self) -> Option<String> {
        let run = self.run_id.as_ref()?;
        let page = format!("{}/{}/actions/runs/{run}", self.server_url, self.repository);
        Some(match self.run_attempt {
            Some(attempt) => format!("{page}/attempts/{attempt}"),
            None => page,
        })
    }

    /// The page of the commit.
    pub fn commit_url(&self) -> Option<String> {
        let sha = self.head_sha.as_ref()?;
        Some(format!(
            "{}/{}/commit/{sha}",
            self.server_url, self.repository
        ))
    }
}

/// The environment, in which an empty variable is none.
struct Variables<'a>(&'a BTreeMap<String, String>);

impl<'a> Variables<'a> {
    fn get(&self, name: &str) -> Option<&'a str> {
        let value = self.0.get(name)?.trim();
        (1..=MAX_TEXT).contains(&value.len()).then_some(value)
    }
}

fn pull_request(event: Event, json: &Value, variables: &Variables<'_>) -> Option<u64> {
    let number = |pointer| json.pointer(pointer).and_then(Value::as_u64);
    let of_reference = || {
        let reference = variables.get("GITHUB_REF")?.strip_prefix("refs/pull/")?;
        reference.split('/').next()?.parse().ok()
    };
    let found = match event {
        Event::PullRequest | Event::PullRequestTarget | Event::Other => {
            number("/pull_request/number").or_else(of_reference)
        }
        Event::WorkflowRun => only_pull_request(json),
        Event::Push | Event::MergeGroup | Event::Schedule | Event::WorkflowDispatch => {
            of_reference()
        }
    };
    found.filter(|number| *number > 0)
}

/// The pull request that a `workflow_run` lists: of this repository, and the only one. Forks' are never listed.
fn only_pull_request(json: &Value) -> Option<u64> {
    let here = json.pointer("/repository/id")?.as_u64()?;
    let all = json.pointer("/workflow_run/pull_requests")?.as_array()?;
    let mut own = all
        .iter()
        .filter(|it| it.pointer("/base/repo/id").and_then(Value::as_u64) == Some(here));
    let first = own.next()?.get("number")?.as_u64()?;
    own.next().is_none().then_some(first)
}

fn head_sha(event: Event, json: &Value, variables: &Variables<'_>) -> Option<String> {
    let of_run = variables.get("GITHUB_SHA").and_then(sha);
    let of_event = |pointer| text(json, pointer).and_then(sha);
    match event {
        // GITHUB_SHA is the merge commit here, or the base branch: showing it would name the wrong commit.
        Event::PullRequest | Event::PullRequestTarget => of_event("/pull_request/head/sha"),
        Event::WorkflowRun => of_event("/workflow_run/head_sha"),
        Event::MergeGroup => of_event("/merge_group/head_sha").or(of_run),
        Event::Other => of_event("/pull_request/head/sha").or(of_run),
        Event::Push | Event::Schedule | Event::WorkflowDispatch => of_run,
    }
}

fn triggered_by(event: Event, json: &Value) -> Option<Head> {
    let origin = text(json, "/workflow_run/event")?;
    (event == Event::WorkflowRun && origin.starts_with("pull_request")).then_some(())?;
    Some(Head {
        owner: text(json, "/workflow_run/head_repository/owner/login")?.to_owned(),
        branch: text(json, "/workflow_run/head_branch")?.to_owned(),
        sha: text(json, "/workflow_run/head_sha").and_then(sha)?,
    })
}

fn base_ref(json: &Value, variables: &Variables<'_>) -> Option<String> {
    let base = text(json, "/pull_request/base/ref")
        .or_else(|| text(json, "/merge_group/base_ref"))
        .or_else(|| variables.get("GITHUB_BASE_REF"))?;
    Some(base.strip_prefix("refs/heads/").unwrap_or(base).to_owned())
}

/// Whether the code's repository is another than the one that the workflow runs in. A deleted one is.
fn is_fork(event: Event, json: &Value, repository: &Repository) -> bool {
    let head = match event {
        Event::WorkflowRun => "/workflow_run/head_repository/full_name",
        Event::PullRequest
        | Event::PullRequestTarget
        | Event::Push
        | Event::MergeGroup
        | Event::Schedule
        | Event::WorkflowDispatch
        | Event::Other => {
            if json.get("pull_request").is_none_or(Value::is_null) {
                return false;
            }
            "/pull_request/head/repo/full_name"
        }
    };
    !text(json, head).is_some_and(|name| name.eq_ignore_ascii_case(&repository.to_string()))
}

fn text<'a>(json: &'a Value, pointer: &str) -> Option<&'a str> {
    let text = json.pointer(pointer)?.as_str()?;
    (1..=MAX_TEXT).contains(&text.len()).then_some(text)
}

/// A commit's hash, SHA-1 or SHA-256.
fn sha(text: &str) -> Option<String> {
    let is_hash = [40, 64].contains(&text.len()) && text.chars().all(|c| c.is_ascii_hexdigit());
    is_hash.then(|| text.to_ascii_lowercase())
}

#[cfg(test)]
mod tests;
