//! The only user of the AWS SDKs: one configured client per service, one function per operation.

mod access;
mod account_id;
mod cause;
mod credentials;
mod endpoints;
mod error;
mod invoke;
mod listing;
mod logs;
mod metrics;
mod models;
mod objects;
mod permissions;
mod price_list;
mod processing_jobs;
mod quotas;
mod retry;
mod s3_folder;
mod session;
#[cfg(test)]
mod tests;
mod timing;
mod web_identity;

pub use access::Access;
pub use account_id::{AccountId, NotAnAccount};
pub use cause::{cause_of_call, cause_of_deployment, is_machine_full, is_role_refused};
pub use endpoints::{EndpointSpec, EndpointStatus};
pub use error::{AwsError, AwsErrorKind};
pub use invoke::Invoker;
pub use listing::{Listed, Listing, ResourceKind, Tagged};
pub use metrics::MetricWindow;
pub use models::{Container, ModelSpec, Unsupported};
pub use objects::{Objects, StoredObject, Written};
pub use price_list::{PriceList, PriceListError};
pub use processing_jobs::{ProcessingJob, ProcessingJobSpec, ProcessingJobStatus};
pub use quotas::{SharedQuota, shared_quota};
pub use retry::Creation;
pub use s3_folder::{NotInS3, S3Folder, is_bucket_name};
pub use session::{Session, SessionError};
pub use web_identity::{AssumedRole, TokenSource};
