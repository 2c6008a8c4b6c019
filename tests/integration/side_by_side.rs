//! A run beside a reference: two models measured in turn, from the command line to the wire.

use sagegate::result::{Cause, EndpointOutcome, EndpointRun, Invocation, Reference};

use crate::support::{Simulator, Workspace, run_args};

const AGAINST: [&str; 2] = ["--against-model-name", "m-steady"];

fn reference(workspace: &Workspace) -> Reference {
    workspace.result().reference.unwrap()
}

/// Every call of the two, in the order they began: which of the two made it, and the call.
fn merged<'a>(a: &'a EndpointRun, b: &'a EndpointRun) -> Vec<(char, &'a Invocation)> {
    let calls = |name, run: &'a EndpointRun| {
        let all = run.warmup.iter().chain(&run.invocations);
        all.map(move |call| (name, call))
    };
    let mut all: Vec<_> = calls('A', a).chain(calls('B', b)).collect();
    all.sort_by(|(_, one), (_, other)| one.start_ms.total_cmp(&other.start_ms));
    all
}

/// A B, B A, …, and never two at once.
fn assert_in_turn(a: &EndpointRun, b: &EndpointRun) {
    let calls = merged(a, b);
    for (number, pair) in calls.chunks(2).enumerate() {
        let names: String = pair.iter().map(|(name, _)| *name).collect();
        let expected = if number.is_multiple_of(2) { "AB" } else { "BA" };
        assert_eq!(names, expected, "pair {number}");
        let samples: Vec<u32> = pair.iter().map(|(_, call)| call.sample).collect();
        assert_eq!(samples[0], samples[1], "pair {number}");
    }
    for pair in calls.windows(2) {
        let (before, after) = (pair[0].1, pair[1].1);
        let ended = before.start_ms + before.latency_ms;
        assert!(after.start_ms >= ended - 0.01, "{ended} {}", after.start_ms);
    }
}

#[test]
fn two_models_are_called_in_turn_with_the_same_samples() {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator);
    let arguments = [&AGAINST[..], &["--rounds", "2"]].concat();
    workspace
        .sagegate(&run_args("m-steady", &arguments))
        .expect(0);
    simulator.assert_nothing_is_left();
    assert_eq!(simulator.count("CreateEndpoint"), 2 * 2 * 2);
    let result = workspace.result();
    let reference = result.reference.as_ref().unwrap();
    assert_eq!(
        (reference.model.as_str(), reference.rounds),
        ("m-steady", 2)
    );
    assert_eq!(result.stability.len(), 4);
    let rounds: Vec<(u32, u32)> = result
        .stability
        .iter()
        .map(|it| (it.round, it.memory_mb.get()))
        .collect();
    assert_eq!(rounds, [(1, 1024), (1, 2048), (2, 1024), (2, 2048)]);
    for (a, b) in result.stability.iter().zip(&reference.stability) {
        assert_eq!((a.round, a.memory_mb), (b.round, b.memory_mb));
        assert_eq!(a.outcome, EndpointOutcome::Measured);
        assert_eq!(a.invocations.len(), b.invocations.len());
        assert!(a.metrics.is_some() && b.metrics.is_some());
        assert_in_turn(a, b);
    }
    let last_of_first = result.stability[0].invocations.last().unwrap().start_ms;
    assert!(result.stability[2].warmup[0].start_ms > last_of_first);
    let ledger = workspace.read("sagegate-results/ledger.json");
    for run in &reference.stability {
        assert!(ledger.contains(&run.endpoint_name), "{ledger}");
    }
}

#[test]
fn a_reference_of_an_image_is_created_and_deleted_beside_the_model() {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator);
    workspace
        .sagegate(&[
            "run",
            "--image-uri=123456789012.dkr.ecr.us-east-1.amazonaws.com/churn:new",
            "--against-image-uri=123456789012.dkr.ecr.us-east-1.amazonaws.com/churn:main",
            "--model-data-url=s3://models/new.tar.gz",
            "--execution-role-arn=arn:aws:iam::123456789012:role/churn",
            "--container-env=THREADS=2",
            "--name=churn",
            "--samples=samples.jsonl",
            "--memory-sizes=1024",
            "--invocations=10",
            "--warmup=2",
        ])
        .expect(0);
    simulator.assert_nothing_is_left();
    assert_eq!(simulator.count("CreateModel"), 2);
    assert_eq!(simulator.count("DeleteModel"), 2);
    let result = workspace.result();
    let reference = reference(&workspace);
    assert_eq!(reference.model_name, format!("{}-ref", result.model_name));
    assert!(reference.model.ends_with("/churn:main"));
    let names: Vec<&str> = reference
        .stability
        .iter()
        .map(|it| it.endpoint_name.as_str())
        .collect();
    assert_eq!(names, [format!("{}-m1024", reference.model_name)]);
}

#[test]
fn pairs_count_together_under_a_quota_and_none_waits_for_ever() {
    let simulator = Simulator::quick_with("[quotas]\ntotal_concurrency = 3");
    let workspace = Workspace::new(&simulator);
    let sizes = ["--memory-sizes", "1024,2048,3072,4096"];
    let arguments = [&AGAINST[..], &sizes].concat();
    workspace.sagegate(&run_args("m", &arguments)).expect(0);
    simulator.assert_nothing_is_left();
    for run in workspace
        .result()
        .stability
        .iter()
        .chain(&reference(&workspace).stability)
    {
        assert_eq!(
            run.outcome,
            EndpointOutcome::Measured,
            "{}",
            run.endpoint_name
        );
    }

    let simulator = Simulator::quick_with("[quotas]\ntotal_concurrency = 1");
    let workspace = Workspace::new(&simulator);
    workspace.sagegate(&run_args("m", &AGAINST)).expect(0);
    simulator.assert_nothing_is_left();
    for run in &reference(&workspace).stability {
        assert!(run.outcome.is_skipped(), "{:?}", run.outcome);
    }
    for run in &workspace.result().stability {
        assert_eq!(run.outcome, EndpointOutcome::Measured);
    }
}

#[test]
fn a_reference_that_does_not_deploy_leaves_the_model_alone_with_its_calls() {
    let simulator = Simulator::quick_with(
        "[[operation_faults]]\noperation = \"CreateEndpoint\"\nkind = \"access_denied\"\nfrom = 1\n\
         resource = \"-ref-m\"",
    );
    let workspace = Workspace::new(&simulator);
    workspace.sagegate(&run_args("m", &AGAINST)).expect(0);
    simulator.assert_nothing_is_left();
    for run in &workspace.result().stability {
        assert_eq!(run.outcome, EndpointOutcome::Measured);
    }
    for run in &reference(&workspace).stability {
        let EndpointOutcome::DeployFailed { cause, .. } = &run.outcome else {
            panic!("{:?}", run.outcome);
        };
        assert_ne!(*cause, Cause::Model);
        assert!(run.invocations.is_empty());
    }
}

#[test]
fn a_killed_run_goes_on_in_turn_with_every_call_once() {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator);
    let flags = [&AGAINST[..], &["--rounds", "2", "--invocations", "200"]].concat();
    let mut child = workspace.spawn(&run_args("m-steady", &flags));
    while simulator.count("InvokeEndpoint") < 300 {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let resumed = [&flags[..], &["--resume", "sagegate-results"]].concat();
    let other = [&resumed[..], &["--rounds", "3"]].concat();
    let other: Vec<&str> = other
        .iter()
        .enumerate()
        .filter(|(index, _)| !(2..4).contains(index))
        .map(|(_, it)| *it)
        .collect();
    let refused = workspace.sagegate(&run_args("m-steady", &other)).expect(2);
    assert!(
        refused
            .stderr
            .contains("had the reference m-steady in 2 rounds, now it is m-steady in 3 rounds"),
        "{}",
        refused.stderr
    );
    workspace
        .sagegate(&run_args("m-steady", &resumed))
        .expect(0);
    simulator.assert_nothing_is_left();
    let result = workspace.result();
    let reference = reference(&workspace);
    for run in result.stability.iter().chain(&reference.stability) {
        assert_eq!(run.outcome, EndpointOutcome::Measured);
        assert_eq!(run.invocations.len(), 200);
    }
    // The rounds that came after the kill alternate throughout.
    for (a, b) in result.stability.iter().zip(&reference.stability).skip(2) {
        assert_in_turn(a, b);
    }
}

#[test]
fn a_reference_is_put_under_load_after_the_model_where_that_is_wanted() {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator);
    let load = [
        "--concurrency-benchmark",
        "--max-concurrency",
        "2",
        "--concurrency-invocations",
        "20",
        "--client-multipliers",
        "1",
    ];
    let arguments = [&AGAINST[..], &load, &["--against-load"]].concat();
    workspace
        .sagegate(&run_args("m-steady", &arguments))
        .expect(0);
    simulator.assert_nothing_is_left();
    let result = workspace.result();
    let reference = reference(&workspace);
    let calls = |runs: &[sagegate::result::LoadRun]| {
        assert_eq!(runs.len(), 1);
        assert_eq!(runs[0].outcome, EndpointOutcome::Measured);
        runs[0].rounds[0].invocations.clone()
    };
    let (own, of_reference) = (calls(&result.concurrency), calls(&reference.concurrency));
    assert_eq!((own.len(), of_reference.len()), (20, 20));
    let last = own.iter().map(|it| it.start_ms).fold(0.0, f64::max);
    assert!(of_reference.iter().all(|it| it.start_ms > last));
    assert!(reference.concurrency[0].endpoint_name.contains("-ref-c2"));
}

#[test]
fn flags_that_mean_nothing_are_refused_before_anything_is_created() {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator);
    for (flags, words) in [
        (
            &["--rounds", "3"][..],
            "--rounds is for a run beside another model, and there is none",
        ),
        (
            &["--against-load"],
            "--against-load is for a run beside another model",
        ),
        (
            &["--against-model-name", "m", "--rounds", "21"],
            "21 is not in 1..=20",
        ),
        (
            &["--against-model-name", "gone"],
            "there is no SageMaker model `gone` in us-east-1",
        ),
        (
            &["--against-model-name", "m", "--against-image-uri", "x"],
            "cannot be used with",
        ),
        (
            &["--against-model-name", "m", "--against-load"],
            "--against-load: there is no concurrency benchmark",
        ),
        (
            &["--against-model-data-url", "s3://b/k"],
            "--against-model-data-url: there is no image to run it in",
        ),
        (
            &["--against-image-uri", "x"],
            "--against-image-uri: a model on AWS needs --execution-role-arn",
        ),
        (
            &["--container-env", "A=b"],
            "--container-env is for a model that is created for the run",
        ),
    ] {
        let outcome = workspace.sagegate(&run_args("m", flags)).expect(2);
        assert!(
            outcome.stderr.contains(words),
            "{words}: {}",
            outcome.stderr
        );
    }
    assert_eq!(simulator.count("CreateEndpointConfig"), 0);
}

/// `new` is slower than `main` by its factor, `new` and `main` by nothing where it is 1.
fn two_models(factor: f64, latency: &str) -> String {
    let models = format!(
        "[[models]]\nname = \"main\"\nlatency_factor = 3.5\n\n[[models]]\nname = \"new\"\nlatency_factor = {}\n\n[latency]",
        3.5 * factor
    );
    let profile = crate::support::QUICK.replace("[latency]", &models);
    profile.replace(
        "overhead_ms = 1.0",
        &format!("overhead_ms = 1.0\n{latency}"),
    )
}

/// Gates `new` beside `main` without a baseline.
fn beside_main(factor: f64, latency: &str, extra: &[&str]) -> (Workspace, crate::support::Outcome) {
    let simulator = Simulator::start(&two_models(factor, latency));
    let workspace = Workspace::new(&simulator);
    let against = ["--against-model-name", "main", "--memory-sizes", "1024"];
    let arguments = [&against[..], extra].concat();
    let outcome = workspace.sagegate(&run_args("new", &arguments));
    simulator.assert_nothing_is_left();
    (workspace, outcome)
}

/// p90 and the mean may rise by so much on a busy machine.
const WIDE: [&str; 4] = ["--max-p99-increase", "12%", "--max-cost-increase", "12%"];

#[test]
fn without_a_baseline_identical_models_pass_and_a_slower_one_fails() {
    let rounds = ["--rounds", "2"];
    let (workspace, same) = beside_main(1.0, "", &[&rounds[..], &WIDE].concat());
    let same = same.expect(0);
    let comment = crate::support::spaced(&workspace.read("sagegate-results/comment.md"));
    assert!(!comment.contains('❌'), "{comment}");
    assert!(!same.stdout.contains("no baseline"), "{}", same.stdout);
    assert!(
        comment.contains("measured in turn in this job"),
        "{comment}"
    );

    let (workspace, slower) = beside_main(1.35, "", &[&rounds[..], &WIDE].concat());
    let slower = slower.expect(1);
    assert!(slower.stdout.contains('❌'), "{}", slower.stdout);
    let comment = workspace.read("sagegate-results/comment.md");
    assert!(comment.contains('❌'), "{comment}");
    // A second measurement has its own reference.
    let confirmation = workspace.result().confirmation.unwrap();
    assert_eq!(confirmation.stability.len(), confirmation.reference.len());
    assert!(!confirmation.reference.is_empty());

    // The same verdict from the file alone.
    let offline = [
        "compare",
        "--result",
        "sagegate-results/result.json",
        "--output-dir",
        "off",
    ];
    workspace
        .sagegate(&[&offline[..], &WIDE].concat())
        .expect(1);
}

#[test]
fn what_slows_both_down_half_way_changes_nothing() {
    let drift = "later_factor = 1.5\nlater_calls = 55";
    let (workspace, outcome) = beside_main(1.0, drift, &[&["--rounds", "2"][..], &WIDE].concat());
    let outcome = outcome.expect(0);
    assert!(!outcome.stdout.contains('❌'), "{}", outcome.stdout);
    let result = workspace.result();
    let run = &result.stability[0];
    let (first, last) = (&run.invocations[0], &run.invocations[99]);
    assert!(last.latency_ms > 1.2 * first.latency_ms, "it did slow down");
    assert!(result.confirmation.is_none());
}

#[test]
fn a_model_beside_itself_says_what_would_be_caught() {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator);
    let measured = |flags: &[&str]| {
        let model = [
            "calibrate",
            "--model-name",
            "m",
            "--samples",
            "samples.jsonl",
        ];
        let short = [
            "--memory-sizes",
            "2048",
            "--invocations",
            "100",
            "--runs",
            "2",
        ];
        workspace.sagegate(&[&model[..], &short, flags].concat())
    };
    let outcome = measured(&["--against-self", "--rounds", "2"]).expect(0);
    simulator.assert_nothing_is_left();
    assert_eq!(simulator.count("CreateEndpoint"), 2 * 2 * 2);
    for words in ["4 pairs of endpoints", "in 2 runs", "Caught 9 times of 10"] {
        assert!(
            outcome.stdout.contains(words),
            "{words}: {}",
            outcome.stdout
        );
    }
    let other = measured(&["--against-model-name", "m-slow"]).expect(2);
    assert!(
        other.stderr.contains("a calibration measures one model"),
        "{}",
        other.stderr
    );
    assert_eq!(simulator.count("CreateEndpoint"), 2 * 2 * 2);
}
