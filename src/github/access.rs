//! Access to GitHub: server, repository and token, from environment and flags.

use std::collections::BTreeMap;

use thiserror::Error;

use super::client::{ATTEMPT_TIMEOUT, Client};
use super::error::GitHubError;
use super::repository::{Repository, RepositoryError};
use super::retry::Retry;
use super::token::{Token, TokenError};
use crate::network::Network;

/// The API of github.com.
const API_URL: &str = "https://api.github.com";

/// The server, the repository and the right to act in it. What is missing or wrong matters only to
/// those who ask for a client.
#[derive(Debug, Clone)]
pub struct Access {
    api_url: String,
    repository: Result<Repository, NoClient>,
    token: Result<Token, NoClient>,
    network: Network,
}

/// Why there is no client.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NoClient {
    /// Outside Actions.
    #[error("needs GITHUB_REPOSITORY, which is not set")]
    NoRepository,
    /// Neither a flag nor the environment has a token.
    #[error("needs GITHUB_TOKEN, which is not set")]
    NoToken,
    /// `GITHUB_REPOSITORY` names no repository.
    #[error("cannot be used: {0}")]
    Repository(RepositoryError),
    /// The token is not one.
    #[error("cannot be used: {0}")]
    Token(TokenError),
    /// The connection cannot be set up.
    #[error(transparent)]
    GitHub(GitHubError),
}

impl Access {
    /// `GITHUB_API_URL`, github.com's when empty, `GITHUB_REPOSITORY`, and the token that was given
    /// or `GITHUB_TOKEN`.
    pub fn from_environment(
        environment: &BTreeMap<String, String>,
        given: Option<Result<Token, TokenError>>,
        network: &Network,
    ) -> Self {
        let variable = |name| environment.get(name).filter(|value| !value.is_empty());
        let trimmed = |name| variable(name).map(|value| value.trim());
        let token = given.or_else(|| variable("GITHUB_TOKEN").map(|text| text.parse()));
        Self {
            api_url: trimmed("GITHUB_API_URL").unwrap_or(API_URL).to_owned(),
            repository: match trimmed("GITHUB_REPOSITORY") {
                Some(name) => name.parse().map_err(NoClient::Repository),
                None => Err(NoClient::NoRepository),
            },
            token: match token {
                Some(token) => token.map_err(NoClient::Token),
                None => Err(NoClient::NoToken),
            },
            network: network.clone(),
        }
    }

    /// A client for the repository; sends nothing. Works inside a Tokio runtime only.
    ///
    /// # Errors
    /// [`NoClient`].
    pub fn client(&self) -> Result<Client, NoClient> {
        let repository = self.repository.clone()?;
        let (token, retry) = (self.token.clone()?, Retry::default());
        let (api_url, network) = (&self.api_url, &self.network);
        Client::new(api_url, repository, token, retry, ATTEMPT_TIMEOUT, network)
            .map_err(NoClient::GitHub)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access(variables: &[(&str, &str)], given: Option<&str>) -> Access {
        let variables = variables.iter();
        let environment = variables.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let given = given.map(str::parse);
        Access::from_environment(&environment.collect(), given, &Network::default())
    }

    fn problem(variables: &[(&str, &str)], given: Option<&str>) -> String {
        access(variables, given).client().unwrap_err().to_string()
    }

    #[test]
    fn what_is_missing_or_wrong_is_named_when_a_client_is_asked_for() {
        let repository = ("GITHUB_REPOSITORY", "acme/churn");
        for (variables, given, words) in [
            (&[][..], None, "needs GITHUB_REPOSITORY, which is not set"),
            (
                &[("GITHUB_REPOSITORY", "")],
                None,
                "needs GITHUB_REPOSITORY, which is not set",
            ),
            (
                &[("GITHUB_REPOSITORY", "acme")],
                None,
                "cannot be used: `acme` is not a repository, use OWNER/NAME",
            ),
            (&[repository], None, "needs GITHUB_TOKEN, which is not set"),
            (
                &[repository, ("GITHUB_API_URL", "ftp://x")],
                Some("t"),
                "`ftp://x` is not the https address of a GitHub API",
            ),
        ] {
            assert_eq!(problem(variables, given), words);
        }
        let bad = problem(&[repository], Some("two words"));
        assert!(
            bad.starts_with("cannot be used: the GitHub token holds a space"),
            "{bad}"
        );
    }

    #[tokio::test]
    async fn a_given_token_wins_and_github_com_is_the_default() {
        let variables = [
            ("GITHUB_REPOSITORY", "acme/churn"),
            ("GITHUB_TOKEN", "two words"),
        ];
        let given = access(&variables, Some("ghs_given"));
        assert_eq!(given.api_url, "https://api.github.com");
        assert_eq!(given.token.as_ref().unwrap().expose(), "ghs_given");
        assert!(!format!("{given:?}").contains("ghs_given"));
        assert!(given.client().is_ok());
        let own = [("GITHUB_API_URL", "https://git.acme.example/api/v3/")];
        assert_eq!(
            access(&own, None).api_url,
            "https://git.acme.example/api/v3/"
        );
    }
}
