//! One client per service, from one configuration that is checked before anything is created.

use std::error::Error as _;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, ConfigLoader, Region, SdkConfig};
use aws_sdk_sagemaker::config::{Credentials, ProvideCredentials as _, SharedCredentialsProvider};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::retry::ReconnectMode;
use thiserror::Error;

use super::access::Access;
use super::credentials::learning;
use super::retry::{CONNECT_TIMEOUT, UnreadableAnswer, control_retries, control_timeouts};
use super::timing::HostRecorder;
use super::web_identity::{AssumedRole, with_role};
use crate::network::{Network, NetworkError, Servers};
use crate::result::{Machine, Service};
use crate::text::one_line;

/// Longest answer of a serverless endpoint: 3 minutes of cold start and 60 s of inference, with a
/// margin.
const INVOCATION_TIMEOUT: Duration = Duration::from_mins(5);

/// Clients for one region and one set of credentials.
#[derive(Debug, Clone)]
pub struct Session {
    region: String,
    /// Whether its credentials outlive every run.
    is_renewed: bool,
    host: HostRecorder,
    /// Where models are measured, where no host says it.
    place: Option<Service>,
    pub(super) sagemaker: aws_sdk_sagemaker::Client,
    /// One client per endpoint is made of it.
    pub(super) runtime: aws_sdk_sagemakerruntime::Config,
    pub(super) quotas: aws_sdk_servicequotas::Client,
    pub(super) cloudwatch: aws_sdk_cloudwatch::Client,
    pub(super) logs: aws_sdk_cloudwatchlogs::Client,
}

/// Why a session cannot be opened.
#[derive(Debug, Error)]
pub enum SessionError {
    /// No region is configured.
    #[error("no AWS region is set")]
    MissingRegion,
    /// No source of credentials answered.
    #[error("no AWS credentials were found: {reason}")]
    MissingCredentials {
        /// What the chain of credential sources said.
        reason: String,
    },
    /// The connection cannot be set up.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// A role is to be assumed, and the job may not have identity tokens.
    #[error("--role-to-assume {role}: the job may not ask GitHub for an identity token")]
    NoIdentityToken {
        /// ARN of the role.
        role: String,
    },
    /// GitHub gave no token, or AWS did not take it.
    #[error("the role {role} cannot be assumed: {reason}")]
    RoleNotAssumed {
        /// ARN of the role.
        role: String,
        /// What GitHub or AWS said.
        reason: String,
    },
}

impl SessionError {
    /// A suggested fix.
    pub fn hint(&self) -> Option<String> {
        let text = match self {
            Self::Network(error) => return error.hint(),
            Self::MissingRegion => "pass --region us-east-1 or set AWS_REGION",
            Self::MissingCredentials { .. } => {
                "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, choose a profile with AWS_PROFILE, or add \
                 the step aws-actions/configure-aws-credentials"
            }
            Self::NoIdentityToken { .. } => {
                "give the job `permissions: id-token: write`; outside GitHub Actions choose a profile with AWS_PROFILE \
                 instead"
            }
            Self::RoleNotAssumed { .. } => {
                "the role's trust policy must name GitHub's identity provider, the audience sts.amazonaws.com and \
                 the subject of the token: `repo:OWNER/REPOSITORY:...`, or with ids \
                 `repo:OWNER@ID/REPOSITORY@ID:...` for a repository created or renamed since 15 July 2026 (`gh api \
                 repos/OWNER/REPOSITORY --jq '[.owner.id,.id]'` shows them)"
            }
        };
        Some(text.to_owned())
    }
}

impl Session {
    /// Reads region, credentials and endpoint overrides as every AWS tool does and checks that the
    /// first two are there. Sends nothing to AWS beyond what the credential source needs. With a
    /// role its sessions are the credentials, and nothing else is looked for.
    ///
    /// # Errors
    /// [`SessionError`] when the region or the credentials are missing.
    pub async fn connect(region: Option<String>, access: &Access) -> Result<Self, SessionError> {
        let loader = aws_config::defaults(BehaviorVersion::latest());
        let loader = match region {
            Some(region) => loader.region(Region::new(region)),
            None => loader,
        };
        let config = configured(loader, access).await?;
        Self::with_config(&config, &access.network, access.role.as_ref()).await
    }

    async fn with_config(
        config: &SdkConfig,
        network: &Network,
        role: Option<&AssumedRole>,
    ) -> Result<Self, SessionError> {
        let credentials = check(config, role).await?;
        let host = HostRecorder::default();
        Ok(Self {
            region: config.region().map(ToString::to_string).unwrap_or_default(),
            is_renewed: role.is_some()
                || credentials.expiry().is_some()
                || credentials.session_token().is_none(),
            sagemaker: sagemaker_client(config, &host),
            runtime: runtime_config(config, network.measuring_client(Servers::Aws)?, &host),
            quotas: quotas_client(config),
            cloudwatch: cloudwatch_client(config),
            logs: logs_client(config),
            host,
            place: None,
        })
    }

    /// Clients of a simulator at `url`, with the access key of its start. Neither environment nor
    /// profile can send them elsewhere.
    ///
    /// # Errors
    /// None that a simulator can cause; the check is that of [`Session::connect`].
    pub async fn simulated(
        url: &str,
        access_key_id: &str,
        region: &str,
    ) -> Result<Self, SessionError> {
        let network = Network::default();
        let source = "sagegate simulator";
        let credentials = Credentials::new(access_key_id, "simulated", None, None, source);
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(region.to_owned()))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .endpoint_url(url)
            .http_client(network.client(Servers::Aws)?)
            .build();
        Self::with_config(&config, &network, None).await
    }

    /// The same clients, behind which is a machine and not a service.
    #[must_use]
    pub fn on_machine(self, machine: Machine) -> Self {
        Self {
            place: Some(Service::Local(machine)),
            ..self
        }
    }

    /// The region of the clients.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// Whether its credentials outlive every run: they last for ever, or their source gives new
    /// ones. Temporary ones that were put into the environment or a file do not say when they end,
    /// and are not renewed.
    pub const fn is_renewed(&self) -> bool {
        self.is_renewed
    }

    /// Where the calls so far went: Amazon's own hosts, a custom endpoint, or a machine.
    pub fn service(&self) -> Service {
        if let Some(place) = &self.place {
            return place.clone();
        }
        match self.host.host() {
            Some(host) if !is_amazon(&host) => Service::Custom(host),
            Some(_) | None => Service::Aws,
        }
    }
}

fn is_amazon(host: &str) -> bool {
    [
        ".amazonaws.com",
        ".amazonaws.com.cn",
        ".api.aws",
        ".api.amazonwebservices.com.cn",
    ]
    .iter()
    .any(|suffix| host.ends_with(suffix))
}

/// What the environment says of AWS; the credentials are those of the role where there is one.
pub(super) async fn configured(
    loader: ConfigLoader,
    access: &Access,
) -> Result<SdkConfig, SessionError> {
    let loader = loader.http_client(access.network.client(Servers::Aws)?);
    let Some(role) = &access.role else {
        return Ok(learning(loader.load().await));
    };
    let Some(tokens) = &role.tokens else {
        return Err(SessionError::NoIdentityToken {
            role: role.arn.clone(),
        });
    };
    let config = loader.no_credentials().load().await;
    Ok(learning(with_role(&config, role, tokens)))
}

/// Refuses a configuration with which no call can succeed; gives the credentials of now.
pub(super) async fn check(
    config: &SdkConfig,
    role: Option<&AssumedRole>,
) -> Result<Credentials, SessionError> {
    if config.region().is_none_or(|it| it.as_ref().is_empty()) {
        return Err(SessionError::MissingRegion);
    }
    let missing = |reason: String| SessionError::MissingCredentials { reason };
    let source = config
        .credentials_provider()
        .ok_or_else(|| missing("no credential source is configured".to_owned()))?;
    let credentials = source.provide_credentials().await;
    credentials.map_err(|error| match role {
        Some(role) => SessionError::RoleNotAssumed {
            role: role.arn.clone(),
            reason: one_line(
                &error
                    .source()
                    .map_or_else(|| error.to_string(), ToString::to_string),
            ),
        },
        None => missing(error.to_string()),
    })
}

fn sagemaker_client(config: &SdkConfig, host: &HostRecorder) -> aws_sdk_sagemaker::Client {
    let config = aws_sdk_sagemaker::config::Builder::from(config)
        .retry_config(control_retries())
        .retry_classifier(UnreadableAnswer)
        .timeout_config(control_timeouts())
        .interceptor(host.clone())
        .build();
    aws_sdk_sagemaker::Client::from_conf(config)
}

fn cloudwatch_client(config: &SdkConfig) -> aws_sdk_cloudwatch::Client {
    let config = aws_sdk_cloudwatch::config::Builder::from(config)
        .retry_config(control_retries())
        .retry_classifier(UnreadableAnswer)
        .timeout_config(control_timeouts())
        .build();
    aws_sdk_cloudwatch::Client::from_conf(config)
}

fn logs_client(config: &SdkConfig) -> aws_sdk_cloudwatchlogs::Client {
    let config = aws_sdk_cloudwatchlogs::config::Builder::from(config)
        .retry_config(control_retries())
        .retry_classifier(UnreadableAnswer)
        .timeout_config(control_timeouts())
        .build();
    aws_sdk_cloudwatchlogs::Client::from_conf(config)
}

/// A quota is good to know and not worth a wait: one attempt.
fn quotas_client(config: &SdkConfig) -> aws_sdk_servicequotas::Client {
    let config = aws_sdk_servicequotas::config::Builder::from(config)
        .retry_config(RetryConfig::disabled())
        .timeout_config(control_timeouts())
        .build();
    aws_sdk_servicequotas::Client::from_conf(config)
}

/// The clients that measure: one attempt a call, so that no hidden retry counts as latency, and a
/// connection that stays open after a 500 or 503, so that the next call does not pay for a new one.
/// Their connections mark what goes over the wire.
fn runtime_config(
    config: &SdkConfig,
    client: SharedHttpClient,
    host: &HostRecorder,
) -> aws_sdk_sagemakerruntime::Config {
    let retries = RetryConfig::disabled().with_reconnect_mode(ReconnectMode::ReuseAllConnections);
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .read_timeout(INVOCATION_TIMEOUT)
        .operation_attempt_timeout(INVOCATION_TIMEOUT)
        .build();
    aws_sdk_sagemakerruntime::config::Builder::from(config)
        .http_client(client)
        .retry_config(retries)
        .timeout_config(timeouts)
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .interceptor(host.clone())
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_amazons_hosts_count_as_aws() {
        assert!(is_amazon("runtime.sagemaker.us-east-1.amazonaws.com"));
        assert!(is_amazon(
            "vpce-1.runtime.sagemaker.cn-north-1.vpce.amazonaws.com.cn"
        ));
        assert!(!is_amazon("127.0.0.1"));
        assert!(!is_amazon("amazonaws.com.example.org"));
    }
}
