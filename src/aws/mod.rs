//! The only user of the AWS SDKs: one configured client per service, one function per operation.

mod endpoints;
mod error;
mod invoke;
mod metrics;
mod session;
mod timing;

pub use endpoints::{EndpointSpec, EndpointStatus};
pub use error::{AwsError, AwsErrorKind};
pub use metrics::MetricWindow;
pub use session::{Session, SessionError};
