//! A gated model under random mixtures of faults whose cause is not the model. `SAGEGATE_MIXTURES`
//! (optional) asks for fewer.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use sagegate::result::EndpointOutcome;

use super::side_by_side;
use crate::support::{Outcome, Simulator, Workspace, run_args};

const MIXTURES: usize = 300;
/// One in so many mixtures is run with the slow model, too.
const SLOW_ONE_IN: usize = 3;
/// Runs at a time: most of a run is waiting.
const SIDE_BY_SIDE: usize = 16;
const SEED: u64 = 20_261_127;
const SIZES: [u32; 3] = [1024, 2048, 3072];
/// The size that main uses.
const MAINS_SIZE: u32 = 2048;

/// A call takes so long that a busy machine adds less than the limits below to it, and `m-slow`,
/// which is three times slower, is beyond them on a machine at rest.
const MODELS: &str = r#"
[[models]]
name = "m-steady"

[[models]]
name = "m-slow"
latency_factor = 3.0

[latency]
median_ms = { 1024 = 95.0, 2048 = 60.0, 3072 = 58.0, 4096 = 58.0, 5120 = 58.0, 6144 = 58.0 }
variation = 0.05
overhead_ms = 1.0
"#;
const FLAGS: [&str; 12] = [
    "--memory-sizes",
    "1024,2048,3072",
    "--invocations",
    "90",
    "--metrics-timeout",
    "2s",
    "--deploy-timeout",
    "30s",
    "--max-p99-increase",
    "90ms",
    "--max-cost-increase",
    "$3.5",
];
/// Words that say that the model got worse or better.
const ABOUT_THE_MODEL: [&str; 5] = [
    "❌",
    "no longer works",
    "improved",
    "is enough now",
    "make the model",
];

/// What AWS says of a deployment that it, a quota or a permission made fail.
const REASONS: [&str; 6] = [
    "Request to service failed. If failure persists after retry, contact customer support.",
    "Unable to provision requested ML compute capacity due to InsufficientInstanceCapacity error. \
     Please retry using a different ML instance type or after some time.",
    "An internal error occurred. Try again later.",
    "Could not assume role arn:aws:iam::000000000000:role/r. Please ensure that the role exists and \
     allows principal 'sagemaker.amazonaws.com' to assume the role.",
    "Please make sure all images included in the model for the production variant AllTraffic \
     exist, and that the execution role used to create the model has permissions to access them.",
    "The account-level service limit 'Memory size in MB per serverless endpoint' is 1024 MBs.",
];

/// A kind of fault, as sections of a profile. A table that is there already is left alone.
type Kind = fn(&mut fastrand::Rng) -> String;

const KINDS: [Kind; 12] = [
    fails_to_deploy,
    fails_to_deploy,
    fails_calls,
    fails_calls,
    is_cold,
    small_quota,
    no_metrics,
    control_plane,
    control_plane,
    control_plane,
    denied_from_some_time_on,
    slow_cold_start,
];

/// So many draws of a random number generator.
fn pick<T: Copy>(random: &mut fastrand::Rng, from: &[T]) -> T {
    from[random.usize(..from.len())]
}

fn fails_to_deploy(random: &mut fastrand::Rng) -> String {
    let sizes: Vec<u32> = SIZES.into_iter().filter(|_| random.bool()).collect();
    let times = pick(random, &[0, 1, 1, 2]);
    let reason = pick(random, &REASONS);
    format!(
        "[life_cycle]\nfailing_memory_mb = {sizes:?}\nfailing_times = {times}\n\
         failure_reason = \"{reason}\"\ncreating_seconds = 0.3\ndeleting_seconds = 0.1\n\
         metric_delay_seconds = 0.2"
    )
}

fn fails_calls(random: &mut fastrand::Rng) -> String {
    let mut section = "[faults]".to_owned();
    for fault in ["throttle", "service_error", "dropped_connection"] {
        let share = pick(random, &[0.0, 0.0, 0.003, 0.01, 0.02, 0.3]);
        write!(section, "\n{fault} = {share:?}").unwrap();
    }
    section
}

fn is_cold(random: &mut fastrand::Rng) -> String {
    let (not_ready, time_outs) = (pick(random, &[0.0, 0.02, 0.05]), random.u32(0..5));
    format!("[faults]\nnot_ready = {not_ready:?}\ncold_time_outs = {time_outs}")
}

fn small_quota(random: &mut fastrand::Rng) -> String {
    let quota = [
        "memory_mb = 1024",
        "memory_mb = 2048",
        "total_concurrency = 1",
        "total_concurrency = 2",
        "total_concurrency = 1\nunreadable = true",
        "endpoints = 1",
        "endpoints = 2",
    ];
    format!("[quotas]\n{}", pick(random, &quota))
}

fn no_metrics(random: &mut fastrand::Rng) -> String {
    if random.bool() {
        return "[life_cycle]\nmetric_delay_seconds = 3600.0\ncreating_seconds = 0.3\n\
                deleting_seconds = 0.1"
            .to_owned();
    }
    let kinds = [
        "throttle",
        "internal_error",
        "access_denied",
        "dropped_connection",
        "malformed_answer",
        "empty_answer",
    ];
    let when = pick(random, &["from = 1", "every = 2", "probability = 0.4"]);
    injected("GetMetricData", pick(random, &kinds), when)
}

fn control_plane(random: &mut fastrand::Rng) -> String {
    let operations = [
        "DescribeModel",
        "CreateEndpointConfig",
        "CreateEndpoint",
        "DescribeEndpoint",
        "DeleteEndpoint",
        "DeleteEndpointConfig",
        "GetServiceQuota",
    ];
    let kinds = [
        "throttle",
        "internal_error",
        "dropped_connection",
        "lost_answer",
        "malformed_answer",
        "empty_answer",
        "slow_answer",
    ];
    let when = ["every = 2", "every = 3", "probability = 0.3"];
    let operation = pick(random, &operations);
    injected(operation, pick(random, &kinds), pick(random, &when))
}

fn denied_from_some_time_on(random: &mut fastrand::Rng) -> String {
    let operation = pick(
        random,
        &["CreateEndpointConfig", "CreateEndpoint", "InvokeEndpoint"],
    );
    let from = if operation == "InvokeEndpoint" {
        random.u32(1..300)
    } else {
        random.u32(1..4)
    };
    let kind = pick(random, &["access_denied", "expired_token"]);
    injected(operation, kind, &format!("from = {from}"))
}

fn slow_cold_start(random: &mut fastrand::Rng) -> String {
    let setup = random.u32(500..3000);
    format!("[model]\nsetup_ms = {setup}.0")
}

fn injected(operation: &str, kind: &str, when: &str) -> String {
    format!("[[operation_faults]]\noperation = \"{operation}\"\nkind = \"{kind}\"\n{when}")
}

/// The faults of mixture `number`: one to four, no table twice.
fn mixture(number: usize) -> String {
    let mut random = fastrand::Rng::with_seed(SEED + u64::try_from(number).unwrap());
    let mut sections: Vec<String> = Vec::new();
    for _ in 0..random.usize(1..=4) {
        let section = pick(&mut random, &KINDS)(&mut random);
        let table = section.lines().next().unwrap();
        let is_there = |it: &String| it.lines().next() == Some(table) && !table.starts_with("[[");
        if !sections.iter().any(is_there) {
            sections.push(section);
        }
    }
    sections.join("\n\n")
}

fn profile(number: usize, faults: &str) -> String {
    let usual = "[life_cycle]\ncreating_seconds = 0.3\ndeleting_seconds = 0.1\n\
                 metric_delay_seconds = 0.2";
    let usual = if faults.contains("[life_cycle]") {
        ""
    } else {
        usual
    };
    format!("seed = {number}\n{MODELS}\n{usual}\n{faults}")
}

/// What became of a run.
struct Judged {
    number: usize,
    faults: String,
    outcome: Outcome,
    comment: String,
    /// Whether it was measured at the size that main uses.
    at_mains_size: bool,
    left: Vec<String>,
    took: Duration,
}

impl Judged {
    fn of(number: usize, model: &str, baseline: &str) -> Self {
        let faults = mixture(number);
        let simulator = Simulator::start(&profile(number, &faults));
        let workspace = Workspace::new(&simulator);
        workspace.write("b.json", baseline);
        let began = Instant::now();
        let outcome = workspace.sagegate(&run_args(model, &FLAGS));
        let took = began.elapsed();
        let has = |name: &str| workspace.exists(&format!("sagegate-results/{name}"));
        let is_measured = has("result.json")
            && workspace.result().stability.iter().any(|it| {
                it.memory_mb.get() == MAINS_SIZE && it.outcome == EndpointOutcome::Measured
            });
        let comment = has("comment.md").then(|| workspace.read("sagegate-results/comment.md"));
        Self {
            number,
            faults,
            comment: comment.unwrap_or_default(),
            at_mains_size: is_measured,
            // What is being deleted takes a moment.
            left: {
                std::thread::sleep(Duration::from_millis(150));
                simulator.resources()
            },
            outcome,
            took,
        }
    }

    fn headline_has(&self, words: &str) -> bool {
        let headline = self.comment.lines().find(|line| line.starts_with("### "));
        headline.is_some_and(|it| it.contains(words))
    }

    /// Whether the comment says that the model got worse or better.
    fn is_about_the_model(&self) -> bool {
        let needs = |line: &str| {
            let after = line.split_once("needs ").map_or("", |(_, after)| after);
            let rest = after.trim_start_matches(|it: char| it.is_ascii_digit());
            rest.len() < after.len() && rest.starts_with(" MB")
        };
        ABOUT_THE_MODEL.iter().any(|it| self.comment.contains(it))
            || self.comment.lines().any(needs)
    }

    fn describe(&self) -> String {
        let Self {
            number,
            faults,
            outcome,
            comment,
            left,
            ..
        } = self;
        format!(
            "mixture {number}, exit {:?}, left {left:?}\n{faults}\n\n{comment}\n{}",
            outcome.code, outcome.stderr
        )
    }
}

/// What main has recorded, in an account where nothing goes wrong and on a machine at rest: others
/// can only be slower.
fn baseline() -> String {
    let simulator = Simulator::start(&profile(0, ""));
    let workspace = Workspace::new(&simulator);
    let record = [&FLAGS[..], &["--mode", "record"]].concat();
    workspace.sagegate(&run_args("m-steady", &record)).expect(0);
    let baseline = workspace.read("b.json");
    let recorded: serde_json::Value = serde_json::from_str(&baseline).unwrap();
    let recommended = &recorded["models"]["churn"][0]["recommended_memory_mb"];
    assert_eq!(recommended, MAINS_SIZE, "{baseline}");
    baseline
}

/// A row: how many of the runs are not as they should be, and which.
fn row(
    words: &str,
    runs: &[&Judged],
    is_wrong: impl Fn(&Judged) -> bool,
) -> Result<String, String> {
    let wrong: Vec<String> = runs
        .iter()
        .filter(|it| is_wrong(it))
        .map(|it| it.describe())
        .collect();
    if wrong.is_empty() {
        Ok(format!("| {words} | none |"))
    } else {
        Err(format!("{words}: {}\n{}", wrong.len(), wrong.join("\n\n")))
    }
}

#[expect(
    clippy::print_stdout,
    reason = "how many were judged at all depends on the machine: not part of the table"
)]
fn print_counts(model: &str, runs: &[&Judged]) {
    let count = |of: &dyn Fn(&Judged) -> bool| runs.iter().filter(|it| of(it)).count();
    let longest = runs.iter().map(|it| (it.took, it.number)).max();
    println!(
        "{model}: {} mixtures: {} passed, {} failed, {} inconclusive, {} could not be measured; \
         {} were measured at main's size; the longest took {longest:?}",
        runs.len(),
        count(&|it| it.headline_has("passed")),
        count(&|it| it.outcome.code == Some(1)),
        count(&|it| it.headline_has("inconclusive")),
        count(&|it| it.headline_has("could not be measured")),
        count(&|it| it.at_mains_size),
    );
}

pub(super) fn table() -> Vec<Result<String, String>> {
    let mixtures = std::env::var("SAGEGATE_MIXTURES").map_or(MIXTURES, |it| it.parse().unwrap());
    let slow = mixtures / SLOW_ONE_IN;
    let baseline = baseline();
    let judged = side_by_side(mixtures + slow, SIDE_BY_SIDE, |index| {
        if index < mixtures {
            Judged::of(index, "m-steady", &baseline)
        } else {
            Judged::of((index - mixtures) * SLOW_ONE_IN, "m-slow", &baseline)
        }
    });
    let (same, slow) = judged.split_at(mixtures);
    let (all, same): (Vec<&Judged>, Vec<&Judged>) =
        (judged.iter().collect(), same.iter().collect());
    let slow: Vec<&Judged> = slow.iter().collect();
    print_counts("the same model", &same);
    print_counts("a model three times slower", &slow);
    let is_known = |it: &Judged| matches!(it.outcome.code, Some(0 | 1 | 3));
    assert!(
        same.iter().filter(|it| it.at_mains_size).count() > mixtures / 3,
        "most mixtures leave nothing to judge: they do not mean anything"
    );
    vec![
        row("the same model: exit code 1", &same, |it| {
            it.outcome.code == Some(1)
        }),
        row(
            "the same model: a comment that says that it got worse or better",
            &same,
            Judged::is_about_the_model,
        ),
        row(
            "three times slower and measured at main's size: another exit code than 1",
            &slow,
            |it| it.at_mains_size && it.outcome.code != Some(1),
        ),
        row(
            "three times slower and not measured at main's size: passed",
            &slow,
            |it| !it.at_mains_size && it.headline_has("passed"),
        ),
        row("either: an exit code that is not 0, 1 or 3", &all, |it| {
            !is_known(it)
        }),
        row("either: something is left in the account", &all, |it| {
            !it.left.is_empty()
        }),
    ]
}
