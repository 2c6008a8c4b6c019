//! S3: objects that are read whole, and written only if nothing else has written in between.
//!
//! Each request names the account that the bucket must belong to: a bucket that was deleted, and
//! registered again by another account, gets nothing and gives nothing.

use std::sync::Arc;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::primitives::ByteStream;
use tokio::sync::OnceCell;

use super::access::Access;
use super::account_id::{AccountId, NotAnAccount};
use super::error::{AwsError, AwsErrorKind};
use super::retry::{UnreadableAnswer, control_retries, control_timeouts};
use super::session::{SessionError, check, configured};

/// A client of S3.
#[derive(Debug, Clone)]
pub struct Objects {
    pub(super) client: aws_sdk_s3::Client,
    pub(super) owner: BucketOwner,
}

/// The account that buckets must belong to.
#[derive(Debug, Clone)]
pub(super) struct BucketOwner {
    /// Asked for the account of the credentials where none was given.
    sts: aws_sdk_sts::Client,
    known: Arc<OnceCell<AccountId>>,
}

impl BucketOwner {
    /// `given`, or the account of the credentials.
    pub(super) fn new(config: &SdkConfig, given: Option<AccountId>) -> Self {
        let sts = aws_sdk_sts::config::Builder::from(config)
            .retry_config(control_retries())
            .retry_classifier(UnreadableAnswer)
            .timeout_config(control_timeouts())
            .build();
        Self {
            sts: aws_sdk_sts::Client::from_conf(sts),
            known: Arc::new(OnceCell::new_with(given)),
        }
    }

    /// Asks once, with the first request.
    async fn get(&self) -> Result<&str, AwsError> {
        let asked = self.known.get_or_try_init(|| self.ask());
        asked.await.map(AccountId::as_str)
    }

    async fn ask(&self) -> Result<AccountId, AwsError> {
        let answer = self.sts.get_caller_identity().send().await;
        let answer = answer.map_err(|error| AwsError::new(WHO, &error))?;
        let account = answer.account.unwrap_or_default();
        account.parse().map_err(|error: NotAnAccount| AwsError {
            operation: WHO,
            kind: AwsErrorKind::Service,
            code: None,
            message: error.to_string(),
        })
    }
}

/// The operation that says whose the credentials are.
const WHO: &str = "GetCallerIdentity";

/// The current version of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredObject {
    /// Its content.
    pub bytes: Vec<u8>,
    /// Its entity tag, by which [`Objects::put`] knows it again.
    pub etag: String,
}

/// The outcome of a conditional write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// The object was written.
    Yes,
    /// Another process has written or deleted the object: nothing was written.
    Conflict,
}

impl Objects {
    /// Reads region, unless one is given, credentials and endpoint overrides as every AWS tool
    /// does. With `AWS_ENDPOINT_URL` buckets are part of the path instead of the host name. With
    /// a role its sessions are the credentials. Buckets must belong to `owner`: by default the
    /// account of the credentials, which is asked for with the first request.
    ///
    /// # Errors
    /// [`SessionError`] when the region or the credentials are missing.
    pub async fn connect(
        region: Option<String>,
        access: &Access,
        owner: Option<AccountId>,
    ) -> Result<Self, SessionError> {
        let loader = aws_config::defaults(BehaviorVersion::latest());
        let loader = match region {
            Some(region) => loader.region(Region::new(region)),
            None => loader,
        };
        let config = configured(loader, access).await?;
        check(&config, access.role.as_ref()).await?;
        Ok(Self {
            client: client(&config),
            owner: BucketOwner::new(&config, owner),
        })
    }

    /// Reads an object; `None` when there is none.
    ///
    /// # Errors
    /// [`AwsError`], also for a bucket that does not exist.
    pub async fn get(&self, bucket: &str, key: &str) -> Result<Option<StoredObject>, AwsError> {
        let request = self.client.get_object().bucket(bucket).key(key);
        let request = request.expected_bucket_owner(self.owner.get().await?);
        let answer = match request.send().await {
            Ok(answer) => answer,
            Err(error) => {
                let error = AwsError::new("GetObject", &error);
                return match error.code.as_deref() {
                    Some("NoSuchKey") => Ok(None),
                    Some(_) | None => Err(error),
                };
            }
        };
        let etag = answer.e_tag.unwrap_or_default();
        let body = answer.body.collect().await;
        let body = body.map_err(|error| AwsError::transport("GetObject", &error))?;
        Ok(Some(StoredObject {
            bytes: body.to_vec(),
            etag,
        }))
    }

    /// Writes an object if it still has the entity tag `expected`, or if there is none where
    /// `expected` is `None`.
    ///
    /// Source of the conditions: S3 User Guide, "How to prevent object overwrites with conditional
    /// writes"; both 409 and 412 mean that another writer was first, and 404 that the object has
    /// gone.
    ///
    /// # Errors
    /// [`AwsError`].
    pub async fn put(
        &self,
        bucket: &str,
        key: &str,
        bytes: Vec<u8>,
        expected: Option<&str>,
    ) -> Result<Written, AwsError> {
        let request = self.client.put_object().bucket(bucket).key(key);
        let request = request.expected_bucket_owner(self.owner.get().await?);
        let request = match expected {
            Some(etag) => request.if_match(etag),
            None => request.if_none_match("*"),
        };
        let request = request
            .content_type("application/json")
            .body(ByteStream::from(bytes));
        match request.send().await {
            Ok(_) => Ok(Written::Yes),
            Err(error) => {
                let error = AwsError::new("PutObject", &error);
                match error.code.as_deref() {
                    Some("PreconditionFailed" | "ConditionalRequestConflict" | "NoSuchKey") => {
                        Ok(Written::Conflict)
                    }
                    Some(_) | None => Err(error),
                }
            }
        }
    }
}

pub(super) fn client(config: &SdkConfig) -> aws_sdk_s3::Client {
    let builder = aws_sdk_s3::config::Builder::from(config)
        .retry_config(control_retries())
        .retry_classifier(UnreadableAnswer)
        .timeout_config(control_timeouts())
        .force_path_style(config.endpoint_url().is_some());
    aws_sdk_s3::Client::from_conf(builder.build())
}

impl AwsError {
    /// A suggested fix for a refusal by a bucket, where S3's own words do not say.
    pub fn bucket_hint(&self) -> Option<String> {
        if self.operation == WHO {
            let hint = "pass --bucket-owner with the account that the bucket belongs to";
            return Some(hint.to_owned());
        }
        match (self.kind, self.code.as_deref()) {
            (_, Some("NoSuchBucket")) => {
                Some("create the bucket, or choose another place with --baseline".to_owned())
            }
            (
                _,
                Some(
                    "PermanentRedirect"
                    | "AuthorizationHeaderMalformed"
                    | "IllegalLocationConstraintException",
                ),
            ) => Some("set AWS_REGION to the region of the bucket".to_owned()),
            (AwsErrorKind::AccessDenied, _) => Some(format!(
                "allow the IAM action `s3:{}` on the object, and `s3:ListBucket` on the bucket: without that S3 denies a \
                 missing object, too; a bucket of another account must be named by --bucket-owner",
                self.operation
            )),
            _ => self.hint(),
        }
    }
}
