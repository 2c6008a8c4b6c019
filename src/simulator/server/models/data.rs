//! A model's data by its URL: a file or folder of this machine, or an object of the simulated S3.

use std::path::Path;

use crate::engine::{EngineError, ModelData};
use crate::simulator::account::{ObjectAnswer, ObjectCall, ObjectOperation};
use crate::simulator::server::Service;

pub(super) fn at(service: &Service, url: &str) -> Result<ModelData, EngineError> {
    if let Some(path) = url.strip_prefix("file://") {
        return ModelData::at(Path::new(path));
    }
    let wrong = |reason: String| EngineError::ModelData { reason };
    let Some((bucket, key)) = url.strip_prefix("s3://").and_then(|it| it.split_once('/')) else {
        return Err(wrong(format!("`{url}` is neither file:// nor s3://")));
    };
    let call = ObjectCall {
        expected_owner: None,
        bucket: bucket.to_owned(),
        operation: ObjectOperation::Get(key.to_owned()),
    };
    let now = service.now();
    let answer = service.account().s3(call, now);
    match answer {
        Ok(ObjectAnswer::Object(object)) => Ok(ModelData::Bytes(object.bytes.to_vec())),
        Ok(ObjectAnswer::Done(_) | ObjectAnswer::Stored(_) | ObjectAnswer::Listed { .. }) => {
            Err(wrong(format!("`{url}` is not an object")))
        }
        Err(error) => Err(wrong(format!(
            "`{url}`, in the simulated S3: {}",
            error.message.unwrap_or_else(|| error.code.to_owned())
        ))),
    }
}
