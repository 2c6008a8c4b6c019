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
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::future::BoxFuture;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use super::error::AwsError;
use super::retry::{control_retries, control_timeouts};
use crate::text::one_line;

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

/// A refusal with the subject of the token, which the role's trust policy must name. It is no
/// secret: names of the repository, and of the branch or environment.
fn with_subject(error: AwsError, token: &str) -> AwsError {
    match subject(token) {
        Some(subject) => AwsError {
            message: format!("{} (subject of the token: `{subject}`)", error.message),
            ..error
        },
        None => error,
    }
}

/// The claim `sub` of a JSON web token.
fn subject(token: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Claims {
        sub: String,
    }
    let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    let claims: Claims = serde_json::from_slice(&payload).ok()?;
    Some(one_line(&claims.sub)).filter(|it| !it.is_empty() && it.len() <= 300)
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
                let error = AwsError::new("AssumeRoleWithWebIdentity", &error);
                CredentialsError::provider_error(with_subject(error, token.expose_secret()))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_subject_of_a_token_is_one_line_and_of_anything_else_there_is_none() {
        let token = |claims: &str| format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims));
        let new = r#"{"sub":"repo:o@1/r@2:pull_request","aud":"x"}"#;
        assert_eq!(subject(&token(new)).unwrap(), "repo:o@1/r@2:pull_request");
        let hostile = r#"{"sub":"repo:o/r:\u001b[31m\n::error::x"}"#;
        assert_eq!(
            subject(&token(hostile)).unwrap(),
            "repo:o/r: [31m ::error::x"
        );
        let long = format!(r#"{{"sub":"{}"}}"#, "x".repeat(301));
        for other in [
            "secret",
            "",
            "a.b.c",
            &token("{}"),
            &token("[]"),
            &token(&long),
        ] {
            assert_eq!(subject(other), None, "{other}");
        }
    }
}
