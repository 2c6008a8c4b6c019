//! Files of a pull request: symlinks, pipes, devices, files of the system.

use std::process::Command;

use super::{CANARY, link, texts_in};
use crate::support::github::GitHub;
use crate::support::runner::{HEAD, Runner, Step, comments};
use crate::support::{Simulator, Workspace, run_args};

/// Nothing of what a file held is in anything that others see.
#[track_caller]
fn assert_nothing_leaks(step: &Step, github: &GitHub, what: &str) {
    let comment = comments(github).join("\n");
    let seen = [
        &step.outcome.stdout,
        &step.outcome.stderr,
        &step.summary,
        &comment,
    ];
    for text in seen {
        assert!(!text.contains(CANARY), "{what}: {text}");
    }
    assert!(step.outputs.values().all(|it| !it.contains(CANARY)));
}

/// Places that a symlink of a pull request may point to, from one folder below the workspace.
const ELSEWHERE: [&str; 4] = [
    "/proc/self/environ",
    "../../outside.txt",
    "../.git/config",
    "/dev/zero",
];

fn secrets_around(workspace: &Workspace) -> tempfile::TempDir {
    let outside = tempfile::tempdir().unwrap();
    let folder = workspace.path("");
    std::fs::write(
        folder.parent().unwrap().join("outside.txt"),
        format!("{CANARY}\n"),
    )
    .unwrap();
    std::fs::write(outside.path().join("secret.txt"), CANARY).unwrap();
    workspace.write(".git/config", &format!("extraheader = {CANARY}\n"));
    outside
}

#[test]
fn no_symlink_of_a_pull_request_makes_an_input_of_a_secret() {
    let (github, simulator) = (GitHub::start(), Simulator::quick());
    for input in [
        "trace", "samples", "prices", "simulate", "baseline", "resume",
    ] {
        for target in ELSEWHERE {
            let runner = Runner::with_aws(&github, &simulator)
                .model("m")
                .with("MY_SETTING", CANARY);
            let outside = secrets_around(&runner.workspace);
            let name = match input {
                "resume" => "tr/measurements.jsonl",
                _ => "tr/input.txt",
            };
            link(&runner.workspace, target, name);
            let runner = match input {
                "resume" => runner.input("resume", "tr"),
                "baseline" => runner.input("baseline", &format!("file:{name}")),
                _ => runner.input(input, name),
            };
            let step = { runner }.step();
            let what = format!("{input} -> {target}");
            assert_eq!(
                step.outcome.code,
                Some(2),
                "{what}: {}",
                step.outcome.stderr
            );
            assert_nothing_leaks(&step, &github, &what);
            let comment = comments(&github).pop().unwrap();
            assert!(
                comment.contains("could not be measured") && comment.contains("input.txt")
                    || input == "resume",
                "{what}: {comment}"
            );
            drop(outside);
        }
    }
    assert_eq!(simulator.count("InvokeEndpoint"), 0);
    assert_eq!(simulator.count("CreateEndpoint"), 0);
}

#[test]
fn a_line_of_a_file_is_quoted_as_far_as_sixty_characters() {
    let (github, simulator) = (GitHub::start(), Simulator::quick());
    let runner = Runner::with_aws(&github, &simulator)
        .model("m")
        .input("trace", "trace.txt");
    let line = format!("{}{CANARY}", "x".repeat(60));
    runner
        .workspace
        .write("trace.txt", &format!("{line}\u{1b}[31m\n"));
    let step = { runner }.step().expect(2);
    assert!(comments(&github)[0].contains("xxx…"));
    assert_nothing_leaks(&step, &github, "trace");
    // Strings of JSON say what a file holds; names of members help, as far as they are short.
    let secret = format!("{{\"schema\": \"{CANARY}\", \"regions\": {{}}}}");
    for (input, name) in [("prices", "p.json"), ("baseline", "p.json")] {
        let runner = Runner::with_aws(&github, &simulator).model("m");
        runner.workspace.write(name, &secret);
        let value = match input {
            "baseline" => format!("file:{name}"),
            _ => name.to_owned(),
        };
        let step = { runner.input(input, &value) }.step().expect(2);
        assert!(step.outcome.stderr.contains("invalid type: string"));
        assert_nothing_leaks(&step, &github, input);
    }
}

#[test]
fn a_body_file_and_a_folder_of_samples_send_nothing_from_elsewhere() {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator);
    let _outside = secrets_around(&workspace);
    let folder = workspace.path("");
    let absolute = folder.parent().unwrap().join("outside.txt");
    for file in [
        "/proc/self/environ",
        "/dev/zero",
        "../../outside.txt",
        "link.txt",
        absolute.to_str().unwrap(),
    ] {
        workspace.write(
            "data/samples.jsonl",
            &format!("{{\"BodyFile\":\"{file}\"}}\n"),
        );
        link(&workspace, "../../outside.txt", "data/link.txt");
        let outcome = workspace
            .sagegate(&run_args("m", &["--samples", "data/samples.jsonl"]))
            .expect(2);
        assert!(
            outcome
                .stderr
                .contains("line 1: BodyFile: cannot read samples `"),
            "{}",
            outcome.stderr
        );
    }
    workspace.write("pictures/a.csv", "1,2");
    link(&workspace, "../../outside.txt", "pictures/b.csv");
    let outcome = workspace
        .sagegate(&run_args("m", &["--samples", "pictures"]))
        .expect(2);
    assert!(
        outcome
            .stderr
            .contains("b.csv`: a symlink leads out of `pictures`")
            || outcome.stderr.contains("b.csv`: a symlink leads out of"),
        "{}",
        outcome.stderr
    );
    assert_eq!(simulator.count("InvokeEndpoint"), 0);
}

#[test]
fn a_pipe_is_no_file_and_nobody_waits_for_it() {
    let workspace = Workspace::without_aws();
    let made = Command::new("mkfifo").arg(workspace.path("pipe")).status();
    assert!(made.unwrap().success());
    for args in [
        &["compare", "--result", "pipe"][..],
        &["report", "--result", "pipe"],
        &["record", "--result", "pipe"],
        &["cleanup", "--ledger", "pipe"],
        &["samples", "pipe", "--out", "s.jsonl"],
        &["prices", "--from", "pipe"],
        &["simulate", "--profile", "pipe"],
        &["run", "--simulate", "xgboost", "--trace", "pipe"],
        &["run", "--simulate", "xgboost", "--samples", "pipe"],
    ] {
        let outcome = workspace.sagegate(args).expect(2);
        assert!(
            outcome.stderr.contains("it is a pipe and not a file"),
            "{args:?}: {}",
            outcome.stderr
        );
    }
}

#[test]
fn saved_results_of_other_places_are_not_read_in_a_workflow() {
    let github = GitHub::start();
    for (command, input) in [
        ("compare", "result"),
        ("report", "result"),
        ("cleanup", "ledger"),
    ] {
        for target in ELSEWHERE {
            let runner = Runner::new(&github)
                .input("command", command)
                .input(input, "tr/r.json");
            let _outside = secrets_around(&runner.workspace);
            link(&runner.workspace, target, "tr/r.json");
            let step = { runner.with("MY_SETTING", CANARY) }.step().expect(2);
            let error = step.annotations("error").join("\n");
            assert!(
                error.contains("a symlink leads out of")
                    || error.contains("files of the system are not read")
                    || error.contains("files of git itself are not read"),
                "{command} -> {target}: {error}"
            );
            assert_nothing_leaks(&step, &github, target);
        }
    }
}

#[test]
fn no_output_is_written_through_a_symlink() {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator);
    let names = [
        "measurements.jsonl",
        "result.json",
        "ledger.json",
        "comment.md",
        "benchmarking_report/benchmarking_report.html",
        "benchmarking_report/stability_benchmark_summary.csv",
    ];
    for name in names {
        let up = if name.contains('/') { "../../" } else { "../" };
        workspace.write("victim.txt", "kept");
        link(
            &workspace,
            &format!("{up}victim.txt"),
            &format!("sagegate-results/{name}"),
        );
    }
    workspace.run(&[]).expect(0);
    assert_eq!(workspace.read("victim.txt"), "kept");
    assert!(!workspace.path("sagegate-results/comment.md").is_symlink());
    // A run that is interrupted leaves its journal: it is a file of its own, too.
    assert!(
        workspace
            .read("sagegate-results/result.json")
            .contains("\"schema\"")
    );
}

#[test]
fn no_folder_of_a_pull_request_takes_what_is_written_elsewhere() {
    let (github, simulator) = (GitHub::start(), Simulator::quick());
    let elsewhere = tempfile::tempdir().unwrap();
    for folder in ["sagegate-results", "sagegate-results/benchmarking_report"] {
        let runner = Runner::with_aws(&github, &simulator).model("m");
        link(
            &runner.workspace,
            elsewhere.path().to_str().unwrap(),
            folder,
        );
        let step = { runner }.step();
        assert_eq!(step.outcome.code, Some(2), "{}", step.outcome.stderr);
        assert!(
            step.outcome.stderr.contains("a symlink leads out of"),
            "{}",
            step.outcome.stderr
        );
        assert_eq!(texts_in(elsewhere.path()), Vec::new(), "{folder}");
    }
    assert_eq!(simulator.count("CreateEndpoint"), 0);
    let _ = HEAD;
}

#[test]
fn names_of_a_forged_ledger_move_no_terminal() {
    let workspace = Workspace::without_aws().with("AWS_REGION", "us-east-1");
    workspace.write(
        "esc.json",
        "{\"schema\":1,\"run_id\":\"r\",\"region\":\"us-east-1\",\"endpoints\":[\"sagegate-r-m1\",\"sagegate-\\u001b]0;owned\\u0007\"]}",
    );
    let outcome = workspace.sagegate(&["cleanup", "--ledger", "esc.json", "--dry-run"]);
    for text in [&outcome.stdout, &outcome.stderr] {
        assert!(!text.contains(['\u{1b}', '\u{7}']), "{text:?}");
    }
    assert!(
        outcome
            .stdout
            .contains("would delete endpoint sagegate-r-m1")
    );
}
