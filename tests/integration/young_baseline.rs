//! A young baseline: how many runs count, from when the next does, and what is caught by then.

use crate::support::{Outcome, Simulator, Workspace, run_args, spaced, steadied};

/// A folder in which `m-steady` is measured.
struct Recorded {
    simulator: Simulator,
    workspace: Workspace,
}

impl Recorded {
    fn new() -> Self {
        let simulator = Simulator::quick();
        let workspace = Workspace::new(&simulator);
        Self {
            simulator,
            workspace,
        }
    }

    fn run(&self, model: &str, extra: &[&str]) -> Outcome {
        self.workspace.sagegate(&run_args(model, extra))
    }

    fn comment(&self) -> String {
        spaced(&self.workspace.read("sagegate-results/comment.md"))
    }

    /// The time of the oldest run of the baseline.
    fn first_run(&self, name: &str) -> jiff::Timestamp {
        let baseline: serde_json::Value =
            serde_json::from_str(&self.workspace.read("b.json")).unwrap();
        let at = baseline["models"][name][0]["at"].as_str().unwrap();
        at.parse().unwrap()
    }
}

/// Six hours after a run.
fn six_hours_after(run: jiff::Timestamp) -> String {
    let next = run + jiff::SignedDuration::from_hours(6);
    next.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// `+41%` of `What is caught today: p90 above +41%, …`.
fn caught_today(words: &str) -> &str {
    let (_, rest) = words
        .split_once("What is caught today: p90 above ")
        .unwrap();
    rest.split_once(',').unwrap().0
}

#[test]
fn runs_within_six_hours_count_as_one_and_the_comment_says_from_when_the_next_counts() {
    let it = Recorded::new();
    for _ in 0..3 {
        it.run("m-steady", &["--mode", "record"]).expect(0);
    }
    it.run(
        "m-steady",
        &["--max-p99-increase", "90%", "--max-cost-increase", "90%"],
    )
    .expect(0);
    let comment = it.comment();
    let lines: Vec<&str> = comment.lines().filter(|it| !it.is_empty()).collect();
    let baseline = lines[2];
    for words in [
        "**Baseline:** main, unknown commit, less than an hour old; 1 run counts of 3 recorded, as runs less than 6 hours \
         apart count as one.",
        &format!(
            "The next one counts from {}.",
            six_hours_after(it.first_run("churn"))
        ),
        "What is caught today: p90 above +",
        "With 5 runs, one a night, from 20",
    ] {
        assert!(baseline.contains(words), "{words}: {baseline}");
    }
    // It is what the limit is, and what the details say.
    let today = caught_today(baseline);
    assert!(
        comment.contains(&format!("| 1 | today | p90 | {today} |")),
        "{comment}"
    );
    assert!(it.workspace.exists("sagegate-results/result.json"));
}

#[test]
fn an_open_verdict_says_in_its_first_line_what_would_decide() {
    let it = Recorded::new();
    it.run("m-steady", &[]);
    let run = it.workspace.result();
    let path = "sagegate-results/result.json";
    it.workspace.write(path, &steadied(run.clone(), 1.0));
    let saved = ["--result", path, "--baseline", "file:b.json"];
    it.workspace
        .sagegate(&[&["record"], &saved[..]].concat())
        .expect(0);
    it.workspace.write(path, &steadied(run, 1.25));
    let outcome = it
        .workspace
        .sagegate(&[&["compare"], &saved[..]].concat())
        .expect(0);
    let first = outcome.stdout.lines().next().unwrap();
    let next = six_hours_after(it.first_run("churn"));
    let more = "2 more runs of main decide";
    assert_eq!(
        first,
        format!("⚪ churn inconclusive: p90 +25%; {more} (next counts from {next})")
    );
    for words in [
        "What is caught today: p90 above +40%, cost above +40%.",
        "With 5 runs, one a night, from 2",
        "record 2 more runs of main and run the check again",
    ] {
        assert!(
            outcome.stdout.contains(words),
            "{words}: {}",
            outcome.stdout
        );
    }
    // The cells of the comment are not wrapped.
    let comment = it.workspace.read("sagegate-results/comment.md");
    let comment = comment.replace('\u{a0}', " ");
    for limit in [
        "(+10% wanted, +40% provable)",
        "(+5% wanted, +40% provable)",
    ] {
        assert!(comment.contains(limit), "{limit}: {comment}");
    }
}

#[test]
fn a_seeded_baseline_and_the_next_gate_agree_about_what_was_learned() {
    let it = Recorded::new();
    let calibrated = it
        .workspace
        .sagegate(&[
            "calibrate",
            "--model-name",
            "m-steady",
            "--samples",
            "samples.jsonl",
            "--memory-sizes",
            "1024,2048",
            "--invocations",
            "100",
            "--warmup",
            "5",
            "--runs",
            "3",
            "--seed-baseline",
            "--baseline",
            "file:b.json",
        ])
        .expect(0);
    it.simulator.assert_nothing_is_left();
    let learned = calibrated
        .stdout
        .lines()
        .find(|it| it.starts_with("Baseline: "))
        .unwrap();
    let next = six_hours_after(it.first_run("m-steady"));
    for words in [
        "1 run counts of 3 recorded, as runs less than 6 hours apart count as one.",
        &format!("The next one counts from {next}."),
    ] {
        assert!(learned.contains(words), "{words}: {learned}");
    }
    let percent = caught_today(learned).trim_matches(['+', '%']);
    assert!(percent.parse::<f64>().unwrap() > 39.0, "{learned}");
    // By the last of its runs it is the same to the digit.
    let compared = it
        .workspace
        .sagegate(&[
            "compare",
            "--result",
            "sagegate-results/run-3/result.json",
            "--baseline",
            "file:b.json",
        ])
        .expect(0);
    assert!(
        compared.stdout.contains(learned),
        "{learned}: {}",
        compared.stdout
    );
    // A new run says the same of what counts, and its own sampling decides what it can prove.
    it.run("m-steady", &["--name", "m-steady"]);
    let comment = it.comment();
    for words in [
        "1 run counts of 3 recorded",
        &format!("The next one counts from {next}."),
        &format!("| 1 | today | p90 | {} |", caught_today(&comment)),
    ] {
        assert!(comment.contains(words), "{words}: {comment}");
    }
}
