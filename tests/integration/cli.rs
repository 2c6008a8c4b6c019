//! What a stranger sees first.

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
        "run", "compare", "record", "report", "cleanup", "demo", "simulate",
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
