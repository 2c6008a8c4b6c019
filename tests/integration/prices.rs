//! Prices: of every region, from AWS's list on the wire, and what a change of them does to the
//! gate.

use std::process::Child;
use std::time::{Duration, Instant};

use crate::support::proxy::Proxy;
use crate::support::{Outcome, Simulator, Workspace, run_args};

/// A workspace whose price list is the simulator's, too.
fn workspace(simulator: &Simulator) -> Workspace {
    Workspace::new(simulator).with("SAGEGATE_PRICE_LIST_URL", &simulator.url())
}

fn short(extra: &[&'static str]) -> Vec<&'static str> {
    let few = ["--memory-sizes", "2048", "--invocations", "10"];
    few.into_iter().chain(extra.iter().copied()).collect()
}

fn downloads(simulator: &Simulator) -> [u64; 2] {
    ["GetPriceListIndex", "GetPriceListFile"].map(|operation| simulator.count(operation))
}

#[test]
fn a_region_that_is_built_in_needs_no_file_and_no_download() {
    let simulator = Simulator::quick();
    let workspace = workspace(&simulator).with("AWS_REGION", "eu-central-1");
    workspace.run(&short(&[])).expect(0);
    let comment = workspace.read("sagegate-results/comment.md");
    let assumed = "data at $0.016 per GB (assumed, as in us-east-1 and eu-west-1)";
    assert!(
        comment.contains(&format!(
            "SageMaker in eu-central-1, list of 2026-09-22, built in; {assumed}"
        )),
        "{comment}"
    );
    assert!(!comment.contains("provisioned worker"), "{comment}");
    assert_eq!(downloads(&simulator), [0, 0]);
    let result = workspace.read("sagegate-results/result.json");
    let result: serde_json::Value = serde_json::from_str(&result).unwrap();
    assert_eq!(result["prices"]["region"], "eu-central-1");
    assert_eq!(result["prices"]["published"], "2026-09-22");
    assert_eq!(result["prices"]["source"], "bundled");
    // What the run was priced with is what a saved result is priced with.
    let changed =
        workspace
            .read("sagegate-results/result.json")
            .replacen("2026-09-22", "2026-09-23", 1);
    workspace.write("sagegate-results/result.json", &changed);
    workspace
        .sagegate(&[
            "report",
            "--result",
            "sagegate-results/result.json",
            "--output-dir",
            "sagegate-results",
        ])
        .expect(0);
    let comment = workspace.read("sagegate-results/comment.md");
    assert!(comment.contains("list of 2026-09-23"), "{comment}");
}

#[test]
fn a_region_that_is_not_built_in_is_priced_by_aws_once_a_day() {
    let simulator = Simulator::quick();
    let workspace = workspace(&simulator).with("AWS_REGION", "xx-new-1");
    let outcome = workspace.run(&short(&["--expected-rate", "5/s"])).expect(0);
    let note = "prices of xx-new-1: AWS's list of 2026-10-20, kept in sagegate-results/prices.json";
    assert!(outcome.stderr.contains(note), "{}", outcome.stderr);
    let comment = workspace.read("sagegate-results/comment.md");
    let prices = "SageMaker in xx-new-1, list of 2026-10-20, downloaded from AWS";
    assert!(comment.contains(prices), "{comment}");
    assert!(comment.contains("1 provisioned worker"), "{comment}");
    assert_eq!(downloads(&simulator), [1, 1]);
    let again = workspace.run(&short(&[])).expect(0);
    assert!(!again.stderr.contains("prices of"), "{}", again.stderr);
    assert_eq!(downloads(&simulator), [1, 1]);
    workspace.write("sagegate-results/prices.json", "{");
    workspace.run(&short(&[])).expect(0);
    assert_eq!(
        downloads(&simulator),
        [2, 2],
        "a damaged file counts as none"
    );
    // A saved result brings its prices along.
    workspace
        .sagegate(&[
            "report",
            "--result",
            "sagegate-results/result.json",
            "--output-dir",
            "sagegate-results",
        ])
        .expect(0);
    assert_eq!(downloads(&simulator), [2, 2]);
}

#[test]
fn the_latest_prices_are_asked_for_each_time() {
    let list = "[price_list]\nserverless_usd_per_gb_second = 0.00004\n";
    let simulator = Simulator::quick_with(list);
    let workspace = workspace(&simulator);
    for times in 1..=2 {
        workspace.run(&short(&["--prices", "latest"])).expect(0);
        assert_eq!(downloads(&simulator), [times, times]);
    }
    let comment = workspace.read("sagegate-results/comment.md");
    assert!(comment.contains("$0.00004 per GB-second"), "{comment}");
}

#[test]
fn a_price_file_is_downloaded_and_taken() {
    let simulator = Simulator::quick();
    let workspace = workspace(&simulator).without("AWS_ACCESS_KEY_ID");
    let args = ["prices", "--region", "eu-central-1", "--out", "p.json"];
    let outcome = workspace.sagegate(&args).expect(0);
    assert_eq!(outcome.stdout, "prices in p.json\n");
    let printed = workspace.sagegate(&["prices", "--region", "eu-central-1"]);
    assert_eq!(printed.expect(0).stdout, workspace.read("p.json"));
    let file: serde_json::Value = serde_json::from_str(&workspace.read("p.json")).unwrap();
    assert_eq!(file["published"], "2026-10-20");
    let prices = &file["regions"]["eu-central-1"];
    assert_eq!(prices["serverless_usd_per_gb_second"], 0.00002);
    assert_eq!(
        prices["provisioned_duration_usd_per_gb_second"],
        0.000_011_65
    );
    assert_eq!(prices["data_out_usd_per_gb"], 0.016);
    assert_eq!(prices["instances_usd_per_hour"]["ml.c5.large"], 0.102);
    let neither = workspace.sagegate(&["prices"]).expect(2);
    assert!(neither.stderr.contains("--region"), "{}", neither.stderr);
}

#[test]
fn the_price_list_comes_through_a_proxy() {
    let simulator = Simulator::quick();
    let proxy = Proxy::start(&[("prices.example", &simulator.url())]);
    let workspace = Workspace::without_aws()
        .with("HTTP_PROXY", &proxy.url())
        .with("SAGEGATE_PRICE_LIST_URL", "http://prices.example");
    let printed = workspace.sagegate(&["prices", "--region", "us-east-1"]);
    assert!(printed.expect(0).stdout.contains("\"2026-10-20\""));
    assert_eq!(downloads(&simulator), [1, 1]);
}

/// One line that says what happened, exit code 2, nothing created.
#[track_caller]
fn refused(simulator: &Simulator, outcome: Outcome) -> String {
    let outcome = outcome.expect(2);
    assert_eq!(outcome.stdout, "");
    assert_eq!(outcome.stderr.lines().count(), 1, "{}", outcome.stderr);
    assert_eq!(simulator.count("CreateEndpointConfig"), 0);
    assert_eq!(simulator.count("CreateModel"), 0);
    outcome.stderr.trim().to_owned()
}

#[test]
fn a_region_without_serverless_is_refused_with_the_nearest_that_has_it() {
    let simulator = Simulator::quick();
    let workspace = workspace(&simulator);
    assert_eq!(
        refused(&simulator, workspace.run(&["--region", "ca-west-1"])),
        "error: AWS offers no serverless endpoints in region `ca-west-1`; the nearest region that has them is \
         us-west-2: pass --region us-west-2"
    );
    assert_eq!(
        refused(&simulator, workspace.run(&["--region", "eu-centrall-1"])),
        "error: AWS's price list has no region `eu-centrall-1`; the nearest region that has them is eu-central-1: pass \
         --region eu-central-1"
    );
    let args = ["prices", "--region", "ca-west-1", "--out", "p.json"];
    refused(&simulator, workspace.sagegate(&args));
    assert!(!workspace.exists("p.json"));
}

#[test]
fn whatever_is_wrong_with_the_download_is_one_line_before_anything_is_created() {
    let fault = |operation: &str, kind: &str| {
        format!("[[operation_faults]]\noperation = \"{operation}\"\nkind = \"{kind}\"\nevery = 1\n")
    };
    for (profile, words) in [
        (fault("GetPriceListIndex", "access_denied"), "HTTP status 4"),
        (
            fault("GetPriceListFile", "internal_error"),
            "HTTP status 500",
        ),
        (
            fault("GetPriceListIndex", "malformed_answer"),
            "expected value",
        ),
        (
            fault("GetPriceListFile", "malformed_answer"),
            "expected value",
        ),
        (
            fault("GetPriceListFile", "empty_answer"),
            "EOF while parsing",
        ),
        (fault("GetPriceListFile", "lost_answer"), "price list `http"),
        (
            "[price_list]\nfirst_bytes = 1500\n".to_owned(),
            "EOF while parsing",
        ),
        (
            "[price_list]\npadding_mb = 4000\n".to_owned(),
            "larger than 16 MiB",
        ),
        (
            "[price_list]\nserverless_usd_per_gb_second = 0.0\n".to_owned(),
            "nothing found for group ServerlessInf",
        ),
    ] {
        let simulator = Simulator::quick_with(&profile);
        let workspace = workspace(&simulator);
        let error = refused(&simulator, workspace.run(&["--prices", "latest"]));
        assert!(error.contains(words), "{profile}: {error}");
        assert!(error.contains("--prices FILE"), "{profile}: {error}");
        assert!(!workspace.exists("sagegate-results/prices.json"));
    }
}

#[test]
fn an_address_where_nobody_listens_is_named() {
    let simulator = Simulator::quick();
    for url in ["http://127.0.0.1:9", "https://127.0.0.1:9/", "not a url"] {
        let workspace = Workspace::new(&simulator).with("SAGEGATE_PRICE_LIST_URL", url);
        let error = refused(&simulator, workspace.run(&["--region", "xx-new-1"]));
        let base = url.trim_end_matches('/');
        let named = format!("error: price list `{base}/offers/v1.0/aws/AmazonSageMaker/current/");
        assert!(error.starts_with(&named), "{error}");
        assert!(error.contains("SAGEGATE_PRICE_LIST_URL"), "{error}");
    }
}

#[test]
fn a_slow_price_list_is_given_up_after_twenty_seconds() {
    let late = "[[operation_faults]]\noperation = \"GetPriceListFile\"\nkind = \"slow_answer\"\nseconds = 90.0\nevery = 1\n";
    let simulator = Simulator::quick_with(late);
    let workspace = workspace(&simulator);
    let started = Instant::now();
    let error = refused(&simulator, workspace.run(&["--prices", "latest"]));
    assert!(error.contains("no complete answer within 20 s"), "{error}");
    let took = started.elapsed();
    assert!((Duration::from_secs(20)..Duration::from_secs(40)).contains(&took));
}

/// Most memory that a command has at any time, MiB, and whether it succeeded.
fn peak_mib(mut child: Child) -> (u64, bool) {
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    loop {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with("VmHWM:"));
        let kb = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
        peak = peak.max(kb.unwrap_or(0));
        if let Some(status) = child.try_wait().unwrap() {
            return (peak / 1024, status.success());
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn the_largest_price_list_that_is_read_takes_little_memory() {
    let simulator = Simulator::quick_with("[price_list]\npadding_mb = 15\n");
    let workspace = workspace(&simulator);
    let args = ["prices", "--region", "us-east-1", "--out", "p.json"];
    let (peak, succeeded) = peak_mib(workspace.spawn(&args));
    assert!(succeeded);
    assert!(workspace.read("p.json").contains("\"us-east-1\""));
    assert!((1..64).contains(&peak), "{peak} MiB");
}

fn price_file(published: &str, per_gb_second: &str) -> String {
    format!(
        r#"{{"schema":1,"published":"{published}","regions":{{"us-east-1":{{"serverless_usd_per_gb_second":{per_gb_second}}}}}}}"#
    )
}

/// Passes, by limits that a busy machine keeps and a price that doubles does not.
#[track_caller]
fn steady(workspace: &Workspace, extra: &[&str]) {
    let wide = ["--max-p99-increase", "90%", "--max-cost-increase", "60%"];
    let args = [&wide[..], extra].concat();
    workspace.sagegate(&run_args("m-steady", &args)).expect(0);
}

#[test]
fn a_change_of_prices_is_no_regression_of_the_model() {
    let simulator = Simulator::quick();
    let workspace = workspace(&simulator);
    let run = |extra: &[&str]| steady(&workspace, extra);
    workspace.write("cheap.json", &price_file("2026-01-01", "0.00001"));
    run(&["--mode", "record", "--prices", "cheap.json"]);
    let baseline: serde_json::Value = serde_json::from_str(&workspace.read("b.json")).unwrap();
    let recorded = &baseline["models"]["churn"][0]["prices"];
    assert_eq!(recorded["published"], "2026-01-01");
    assert_eq!(recorded["prices"]["serverless_usd_per_gb_second"], 0.00001);
    run(&[]);
    let comment = workspace.read("sagegate-results/comment.md");
    assert!(
        comment.contains("prices have changed since main was recorded, and cost is compared at its list of 2026-01-01"),
        "{comment}"
    );
    assert!(comment.contains("By the list of 2026-09-22"), "{comment}");
    // Recorded at the new prices, the next run has nothing to note.
    run(&["--mode", "record"]);
    run(&[]);
    let comment = workspace.read("sagegate-results/comment.md");
    assert!(!comment.contains("prices have changed"), "{comment}");
}

#[test]
fn a_baseline_without_prices_is_compared_at_those_of_the_run() {
    let simulator = Simulator::quick();
    let workspace = workspace(&simulator);
    steady(&workspace, &["--mode", "record"]);
    let mut baseline: serde_json::Value = serde_json::from_str(&workspace.read("b.json")).unwrap();
    let entry = baseline["models"]["churn"][0].as_object_mut().unwrap();
    assert!(entry.remove("prices").is_some());
    workspace.write("b.json", &baseline.to_string());
    workspace.write("dear.json", &price_file("2026-12-01", "0.00006"));
    steady(&workspace, &["--prices", "dear.json"]);
    let comment = workspace.read("sagegate-results/comment.md");
    assert!(!comment.contains("prices have changed"), "{comment}");
}
