//! `--help`, `--version` and usage errors.

use std::fmt::Write as _;

use crate::support::Workspace;

#[track_caller]
fn help(args: &[&str]) -> String {
    let outcome = Workspace::without_aws().sagegate(args).expect(0);
    assert_eq!(outcome.stderr, "");
    outcome
        .stdout
        .replace(env!("CARGO_PKG_VERSION"), "@@VERSION@@")
}

#[test]
fn help_of_every_command() {
    let commands = [
        "run",
        "benchmark",
        "calibrate",
        "submit",
        "collect",
        "calibrate",
        "compare",
        "record",
        "post",
        "report",
        "samples",
        "prices",
        "cleanup",
        "demo",
        "simulate",
        "completions",
    ];
    let mut text = help(&["--help"]);
    for command in commands {
        let shown = help(&[command, "--help"]);
        writeln!(
            text,
            "
$ sagegate {command} --help
{shown}"
        )
        .unwrap();
    }
    insta::assert_snapshot!(text);
}

#[test]
fn the_version_is_that_of_the_package() {
    assert_eq!(help(&["--version"]), "sagegate @@VERSION@@\n");
}

#[test]
fn a_verbose_version_names_commit_target_and_price_list() {
    for args in [&["--version", "--verbose"][..], &["-vV"], &["-V", "-v"]] {
        let shown = help(args);
        let names: Vec<&str> = shown
            .lines()
            .filter_map(|it| Some(it.split_once(": ")?.0))
            .collect();
        assert!(shown.starts_with("sagegate @@VERSION@@\n"), "{shown}");
        assert_eq!(names, ["commit", "target", "price list"]);
        assert!(shown.contains("\nprice list: 20"), "{shown}");
    }
}

#[test]
fn a_short_help_shows_what_a_first_run_needs() {
    for command in [
        "run",
        "benchmark",
        "submit",
        "calibrate",
        "collect",
        "compare",
        "post",
    ] {
        let short = help(&[command, "-h"]);
        let lines = short.lines().count();
        assert!(lines <= 36, "{command} -h has {lines} lines:\n{short}");
        assert!(
            short.contains(&format!("sagegate {command} --help")),
            "{short}"
        );
    }
    insta::assert_snapshot!(help(&["run", "-h"]));
}

#[test]
fn without_a_command_there_is_help_and_no_error() {
    let outcome = Workspace::without_aws().sagegate(&[]).expect(2);
    assert_eq!(outcome.stdout, "");
    assert!(!outcome.stderr.contains("error"), "{}", outcome.stderr);
    assert!(
        outcome.stderr.contains("Usage: sagegate"),
        "{}",
        outcome.stderr
    );
    assert!(outcome.stderr.lines().count() <= 40, "{}", outcome.stderr);
}

#[test]
fn mistakes_name_the_help_of_their_command_and_the_flag_that_was_meant() {
    let workspace = Workspace::without_aws();
    let outcome = workspace.sagegate(&["run", "--model", "m"]).expect(2);
    assert_eq!(
        outcome.stderr,
        "error: unexpected argument '--model' found, did you mean --model-name?; see `sagegate run --help`\n"
    );
    let outcome = workspace
        .sagegate(&["report", "--result", "r", "--role-to-assume", "x"])
        .expect(2);
    assert!(
        outcome
            .stderr
            .contains("unexpected argument '--role-to-assume'"),
        "{}",
        outcome.stderr
    );
    assert!(
        outcome.stderr.contains("`sagegate report --help`"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn shells_get_completions() {
    for (shell, words) in [
        ("bash", "_sagegate()"),
        ("zsh", "#compdef sagegate"),
        ("fish", "complete -c sagegate"),
    ] {
        let script = help(&["completions", shell]);
        assert!(
            script.contains(words) && script.contains("memory-sizes"),
            "{shell}"
        );
    }
}

#[test]
fn a_mistyped_flag_is_one_line_with_the_nearest_one() {
    let outcome = Workspace::without_aws()
        .sagegate(&["demo", "--regresed"])
        .expect(2);
    assert_eq!(outcome.stderr.lines().count(), 1);
    assert!(
        outcome.stderr.contains("--regresed") && outcome.stderr.contains("--regressed"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn the_page_of_commands_and_the_help_have_the_same_exit_codes() {
    let page = crate::documentation::read("docs/commands.md");
    let known = help(&["--help"]);
    for code in ["0", "1", "2", "3", "129, 130, 131, 143"] {
        assert!(page.contains(&format!("\n| {code} | ")), "{code}");
        assert!(known.contains(&format!("\n  {code}  ")), "{code}");
    }
}
