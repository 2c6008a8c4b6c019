//! Which branch's runs a run is compared with, and is added to.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Longest name, in bytes: that of a file of git's.
const MAX_NAME: usize = 244;

/// The name of a branch, without `refs/heads/`: 1 to 244 bytes without control characters, spaces
/// and what git gives a meaning of its own. Still untrusted text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BranchName(String);

/// The text is not the name of a branch.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{0}` is not the name of a branch, use for example main or release/1")]
pub struct NoBranchName(String);

impl BranchName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BranchName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for BranchName {
    type Err = NoBranchName;

    /// Source: `git check-ref-format`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let name = text.strip_prefix("refs/heads/").unwrap_or(text);
        let is_forbidden = |c: char| c.is_control() || c.is_whitespace() || "~^:?*[\\".contains(c);
        let is_part = |part: &str| !part.is_empty() && !part.starts_with('.');
        let is_name = (1..=MAX_NAME).contains(&name.len())
            && !name.contains(is_forbidden)
            && !name.contains("..")
            && name.split('/').all(is_part);
        if is_name {
            Ok(Self(name.to_owned()))
        } else {
            Err(NoBranchName(crate::text::one_line(text)))
        }
    }
}

impl TryFrom<String> for BranchName {
    type Error = NoBranchName;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<BranchName> for String {
    fn from(name: BranchName) -> Self {
        name.0
    }
}

/// The branches that decide whose runs a run is compared with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Branches {
    /// The branch that is merged into, or that is recorded; `None` where that is not known, which
    /// then is the default branch.
    pub base: Option<BranchName>,
    /// The repository's default branch, where known. Its runs stand in for those of a branch that
    /// has none.
    pub default: Option<BranchName>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_as_git_allows_them_are_taken_and_others_refused_by_name() {
        for (text, name) in [
            ("main", "main"),
            ("refs/heads/release/1", "release/1"),
            ("über-feature_2.x@home", "über-feature_2.x@home"),
        ] {
            assert_eq!(text.parse::<BranchName>().unwrap().as_str(), name);
        }
        let long = "x".repeat(245);
        for text in [
            "", "a b", "a..b", "/a", "a//b", ".a", "a/.b", "a\nb", "a:b", &long,
        ] {
            let error = text.parse::<BranchName>().unwrap_err();
            assert!(error.to_string().starts_with('`'), "{error}");
        }
    }
}
