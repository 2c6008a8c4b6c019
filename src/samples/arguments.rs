//! Arguments of one `InvokeEndpoint` call by the API's own member names.

use std::path::{Path, PathBuf};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Sample, SamplesError, content_type, input};
use crate::files;
use crate::text::{json_error, quoted};

/// Every member, with the longest text that AWS takes for it; the body's parts have their own
/// limit.
/// Source: SageMaker runtime API reference, `InvokeEndpoint`.
pub(super) const MEMBERS: [(&str, usize); 8] = [
    ("ContentType", 1024),
    ("Accept", 1024),
    ("CustomAttributes", 1024),
    ("TargetModel", 1024),
    ("TargetVariant", 63),
    ("TargetContainerHostname", 63),
    ("InferenceId", 64),
    ("EnableExplanations", 64),
];
/// Where a body can come from.
pub(super) const BODIES: [&str; 3] = ["Body", "BodyBase64", "BodyFile"];

/// What a line of JSON Lines and a dict of a pickle may hold. Any other member is refused by name.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub(super) struct Arguments<'a> {
    /// The body itself, as it is written.
    #[serde(borrow)]
    pub(super) body: Option<&'a RawValue>,
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

/// Why there is no sample.
pub(super) enum Refusal {
    /// What is wrong with a member.
    Reason(String),
    /// A file beside the samples.
    File(SamplesError),
}

impl From<String> for Refusal {
    fn from(reason: String) -> Self {
        Self::Reason(reason)
    }
}

/// What the member `Body` holds.
pub(super) struct Body {
    pub(super) bytes: Vec<u8>,
    /// An object or array that is sent as its JSON.
    pub(super) is_json: bool,
}

impl Body {
    /// From JSON as it is written: the text of a string, or an object or array itself.
    ///
    /// # Errors
    /// For what is neither.
    pub(super) fn from_json(json: &str) -> Result<Option<Self>, String> {
        let json = json.trim();
        let body = |bytes: Vec<u8>, is_json| Ok(Some(Self { bytes, is_json }));
        match json.as_bytes().first() {
            Some(b'"') => {
                let text: String = serde_json::from_str(json)
                    .map_err(|error| format!("Body: {}", json_error(&error)))?;
                body(text.into_bytes(), false)
            }
            Some(b'{' | b'[') => body(json.as_bytes().to_vec(), true),
            Some(b'n') => Ok(None),
            Some(_) | None => Err(format!(
                "Body is {}, neither a string nor an object or array; put it in quotes",
                quoted(json)
            )),
        }
    }
}

impl Arguments<'_> {
    /// The sample, with the body from exactly one of its three members. A file is looked for in
    /// `folder`, and may not be outside of it; in a workflow not outside of the workspace.
    ///
    /// # Errors
    /// What is wrong with the body, or a member that cannot be a header of HTTP.
    pub(super) fn into_sample(self, body: Option<Body>, folder: &Path) -> Result<Sample, Refusal> {
        let is_json = body.as_ref().is_some_and(|it| it.is_json);
        let body = match (body, self.body_base64, self.body_file) {
            (Some(body), None, None) => body.bytes,
            (None, Some(encoded), None) => BASE64_STANDARD
                .decode(encoded)
                .map_err(|error| format!("BodyBase64: {error}"))?,
            (None, None, Some(file)) => {
                input::body(&folder.join(file), &files::within(folder)).map_err(Refusal::File)?
            }
            _ => {
                let reason = "exactly one of Body, BodyBase64 and BodyFile is needed";
                return Err(Refusal::Reason(reason.to_owned()));
            }
        };
        // boto3 takes no object as a body, so nothing is known that a type here would contradict.
        let json = is_json.then(|| content_type::JSON.to_owned());
        let sample = Sample {
            body,
            content_type: self.content_type.or(json),
            accept: self.accept,
            custom_attributes: self.custom_attributes,
            target_model: self.target_model,
            target_variant: self.target_variant,
            target_container_hostname: self.target_container_hostname,
            inference_id: self.inference_id,
            enable_explanations: self.enable_explanations,
        };
        for ((name, longest), value) in MEMBERS.into_iter().zip(sample.members()) {
            if let Some(value) = value {
                check_header(value, longest).map_err(|reason| format!("{name} {reason}"))?;
            }
        }
        Ok(sample)
    }
}

/// Refuses what cannot be a header of HTTP, or is longer than AWS takes: the model would see a call
/// only after endpoints were created. Says what is wrong, as the end of a sentence.
pub(super) fn check_header(value: &str, longest: usize) -> Result<(), String> {
    let is_visible = |c: char| (' '..='~').contains(&c) || c == '\t';
    if let Some((index, c)) = value.char_indices().find(|(_, c)| !is_visible(*c)) {
        let kind = if c.is_control() {
            "control character"
        } else {
            "character beyond ASCII"
        };
        return Err(format!(
            "holds the {kind} {} at byte {}, which no HTTP header can carry",
            c.escape_default(),
            index + 1
        ));
    }
    if value.len() > longest {
        return Err(format!(
            "has {} characters, and AWS takes at most {longest}",
            value.len()
        ));
    }
    Ok(())
}

/// Whether a text can be the content type of a sample.
///
/// # Errors
/// What is wrong with it, as the end of a sentence.
pub fn check_content_type(value: &str) -> Result<(), String> {
    check_header(value, 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_header_can_carry_is_said_with_its_place() {
        assert_eq!(
            check_header("text/csv\n", 1024).unwrap_err(),
            "holds the control character \\n at byte 9, which no HTTP header can carry"
        );
        assert_eq!(
            check_header("é", 1024).unwrap_err(),
            "holds the character beyond ASCII \\u{e9} at byte 1, which no HTTP header can carry"
        );
        assert_eq!(
            check_header("abc", 2).unwrap_err(),
            "has 3 characters, and AWS takes at most 2"
        );
        assert_eq!(check_header("a\tb", 3), Ok(()));
    }
}
