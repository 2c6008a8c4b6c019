//! GitHub's runner, as a container action sees it: environment, event, and the files through
//! which a step reports.

use std::collections::BTreeMap;
use std::process::Child;

use serde_json::{Value, json};

use super::github::{GitHub, REPOSITORY, TOKEN};
use super::{Outcome, Simulator, Workspace};

/// The commit of the pull request.
pub(crate) const HEAD: &str = "8f31c2e0aa558f31c2e0aa558f31c2e0aa558f31";
/// The commit that is built: pull request and base merged.
const MERGE: &str = "ffffffffffffffffffffffffffffffffffffffff";
/// Number of the pull request.
pub(crate) const PULL_REQUEST: u64 = 7;

const FILES: [&str; 3] = ["GITHUB_OUTPUT", "GITHUB_STATE", "GITHUB_STEP_SUMMARY"];

/// A workspace in which steps run.
pub(crate) struct Runner {
    pub(crate) workspace: Workspace,
    run: u64,
}

/// What a step did, and what it wrote for the runner.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) outcome: Outcome,
    pub(crate) outputs: BTreeMap<String, String>,
    pub(crate) state: BTreeMap<String, String>,
    pub(crate) summary: String,
}

impl Runner {
    /// Without AWS settings; GitHub is the fake.
    pub(crate) fn new(github: &GitHub) -> Self {
        let runner = Self {
            workspace: Workspace::without_aws(),
            run: 1841,
        };
        runner.on_github(github)
    }

    /// With credentials for a simulator, and its samples.
    pub(crate) fn with_aws(github: &GitHub, simulator: &Simulator) -> Self {
        let runner = Self {
            workspace: Workspace::new(simulator),
            run: 1841,
        };
        runner.on_github(github)
    }

    fn on_github(self, github: &GitHub) -> Self {
        let api = github.api_url();
        let folder = self.workspace.path("").display().to_string();
        self.with("GITHUB_ACTIONS", "true")
            .with("CI", "true")
            .with("GITHUB_API_URL", &api)
            .with("GITHUB_SERVER_URL", "https://github.com")
            .with("GITHUB_REPOSITORY", REPOSITORY)
            .with("GITHUB_WORKFLOW", "gate")
            .with("GITHUB_WORKSPACE", &folder)
            .with("GITHUB_RUN_ATTEMPT", "1")
            .input("github-token", TOKEN)
            .pull_request()
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.workspace = self.workspace.with(name, value);
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.workspace = self.workspace.without(name);
        self
    }

    /// Files end at this size.
    pub(crate) fn on_a_full_disk(mut self, kilobytes: u32) -> Self {
        self.workspace = self.workspace.with_file_limit(kilobytes);
        self
    }

    /// An input of the action, as the runner gives it.
    pub(crate) fn input(self, name: &str, value: &str) -> Self {
        self.with(&format!("INPUT_{}", name.to_uppercase()), value)
    }

    /// The inputs of a short run of a model, with limits that a busy machine keeps.
    pub(crate) fn model(self, name: &str) -> Self {
        self.input("model-name", name)
            .input("name", "churn")
            .input("samples", "samples.jsonl")
            .input("memory-sizes", "1024,2048")
            .input("invocations", "100")
            .input("warmup", "5")
            .input("max-p99-increase", "90%")
            .input("max-cost-increase", "60%")
    }

    /// A pull request from a branch of the repository.
    pub(crate) fn pull_request(self) -> Self {
        self.pull_request_of(REPOSITORY)
    }

    /// A pull request from a branch of `repository`.
    pub(crate) fn pull_request_of(self, repository: &str) -> Self {
        let event = json!({
            "number": PULL_REQUEST,
            "pull_request": {
                "number": PULL_REQUEST,
                "head": { "sha": HEAD, "ref": "faster", "repo": { "full_name": repository } },
                "base": { "ref": "main", "repo": { "full_name": REPOSITORY } },
            },
            "repository": { "full_name": REPOSITORY, "default_branch": "main" },
        });
        self.event("pull_request", "refs/pull/7/merge", &event)
    }

    /// A push to the default branch.
    pub(crate) fn push_to_main(self) -> Self {
        let event = json!({ "repository": { "full_name": REPOSITORY, "default_branch": "main" } });
        self.event("push", "refs/heads/main", &event)
    }

    /// A run that a pull request's workflow has made, and that has not commented.
    pub(crate) fn measured(github: &GitHub, simulator: &Simulator) -> Self {
        let mut runner = Self::with_aws(github, simulator)
            .model("m")
            .input("comment", "never");
        runner.step().expect(0);
        runner
    }

    /// The same folder in the workflow that publishes what the pull request's own has measured:
    /// `commit`, of a branch of `owner`/churn.
    pub(crate) fn publishing(self, owner: &str, commit: &str) -> Self {
        let head = json!({ "full_name": format!("{owner}/churn"), "owner": { "login": owner } });
        let event = json!({
            "workflow_run": {
                "name": "gate",
                "event": "pull_request",
                "head_sha": commit,
                "head_branch": "faster",
                "head_repository": head,
                "pull_requests": [],
            },
            "repository": { "full_name": REPOSITORY, "default_branch": "main", "id": 1 },
        });
        self.event("workflow_run", "refs/heads/main", &event)
            .with("GITHUB_WORKFLOW", "publish")
            .input("command", "post")
            .input("comment", "always")
            .input("result", "sagegate-results/result.json")
            .input("output-dir", "posted")
    }

    pub(crate) fn event(self, name: &str, reference: &str, event: &Value) -> Self {
        self.workspace.write("_temp/event.json", &event.to_string());
        let path = self
            .workspace
            .path("_temp/event.json")
            .display()
            .to_string();
        self.with("GITHUB_EVENT_NAME", name)
            .with("GITHUB_EVENT_PATH", &path)
            .with("GITHUB_REF", reference)
            .with("GITHUB_SHA", MERGE)
    }

    /// Runs the action: without arguments, with its own files.
    pub(crate) fn step(&mut self) -> Step {
        let folder = self.next_step();
        let outcome = self.workspace.sagegate(&[]);
        self.finish(&folder, outcome)
    }

    /// Starts the action without waiting; also returns the folder for [`Runner::finish`].
    pub(crate) fn start(&mut self) -> (Child, String) {
        let folder = self.next_step();
        (self.workspace.spawn(&[]), folder)
    }

    /// The clean-up of a step that has left `state`.
    pub(crate) fn clean_up(&mut self, state: &BTreeMap<String, String>) -> Step {
        let folder = self.next_step();
        for (name, value) in state {
            self.set(&format!("STATE_{name}"), value);
        }
        let outcome = self
            .workspace
            .sagegate_named("/usr/local/bin/sagegate-post", &[]);
        self.finish(&folder, outcome)
    }

    /// What a step wrote for the runner until `outcome`.
    pub(crate) fn finish(&self, folder: &str, outcome: Outcome) -> Step {
        let [outputs, state, summary] =
            FILES.map(|name| self.workspace.read(&format!("{folder}/{name}")));
        Step {
            outcome,
            outputs: pairs(&outputs),
            state: pairs(&state),
            summary,
        }
    }

    fn next_step(&mut self) -> String {
        self.run += 1;
        let run = self.run.to_string();
        self.set("GITHUB_RUN_ID", &run);
        let folder = format!("_temp/commands-{run}");
        for name in FILES {
            let file = format!("{folder}/{name}");
            self.workspace.write(&file, "");
            let path = self.workspace.path(&file).display().to_string();
            self.set(name, &path);
        }
        folder
    }

    fn set(&mut self, name: &str, value: &str) {
        self.workspace
            .environment
            .insert(name.to_owned(), value.to_owned());
    }
}

/// The file as the runner reads it; a later value replaces an earlier one.
fn pairs(text: &str) -> BTreeMap<String, String> {
    let mut lines = text.lines();
    let mut pairs = BTreeMap::new();
    while let Some(line) = lines.next() {
        let (name, delimiter) = line.split_once("<<").unwrap();
        let value: Vec<&str> = lines.by_ref().take_while(|it| *it != delimiter).collect();
        pairs.insert(name.to_owned(), value.join("\n"));
    }
    pairs
}

impl Step {
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        Self {
            outcome: self.outcome.expect(code),
            ..self
        }
    }

    /// What the runner takes for commands, as its `ActionCommand.cs` finds them, without those that
    /// fold the log.
    pub(crate) fn commands(&self) -> Vec<String> {
        let all = format!("{}\n{}", self.outcome.stdout, self.outcome.stderr);
        let lines = all.split(['\n', '\r']).map(str::trim);
        lines
            .filter(|line| line.starts_with("::") || line.contains("##["))
            .filter(|line| !line.starts_with("::group::") && *line != "::endgroup::")
            .map(str::to_owned)
            .collect()
    }

    /// Commands of one name.
    pub(crate) fn annotations(&self, level: &str) -> Vec<String> {
        let commands = self.commands().into_iter();
        commands
            .filter(|it| {
                it.starts_with(&format!("::{level} ")) || it.starts_with(&format!("::{level}::"))
            })
            .collect()
    }

    /// Whether it was compared with a run of the same model: by the cost, which rests on the
    /// simulator's own clock, as a busy machine makes any latency.
    pub(crate) fn compares_with_the_same(&self) -> bool {
        let change = self.output("cost-change-percent").parse::<f64>();
        change.is_ok_and(|percent| percent.abs() < 50.0)
    }

    pub(crate) fn output(&self, name: &str) -> &str {
        self.outputs.get(name).map_or("(not set)", String::as_str)
    }
}

/// The texts of the pull request's comments.
pub(crate) fn comments(github: &GitHub) -> Vec<String> {
    github.world().bodies(PULL_REQUEST)
}

/// Writes to comments so far: method and whether it was about a comment that exists.
pub(crate) fn writes(github: &GitHub) -> Vec<String> {
    let log = github.log().into_iter();
    log.filter(|line| line.contains("comments") && !line.starts_with("GET"))
        .collect()
}
