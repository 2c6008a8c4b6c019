//! JSON Lines: one object of `InvokeEndpoint` arguments a line, with the API's own member names.

use std::path::{Path, PathBuf};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde::Deserialize;

use super::{Sample, SamplesError, check_size};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Line {
    body: Option<String>,
    body_base64: Option<String>,
    body_file: Option<PathBuf>,
    content_type: Option<String>,
    accept: Option<String>,
    custom_attributes: Option<String>,
    target_model: Option<String>,
    target_variant: Option<String>,
    target_container_hostname: Option<String>,
    inference_id: Option<String>,
    enable_explanations: Option<String>,
}

impl Line {
    /// The body, from exactly one of its three members. A file is looked for beside the JSON Lines file.
    fn body(&self, folder: &Path) -> Result<Vec<u8>, String> {
        match (&self.body, &self.body_base64, &self.body_file) {
            (Some(text), None, None) => Ok(text.clone().into_bytes()),
            (None, Some(encoded), None) => BASE64_STANDARD
                .decode(encoded)
                .map_err(|error| format!("BodyBase64: {error}")),
            (None, None, Some(file)) => {
                let file = folder.join(file);
                std::fs::read(&file)
                    .map_err(|error| format!("BodyFile `{}`: {error}", file.display()))
            }
            _ => Err("exactly one of Body, BodyBase64 and BodyFile is needed".to_owned()),
        }
    }

    fn into_sample(self, body: Vec<u8>) -> Sample {
        Sample {
            body,
            content_type: self.content_type,
            accept: self.accept,
            custom_attributes: self.custom_attributes,
            target_model: self.target_model,
            target_variant: self.target_variant,
            target_container_hostname: self.target_container_hostname,
            inference_id: self.inference_id,
            enable_explanations: self.enable_explanations,
        }
    }
}

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
        line,
        reason,
    };
    let parsed: Line = serde_json::from_str(text).map_err(|error| malformed(explain(&error)))?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let body = parsed.body(folder).map_err(malformed)?;
    check_size(&body, path, Some(line))?;
    Ok(parsed.into_sample(body))
}

/// `serde_json` ends its message with a position whose line is always 1 here: only the column helps.
fn explain(error: &serde_json::Error) -> String {
    let message = error.to_string();
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
                line: Some(1),
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
    fn no_body_two_bodies_bad_base64_and_a_missing_file_are_told_apart() {
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
    }
}
