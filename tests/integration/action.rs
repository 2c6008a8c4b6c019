//! The action as GitHub's runner starts it: inputs in, outputs, summary, comment and annotations
//! out.

use sagegate::marker::{Key, Leg};
use serde_json::json;

use crate::support::Simulator;
use crate::support::github::{BOT, Failure, GitHub, REPOSITORY, TOKEN};
use crate::support::runner::{HEAD, PULL_REQUEST, Runner, comments, writes};

/// A baseline of `m-steady` on the data branch, and a runner at a pull request.
fn after_main(github: &GitHub, simulator: &Simulator) -> Runner {
    let mut runner = Runner::with_aws(github, simulator)
        .model("m-steady")
        .push_to_main();
    let recorded = runner.step().expect(0);
    assert!(
        recorded
            .outcome
            .stderr
            .contains("recorded in branch:sagegate"),
        "{}",
        recorded.outcome.stderr
    );
    assert_eq!(recorded.output("comment-url"), "(not set)");
    runner.pull_request()
}

#[test]
fn main_is_recorded_on_the_branch_and_the_pull_request_compares_with_it_in_one_comment() {
    let (github, simulator) = (GitHub::start(), Simulator::quick());
    let mut runner = after_main(&github, &simulator);
    assert!(comments(&github).is_empty());
    let passed = runner.step().expect(0);
    assert_eq!(passed.output("verdict"), "pass");
    assert_eq!(passed.output("recommended-memory-mb"), "2048");
    let p99: f64 = passed.output("p99-ms").parse().unwrap();
    assert!((22.0..200.0).contains(&p99), "{p99}");
    assert!(
        passed
            .output("cost-per-million-usd")
            .parse::<f64>()
            .unwrap()
            > 0.0
    );
    assert!(passed.output("cost-change-percent").parse::<f64>().is_ok());
    assert_eq!(passed.output("result-json"), "sagegate-results/result.json");
    assert!(runner.workspace.exists(passed.output("report-html")));
    assert_eq!(
        passed.output("comment-url"),
        "https://github.com/acme/churn/pull/7#issuecomment-1"
    );
    assert!(
        passed.summary.starts_with("### ✅ churn passed"),
        "{}",
        passed.summary
    );
    assert_eq!(passed.commands(), Vec::<String>::new());
    let comment = comments(&github);
    let leg = Leg {
        region: "us-east-1".to_owned(),
        samples: "samples.jsonl".to_owned(),
        strategy: "balanced".to_owned(),
    };
    let key = Key::new("churn", Some("gate")).of_leg(&leg);
    let marker = format!("<!-- sagegate key={key} sha={HEAD} run=1843-1 at=");
    assert!(
        comment.len() == 1 && comment[0].starts_with(&marker),
        "{comment:?}"
    );
    assert!(comment[0].contains(&format!("https://github.com/{REPOSITORY}/commit/{HEAD}")));

    let failed = runner.model("m-slow").step().expect(1);
    assert_eq!(failed.output("verdict"), "fail");
    let errors = failed.annotations("error");
    assert!((1..=10).contains(&errors.len()), "{errors:?}");
    assert!(
        errors.iter().any(
            |it| it.contains("title=churn%3A p90 latency at 2048 MB is ")
                && it.contains("limit ≤ ")
                && it.contains("change +")
        ),
        "{errors:?}"
    );
    let comment = comments(&github);
    assert!(
        comment.len() == 1 && comment[0].contains("### ❌ churn failed"),
        "{comment:?}"
    );
    assert_eq!(
        writes(&github),
        ["POST /issues/7/comments", "PATCH /issues/comments/1"]
    );
    simulator.assert_nothing_is_left();
}

#[test]
fn our_comment_is_found_on_the_third_page_and_changed_in_place() {
    let github = GitHub::start();
    for number in 0..250 {
        github
            .world()
            .comment(PULL_REQUEST, "alice", &format!("comment {number}"));
    }
    let mut runner = simulated(Runner::new(&github));
    runner.step().expect(0);
    let ours = comments(&github).pop().unwrap();
    assert!(ours.contains("xgboost: no baseline yet"), "{ours}");
    let forged = ours.replace("run=1842-1", "run=9999-1");
    github.world().comment(PULL_REQUEST, "mallory", &forged);
    runner.step().expect(0);
    assert_eq!(
        writes(&github),
        ["POST /issues/7/comments", "PATCH /issues/comments/251"]
    );
    let bodies = comments(&github);
    assert!(bodies.len() == 252 && bodies[250].contains("run=1843-1"));
    assert_eq!(bodies[251], forged);
}

#[test]
fn a_comment_of_a_version_that_knew_no_legs_gives_way_to_that_of_the_leg() {
    let github = GitHub::start();
    let old = "<!-- sagegate key=gate/xgboost sha=x run=1-1 at=2026-01-01T00:00:00Z -->\nold";
    let newer =
        "<!-- sagegate key=gate/xgboost sha=x run=9999-1 at=2030-01-01T00:00:00Z -->\nnewer";
    let other = "<!-- sagegate key=gate/other sha=x run=1-1 at=2026-01-01T00:00:00Z -->\nother";
    for body in [old, newer, other] {
        github.world().comment(PULL_REQUEST, BOT, body);
    }
    simulated(Runner::new(&github)).step().expect(0);
    assert_eq!(
        writes(&github),
        ["POST /issues/7/comments", "DELETE /issues/comments/1"]
    );
    let bodies = comments(&github);
    assert_eq!(bodies[..2], [newer, other]);
    assert!(
        bodies[2].starts_with("<!-- sagegate key=gate/xgboost@us-east-1/"),
        "{bodies:?}"
    );
}

/// The built-in simulator in place of AWS.
fn simulated(runner: Runner) -> Runner {
    runner
        .input("simulate", "xgboost")
        .input("memory-sizes", "2048")
        .input("invocations", "50")
        .input("warmup", "1")
}

#[test]
fn a_comment_that_is_refused_is_one_warning_and_changes_nothing_else() {
    let github = GitHub::start();
    let words = "Resource not accessible by integration";
    github.fail(Failure::new("POST", "/comments", 403, words));
    let mut runner = simulated(Runner::new(&github)).input("max-p99", "0.1ms");
    let step = runner.step().expect(1);
    let warnings = step.annotations("warning");
    assert_eq!(
        warnings,
        [
            "::warning::no comment: cannot write the comment: Resource not accessible by integration (HTTP 403); give the \
          job `permissions: { contents: read, pull-requests: write }`; on pull requests from forks and from Dependabot \
          the token stays read-only"
        ]
    );
    assert!(
        step.summary.contains("### ❌ xgboost failed")
            && step.summary.contains("How this was measured")
    );
    assert_eq!(step.output("verdict"), "fail");
    assert_eq!(step.output("comment-url"), "(not set)");
    assert_eq!(step.annotations("error").len(), 1);
    assert!(!step.outcome.stderr.contains(TOKEN) && !step.outcome.stdout.contains(TOKEN));
}

#[test]
fn without_a_token_one_notice_says_how_to_give_one() {
    let github = GitHub::start();
    let mut runner = simulated(Runner::new(&github))
        .input("github-token", "")
        .input("baseline", "file:b.json");
    let step = runner.step().expect(0);
    assert_eq!(
        step.annotations("notice"),
        [
            "::notice::no comment: there is no token; pass `github-token: ${{ github.token }}` and give the job \
          `permissions: { contents: read, pull-requests: write }`"
        ]
    );
    assert_eq!(step.output("verdict"), "no-baseline");
}

#[test]
fn a_fork_without_credentials_is_not_run_before_anything_is_asked_of_aws() {
    let (github, simulator) = (GitHub::start(), Simulator::quick());
    let words = "Resource not accessible by integration";
    github.fail(Failure {
        times: 9,
        ..Failure::new("POST", "/comments", 403, words)
    });
    let runner = Runner::with_aws(&github, &simulator)
        .model("m")
        .pull_request_of("mallory/churn")
        .without("AWS_ACCESS_KEY_ID")
        .without("AWS_SECRET_ACCESS_KEY");
    let mut runner = runner;
    let step = runner.step().expect(0);
    assert_eq!(step.output("verdict"), "not-run");
    assert_eq!(step.output("p99-ms"), "");
    assert!(
        step.summary
            .starts_with("### ⛔ churn not run: fork pull requests get no AWS credentials"),
        "{}",
        step.summary
    );
    let (warnings, notices) = (step.annotations("warning"), step.annotations("notice"));
    assert!(
        warnings.len() == 1 && warnings[0].contains("churn not run"),
        "{warnings:?}"
    );
    assert!(
        notices.len() == 1 && notices[0].contains("command: post"),
        "{notices:?}"
    );
    assert_eq!(simulator.state()["requests"], json!({}));
    assert!(!runner.workspace.exists("sagegate-results/result.json"));

    let step = runner.input("on-no-credentials", "fail").step().expect(1);
    assert_eq!(step.annotations("error").len(), 1);
    assert_eq!(simulator.state()["requests"], json!({}));
}

#[test]
fn missing_credentials_elsewhere_are_an_error_in_the_comment() {
    let (github, simulator) = (GitHub::start(), Simulator::quick());
    let mut runner = Runner::with_aws(&github, &simulator)
        .model("m")
        .without("AWS_SECRET_ACCESS_KEY");
    let step = runner.step().expect(2);
    assert_eq!(step.output("verdict"), "could-not-measure");
    let comment = comments(&github);
    assert!(
        comment[0].contains("### ⛔ churn could not be measured: no AWS credentials"),
        "{comment:?}"
    );
    let errors = step.annotations("error");
    assert!(
        errors.len() == 1 && errors[0].contains("aws-actions/configure-aws-credentials"),
        "{errors:?}"
    );
}

#[test]
fn a_pull_request_that_breaks_the_samples_does_not_keep_an_older_verdict() {
    let github = GitHub::start();
    let mut runner = simulated(Runner::new(&github));
    runner.step().expect(0);
    runner.workspace.write("broken.jsonl", "{\n");
    let step = { runner.input("samples", "broken.jsonl") }.step().expect(2);
    assert_eq!(step.output("verdict"), "could-not-measure");
    let bodies = comments(&github);
    assert!(
        bodies.len() == 1 && bodies[0].contains("### ⛔ xgboost could not be measured: "),
        "{bodies:?}"
    );
    assert!(bodies[0].contains("broken.jsonl"), "{bodies:?}");
}

#[test]
fn events_without_a_pull_request_are_judged_and_not_commented() {
    let github = GitHub::start();
    let event = json!({ "repository": { "default_branch": "main" } });
    for (name, reference) in [
        ("push", "refs/tags/v1"),
        ("push", "refs/heads/gh-readonly-queue/main/pr-7-8f31c2e0"),
    ] {
        let mut runner = simulated(Runner::new(&github)).event(name, reference, &event);
        let step = runner.step().expect(0);
        assert_eq!(step.output("verdict"), "no-baseline", "{name}");
        assert!(!step.outcome.stderr.contains("recorded in"), "{name}");
        assert_eq!(step.annotations("notice"), Vec::<String>::new(), "{name}");
    }
    let mut runner = simulated(Runner::new(&github)).event("schedule", "refs/heads/main", &event);
    let step = runner.step().expect(0);
    assert!(
        step.outcome.stderr.contains("recorded in branch:sagegate"),
        "{}",
        step.outcome.stderr
    );
    assert_eq!(writes(&github), Vec::<String>::new());
}

#[test]
fn bad_inputs_are_one_error_that_names_the_input() {
    let github = GitHub::start();
    for (name, value, words) in [
        (
            "memory-size",
            "1024",
            "::error::the action has no input `memory-size`; did you mean `memory-sizes`?",
        ),
        (
            "command",
            "runn",
            "::error::input `command`: `runn` is not a command of the action",
        ),
        (
            "quiet",
            "perhaps",
            "::error::input `quiet`: `perhaps` is neither true nor false",
        ),
        (
            "max-p99-increase",
            "110",
            "::error::invalid value '110' for input `max-p99-increase`: ",
        ),
        (
            "github-token",
            "two words",
            "::notice::no comment: the GitHub token holds a space",
        ),
    ] {
        let runner = simulated(Runner::new(&github)).input("baseline", "file:b.json");
        let step = runner.input(name, value).step();
        let commands = step.commands();
        assert!(
            commands.iter().any(|it| it.starts_with(words)),
            "{name}: {commands:?}"
        );
        assert!(!step.outcome.stderr.contains("two words"));
        let code = if name == "github-token" { 0 } else { 2 };
        step.expect(code);
    }
}

#[test]
fn empty_inputs_are_as_good_as_none() {
    let github = GitHub::start();
    let names = [
        "region",
        "max-p99",
        "mode",
        "comment",
        "tags",
        "container-env",
        "quiet",
        "verbose",
        "command",
    ];
    let runner = names
        .iter()
        .fold(simulated(Runner::new(&github)), |runner, name| {
            runner.input(name, " ")
        });
    let step = { runner }.step().expect(0);
    assert_eq!(step.output("verdict"), "no-baseline");
    assert_eq!(writes(&github), ["POST /issues/7/comments"]);
}

#[test]
fn an_enterprise_server_is_asked_and_linked_at_its_own_addresses() {
    let github = GitHub::start_below("/api/v3");
    let mut runner =
        simulated(Runner::new(&github)).with("GITHUB_SERVER_URL", "https://git.acme.example");
    let step = runner.step().expect(0);
    assert_eq!(writes(&github), ["POST /api/v3/issues/7/comments"]);
    let page = format!("https://git.acme.example/{REPOSITORY}/actions/runs/1842/attempts/1");
    assert!(
        comments(&github)[0].contains(&page) && step.summary.contains(&page),
        "{}",
        step.summary
    );
}

#[test]
fn a_comment_comes_only_when_it_is_wanted() {
    let github = GitHub::start();
    for (when, limit, written) in [
        ("never", "0.1ms", 0),
        ("on-fail", "1000ms", 0),
        ("on-fail", "0.1ms", 1),
    ] {
        let runner = simulated(Runner::new(&github)).input("comment", when);
        let step = { runner.input("max-p99", limit) }.step();
        assert_eq!(
            step.outcome.code,
            Some(i32::from(limit == "0.1ms")),
            "{step:?}"
        );
        assert_eq!(writes(&github).len(), written, "{when} {limit}");
    }
}

#[test]
fn a_command_with_arguments_is_a_command_of_a_script_also_inside_actions() {
    let github = GitHub::start();
    let runner = Runner::new(&github)
        .input("invocations", "not looked at")
        .with("GITHUB_TOKEN", TOKEN);
    let typed = [
        "run",
        "--simulate",
        "xgboost",
        "--memory-sizes",
        "2048",
        "--invocations",
        "50",
    ];
    let outcome = runner.workspace.sagegate(&typed).expect(0);
    assert!(
        outcome.stdout.starts_with("| ⚪ xgboost: no baseline yet"),
        "{}",
        outcome.stdout
    );
    assert_eq!(writes(&github), ["POST /issues/7/comments"]);
    let refused = runner
        .workspace
        .sagegate(&["run", "--invocation", "50"])
        .expect(2);
    assert!(
        refused
            .stderr
            .starts_with("::error::unexpected argument '--invocation' found"),
        "{}",
        refused.stderr
    );
}

#[test]
fn without_credentials_dependabot_gets_a_hint_where_to_put_them() {
    let (github, simulator) = (GitHub::start(), Simulator::quick());
    let mut runner = Runner::with_aws(&github, &simulator)
        .model("m")
        .with("GITHUB_ACTOR", "dependabot[bot]")
        .without("AWS_REGION")
        .without("AWS_ACCESS_KEY_ID");
    let step = runner.step().expect(0);
    assert_eq!(step.output("verdict"), "not-run");
    assert!(
        step.summary.contains("Dependabot's secrets"),
        "{}",
        step.summary
    );
}

#[test]
fn what_goes_into_a_file_is_the_same_inside_actions() {
    let github = GitHub::start();
    let runner = Runner::new(&github);
    let offer = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/fixtures/offer-us-east-1.json"
    );
    let inside = runner.workspace.sagegate(&["prices", "--from", offer]);
    let outside = Runner::new(&github).without("GITHUB_ACTIONS");
    let outside = outside.workspace.sagegate(&["prices", "--from", offer]);
    assert!(outside.stdout.starts_with('{'), "{}", outside.stdout);
    assert_eq!((inside.code, inside.stdout), (Some(0), outside.stdout));
}
