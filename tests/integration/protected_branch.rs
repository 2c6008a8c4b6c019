//! A data branch that GitHub protects: one attempt, the right fix, and the verdict alone decides.

use crate::support::Simulator;
use crate::support::github::{GitHub, Protection};
use crate::support::runner::Runner;

const CLASSIC: &str = "https://docs.github.com/articles/about-protected-branches";
const CONTENTS: &str = "https://docs.github.com/rest/repos/contents#create-or-update-file-contents";
const REFERENCES: &str = "https://docs.github.com/rest/git/refs#create-a-reference";

const fn rule(status: u16, message: &'static str, documentation: &'static str) -> Protection {
    Protection {
        status,
        message,
        documentation,
    }
}

/// What GitHub says of a file that a rule keeps from being written.
const OF_FILES: [Protection; 7] = [
    rule(
        409,
        "Could not update file: Required status check \"ci\" is expected.",
        CLASSIC,
    ),
    rule(
        409,
        "Could not update file: At least 1 approving review is required by reviewers with write access.",
        CLASSIC,
    ),
    rule(
        409,
        "Could not update file: Commits must have verified signatures.",
        CLASSIC,
    ),
    rule(
        409,
        "Could not update file: You're not authorized to push to this branch.",
        CLASSIC,
    ),
    rule(
        409,
        "Repository rule violations found\n\nChanges must be made through a pull request.\n\n",
        CONTENTS,
    ),
    rule(
        422,
        "Repository rule violations found\n\nCommits must have verified signatures.\n\n",
        CONTENTS,
    ),
    rule(403, "Words of a later GitHub.", CLASSIC),
];

/// A push to main, on the built-in simulator.
fn push(github: &GitHub) -> Runner {
    Runner::new(github)
        .push_to_main()
        .input("simulate", "xgboost")
        .input("memory-sizes", "2048")
        .input("invocations", "50")
        .input("warmup", "1")
}

fn writes(github: &GitHub) -> Vec<String> {
    let log = github.log().into_iter();
    log.filter(|line| !line.starts_with("GET")).collect()
}

#[test]
fn a_protected_data_branch_is_written_to_once_and_the_verdict_decides() {
    let github = GitHub::start();
    let mut runner = push(&github);
    runner.step().expect(0);
    let recorded = github.world().branches["sagegate"].clone();
    for rule in OF_FILES {
        github.world().protected.insert("sagegate".to_owned(), rule);
        let before = github.count("PUT");
        let step = runner.step().expect(0);
        assert_eq!(github.count("PUT"), before + 1, "{rule:?}");
        assert_ne!(step.output("verdict"), "could-not-measure");
        let warnings = step.annotations("warning");
        let words = rule.message.lines().next().unwrap();
        let fix = "leave it out of the rule or ruleset, let the owner of the token bypass it, or keep the baseline in S3";
        let told = |it: &&String| it.contains(words) && it.contains(fix);
        assert_eq!(warnings.iter().filter(told).count(), 1, "{warnings:?}");
        assert!(!step.outcome.stderr.contains("others wrote it"));
        assert_eq!(github.world().branches["sagegate"], recorded);
    }
}

#[test]
fn a_rule_against_new_branches_is_asked_once() {
    let github = GitHub::start();
    let words = "Repository rule violations found\n\nCannot create ref due to creations being restricted.\n\n";
    let rule = rule(422, words, REFERENCES);
    github.world().protected.insert("sagegate".to_owned(), rule);
    let step = push(&github).step().expect(0);
    assert_eq!(
        writes(&github),
        [
            "PUT /contents/baseline.json",
            "POST /git/blobs",
            "POST /git/trees",
            "POST /git/commits",
            "POST /git/refs",
        ]
    );
    let warnings = step.annotations("warning");
    assert!(
        warnings.iter().any(|it| it.contains("s3://BUCKET/KEY")),
        "{warnings:?}"
    );
}

/// The fault of the simulated services, on the command that only records.
#[test]
fn recording_alone_names_the_rule_and_its_fix() {
    let (github, simulator) = (GitHub::start(), Simulator::quick());
    let mut runner = Runner::with_aws(&github, &simulator)
        .model("m")
        .push_to_main();
    runner.step().expect(0);
    let rule = OF_FILES[0];
    github.world().protected.insert("sagegate".to_owned(), rule);
    let before = github.count("PUT");
    let outcome = runner
        .with("GITHUB_TOKEN", crate::support::github::TOKEN)
        .workspace
        .sagegate(&["record", "--result", "sagegate-results/result.json"])
        .expect(3);
    assert_eq!(github.count("PUT"), before + 1);
    assert!(
        outcome.stderr.contains("Required status check")
            && outcome.stderr.contains("s3://BUCKET/KEY"),
        "{}",
        outcome.stderr
    );
}
