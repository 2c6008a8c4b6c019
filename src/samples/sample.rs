//! One call's arguments.

use std::path::Path;

use super::error::{Position, SamplesError};

/// Largest request body that `SageMaker` Serverless accepts: 4 MB.
///
/// Source: SageMaker developer guide, "Invoke a serverless endpoint".
pub const MAX_BODY_BYTES: usize = 4 * 1024 * 1024;

/// Arguments of one `InvokeEndpoint` call, except the endpoint's name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sample {
    /// Request body.
    pub body: Vec<u8>,
    /// `Content-Type` of the body.
    pub content_type: Option<String>,
    /// `Accept`: content type wanted for the response.
    pub accept: Option<String>,
    /// `X-Amzn-SageMaker-Custom-Attributes`.
    pub custom_attributes: Option<String>,
    /// `X-Amzn-SageMaker-Target-Model`.
    pub target_model: Option<String>,
    /// `X-Amzn-SageMaker-Target-Variant`.
    pub target_variant: Option<String>,
    /// `X-Amzn-SageMaker-Target-Container-Hostname`.
    pub target_container_hostname: Option<String>,
    /// `X-Amzn-SageMaker-Inference-Id`.
    pub inference_id: Option<String>,
    /// `X-Amzn-SageMaker-Enable-Explanations`.
    pub enable_explanations: Option<String>,
}

/// Refuses a body that SageMaker would refuse.
pub(super) fn check_size(body: &[u8], path: &Path, place: Position) -> Result<(), SamplesError> {
    if body.len() <= MAX_BODY_BYTES {
        return Ok(());
    }
    Err(SamplesError::TooLarge {
        path: path.to_owned(),
        place,
        bytes: body.len(),
    })
}

pub(super) static EMPTY: Sample = Sample {
    body: Vec::new(),
    content_type: None,
    accept: None,
    custom_attributes: None,
    target_model: None,
    target_variant: None,
    target_container_hostname: None,
    inference_id: None,
    enable_explanations: None,
};

impl Sample {
    /// Its members but the body, in the order in which they are hashed.
    pub(super) fn members(&self) -> [&Option<String>; 8] {
        [
            &self.content_type,
            &self.accept,
            &self.custom_attributes,
            &self.target_model,
            &self.target_variant,
            &self.target_container_hostname,
            &self.inference_id,
            &self.enable_explanations,
        ]
    }
}
