//! A repository's name, checked before it becomes part of an address.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// Longest owner or name that is believed: GitHub allows 39 and 100 characters.
const MAX_PART: usize = 100;

/// A repository as `OWNER/NAME`: letters, digits, `.`, `_` and `-` on both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository(String);

/// The text is not the name of a repository.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{0}` is not a repository, use OWNER/NAME")]
pub struct RepositoryError(String);

impl FromStr for Repository {
    type Err = RepositoryError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('/') {
            Some((owner, name)) if is_part(owner) && is_part(name) => Ok(Self(text.to_owned())),
            Some(_) | None => Err(RepositoryError(crate::text::one_line(text))),
        }
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_part(part: &str) -> bool {
    (1..=MAX_PART).contains(&part.len())
        && part
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
        && part != "."
        && part != ".."
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owner_and_name_are_accepted_and_everything_that_changes_an_address_is_not() {
        assert_eq!(
            "acme/churn.model-1"
                .parse::<Repository>()
                .unwrap()
                .to_string(),
            "acme/churn.model-1"
        );
        for bad in [
            "", "acme", "acme/", "/x", "a/b/c", "../x", "a/..", "a b/c", "a/b?c", "a/b#c", "a/b\n",
        ] {
            assert!(bad.parse::<Repository>().is_err(), "{bad:?}");
        }
    }
}
