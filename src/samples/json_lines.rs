//! JSON Lines: one object of `InvokeEndpoint` arguments a line, with the API's own member names.

use std::path::Path;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::Value;

use super::arguments::Arguments;
use super::{Position, Sample, SamplesError, check_size};
use crate::text::json_error;

/// Parses every line that is not blank.
pub(super) fn parse(text: &str, path: &Path) -> Result<Vec<Sample>, SamplesError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    text.lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(index, line)| parse_line(line, index + 1, path))
        .collect()
}

fn parse_line(text: &str, line: usize, path: &Path) -> Result<Sample, SamplesError> {
    let malformed = |reason| SamplesError::Malformed {
        path: path.to_owned(),
        place: Position::Line(line),
        reason,
    };
    let arguments: Arguments =
        serde_json::from_str(text).map_err(|error| malformed(explain(&error)))?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let sample = arguments.into_sample(folder).map_err(malformed)?;
    check_size(&sample.body, path, Position::Line(line))?;
    Ok(sample)
}

/// Member names of the API, in the order of [`Sample::members`].
const MEMBERS: [&str; 8] = [
    "ContentType",
    "Accept",
    "CustomAttributes",
    "TargetModel",
    "TargetVariant",
    "TargetContainerHostname",
    "InferenceId",
    "EnableExplanations",
];

/// The samples as [`parse`] reads them back: a line each, with a body that is not UTF-8 in base64.
pub(super) fn write(samples: &[Sample]) -> String {
    let mut text = String::new();
    for sample in samples {
        text += &line_of(sample).to_string();
        text.push('\n');
    }
    text
}

fn line_of(sample: &Sample) -> Value {
    let body = match std::str::from_utf8(&sample.body) {
        Ok(text) => ("Body", text.to_owned()),
        Err(_) => ("BodyBase64", BASE64_STANDARD.encode(&sample.body)),
    };
    let members = MEMBERS.into_iter().zip(sample.members());
    std::iter::once(body)
        .chain(members.filter_map(|(name, value)| Some((name, value.clone()?))))
        .collect()
}

/// What is wrong with a line of JSON. `serde_json` ends its message with a position whose line is
/// always 1 here: only the column helps.
pub(super) fn explain(error: &serde_json::Error) -> String {
    let message = json_error(error);
    let (reason, _) = message.rsplit_once(" at line ").unwrap_or((&message, ""));
    format!("{reason} (column {})", error.column())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::samples::MAX_BODY_BYTES;

    fn parse_text(text: &str) -> Result<Vec<Sample>, SamplesError> {
        parse(text, Path::new("samples.jsonl"))
    }

    #[test]
    fn every_known_member_arrives() {
        let text = r#"{"Body":"1,2","ContentType":"text/csv","Accept":"application/json","CustomAttributes":"a","TargetModel":"m","TargetVariant":"v","TargetContainerHostname":"h","InferenceId":"i","EnableExplanations":"`true`"}"#;
        let samples = parse_text(text).unwrap();
        let members: Vec<_> = samples[0]
            .members()
            .into_iter()
            .flatten()
            .cloned()
            .collect();
        assert_eq!(samples[0].body, b"1,2");
        assert_eq!(
            members,
            [
                "text/csv",
                "application/json",
                "a",
                "m",
                "v",
                "h",
                "i",
                "`true`"
            ]
        );
    }

    #[test]
    fn blank_lines_and_a_byte_order_mark_are_skipped_but_counted() {
        let error = parse_text("\u{feff}{\"Body\":\"a\"}\n\n{\"Body\":").unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("samples `samples.jsonl` line 3: EOF"),
            "{error}"
        );
    }

    #[test]
    fn a_wrong_member_is_named() {
        let error = parse_text(r#"{"body":"a"}"#).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("unknown field `body`, expected one of `Body`"),
            "{error}"
        );
        let error = parse_text(r#"{"Body":{"x":1}}"#).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("invalid type: map, expected a string"),
            "{error}"
        );
    }

    #[test]
    fn a_body_of_four_megabytes_passes_and_one_more_byte_does_not() {
        let line = |bytes: usize| format!(r#"{{"Body":"{}"}}"#, "x".repeat(bytes));
        assert_eq!(parse_text(&line(MAX_BODY_BYTES)).unwrap().len(), 1);
        let error = parse_text(&line(MAX_BODY_BYTES + 1)).unwrap_err();
        assert!(matches!(
            error,
            SamplesError::TooLarge {
                place: Position::Line(1),
                bytes: 4_194_305,
                ..
            }
        ));
    }

    #[test]
    fn a_body_may_be_base64_or_a_file_beside_the_samples() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("cat.jpg"), [0xff, 0xd8]).unwrap();
        let path = folder.path().join("samples.jsonl");
        let text =
            "{\"BodyBase64\":\"/9g=\"}\n{\"BodyFile\":\"cat.jpg\",\"ContentType\":\"image/jpeg\"}";
        let samples = parse(text, &path).unwrap();
        assert_eq!(
            [&samples[0].body, &samples[1].body],
            [&[0xff, 0xd8], &[0xff, 0xd8]]
        );
    }

    #[test]
    fn no_body_two_bodies_bad_base64_and_a_missing_file_have_different_errors() {
        for (text, words) in [
            ("{}", "exactly one of Body, BodyBase64 and BodyFile"),
            (r#"{"Body":"a","BodyFile":"b"}"#, "exactly one of"),
            (r#"{"BodyBase64":"%"}"#, "BodyBase64: Invalid"),
            (r#"{"BodyFile":"none.jpg"}"#, "BodyFile `none.jpg`"),
        ] {
            let error = parse_text(text).unwrap_err().to_string();
            assert!(error.contains("line 1") && error.contains(words), "{error}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn any_body_round_trips_and_any_text_is_an_error_or_samples(body in ".*", junk in ".*") {
            let line = serde_json::json!({ "Body": body }).to_string();
            prop_assert_eq!(&parse_text(&line).unwrap()[0].body, &body.into_bytes());
            let _ = parse_text(&junk);
        }

        #[test]
        fn any_samples_written_are_read_back(
            bodies in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..20), 0..4),
            members in proptest::array::uniform8(proptest::option::of(".*")),
        ) {
            let [content_type, accept, custom_attributes, target_model, target_variant, target_container_hostname, inference_id, enable_explanations] = members;
            let first = Sample { content_type, accept, custom_attributes, target_model, target_variant, target_container_hostname, inference_id, enable_explanations, ..Sample::default() };
            let samples: Vec<Sample> = bodies.into_iter().map(|body| Sample { body, ..first.clone() }).collect();
            prop_assert_eq!(parse_text(&write(&samples)).unwrap(), samples);
        }
    }
}
