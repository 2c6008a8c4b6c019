//! Every kind of file, read back as the samples it became.

use proptest::prelude::*;

use super::*;
use crate::samples::{MAX_BODY_BYTES, json_lines};

/// Makes samples of files with these names and contents, and reads them back: body and content
/// type.
fn made(files: &[(&str, &[u8])], options: &MakeOptions) -> Result<Vec<(String, String)>, String> {
    let folder = tempfile::tempdir().unwrap();
    let paths: Vec<PathBuf> = files
        .iter()
        .map(|(name, bytes)| {
            let path = folder.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            path
        })
        .collect();
    let outside = folder.path().display().to_string();
    let made = make(&paths, options).map_err(|error| error.to_string().replace(&outside, "."))?;
    Ok(read_back(&made))
}

fn read_back(made: &Made) -> Vec<(String, String)> {
    let samples = json_lines::parse(&made.json_lines, Path::new("out.jsonl")).unwrap();
    assert_eq!(samples.len(), made.count);
    let pair = |sample: Sample| {
        let body = String::from_utf8_lossy(&sample.body).into_owned();
        (body, sample.content_type.unwrap())
    };
    samples.into_iter().map(pair).collect()
}

fn bodies(files: &[(&str, &[u8])], options: &MakeOptions) -> Vec<String> {
    let made = made(files, options).unwrap();
    made.into_iter().map(|(body, _)| body).collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(body, kind): &(&str, &str)| ((*body).to_owned(), (*kind).to_owned());
    expected.iter().map(owned).collect()
}

#[test]
fn a_csv_file_gives_a_sample_per_row() {
    let text = "\u{feff}1,2\r\n\n\"a\nb\",\"say \"\"hi\"\"\"\n5\" pipe,x";
    let made = made(&[("rows.CSV", text.as_bytes())], &MakeOptions::default()).unwrap();
    assert_eq!(
        made,
        pairs(&[
            ("1,2", "text/csv"),
            ("\"a\nb\",\"say \"\"hi\"\"\"", "text/csv"),
            ("5\" pipe,x", "text/csv"),
        ])
    );
}

#[test]
fn the_header_of_every_csv_file_is_left_out() {
    let options = MakeOptions {
        header: Header::Skipped,
        ..MakeOptions::default()
    };
    let files: [(&str, &[u8]); 2] = [("a.csv", b"x,y\n1,2\n"), ("b.csv", b"\nx,y\n3,4\n")];
    assert_eq!(bodies(&files, &options), ["1,2", "3,4"]);
    let error = made(&[("a.csv", b"x,y\n")], &options).unwrap_err();
    assert_eq!(error, "samples `./a.csv` is empty");
}

#[test]
fn a_json_array_gives_a_sample_per_element_as_it_is_written() {
    let text = b" [{\"b\":1.0,\"a\":12345678901234567890}, [1,\n2], \"x\", null]";
    assert_eq!(
        made(&[("a.json", text)], &MakeOptions::default()).unwrap(),
        pairs(&[
            ("{\"b\":1.0,\"a\":12345678901234567890}", "application/json"),
            ("[1,\n2]", "application/json"),
            ("\"x\"", "application/json"),
            ("null", "application/json"),
        ])
    );
}

#[test]
fn a_json_object_is_one_payload() {
    let text = b"{\"instances\":[[1],[2]]}\n";
    assert_eq!(
        made(&[("a.json", text)], &MakeOptions::default()).unwrap(),
        pairs(&[("{\"instances\":[[1],[2]]}\n", "application/json")])
    );
}

#[test]
fn json_lines_give_a_payload_per_line() {
    let text = b"{\"x\":1}\n\n [2] \r\n";
    for name in ["a.jsonl", "a.ndjson"] {
        assert_eq!(
            made(&[(name, text)], &MakeOptions::default()).unwrap(),
            pairs(&[
                ("{\"x\":1}", "application/json"),
                ("[2]", "application/json")
            ])
        );
    }
}

#[test]
fn a_folder_gives_a_sample_per_file_and_bytes_stay_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let bytes: Vec<u8> = (0..=255).collect();
    std::fs::write(folder.path().join("b.wav"), &bytes).unwrap();
    std::fs::write(folder.path().join("a.png"), [0x89, b'P', 0]).unwrap();
    std::fs::write(folder.path().join("rows.csv"), "1\n2\n").unwrap();
    std::fs::write(folder.path().join(".hidden"), "x").unwrap();
    let made = make(&[folder.path().to_owned()], &MakeOptions::default()).unwrap();
    let samples = json_lines::parse(&made.json_lines, Path::new("out.jsonl")).unwrap();
    let types: Vec<_> = samples
        .iter()
        .filter_map(|it| it.content_type.clone())
        .collect();
    assert_eq!(types, ["image/png", "audio/wav", "text/csv"]);
    assert_eq!(samples[1].body, bytes);
    assert_eq!(samples[2].body, b"1\n2\n");
    assert!(
        made.json_lines
            .starts_with("{\"BodyBase64\":\"iVAA\",\"ContentType\":\"image/png\"}\n")
    );
}

#[test]
fn single_files_are_whole_bodies_in_the_order_given() {
    let files: [(&str, &[u8]); 3] = [("b.txt", b"b\n"), ("a.jpg", b"a"), ("none", b"")];
    assert_eq!(
        made(&files, &MakeOptions::default()).unwrap(),
        pairs(&[
            ("b\n", "text/plain"),
            ("a", "image/jpeg"),
            ("", "application/octet-stream")
        ])
    );
}

#[test]
fn the_content_type_and_the_limit_hold_for_all_files_together() {
    let options = MakeOptions {
        content_type: Some("application/x".to_owned()),
        limit: NonZeroUsize::new(3),
        ..MakeOptions::default()
    };
    let files: [(&str, &[u8]); 3] = [
        ("a.csv", b"1\n2\n"),
        ("b.json", b"[3,4]"),
        ("c.json", b"not read"),
    ];
    assert_eq!(
        made(&files, &options).unwrap(),
        pairs(&[
            ("1", "application/x"),
            ("2", "application/x"),
            ("3", "application/x")
        ])
    );
}

#[test]
fn what_cannot_be_taken_apart_is_named_with_its_place() {
    let errors: Vec<String> = [
        ("a.csv", b"1\n\"2\n3\n".as_slice()),
        ("a.csv", b"\xff"),
        ("a.json", b"[1,"),
        ("a.json", b"{"),
        ("a.json", b"[]"),
        ("a.jsonl", b"1\n{]\n"),
        ("a.csv", b"\n"),
    ]
    .iter()
    .map(|file| made(&[*file], &MakeOptions::default()).unwrap_err())
    .collect();
    insta::assert_snapshot!(errors.join("\n"), @"
    `./a.csv` row 2: a quote is opened and not closed
    samples `./a.csv` line 1: not UTF-8; bytes go into BodyBase64 or BodyFile
    `./a.json`: EOF while parsing a value at line 1 column 3
    `./a.json`: EOF while parsing an object at line 1 column 1
    samples `./a.json` is empty
    `./a.jsonl` line 2: key must be a string (column 2)
    samples `./a.csv` is empty
    ");
}

#[test]
fn a_sample_over_four_megabytes_is_named_with_its_place() {
    let big = "x".repeat(MAX_BODY_BYTES + 1);
    for (name, text, place) in [
        (
            "a.csv",
            format!("1\n{big}\n"),
            "a.csv` row 2: body of 4194305 bytes",
        ),
        (
            "a.json",
            format!("[1,\"{big}\"]"),
            "a.json` element 2: body of 4194307 bytes",
        ),
        (
            "a.jsonl",
            format!("1\n\n\"{big}\"\n"),
            "a.jsonl` line 3: body of 4194307 bytes",
        ),
        ("a.png", big.clone(), "a.png`: body of 4194305 bytes"),
    ] {
        let error = made(&[(name, text.as_bytes())], &MakeOptions::default()).unwrap_err();
        assert!(error.contains(place), "{error}");
    }
}

#[test]
fn a_missing_file_and_an_empty_folder_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let missing = make(&[folder.path().join("none.csv")], &MakeOptions::default());
    assert!(matches!(missing, Err(SamplesError::Io { .. })));
    let empty = make(&[folder.path().to_owned()], &MakeOptions::default());
    assert!(matches!(empty, Err(SamplesError::Empty { .. })));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn rows_hold_every_character_but_line_ends(text in "[a,\"\r\n ]{0,40}") {
        if let Ok(rows) = split_rows(&text) {
            let kept: String = rows.into_iter().map(|(_, row)| row).collect();
            let visible = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            prop_assert_eq!(visible(&kept), visible(&text));
        }
    }

    #[test]
    fn quoted_fields_come_out_as_one_row_each(fields in proptest::collection::vec("[a,\"\n]{1,8}", 1..5)) {
        let rows: Vec<String> = fields.iter().map(|it| format!("1,\"{}\"", it.replace('"', "\"\""))).collect();
        let split = split_rows(&rows.join("\n")).unwrap();
        let split: Vec<String> = split.into_iter().map(|(_, row)| row).collect();
        prop_assert_eq!(split, rows);
    }
}
