//! PURE: numbers of AWS accounts.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The number of an account: twelve digits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccountId(String);

/// The text is no such number.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{0}` is not an AWS account, use its 12 digits, for example 123456789012")]
pub struct NotAnAccount(String);

impl AccountId {
    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for AccountId {
    type Err = NotAnAccount;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_one = text.len() == 12 && text.bytes().all(|it| it.is_ascii_digit());
        is_one
            .then(|| Self(text.to_owned()))
            .ok_or_else(|| NotAnAccount(text.to_owned()))
    }
}

impl TryFrom<String> for AccountId {
    type Error = NotAnAccount;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<AccountId> for String {
    fn from(account: AccountId) -> Self {
        account.0
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_twelve_digits() {
        let account: AccountId = "000012345678".parse().unwrap();
        assert_eq!(account.to_string(), "000012345678");
        for bad in [
            "",
            "12345678901",
            "1234567890123",
            "1234-5678-901",
            "１２３４",
        ] {
            let error = bad.parse::<AccountId>().unwrap_err().to_string();
            assert!(error.starts_with(&format!("`{bad}` is not an AWS account")));
        }
    }
}
