//! What goes wrong while a killed run is cleaned up after.

use serde_json::{Value, json};

use super::cases::injected;
use crate::kill::{create_foreign, killed_run};
use crate::support::{Simulator, Workspace};

const LEDGER: &str = "sagegate-results/ledger.json";

/// Where the clean-up learns what to delete.
#[derive(Clone, Copy)]
enum By {
    Run,
    Ledger,
}

/// One fault and what it must lead to.
pub(super) struct Case {
    fault: String,
    /// Added to the quick profile.
    rules: String,
    by: By,
    /// What is done to the ledger before.
    damage: fn(&str) -> String,
    exit_code: i32,
    said: &'static str,
    /// The run's resources that are left.
    left: usize,
}

impl Case {
    /// Runs it; its row, or how it was otherwise.
    pub(super) fn run(&self) -> Result<String, String> {
        let simulator = Simulator::quick_with(&self.rules);
        let workspace = Workspace::new(&simulator);
        let run = killed_run(&simulator, &workspace);
        let foreign = format!("sagegate-{run}-by-hand");
        create_foreign(&simulator, &foreign, None);
        workspace.write(LEDGER, &(self.damage)(&workspace.read(LEDGER)));
        let outcome = match self.by {
            By::Run => workspace.sagegate(&["cleanup", "--run", &run]),
            By::Ledger => workspace.sagegate(&["cleanup", "--ledger", LEDGER]),
        };
        let resources = simulator.resources();
        let foreign_left = resources.iter().filter(|it| **it == foreign).count();
        let left = resources.len() - foreign_left;
        let all = format!("{}{}", outcome.stdout, outcome.stderr);
        let (fault, exit, said) = (&self.fault, self.exit_code, self.said);
        let is_so = outcome.code == Some(exit)
            && all.contains(said)
            && (left, foreign_left) == (self.left, 2);
        if is_so {
            Ok(format!("| {fault} | {exit} | {said} | {left} |"))
        } else {
            let code = outcome.code;
            Err(format!("{fault}: exit {code:?}, left {resources:?}\n{all}"))
        }
    }
}

fn case(fault: &str, rules: &str, (exit_code, said): (i32, &'static str)) -> Case {
    Case {
        fault: fault.to_owned(),
        rules: rules.to_owned(),
        by: By::Run,
        damage: str::to_owned,
        exit_code,
        said,
        left: 0,
    }
}

impl Case {
    fn leaving(self, left: usize) -> Self {
        Self { left, ..self }
    }
}

pub(super) fn all() -> Vec<Case> {
    let mut cases = lists();
    cases.extend(tags());
    cases.extend(deletions());
    cases.extend(ledgers());
    cases
}

fn lists() -> Vec<Case> {
    let denied = |operation: &'static str, said| {
        let fault = format!("{operation}: not permitted");
        let rule = injected(operation, "access_denied", "from = 1");
        case(&fault, &rule, (3, said))
    };
    let all = [
        "ListEndpoints",
        "ListEndpointConfigs",
        "ListModels",
        "ListProcessingJobs",
    ];
    let rules = |kind: &str| all.map(|it| injected(it, kind, "from = 1")).concat();
    vec![
        denied("ListEndpoints", "allow for this role: `sagemaker:ListEndpoints`"),
        denied(
            "ListEndpointConfigs",
            "allow for this role: `sagemaker:ListEndpointConfigs`",
        ),
        denied("ListModels", "allow for this role: `sagemaker:ListModels`"),
        denied(
            "ListProcessingJobs",
            "allow for this role: `sagemaker:ListProcessingJobs`",
        ),
        case(
            "every list: not permitted",
            &rules("access_denied"),
            (
                3,
                "allow for this role: `sagemaker:ListEndpointConfigs`, `sagemaker:ListEndpoints`, \
                 `sagemaker:ListModels`, `sagemaker:ListProcessingJobs`",
            ),
        )
        .leaving(4),
        case(
            "every list: credentials expired",
            &rules("expired_token"),
            (
                3,
                "not looked for: endpoints, endpoint configs, models, processing jobs: ListEndpoints failed",
            ),
        )
        .leaving(4),
        case(
            "ListEndpoints: every other call fails",
            &injected("ListEndpoints", "internal_error", "every = 2"),
            (0, "deleted 4 resources, none left"),
        ),
    ]
}

fn tags() -> Vec<Case> {
    let denied = |fault: &str, when: &str| {
        let rule = injected("ListTags", "access_denied", when);
        case(
            fault,
            &rule,
            (3, "allow for this role: `sagemaker:ListTags`"),
        )
    };
    vec![
        denied("ListTags: not permitted", "from = 1").leaving(4),
        denied(
            "ListTags: not permitted for endpoint configs",
            "from = 1\nresource = \"endpoint-config/\"",
        )
        .leaving(2),
        denied(
            "ListTags: not permitted for one size",
            "from = 1\nresource = \"-m1024\"",
        )
        .leaving(2),
    ]
}

fn deletions() -> Vec<Case> {
    let denied = |operation: &'static str, said| {
        let fault = format!("{operation}: not permitted");
        let rule = injected(operation, "access_denied", "from = 1");
        case(&fault, &rule, (3, said))
    };
    vec![
        denied(
            "DeleteEndpoint",
            "not authorized to perform: sagemaker:DeleteEndpoint",
        )
        .leaving(2),
        denied(
            "DeleteEndpointConfig",
            "not authorized to perform: sagemaker:DeleteEndpointConfig",
        )
        .leaving(2),
    ]
}

fn ledgers() -> Vec<Case> {
    let case = |fault: &str, damage, outcome| Case {
        by: By::Ledger,
        damage,
        ..case(fault, "", outcome)
    };
    vec![
        case(
            "the ledger holds foreign and impossible names, too",
            |ledger| {
                let mut ledger: Value = serde_json::from_str(ledger).unwrap();
                ledger["models"] = json!(["production", "sagegate-\u{1b}[31m"]);
                ledger.to_string()
            },
            (
                3,
                "skipped, as the run does not give such names: `production`, `sagegate- [31m`",
            ),
        ),
        case(
            "the ledger is cut short",
            |ledger| ledger.chars().take(60).collect(),
            (
                2,
                "`sagegate cleanup --run RUN-ID` finds what the run left by name and tag",
            ),
        )
        .leaving(4),
    ]
}
