//! JSON Lines: one object of `InvokeEndpoint` arguments a line, with the API's own member names.

use std::path::Path;

use serde::Deserialize;

use super::{MAX_BODY_BYTES, Sample, SamplesError};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct Line {
    body: String,
    content_type: Option<String>,
    accept: Option<String>,
    custom_attributes: Option<String>,
    target_model: Option<String>,
    target_variant: Option<String>,
    target_container_hostname: Option<String>,
    inference_id: Option<String>,
    enable_explanations: Option<String>,
}

impl From<Line> for Sample {
    fn from(line: Line) -> Self {
        Self {
            body: line.body.into_bytes(),
            content_type: line.content_type,
            accept: line.accept,
            custom_attributes: line.custom_attributes,
            target_model: line.target_model,
            target_variant: line.target_variant,
            target_container_hostname: line.target_container_hostname,
            inference_id: line.inference_id,
            enable_explanations: line.enable_explanations,
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
    let parsed: Line = serde_json::from_str(text).map_err(|error| SamplesError::Malformed {
        path: path.to_owned(),
        line,
        reason: explain(&error),
    })?;
    let sample = Sample::from(parsed);
    if sample.body.len() > MAX_BODY_BYTES {
        return Err(SamplesError::TooLarge {
            path: path.to_owned(),
            line,
            bytes: sample.body.len(),
        });
    }
    Ok(sample)
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
                line: 1,
                bytes: 4_194_305,
                ..
            }
        ));
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
