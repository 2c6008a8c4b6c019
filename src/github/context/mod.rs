//! PURE: what the runner says about the run: environment and event.

mod event;
mod variables;

use std::collections::BTreeMap;

use serde_json::Value;

use self::event::QUEUE;
pub(super) use self::event::queued;
use self::event::text;
pub use self::event::{Event, Head, MergeGroup, PullRequest, WorkflowRun};
use self::variables::{Variables, sha};
use super::repository::Repository;
use crate::gate::{BranchName, Branches};

/// The web pages of github.com.
const SERVER_URL: &str = "https://github.com";

/// A run of a workflow. Names are untrusted text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    /// What started it.
    pub event: Event,
    /// The pull request that the run is about although its event does not describe it.
    asked: Option<PullRequest>,
    /// `workflow_dispatch`.
    is_by_hand: bool,
    /// Where it runs.
    repository: Repository,
    /// Root of the web pages.
    server_url: String,
    /// `GITHUB_SHA`: the commit that is checked out. Hexadecimal.
    sha: Option<String>,
    /// Dependabot started it.
    is_dependabot: bool,
    /// The repository's default branch.
    default_branch: Option<String>,
    /// The branch of `GITHUB_REF`.
    branch: Option<String>,
    /// Number of the run, the same for all its attempts. Digits.
    pub run_id: Option<String>,
    /// Number of the attempt, from 1.
    pub run_attempt: Option<u64>,
    /// Name of the workflow.
    pub workflow: Option<String>,
}

impl Context {
    /// Reads the environment and the text of the file at `GITHUB_EVENT_PATH`; `None` when
    /// `GITHUB_REPOSITORY` names no repository, as outside Actions. An unreadable event is an empty
    /// one.
    pub fn read(environment: &BTreeMap<String, String>, event: &str) -> Option<Self> {
        let variables = Variables(environment);
        let json: Value = serde_json::from_str(event).unwrap_or_default();
        let repository: Repository = variables.get("GITHUB_REPOSITORY")?.parse().ok()?;
        let server_url = variables.get("GITHUB_SERVER_URL").unwrap_or(SERVER_URL);
        let digits = |text: &&str| text.chars().all(|c| c.is_ascii_digit());
        let run_id = variables.get("GITHUB_RUN_ID").filter(digits);
        let attempt = variables.get("GITHUB_RUN_ATTEMPT");
        Some(Self {
            event: Event::read(&json, &variables, &repository),
            asked: None,
            is_by_hand: variables.get("GITHUB_EVENT_NAME") == Some("workflow_dispatch"),
            server_url: server_url.trim_end_matches('/').to_owned(),
            sha: variables.get("GITHUB_SHA").and_then(sha),
            is_dependabot: variables.get("GITHUB_ACTOR") == Some("dependabot[bot]"),
            default_branch: text(&json, "/repository/default_branch").map(str::to_owned),
            branch: variables
                .get("GITHUB_REF")
                .and_then(|it| it.strip_prefix("refs/heads/"))
                .map(str::to_owned),
            run_id: run_id.map(str::to_owned),
            run_attempt: attempt.and_then(|it| it.parse().ok()),
            workflow: variables.get("GITHUB_WORKFLOW").map(str::to_owned),
            repository,
        })
    }

    /// The same run, about a pull request that GitHub was asked for.
    #[must_use]
    pub fn about(&self, pull_request: PullRequest) -> Self {
        Self {
            asked: Some(pull_request),
            ..self.clone()
        }
    }

    /// Number of the pull request that the run is about. That of another workflow's run has to be
    /// asked for.
    pub const fn pull_request(&self) -> Option<u64> {
        match (self.described(), &self.event) {
            (Some(it), _) => it.number,
            (None, Event::MergeGroup(it)) => it.pull_request,
            (None, _) => None,
        }
    }

    /// What is known of the pull request.
    pub const fn described(&self) -> Option<&PullRequest> {
        if let Some(asked) = &self.asked {
            return Some(asked);
        }
        match &self.event {
            Event::PullRequest(it) | Event::PullRequestTarget(it) | Event::Other(it) => Some(it),
            Event::Push { .. } | Event::MergeGroup(_) | Event::Schedule | Event::WorkflowRun(_) => {
                None
            }
        }
    }

    /// The merge group that is tried.
    pub const fn merge_group(&self) -> Option<&MergeGroup> {
        match &self.event {
            Event::MergeGroup(it) => Some(it),
            Event::PullRequest(_)
            | Event::PullRequestTarget(_)
            | Event::Push { .. }
            | Event::Schedule
            | Event::WorkflowRun(_)
            | Event::Other(_) => None,
        }
    }

    /// The run of another workflow that started this one.
    pub const fn workflow_run(&self) -> Option<&WorkflowRun> {
        match &self.event {
            Event::WorkflowRun(run) => Some(run),
            Event::PullRequest(_)
            | Event::PullRequestTarget(_)
            | Event::Push { .. }
            | Event::MergeGroup(_)
            | Event::Schedule
            | Event::Other(_) => None,
        }
    }

    /// The commit shown to readers: on a pull request its head and not the merge that is built.
    /// Hexadecimal.
    pub fn head_sha(&self) -> Option<&str> {
        if let Some(asked) = &self.asked {
            return asked.head_sha.as_deref();
        }
        let (of_event, or_checked_out) = match &self.event {
            // GITHUB_SHA is the merge commit here, or the base branch: showing it would name the
            // wrong commit.
            Event::PullRequest(it) | Event::PullRequestTarget(it) => (&it.head_sha, false),
            Event::WorkflowRun(run) => (&run.head_sha, false),
            Event::MergeGroup(it) => (&it.head_sha, true),
            Event::Other(it) => (&it.head_sha, it.number.is_none()),
            Event::Push { .. } | Event::Schedule => (&None, true),
        };
        let checked_out = self.sha.as_deref().filter(|_| or_checked_out);
        of_event.as_deref().or(checked_out)
    }

    /// Whether the run is about a branch itself, which is what pull requests are compared with: a
    /// push to it, or a schedule. The branches of a merge queue are none that lasts.
    pub fn is_on_branch(&self) -> bool {
        match &self.event {
            _ if self.asked.is_some() => false,
            Event::Schedule => true,
            Event::Push { branch } => branch.as_ref().is_some_and(|it| !it.starts_with(QUEUE)),
            Event::PullRequest(_)
            | Event::PullRequestTarget(_)
            | Event::MergeGroup(_)
            | Event::WorkflowRun(_)
            | Event::Other(_) => false,
        }
    }

    /// The branch that the run is about, and the default one: whose runs it is compared with. That
    /// of another workflow's run has to be asked for.
    pub fn branches(&self) -> Branches {
        let asked = self.asked.as_ref().and_then(|it| it.base.as_ref());
        let base = match &self.event {
            _ if asked.is_some() => asked,
            Event::Other(it) if self.is_by_hand && it.number.is_none() => self.branch.as_ref(),
            Event::PullRequest(it) | Event::PullRequestTarget(it) | Event::Other(it) => {
                it.base.as_ref()
            }
            Event::Push { branch } => branch.as_ref(),
            Event::MergeGroup(it) => it.base.as_ref(),
            Event::Schedule => self.branch.as_ref(),
            Event::WorkflowRun(_) => None,
        };
        // A schedule runs on the default branch alone.
        let of_schedule = self
            .branch
            .as_ref()
            .filter(|_| self.event == Event::Schedule);
        let default = self.default_branch.as_ref().or(of_schedule);
        let named = |name: Option<&String>| name?.parse::<BranchName>().ok();
        Branches {
            base: named(base),
            default: named(default),
        }
    }

    /// Whether the code comes from another repository.
    pub const fn is_fork(&self) -> bool {
        if let Some(asked) = &self.asked {
            return asked.is_fork;
        }
        match &self.event {
            Event::PullRequest(it) | Event::PullRequestTarget(it) | Event::Other(it) => it.is_fork,
            Event::WorkflowRun(run) => run.is_fork,
            Event::Push { .. } | Event::MergeGroup(_) | Event::Schedule => false,
        }
    }

    /// Whether GitHub takes the right to write, and the secrets, from this run even if its
    /// `permissions` grant them.
    ///
    /// Source: "Events that trigger workflows" on forks, and "Dependabot on GitHub Actions".
    pub const fn is_restricted(&self) -> bool {
        match &self.event {
            Event::PullRequest(_) | Event::Other(_) => self.is_fork() || self.is_dependabot,
            Event::Push { .. } => self.is_dependabot,
            Event::PullRequestTarget(_)
            | Event::MergeGroup(_)
            | Event::Schedule
            | Event::WorkflowRun(_) => false,
        }
    }

    /// Whether the run may be about another branch than the one that it was started for: a schedule
    /// and a start by hand always run on one branch.
    pub fn may_differ_from_branch(&self) -> bool {
        self.asked.is_none() && (self.is_by_hand || self.event == Event::Schedule)
    }

    /// Whether such an event may be about a pull request, and this one is not.
    pub const fn might_name_a_pull_request(&self) -> bool {
        matches!(self.event, Event::Other(_)) && self.asked.is_none()
    }

    /// Whether AWS credentials may be missing for a good reason: the code comes from elsewhere,
    /// whatever the event, or GitHub gives no secrets.
    pub const fn may_lack_credentials(&self) -> bool {
        self.is_fork() || self.is_restricted()
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

    /// The page of a commit of the repository.
    pub fn commit_url(&self, sha: &str) -> String {
        format!("{}/{}/commit/{sha}", self.server_url, self.repository)
    }
}

#[cfg(test)]
mod tests;
