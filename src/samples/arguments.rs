//! Arguments of one `InvokeEndpoint` call by the API's own member names.

use std::path::{Path, PathBuf};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde::{Deserialize, Deserializer};

use super::{MAX_BODY_BYTES, Sample};
use crate::files;
use crate::text::quoted;

/// What a line of JSON Lines and a dict of a pickle may hold. Any other member is refused by name.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
pub(super) struct Arguments {
    /// The body itself.
    #[serde(default, deserialize_with = "text_as_bytes")]
    pub(super) body: Option<Vec<u8>>,
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

fn text_as_bytes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<u8>>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    Ok(text.map(String::into_bytes))
}

impl Arguments {
    /// The sample, with the body from exactly one of its three members. A file is looked for in
    /// `folder`, and may not be outside of it; in a workflow not outside of the workspace.
    ///
    /// # Errors
    /// What is wrong with the body.
    pub(super) fn into_sample(self, folder: &Path) -> Result<Sample, String> {
        let body = match (self.body, self.body_base64, self.body_file) {
            (Some(bytes), None, None) => bytes,
            (None, Some(encoded), None) => BASE64_STANDARD
                .decode(encoded)
                .map_err(|error| format!("BodyBase64: {error}"))?,
            (None, None, Some(file)) => {
                let file = folder.join(file);
                files::within(folder)
                    .read(&file, MAX_BODY_BYTES as u64)
                    .map_err(|error| {
                        let name = quoted(&file.display().to_string());
                        format!("BodyFile `{name}`: {error}")
                    })?
            }
            _ => return Err("exactly one of Body, BodyBase64 and BodyFile is needed".to_owned()),
        };
        Ok(Sample {
            body,
            content_type: self.content_type,
            accept: self.accept,
            custom_attributes: self.custom_attributes,
            target_model: self.target_model,
            target_variant: self.target_variant,
            target_container_hostname: self.target_container_hostname,
            inference_id: self.inference_id,
            enable_explanations: self.enable_explanations,
        })
    }
}
