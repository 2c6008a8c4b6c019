//! The inputs of a run: `samples`, `prices` and pickles.

use crate::support::{Simulator, Workspace};

#[test]
fn samples_are_made_of_tables_arrays_and_files_and_sent() {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator);
    workspace.write("rows.csv", "age,income\n34,2\n51,9\n");
    workspace.write("array.json", "[{\"x\": 1}, [2, 3]]");
    workspace.write("images/cat.jpg", "not really a picture");
    let made = workspace
        .sagegate(&[
            "samples",
            "rows.csv",
            "array.json",
            "images",
            "--header",
            "drop",
            "--out",
            "made.jsonl",
        ])
        .expect(0);
    assert_eq!(made.stdout, "5 samples in made.jsonl\n");
    let lines = workspace.read("made.jsonl");
    assert!(
        lines.starts_with("{\"Body\":\"34,2\",\"ContentType\":\"text/csv\"}\n"),
        "{lines}"
    );
    let flags = [
        "--samples",
        "made.jsonl",
        "--invocations",
        "10",
        "--memory-sizes",
        "2048",
    ];
    workspace.run(&flags).expect(0);
    let result = workspace.result();
    assert_eq!(result.samples.count, 5);
    let bytes: Vec<u64> = result.stability[0]
        .invocations
        .iter()
        .take(5)
        .map(|call| call.request_bytes)
        .collect();
    assert_eq!(bytes, [4, 4, 8, 6, 20]);
}

#[test]
fn a_samples_file_is_never_made_of_itself() {
    let workspace = Workspace::without_aws();
    workspace.write("rows.csv", "1,2\n");
    let outcome = workspace
        .sagegate(&["samples", "rows.csv", "--out", "rows.csv"])
        .expect(2);
    assert!(
        outcome
            .stderr
            .contains("--out: `rows.csv` is one of the files to read; choose another name"),
        "{}",
        outcome.stderr
    );
    assert_eq!(workspace.read("rows.csv"), "1,2\n");
}

/// `pickle.dumps([{"Body": b"\x00\xff\x10", "ContentType": "application/x-image"}, {"Body":
/// "1,2"}], protocol=4)`
const PICKLE: &[u8] = b"\x80\x04\x95E\x00\x00\x00\x00\x00\x00\x00]\x94(}\x94(\x8c\x04Body\x94C\x03\x00\xff\x10\x94\x8c\x0bContentType\x94\x8c\x13application/x-image\x94u}\x94h\x02\x8c\x031,2\x94se.";

#[test]
fn the_toolkits_pickle_is_sent_byte_for_byte() {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator);
    std::fs::write(workspace.path("samples.pkl"), PICKLE).unwrap();
    let flags = [
        "--samples",
        "samples.pkl",
        "--invocations",
        "10",
        "--memory-sizes",
        "2048",
    ];
    workspace.run(&flags).expect(0);
    let result = workspace.result();
    assert_eq!(result.samples.count, 2);
    assert_eq!(result.stability[0].invocations[0].request_bytes, 3);
}

#[test]
fn a_pickle_that_would_run_something_is_refused_before_anything_is_created() {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator);
    workspace.write("samples.pkl", "cos\nsystem\n(S'echo hacked'\ntR.");
    let outcome = workspace.run(&["--samples", "samples.pkl"]).expect(2);
    assert!(
        outcome.stderr.contains("samples.pkl") && outcome.stderr.contains("system"),
        "{}",
        outcome.stderr
    );
    assert_eq!(simulator.count("CreateEndpointConfig"), 0);
}

#[test]
fn prices_of_an_offer_file_price_a_run_in_its_region() {
    let simulator = Simulator::quick();
    let workspace =
        Workspace::new(&simulator).with("SAGEGATE_PRICE_LIST_URL", "http://127.0.0.1:9");
    let offer = include_str!("../fixtures/offer-us-east-1.json").replace("us-east-1", "xx-new-1");
    workspace.write("offer.json", &offer);
    let flags = [
        "--region",
        "xx-new-1",
        "--invocations",
        "10",
        "--memory-sizes",
        "2048",
    ];
    let refused = workspace.run(&flags).expect(2);
    assert!(
        refused.stderr.contains("--prices FILE"),
        "{}",
        refused.stderr
    );
    workspace
        .sagegate(&["prices", "--from", "offer.json", "--out", "prices.json"])
        .expect(0);
    let priced: Vec<&str> = flags
        .into_iter()
        .chain(["--prices", "prices.json", "--expected-rate", "5/s"])
        .collect();
    workspace.run(&priced).expect(0);
    let comment = workspace.read("sagegate-results/comment.md");
    assert!(
        comment.contains("SageMaker in xx-new-1, list of 2026-09-22, from a file"),
        "{comment}"
    );
    assert!(
        comment.contains("At 5.00 invocations per second (13 million a month)"),
        "{comment}"
    );
    assert!(comment.contains("1 provisioned worker"), "{comment}");
}

#[test]
fn an_offer_file_that_is_none_is_refused() {
    let workspace = Workspace::without_aws();
    workspace.write("offer.json", "{}");
    let outcome = workspace
        .sagegate(&["prices", "--from", "offer.json"])
        .expect(2);
    assert!(outcome.stderr.contains("offer.json"), "{}", outcome.stderr);
    let outcome = workspace
        .sagegate(&["prices", "--from", "none.json"])
        .expect(2);
    assert!(
        outcome.stderr.contains("--from: cannot read `none.json`"),
        "{}",
        outcome.stderr
    );
}
