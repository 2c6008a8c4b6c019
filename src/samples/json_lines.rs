//! JSON Lines: one object of `InvokeEndpoint` arguments a line, with the API's own member names.

use std::path::Path;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::arguments::{Arguments, BODIES, Body, MEMBERS, Refusal};
use super::lenient::{masked, unmasked};
use super::{Position, Sample, SamplesError, check_size};
use crate::text::{json_error, quoted};

/// Members less similar than this are not taken for misspellings. Between 0 and 1.
const SIMILAR: f64 = 0.8;

/// Parses every line that is not blank; each sample with its line, from 1.
pub(super) fn parse(text: &str, path: &Path) -> Result<Vec<(usize, Sample)>, SamplesError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    text.lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(index, line)| Ok((index + 1, parse_line(line, index + 1, path)?)))
        .collect()
}

fn parse_line(text: &str, line: usize, path: &Path) -> Result<Sample, SamplesError> {
    let place = Position::Line(line);
    let malformed = |reason| SamplesError::Malformed {
        path: path.to_owned(),
        place,
        reason,
    };
    let strict = masked(text);
    let arguments: Arguments<'_> = match serde_json::from_str(&strict) {
        Ok(arguments) => arguments,
        Err(error) => {
            return Err(match payload(&strict, path) {
                Some(payload) => SamplesError::LooksLikePayload {
                    path: path.to_owned(),
                    place,
                    payload,
                },
                None => malformed(misspelt(&strict).unwrap_or_else(|| explain(&error))),
            });
        }
    };
    let body = arguments
        .body
        .map(|raw: &RawValue| Body::from_json(unmasked(text, &strict, raw.get())))
        .transpose()
        .map_err(malformed)?
        .flatten();
    let folder = path.parent().unwrap_or(Path::new(""));
    let sample = arguments.into_sample(body, folder);
    let sample = sample.map_err(|refusal| match refusal {
        Refusal::Reason(reason) => malformed(reason),
        Refusal::File(error) => SamplesError::BodyFile {
            path: path.to_owned(),
            place,
            error: Box::new(error),
        },
    })?;
    check_size(&sample.body, path, place)?;
    Ok(sample)
}

/// What a line that holds no arguments of a call seems to be: the payload itself. `None` when it
/// looks like arguments with a mistake.
fn payload(line: &str, path: &Path) -> Option<&'static str> {
    match serde_json::from_str(line) {
        Ok(Value::Object(members)) => {
            let is_argument = |name: &String| nearest(name).is_some();
            let has_arguments = members.is_empty() || members.keys().any(is_argument);
            (!has_arguments).then_some("an object without any argument of InvokeEndpoint")
        }
        Ok(Value::Array(_)) => Some("an array"),
        Ok(Value::String(_)) => Some("a string"),
        Ok(Value::Number(_) | Value::Bool(_) | Value::Null) => Some("a single value"),
        // A file of JSON that spans lines, or a table.
        Err(error) if error.is_eof() && line.trim_start().starts_with(['{', '[']) => {
            let is_lines = ["jsonl", "ndjson", "jsonlines"].contains(&&*super::extension(path));
            (!is_lines).then_some("JSON that goes on in the next line")
        }
        Err(_) if !line.trim_start().starts_with('{') => Some("no JSON"),
        Err(_) => None,
    }
}

/// The first member that is not one of the API's, with the one that it resembles.
fn misspelt(line: &str) -> Option<String> {
    let members: Map<String, Value> = serde_json::from_str(line).ok()?;
    let unknown = members.keys().find(|name| !is_known(name))?;
    let guess = nearest(unknown).map_or_else(
        || format!("known are {}", known().collect::<Vec<_>>().join(", ")),
        |name| format!("did you mean `{name}`?"),
    );
    Some(format!("unknown member `{}`, {guess}", quoted(unknown)))
}

fn known() -> impl Iterator<Item = &'static str> {
    BODIES.into_iter().chain(MEMBERS.map(|(name, _)| name))
}

fn is_known(name: &str) -> bool {
    known().any(|it| it == name)
}

/// The member that `name` is, or is a misspelling of.
fn nearest(name: &str) -> Option<&'static str> {
    let plain = |name: &str| name.to_lowercase().replace(['_', '-'], "");
    let name = plain(name);
    let rated = known().map(|it| (strsim::jaro_winkler(&name, &plain(it)), it));
    let likely = rated.filter(|(similarity, _)| *similarity >= SIMILAR);
    likely
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

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
        .chain(members.filter_map(|((name, _), value)| Some((name, value.clone()?))))
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
        let parsed = parse(text, Path::new("samples.jsonl"))?;
        Ok(parsed.into_iter().map(|(_, sample)| sample).collect())
    }

    #[track_caller]
    fn refused(text: &str) -> String {
        parse_text(text).unwrap_err().to_string()
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
    fn a_wrong_member_is_named_with_the_one_that_it_resembles() {
        for (line, words) in [
            (
                r#"{"body":"a"}"#,
                "unknown member `body`, did you mean `Body`?",
            ),
            (
                r#"{"Body":"a","content_type":"text/csv"}"#,
                "unknown member `content_type`, did you mean `ContentType`?",
            ),
            (
                r#"{"Body":"a","x":1}"#,
                "unknown member `x`, known are Body, BodyBase64",
            ),
            (
                r#"{"Body":5}"#,
                "Body is 5, neither a string nor an object or array",
            ),
            (r#"{"Body":"a","Accept":5}"#, "invalid type: integer `5`"),
            (
                r#"{"Body":null}"#,
                "exactly one of Body, BodyBase64 and BodyFile",
            ),
        ] {
            let error = refused(line);
            assert!(error.contains(words), "{line}: {error}");
        }
    }

    #[test]
    fn payloads_are_told_from_arguments_with_a_mistake() {
        for line in [
            r#"{"features":[1,2],"label":1}"#,
            r#"{"instances":[[1,NaN]]}"#,
            r#"{"inputs":"x"}"#,
            "[1,2]",
            "\"text\"",
            "5",
            "1,2,3",
            "inputs",
        ] {
            let error = parse_text(line).unwrap_err();
            assert!(
                matches!(error, SamplesError::LooksLikePayload { .. }),
                "{line}: {error}"
            );
        }
        for line in [r#"{"Bdy":"a"}"#, "{}", "{\"Body\":", "{\"Body\" \"a\"}"] {
            let error = parse_text(line).unwrap_err();
            assert!(
                matches!(error, SamplesError::Malformed { .. }),
                "{line}: {error}"
            );
        }
        let error = parse("{\n  \"instances\": [[1]]\n}\n", Path::new("i.json")).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("JSON that goes on in the next line"),
            "{error}"
        );
    }

    #[test]
    fn an_object_or_array_as_body_is_sent_as_it_is_written() {
        for (line, body, content_type) in [
            (
                include_str!("../../tests/fixtures/field/nested-body.jsonl"),
                r#"{"inputs":"x"}"#,
                "application/json",
            ),
            (
                r#"{"Body": {"b" :1.0, "a": NaN}}"#,
                r#"{"b" :1.0, "a": NaN}"#,
                "application/json",
            ),
            (
                r#"{"Body":[1, -Infinity],"ContentType":"x/y"}"#,
                "[1, -Infinity]",
                "x/y",
            ),
            (
                r#"{"Body":"NaN","ContentType":"text/csv"}"#,
                "NaN",
                "text/csv",
            ),
        ] {
            let samples = parse_text(line).unwrap();
            assert_eq!(samples[0].body, body.as_bytes());
            assert_eq!(samples[0].content_type.as_deref(), Some(content_type));
        }
    }

    #[test]
    fn what_no_header_can_carry_is_refused_with_its_member_and_line() {
        assert_eq!(
            refused(include_str!(
                "../../tests/fixtures/field/control-character.jsonl"
            )),
            "samples `samples.jsonl` line 1: ContentType holds the control character \\n at byte 9, which no HTTP header \
             can carry"
        );
        for (name, longest) in MEMBERS {
            let line = |value: &str| serde_json::json!({"Body": "a", name: value}).to_string();
            assert!(refused(&line("a\u{0}b")).contains(name));
            assert!(refused(&line("caf\u{e9}")).contains(name));
            assert!(refused(&line(&"x".repeat(longest + 1))).contains(name));
            assert_eq!(parse_text(&line(&"x".repeat(longest))).unwrap().len(), 1);
        }
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
            [&samples[0].1.body, &samples[1].1.body],
            [&[0xff, 0xd8], &[0xff, 0xd8]]
        );
    }

    #[test]
    fn no_body_two_bodies_bad_base64_and_a_missing_file_have_different_errors() {
        for (text, words) in [
            (
                "{}",
                "exactly one of Body, BodyBase64 and BodyFile is needed",
            ),
            (r#"{"Body":"a","BodyFile":"b"}"#, "exactly one of"),
            (r#"{"BodyBase64":"%"}"#, "BodyBase64: Invalid"),
            (
                r#"{"BodyFile":"none.jpg"}"#,
                "BodyFile: cannot read samples `none.jpg`",
            ),
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
            members in proptest::array::uniform8(proptest::option::of("[ -~]{0,60}")),
        ) {
            let [content_type, accept, custom_attributes, target_model, target_variant, target_container_hostname, inference_id, enable_explanations] = members;
            let first = Sample { content_type, accept, custom_attributes, target_model, target_variant, target_container_hostname, inference_id, enable_explanations, ..Sample::default() };
            let samples: Vec<Sample> = bodies.into_iter().map(|body| Sample { body, ..first.clone() }).collect();
            prop_assert_eq!(parse_text(&write(&samples)).unwrap(), samples);
        }
    }
}
