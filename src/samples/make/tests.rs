//! Every kind of file, read back as the samples it became.

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
    let pair = |(_, sample): (usize, Sample)| {
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
        header: Header::Dropped,
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
        .filter_map(|(_, it)| it.content_type.clone())
        .collect();
    assert_eq!(types, ["image/png", "audio/wave"]);
    assert_eq!(samples[1].1.body, bytes);
    let note = made.notes.join("");
    assert!(note.ends_with("left out: .hidden, rows.csv"), "{note}");
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
    `./a.csv` line 1 is not UTF-8, probably Latin-1 or Windows-1252
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
    assert!(matches!(empty, Err(SamplesError::NoFile { .. })));
}

/// The samples of one file, with what was said about it.
fn made_of(name: &str, bytes: &[u8], options: &MakeOptions) -> (Vec<String>, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    let made = make(&[path], options).unwrap();
    let outside = format!("{}/", folder.path().display());
    let notes = made.notes.iter().map(|it| it.replace(&outside, ""));
    let notes = notes.collect();
    let bodies = read_back(&made).into_iter().map(|(body, _)| body);
    (bodies.collect(), notes)
}

fn with_header(header: Header) -> MakeOptions {
    MakeOptions {
        header,
        ..MakeOptions::default()
    }
}

#[test]
fn a_header_is_detected_and_that_is_said() {
    let of_hugging_face = include_bytes!("../../../tests/fixtures/field/rows-with-header.csv");
    let (bodies, notes) = made_of("rows.csv", of_hugging_face, &MakeOptions::default());
    assert_eq!(bodies, ["inputs\nI like you", "inputs\nI love you"]);
    let (_, names) = made_of("rows.csv", b"age,income\n34,2\n", &MakeOptions::default());
    let (_, unknown) = made_of("rows.csv", b"a,b\nc,d\n", &MakeOptions::default());
    let (_, rows) = made_of("rows.csv", b"1,2\n3,4\n", &MakeOptions::default());
    assert_eq!(rows, [""; 0]);
    insta::assert_snapshot!([notes, names, unknown].concat().join("\n"), @"
    `rows.csv`: the first row names columns that a container of Hugging Face needs, and is repeated in every body (--header drop leaves it out)
    `rows.csv`: the first row names the columns and is left out (--header repeat puts it into every body, --header none makes it a row)
    `rows.csv`: the first row is taken for a row like the others, as nothing shows that it names the columns (--header drop leaves it out, --header repeat puts it into every body)
    ");
    for (header, expected) in [
        (Header::Repeated, &["age,income\n34,2"][..]),
        (Header::Dropped, &["34,2"]),
        (Header::Absent, &["age,income", "34,2"]),
    ] {
        let (bodies, notes) = made_of("rows.csv", b"age,income\n34,2\n", &with_header(header));
        assert_eq!(bodies, expected);
        assert_eq!(notes, [""; 0], "what the user says is not said again");
    }
}

#[test]
fn several_rows_lines_or_elements_are_one_sample() {
    let options = MakeOptions {
        rows: NonZeroUsize::new(2),
        ..MakeOptions::default()
    };
    for (name, text, expected) in [
        ("a.csv", "x,y\n1,2\n3,4\n5,6\n", &["1,2\n3,4", "5,6"][..]),
        ("a.tsv", "1\t2\n3\t4\n", &["1\t2\n3\t4"]),
        (
            "a.libsvm",
            "0 1:2\n1 1:3\n0 2:4",
            &["0 1:2\n1 1:3", "0 2:4"],
        ),
        ("a.jsonl", "{\"x\":NaN}\n\n2\n3\n", &["{\"x\":NaN}\n2", "3"]),
        ("a.json", "[1, [2],3]", &["[1,[2]]", "[3]"]),
    ] {
        assert_eq!(
            made_of(name, text.as_bytes(), &options).0,
            expected,
            "{name}"
        );
    }
    let lines = made(&[("a.jsonl", b"1\n2\n")], &options).unwrap();
    assert_eq!(lines, pairs(&[("1\n2", "application/jsonlines")]));
}

#[test]
fn an_array_is_split_or_sent_whole_and_either_is_said() {
    let matrix = include_bytes!("../../../tests/fixtures/field/matrix.json");
    let (bodies, notes) = made_of("matrix.json", matrix, &MakeOptions::default());
    assert_eq!(bodies, ["[5.1,3.5,1.4,0.2]"]);
    assert_eq!(
        notes,
        [
            "`matrix.json`: an array of 1 element, each is a sample (--whole sends the file as one body)"
        ]
    );
    let whole = MakeOptions {
        whole: true,
        ..MakeOptions::default()
    };
    assert_eq!(
        made_of("matrix.json", matrix, &whole).0,
        ["[[5.1,3.5,1.4,0.2]]\n"]
    );
    let one = MakeOptions {
        rows: NonZeroUsize::new(1),
        ..MakeOptions::default()
    };
    let (bodies, notes) = made_of("matrix.json", matrix, &one);
    assert_eq!(bodies, ["[[5.1,3.5,1.4,0.2]]"]);
    assert!(
        notes[0].contains("1 of them are a sample, as an array"),
        "{notes:?}"
    );
    let files: [(&str, &[u8]); 3] = [
        ("a.csv", b"x\n1\n"),
        ("b.jsonl", b"1\n2\n"),
        ("c.tsv", b"1"),
    ];
    assert_eq!(
        made(&files, &whole).unwrap(),
        pairs(&[
            ("x\n1\n", "text/csv"),
            ("1\n2\n", "application/jsonlines"),
            ("1", "text/csv")
        ])
    );
}

#[test]
fn what_python_writes_for_no_number_is_the_models_business() {
    let nan = include_bytes!("../../../tests/fixtures/field/nan.jsonl");
    let (bodies, _) = made_of("nan.jsonl", nan, &MakeOptions::default());
    assert_eq!(bodies, ["{\"features\":[1.0,NaN]}"]);
    let text = b"[{\"a\":NaN}, -Infinity, \"NaN\"]";
    let (bodies, _) = made_of("a.json", text, &MakeOptions::default());
    assert_eq!(bodies, ["{\"a\":NaN}", "-Infinity", "\"NaN\""]);
    let (bodies, _) = made_of("b.json", b"{\"a\":NaN}", &MakeOptions::default());
    assert_eq!(bodies, ["{\"a\":NaN}"]);
}

#[test]
fn a_label_column_is_dropped() {
    let options = MakeOptions {
        drop_columns: vec!["label".to_owned()],
        ..MakeOptions::default()
    };
    assert_eq!(made_of("a.csv", b"x,label,y\n1,0,2\n", &options).0, ["1,2"]);
    let error = made(&[("a.csv", b"x,y\n1,0\n")], &options).unwrap_err();
    assert_eq!(error, "--drop-column label: `./a.csv` row 1 names x, y");
}

#[test]
fn pointers_archives_and_other_encodings_are_named() {
    let lfs = include_bytes!("../../../tests/fixtures/field/lfs/cat.jpg");
    let files: [(&str, &[u8]); 5] = [
        ("cat.jpg", lfs),
        ("a.csv", b"PK\x03\x04"),
        ("images.zip", b"PK\x03\x04"),
        ("a.jsonl", b"\xff\xfe{\0}\0"),
        ("a.json", b"[\"M\xfcnchen\"]"),
    ];
    let errors: Vec<String> = files
        .iter()
        .map(|file| made(&[*file], &MakeOptions::default()).unwrap_err())
        .collect();
    insta::assert_snapshot!(errors.join("\n"), @"
    `./cat.jpg` is a pointer of Git LFS, not the file itself
    `./a.csv` is a ZIP archive
    `./images.zip` is a ZIP archive
    `./a.jsonl` is UTF-16
    `./a.json` line 1 is not UTF-8, probably Latin-1 or Windows-1252
    ");
}

#[test]
fn a_byte_order_mark_is_in_no_body() {
    let bom = include_bytes!("../../../tests/fixtures/field/bom.json");
    let (bodies, _) = made_of("bom.json", bom, &MakeOptions::default());
    assert_eq!(bodies, ["{\"inputs\":\"hi\"}"]);
}
