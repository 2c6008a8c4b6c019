//! Credentials of a role that is assumed with an identity token, and assumed again before they end.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_config::SdkConfig;
use aws_config::identity::IdentityCache;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{
    ProvideCredentials, Result as Provided, SharedCredentialsProvider, future,
};
use futures_util::future::BoxFuture;
use secrecy::{ExposeSecret as _, SecretString};

use super::error::AwsError;
use super::retry::{control_retries, control_timeouts};

/// Longest time for a new token and the session that it opens. The SDK's own limit of 5 s leaves no
/// room for a retry.
const RENEWAL_TIMEOUT: Duration = Duration::from_mins(1);

/// Asks for a new identity token. Tokens live for minutes, so each is asked for when it is needed.
pub type TokenSource = Arc<
    dyn Fn() -> BoxFuture<'static, Result<SecretString, Box<dyn StdError + Send + Sync>>>
        + Send
        + Sync,
>;

/// A role, and the tokens it is assumed with.
#[derive(Clone)]
pub struct AssumedRole {
    /// ARN of the role.
    pub arn: String,
    /// What `CloudTrail` calls the session: 2 to 64 letters, digits and `_+=,.@-`.
    pub session_name: String,
    /// Where tokens come from; `None` where there are none.
    pub tokens: Option<TokenSource>,
}

impl fmt::Debug for AssumedRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AssumedRole")
            .field("arn", &self.arn)
            .field("session_name", &self.session_name)
            .finish_non_exhaustive()
    }
}

/// `config` with the credentials of the role: its clients share one session, and one that is about
/// to end is followed by the next.
pub(super) fn with_role(config: &SdkConfig, role: &AssumedRole, tokens: &TokenSource) -> SdkConfig {
    let sts = aws_sdk_sts::config::Builder::from(config)
        .retry_config(control_retries())
        .timeout_config(control_timeouts())
        .build();
    let provider = Provider {
        sts: aws_sdk_sts::Client::from_conf(sts),
        role: role.clone(),
        tokens: Arc::clone(tokens),
    };
    let cache = IdentityCache::lazy().load_timeout(RENEWAL_TIMEOUT).build();
    config
        .to_builder()
        .credentials_provider(SharedCredentialsProvider::new(provider))
        .identity_cache(cache)
        .build()
}

struct Provider {
    sts: aws_sdk_sts::Client,
    role: AssumedRole,
    tokens: TokenSource,
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.role.fmt(f)
    }
}

impl ProvideCredentials for Provider {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.assume())
    }
}

impl Provider {
    async fn assume(&self) -> Provided {
        let token = (self.tokens)().await;
        let token = token.map_err(CredentialsError::provider_error)?;
        let answer = self
            .sts
            .assume_role_with_web_identity()
            .role_arn(&self.role.arn)
            .role_session_name(&self.role.session_name)
            .web_identity_token(token.expose_secret())
            .send()
            .await
            .map_err(|error| {
                CredentialsError::provider_error(AwsError::new("AssumeRoleWithWebIdentity", &error))
            })?;
        let credentials = answer.credentials.ok_or_else(|| {
            CredentialsError::unhandled("AssumeRoleWithWebIdentity answered without credentials")
        })?;
        let ends = SystemTime::try_from(credentials.expiration)
            .map_err(CredentialsError::invalid_configuration)?;
        tracing::debug!(role = self.role.arn, "a session of the role was opened");
        Ok(Credentials::new(
            credentials.access_key_id,
            credentials.secret_access_key,
            Some(credentials.session_token),
            Some(ends),
            "AssumeRoleWithWebIdentity",
        ))
    }
}
