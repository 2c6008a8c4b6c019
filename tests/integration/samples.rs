//! What people have in place of samples: tables, folders, payloads, pointers. Each is turned into
//! samples as meant, or refused with the suggested fix before anything is created.

use std::path::Path;

use crate::support::{Simulator, Workspace, run_args};

/// A file of `tests/fixtures/field`, as it is.
fn fixture(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/field");
    std::fs::read(folder.join(name)).unwrap()
}

fn write(workspace: &Workspace, name: &str, bytes: &[u8]) {
    workspace.write(name, "");
    std::fs::write(workspace.path(name), bytes).unwrap();
}

/// The lines that `sagegate samples FILE` with these flags makes, and what it says about them.
#[track_caller]
fn made(name: &str, flags: &[&str]) -> (String, String) {
    let workspace = Workspace::without_aws();
    write(&workspace, name, &fixture(name));
    let words = [&["samples", name, "--out", "made.jsonl"], flags].concat();
    let outcome = workspace.sagegate(&words).expect(0);
    (workspace.read("made.jsonl"), outcome.stderr)
}

/// The one line with which a run refuses `name` as samples; nothing was asked of AWS.
#[track_caller]
fn refused(name: &str, bytes: &[u8]) -> String {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator);
    write(&workspace, name, bytes);
    let samples = name.split('/').next().unwrap();
    let outcome = workspace.run(&["--samples", samples]).expect(2);
    assert_eq!(outcome.stderr.lines().count(), 1, "{}", outcome.stderr);
    assert_eq!(simulator.state()["requests"], serde_json::json!({}));
    outcome.stderr
}

#[track_caller]
fn assert_says(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "lacks `{word}`:\n{text}");
    }
}

#[test]
fn a_header_is_repeated_dropped_or_detected() {
    let (lines, said) = made("rows-with-header.csv", &[]);
    assert_eq!(
        lines,
        "{\"Body\":\"inputs\\nI like you\",\"ContentType\":\"text/csv\"}\n\
         {\"Body\":\"inputs\\nI love you\",\"ContentType\":\"text/csv\"}\n"
    );
    assert_says(
        &said,
        &[
            "rows-with-header.csv",
            "repeated in every body",
            "--header drop",
        ],
    );
    let (lines, said) = made("rows-with-header.csv", &["--header", "drop", "--rows", "2"]);
    assert_eq!(
        lines,
        "{\"Body\":\"I like you\\nI love you\",\"ContentType\":\"text/csv\"}\n"
    );
    assert_eq!(said, "");
    let (lines, _) = made(
        "rows-with-header.csv",
        &["--header", "none", "--limit", "1"],
    );
    assert_eq!(
        lines,
        "{\"Body\":\"inputs\",\"ContentType\":\"text/csv\"}\n"
    );
}

#[test]
fn a_label_column_is_dropped_by_name_or_number() {
    let workspace = Workspace::without_aws();
    workspace.write("rows.csv", "churned,age,income\n0,34,2\n1,51,9\n");
    for column in ["churned", "1"] {
        workspace
            .sagegate(&[
                "samples",
                "rows.csv",
                "--drop-column",
                column,
                "--out",
                "s.jsonl",
            ])
            .expect(0);
        assert_says(&workspace.read("s.jsonl"), &["\"34,2\"", "\"51,9\""]);
    }
    let outcome = workspace
        .sagegate(&[
            "samples",
            "rows.csv",
            "--drop-column",
            "label",
            "--out",
            "s.jsonl",
        ])
        .expect(2);
    assert_says(
        &outcome.stderr,
        &["--drop-column label", "row 1 names churned, age, income"],
    );
}

#[test]
fn a_matrix_is_split_or_whole_and_says_which() {
    let (lines, said) = made("matrix.json", &[]);
    assert_says(&lines, &["\"Body\":\"[5.1,3.5,1.4,0.2]\""]);
    assert_says(
        &said,
        &["an array of 1 element, each is a sample", "--whole"],
    );
    let (lines, _) = made("matrix.json", &["--whole"]);
    assert_says(&lines, &["\"Body\":\"[[5.1,3.5,1.4,0.2]]\\n\""]);
}

#[test]
fn a_container_that_does_not_take_the_type_is_told_what_was_sent() {
    let simulator = Simulator::quick_with("[model]\ncontent_types = [\"audio/wav\"]\n");
    let workspace = Workspace::new(&simulator);
    workspace.write("sounds/hello.wav", "RIFF");
    let outcome = workspace.run(&["--samples", "sounds"]).expect(3);
    assert_says(
        &outcome.stdout,
        &[
            "sample 1 (hello.wav): Unsupported content type: audio/wave; sent was audio/wave, --content-type",
        ],
    );
    let typed = ["--samples", "sounds", "--content-type", "audio/wav"];
    workspace.run(&typed).expect(0);
}

#[test]
fn a_failing_sample_is_named_by_number_and_line_with_the_containers_words_first() {
    let simulator = Simulator::quick_with("[model]\ncontent_types = [\"text/csv\"]\n");
    let workspace = Workspace::new(&simulator);
    workspace.write(
        "samples.jsonl",
        "{\"Body\":\"1\",\"ContentType\":\"text/csv\"}\n\n{\"Body\":\"[1]\",\"ContentType\":\"application/json\"}\n",
    );
    let outcome = workspace.run(&["--error-threshold", "1"]).expect(3);
    let words = "1 error, the last: sample 2 (line 3): Unsupported content type: application/json; sent was \
                 application/json, --content-type or the sample's ContentType names another; ModelError: Received client \
                 error (415) from";
    assert_says(&outcome.stderr, &[words]);
    assert_says(
        &outcome.stdout,
        &["sample 2 (line 3): Unsupported content type"],
    );
}

#[test]
fn without_a_content_type_none_is_sent() {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator);
    workspace.write(
        "samples.jsonl",
        "{\"Body\":\"1,2\",\"InferenceId\":\"untyped\"}\n\
         {\"Body\":\"1,2\",\"ContentType\":\"text/csv\",\"InferenceId\":\"typed\"}\n",
    );
    let outcome = workspace
        .run(&["--memory-sizes", "2048", "--invocations", "10"])
        .expect(0);
    assert_says(
        &outcome.stderr,
        &["1 of 2 samples name no ContentType; none is sent with them, as boto3 sends none"],
    );
    let invocations = simulator.invocations();
    let types = |id: &str| {
        let of_id = invocations.iter().filter(|it| it["inference_id"] == id);
        let types: std::collections::BTreeSet<String> =
            of_id.map(|it| it["content_type"].to_string()).collect();
        types.into_iter().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(types("untyped"), "null");
    assert_eq!(types("typed"), "\"text/csv\"");
}

#[test]
fn pointers_of_git_lfs_and_dvc_are_no_samples() {
    let said = refused("images/cat.jpg", &fixture("lfs/cat.jpg"));
    assert_says(
        &said,
        &[
            "images/cat.jpg` is a pointer of Git LFS, not the file itself",
            "`lfs: true`",
        ],
    );
    let said = refused("samples.jsonl", &fixture("lfs/cat.jpg"));
    assert_says(&said, &["`samples.jsonl` is a pointer of Git LFS"]);
    let said = refused("images/cat.jpg.dvc", b"outs:\n- md5: 1\n  path: cat.jpg\n");
    assert_says(&said, &["is a pointer of DVC", "`dvc pull`"]);
    let workspace = Workspace::without_aws();
    workspace.write("cat.jpg.dvc", "outs:\n");
    let outcome = workspace
        .sagegate(&["samples", "cat.jpg", "--out", "s.jsonl"])
        .expect(2);
    assert_says(&outcome.stderr, &["`cat.jpg` is a pointer of DVC"]);
}

#[test]
fn a_byte_order_mark_is_stripped_and_other_encodings_and_archives_are_named() {
    let (lines, _) = made("bom.json", &[]);
    assert_eq!(
        lines,
        "{\"Body\":\"{\\\"inputs\\\":\\\"hi\\\"}\",\"ContentType\":\"application/json\"}\n"
    );
    let utf16: Vec<u8> = "\u{feff}{\"Body\":\"1\"}\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    assert_says(
        &refused("samples.jsonl", &utf16),
        &["`samples.jsonl` is UTF-16; models get UTF-8: `iconv -f UTF-16"],
    );
    assert_says(
        &refused("samples.jsonl", b"{\"Body\":\"M\xfcnchen\"}\n"),
        &["line 1 is not UTF-8, probably Latin-1"],
    );
    assert_says(
        &refused("samples.zip", b"PK\x03\x04rest"),
        &["`samples.zip` is a ZIP archive; unpack it"],
    );
}

#[test]
fn payloads_given_as_samples_name_the_command_and_it_works() {
    for (name, payload) in [
        ("features.jsonl", "{\\\"features\\\":[1,2],\\\"label\\\":1}"),
        ("instances.json", "{\\\"instances\\\":[[1,2]]}"),
        ("nan.jsonl", "{\\\"features\\\":[1.0,NaN]}"),
        ("rows-with-header.csv", "inputs\\nI like you"),
    ] {
        let said = refused(name, &fixture(name));
        let command = format!("`sagegate samples {name} --out samples.jsonl`");
        assert_says(
            &said,
            &["looks like what the model gets", &command, "pass what"],
        );
        let (lines, _) = made(name, &[]);
        assert_says(&lines, &[&format!("{{\"Body\":\"{payload}")]);
    }
}

#[test]
fn an_object_as_body_is_sent_as_its_json() {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator);
    write(&workspace, "nested.jsonl", &fixture("nested-body.jsonl"));
    let flags = [
        "--samples",
        "nested.jsonl",
        "--invocations",
        "10",
        "--memory-sizes",
        "2048",
    ];
    workspace.run(&flags).expect(0);
    let call = workspace.result().stability[0].invocations[0].clone();
    assert_eq!(call.request_bytes, "{\"inputs\":\"x\"}".len() as u64);
}

#[test]
fn of_a_folder_it_is_said_what_is_read_and_what_is_not() {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator);
    for name in [
        "b.jpg",
        "a.jpg",
        "labels.txt",
        "Thumbs.db",
        ".DS_Store",
        "raw/c.jpg",
    ] {
        workspace.write(&format!("images/{name}"), "x");
    }
    let flags = [
        "--samples",
        "images",
        "--invocations",
        "10",
        "--memory-sizes",
        "2048",
    ];
    let outcome = workspace.run(&flags).expect(0);
    assert_says(
        &outcome.stderr,
        &[
            "`images`: 2 files read (2 image/jpeg), left out: .DS_Store, Thumbs.db, labels.txt, the folder raw",
        ],
    );
    assert_eq!(workspace.result().samples.count, 2);
    workspace.write("classes/cats/a.jpg", "x");
    workspace.write("classes/dogs/b.jpg", "x");
    let outcome = workspace.run(&["--samples", "classes"]).expect(2);
    assert_says(
        &outcome.stderr,
        &["`sagegate samples classes/cats classes/dogs --out samples.jsonl`"],
    );
}

#[test]
fn a_content_type_that_no_header_can_carry_is_refused_before_anything_is_created() {
    assert_says(
        &refused("samples.jsonl", &fixture("control-character.jsonl")),
        &["`samples.jsonl` line 1: ContentType holds the control character \\n at byte 9"],
    );
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator);
    let outcome = workspace.run(&["--content-type", "text/csv\n"]).expect(2);
    assert_says(
        &outcome.stderr,
        &["--content-type", "control character \\n"],
    );
    assert_eq!(simulator.state()["requests"], serde_json::json!({}));
}

#[test]
fn more_samples_than_calls_are_announced_and_can_be_limited() {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator);
    let lines: Vec<String> = (0..60)
        .map(|number| format!("{{\"Body\":\"{number}\",\"ContentType\":\"text/csv\"}}\n"))
        .collect();
    workspace.write("samples.jsonl", &lines.concat());
    let outcome = workspace.run(&["--invocations", "20"]).expect(0);
    assert_says(
        &outcome.stderr,
        &[
            "60 samples are sent equally often, so that each of 2 sizes gets 60 calls instead of 20; \
             --limit 20 sends the first 20",
        ],
    );
    let outcome = workspace
        .run(&["--invocations", "20", "--limit", "20"])
        .expect(0);
    assert!(
        !outcome.stderr.contains("equally often"),
        "{}",
        outcome.stderr
    );
    assert_eq!(workspace.result().samples.count, 20);
}

#[test]
fn names_are_checked_by_the_rules_of_aws_before_anything_is_sent() {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator);
    let long = "x".repeat(64);
    let role = "arn:aws:iam::123456789012:role/r";
    for (flags, words) in [
        (
            &["--model-name", "churn_xgb"][..],
            "letters, digits and hyphens",
        ),
        (&["--model-name", "a/b"], "letters, digits and hyphens"),
        (&["--model-name", &long], "1 to 63 letters"),
        (
            &[
                "--model-name",
                "arn:aws:sagemaker:us-east-1:123456789012:endpoint/m",
            ],
            "is an ARN of another kind, endpoint",
        ),
        (&["--role-to-assume", "gate"], "is not the ARN of a role"),
    ] {
        let outcome = workspace.run(flags).expect(2);
        assert_says(&outcome.stderr, &[flags[0], words]);
    }
    let samples = ["run", "--samples", "samples.jsonl", "--name", "churn"];
    for (flags, words) in [
        (
            &["--image-uri", "i", "--execution-role-arn", "SageMakerRole"][..],
            "`SageMakerRole` is not the ARN of a role",
        ),
        (
            &[
                "--model-package-arn",
                "churn_xgb/3",
                "--execution-role-arn",
                role,
            ],
            "is not a version in the model registry",
        ),
        (
            &["--image-uri", "my image", "--execution-role-arn", role],
            "is not the URI of an image",
        ),
    ] {
        let outcome = workspace
            .sagegate(&[&samples[..], flags].concat())
            .expect(2);
        assert_says(&outcome.stderr, &[words]);
    }
    assert_eq!(simulator.state()["requests"], serde_json::json!({}));
    let arn = "arn:aws:sagemaker:us-east-1:123456789012:model/m";
    let quick = ["--invocations", "10", "--memory-sizes", "2048"];
    workspace.sagegate(&run_args(arn, &quick)).expect(0);
    assert_eq!(workspace.result().model_name, "m");
}

#[test]
fn a_profile_whose_model_is_called_otherwise_names_the_models_it_has() {
    let workspace = Workspace::without_aws();
    workspace.write("my.toml", crate::support::QUICK);
    let outcome = workspace
        .sagegate(&["run", "--simulate", "my.toml"])
        .expect(2);
    assert_says(
        &outcome.stderr,
        &[
            "--simulate: the profile `my.toml` has no model `my`; pass --model-name with one that it has: m, m-steady, m-slow",
        ],
    );
    let outcome = workspace.sagegate(&["run", "--simulate", "xgb"]).expect(2);
    assert_says(
        &outcome.stderr,
        &["--simulate: `xgb` is neither a built-in profile (xgboost, mobilenet-v2, transformer)"],
    );
}
