//! Identity tokens of a workflow run, which AWS exchanges for credentials of a role.
//!
//! Source: "`OpenID` Connect reference" in GitHub's documentation: a job with `permissions:
//! id-token: write` has an address and a token to ask at.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use http::{Method, Uri};
use http_body_util::{BodyExt as _, Limited};
use octocrab::Octocrab;
use secrecy::SecretString;
use serde::Deserialize;
use thiserror::Error;

use super::client::{split_address, with_causes};
use super::retry::{Failure, Retry};
use super::token::Token;
use super::transport::crab;
use crate::network::{Network, NetworkError};
use crate::text::one_line;

/// Audience of tokens for AWS.
const AUDIENCE: &str = "sts.amazonaws.com";
/// Largest answer that is read: a token has some two thousand characters.
const MAX_ANSWER: usize = 64 << 10;
/// Longest time for one attempt.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);

/// Source of the identity tokens of a workflow run.
#[derive(Clone)]
pub struct IdentityTokens {
    crab: Octocrab,
    /// Path and query with the audience.
    route: String,
    token: Token,
    retry: Retry,
}

impl fmt::Debug for IdentityTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdentityTokens")
            .field("route", &self.route)
            .finish_non_exhaustive()
    }
}

/// Why there is no identity token.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum IdentityTokenError {
    /// The connection cannot be set up.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// The variables of the runner are damaged.
    #[error("ACTIONS_ID_TOKEN_REQUEST_URL or _TOKEN cannot be used: {reason}")]
    Variables {
        /// What is wrong.
        reason: String,
    },
    /// GitHub refused, or did not answer.
    #[error("GitHub gave no identity token: {reason}")]
    Refused {
        /// What it said.
        reason: String,
    },
}

impl IdentityTokenError {
    /// A suggested fix.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Network(error) => error.hint(),
            Self::Variables { .. } | Self::Refused { .. } => None,
        }
    }
}

#[derive(Deserialize)]
struct Answer {
    value: String,
}

impl IdentityTokens {
    /// Reads the runner's variables; `None` where the job may not have tokens. Sends nothing. Works
    /// inside a Tokio runtime only.
    ///
    /// # Errors
    /// [`IdentityTokenError::Variables`], or [`IdentityTokenError::Network`].
    pub fn from_environment(
        environment: &BTreeMap<String, String>,
        network: &Network,
    ) -> Result<Option<Self>, IdentityTokenError> {
        let variable = |name| environment.get(name).filter(|value| !value.is_empty());
        let (Some(url), Some(token)) = (
            variable("ACTIONS_ID_TOKEN_REQUEST_URL"),
            variable("ACTIONS_ID_TOKEN_REQUEST_TOKEN"),
        ) else {
            return Ok(None);
        };
        Self::new(url, token, network).map(Some)
    }

    fn new(url: &str, token: &str, network: &Network) -> Result<Self, IdentityTokenError> {
        let damaged = |reason: String| IdentityTokenError::Variables { reason };
        let token: Token = token
            .parse()
            .map_err(|_error| damaged("it is not a token".to_owned()))?;
        let no_address = || damaged("the address is not an https address".to_owned());
        let uri: Uri = url.trim().parse().map_err(|_error| no_address())?;
        let before_query = url.trim().split('?').next().unwrap_or_default();
        let (server, path) = split_address(before_query).ok_or_else(no_address)?;
        let query = uri.query().map(|query| format!("{query}&"));
        Ok(Self {
            crab: crab(server, &token, network)?,
            route: format!("{path}?{}audience={AUDIENCE}", query.unwrap_or_default()),
            token,
            retry: Retry {
                attempts: 3,
                ..Retry::default()
            },
        })
    }

    /// A new token for AWS; it lives for some minutes. Asked for again after errors that may pass.
    ///
    /// # Errors
    /// [`IdentityTokenError::Refused`].
    pub async fn fetch(&self) -> Result<SecretString, IdentityTokenError> {
        self.retry.run(|| self.attempt()).await
    }

    async fn attempt(&self) -> Result<SecretString, Failure<IdentityTokenError>> {
        let exchange = tokio::time::timeout(ATTEMPT_TIMEOUT, self.exchange());
        let (reason, may_pass) = match exchange.await {
            Ok(Ok(token)) => return Ok(token),
            Ok(Err(failure)) => failure,
            Err(_elapsed) => {
                let seconds = ATTEMPT_TIMEOUT.as_secs();
                (format!("no answer within {seconds} s"), true)
            }
        };
        let reason = one_line(&self.token.redact(&reason));
        Err(Failure {
            error: IdentityTokenError::Refused { reason },
            may_pass,
            asked: None,
        })
    }

    /// A failure says whether it may pass.
    async fn exchange(&self) -> Result<SecretString, (String, bool)> {
        let request = http::Request::builder()
            .method(Method::GET)
            .uri(self.route.as_str());
        let request = self.crab.build_request(request, None::<&()>);
        let request = request.map_err(|error| (with_causes(&error), false))?;
        let answer = self.crab.execute(request).await;
        let answer = answer.map_err(|error| (with_causes(&error), true))?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), MAX_ANSWER).collect().await;
        let body = body.map_err(|error| (error.to_string(), true))?.to_bytes();
        if !status.is_success() {
            let may_pass = status.is_server_error() || status.as_u16() == 429;
            return Err((format!("HTTP status {}", status.as_u16()), may_pass));
        }
        let answer: Result<Answer, _> = serde_json::from_slice(&body);
        let answer = answer.map_err(|_error| ("the answer holds no token".to_owned(), false))?;
        crate::redact::learn(&answer.value);
        Ok(SecretString::from(answer.value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(url: &str, token: &str) -> BTreeMap<String, String> {
        BTreeMap::from([
            ("ACTIONS_ID_TOKEN_REQUEST_URL".to_owned(), url.to_owned()),
            (
                "ACTIONS_ID_TOKEN_REQUEST_TOKEN".to_owned(),
                token.to_owned(),
            ),
        ])
    }

    fn from(
        environment: &BTreeMap<String, String>,
    ) -> Result<Option<IdentityTokens>, IdentityTokenError> {
        IdentityTokens::from_environment(environment, &Network::default())
    }

    #[tokio::test]
    async fn the_audience_is_added_to_any_query_of_the_address() {
        for (url, route) in [
            (
                "https://run.example/_apis/token?api-version=2.0",
                "/_apis/token?api-version=2.0&audience=sts.amazonaws.com",
            ),
            (
                "https://run.example/token",
                "/token?audience=sts.amazonaws.com",
            ),
        ] {
            let tokens = from(&environment(url, "secret"));
            let tokens = tokens.unwrap().unwrap();
            assert_eq!(tokens.route, route);
            assert!(!format!("{tokens:?}").contains("secret"));
        }
    }

    #[tokio::test]
    async fn a_job_without_the_permission_has_none_and_damage_is_named() {
        let none = from(&environment("", ""));
        assert!(none.unwrap().is_none());
        for (url, token) in [
            ("no address", "secret"),
            ("http://run.example/token", "secret"),
            ("https://run.example/", "two words"),
        ] {
            let error = from(&environment(url, token)).unwrap_err();
            assert!(matches!(error, IdentityTokenError::Variables { .. }));
            assert!(!error.to_string().contains("two words"));
        }
    }
}
