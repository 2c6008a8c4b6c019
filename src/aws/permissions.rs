//! Finds the permissions that a role lacks for a run, without changing anything.

use jiff::Timestamp;

use super::endpoints::EndpointSpec;
use super::error::{AwsError, AwsErrorKind};
use super::metrics::MetricWindow;
use super::retry::Creation;
use super::session::Session;

impl Session {
    /// IAM actions that a run needs after it has created its first endpoint config, and that the
    /// role lacks. AWS looks at permissions before it looks for a resource, so each operation is
    /// asked for `absent`, of which only the name may exist: with the permission the answer is that
    /// there is none.
    pub async fn missing_actions(&self, absent: &EndpointSpec, now: Timestamp) -> Vec<String> {
        let name = absent.name.as_str();
        let (names, window, invoker) = ([name], MetricWindow::new(now, now), self.invoker(name));
        let (created, status, called, counts, deleted, config_deleted) = tokio::join!(
            self.create_nothing(absent),
            self.endpoint_status(name),
            invoker.refusal(),
            self.model_latency_counts(&names, window),
            self.delete_endpoint(name),
            self.delete_endpoint_config(name),
        );
        let refused = [
            created,
            status.err(),
            called,
            counts.err(),
            deleted.err(),
            config_deleted.err(),
        ];
        let refused = refused.into_iter().flatten();
        let denied = refused.filter(|error| error.kind == AwsErrorKind::AccessDenied);
        denied.map(|error| error.action()).collect()
    }

    /// An endpoint without its endpoint config, which AWS never creates.
    async fn create_nothing(&self, absent: &EndpointSpec) -> Option<AwsError> {
        match self.create_endpoint(absent).await {
            Err(error) => Some(error),
            Ok(Creation::Taken) => None,
            Ok(Creation::Created) => self.delete_endpoint(&absent.name).await.err(),
        }
    }
}
