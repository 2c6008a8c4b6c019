//! The token, which is never printed or logged.

use std::fmt;
use std::str::FromStr;

use secrecy::{ExposeSecret as _, SecretString};
use thiserror::Error;

/// A GitHub token. `Debug` prints `Token(***)`; the memory is overwritten when it is dropped.
#[derive(Clone)]
pub struct Token(SecretString);

/// A text that cannot be a token. It never repeats the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TokenError {
    /// Nothing but white space.
    #[error("the GitHub token is empty, pass `github-token: ${{{{ github.token }}}}`")]
    Empty,
    /// A line break, a space or a character outside ASCII within it.
    #[error(
        "the GitHub token holds a space, a line break or a character that no token has, check the secret"
    )]
    NotAToken,
}

impl FromStr for Token {
    type Err = TokenError;

    /// Takes the text without the white space around it.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if text.is_empty() {
            return Err(TokenError::Empty);
        }
        // Anything else is not a valid header value, and octocrab panics on those.
        if !text.chars().all(|c| c.is_ascii_graphic()) {
            return Err(TokenError::NotAToken);
        }
        Ok(Self(SecretString::from(text)))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(***)")
    }
}

impl Token {
    /// The bare token, for the HTTP client.
    pub(super) fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// Whether it belongs to an app's installation, as the token of a workflow run does, and not to
    /// a person.
    ///
    /// Source: the prefix `ghs_` in GitHub's table of token formats.
    pub(super) fn is_of_installation(&self) -> bool {
        self.expose().starts_with("ghs_")
    }

    /// `text` without the token, in case a server repeats what it was sent.
    pub(super) fn redact(&self, text: &str) -> String {
        text.replace(self.expose(), "***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_trimmed_and_never_printed() {
        let token: Token = " ghs_secret\n".parse().unwrap();
        assert_eq!(token.expose(), "ghs_secret");
        assert_eq!(format!("{token:?}"), "Token(***)");
        assert_eq!(token.redact("Bearer ghs_secret!"), "Bearer ***!");
        assert!(token.is_of_installation());
        assert!(!"ghp_x".parse::<Token>().unwrap().is_of_installation());
    }

    #[test]
    fn what_is_no_header_value_is_refused_without_repeating_it() {
        assert_eq!(" ".parse::<Token>().unwrap_err(), TokenError::Empty);
        for bad in ["a\nb", "a b", "tokén"] {
            assert_eq!(bad.parse::<Token>().unwrap_err(), TokenError::NotAToken);
        }
        assert_eq!(
            TokenError::Empty.to_string(),
            "the GitHub token is empty, pass `github-token: ${{ github.token }}`"
        );
    }
}
