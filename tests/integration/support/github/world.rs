//! What GitHub holds, and how it answers otherwise.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::files::Object;
use super::{REPOSITORY, Reply};

/// A request that was answered.
#[derive(Debug, Clone)]
pub(crate) struct Logged {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    pub(crate) body: Value,
}

/// An answer in place of the usual one.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    pub(crate) method: &'static str,
    /// Part of path and query.
    pub(crate) target: &'static str,
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, &'static str)>,
    pub(crate) body: String,
    /// How many requests get it.
    pub(crate) times: u32,
    /// Whether the request is carried out anyway.
    pub(crate) carried_out: bool,
    /// How long the answer takes.
    pub(crate) delay: Duration,
}

impl Failure {
    /// One answer with a message.
    pub(crate) fn new(
        method: &'static str,
        target: &'static str,
        status: u16,
        message: &str,
    ) -> Self {
        Self {
            method,
            target,
            status,
            headers: Vec::new(),
            body: json!({ "message": message }).to_string(),
            times: 1,
            carried_out: false,
            delay: Duration::ZERO,
        }
    }
}

/// A rule that refuses every write to a branch, in GitHub's words.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Protection {
    pub(crate) status: u16,
    pub(crate) message: &'static str,
    pub(crate) documentation: &'static str,
}

impl Protection {
    pub(super) fn refusal(self) -> Reply {
        let body = json!({
            "message": self.message,
            "documentation_url": self.documentation,
            "status": self.status.to_string(),
        });
        Reply::Json(self.status, body)
    }
}

/// What GitHub holds.
#[derive(Default)]
pub(crate) struct World {
    /// Comments of all pull requests, in order of their creation: `{id, issue, login, body}`.
    pub(crate) comments: Vec<Value>,
    /// Branches and their files.
    pub(crate) branches: BTreeMap<String, BTreeMap<String, Vec<u8>>>,
    /// Branches that a rule protects.
    pub(crate) protected: BTreeMap<String, Protection>,
    /// Labels of pull requests.
    pub(crate) labels: BTreeMap<u64, Vec<String>>,
    /// Events of pull requests, as the API gives them.
    pub(crate) events: BTreeMap<u64, Vec<Value>>,
    /// Roles in the repository by login: `write`, `maintain`, …
    pub(crate) roles: BTreeMap<String, String>,
    /// Open pull requests: `{number, head: {label, sha}}`.
    pub(crate) pulls: Vec<Value>,
    /// Branches of the merge queue, and the commit of each.
    pub(crate) queue: Vec<(String, String)>,
    /// Commits that the head of a merge group has and its base has not.
    pub(crate) ahead: Vec<String>,
    /// Answers to come.
    pub(crate) failures: Vec<Failure>,
    /// Every request.
    pub(crate) log: Vec<Logged>,
    /// Who `GET /user` says; an installation's token has none.
    pub(crate) user: Option<String>,
    /// Objects that no branch holds yet.
    pub(super) objects: BTreeMap<String, Object>,
    pub(super) last_id: u64,
}

impl World {
    /// Adds a comment and returns its number.
    pub(crate) fn comment(&mut self, issue: u64, login: &str, body: &str) -> u64 {
        self.last_id += 1;
        let id = self.last_id;
        let comment = json!({
            "id": id,
            "issue": issue,
            "user": { "login": login, "type": if login.ends_with("[bot]") { "Bot" } else { "User" } },
            "body": body,
            "html_url": format!("https://github.com/{REPOSITORY}/pull/{issue}#issuecomment-{id}"),
            "created_at": self.time(),
            "updated_at": self.time(),
        });
        self.comments.push(comment);
        id
    }

    /// Puts a label on a pull request, or puts it on again.
    pub(crate) fn label(&mut self, issue: u64, name: &str, login: &str) {
        self.last_id += 1;
        let event = json!({
            "id": self.last_id,
            "event": "labeled",
            "created_at": self.time(),
            "label": { "name": name },
            "actor": { "login": login },
        });
        self.events.entry(issue).or_default().push(event);
        let labels = self.labels.entry(issue).or_default();
        labels.retain(|label| label != name);
        labels.push(name.to_owned());
    }

    /// The clock: a minute later with each request and each thing that happens.
    pub(super) fn time(&self) -> String {
        let minutes = self.log.len() as u64 + self.last_id;
        format!("2026-11-22T{:02}:{:02}:00Z", 8 + minutes / 60, minutes % 60)
    }

    /// The texts of a pull request's comments.
    pub(crate) fn bodies(&self, issue: u64) -> Vec<String> {
        let of_issue = self.comments.iter().filter(|it| it["issue"] == issue);
        of_issue
            .map(|it| it["body"].as_str().unwrap().to_owned())
            .collect()
    }

    pub(super) fn failure(&mut self, method: &str, target: &str) -> Option<Failure> {
        let fits =
            |it: &&mut Failure| it.times > 0 && it.method == method && target.contains(it.target);
        let failure = self.failures.iter_mut().find(fits)?;
        failure.times -= 1;
        Some(failure.clone())
    }
}
