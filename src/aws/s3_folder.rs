//! PURE: `s3://` URLs of folders.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// A prefix of keys that ends at a slash, or a whole bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3Folder {
    /// The bucket.
    pub bucket: String,
    /// The prefix without a slash at its end; empty for the whole bucket.
    prefix: String,
}

/// The text is not such a URL.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{0}` is not a place in S3, use for example s3://my-bucket/sagegate")]
pub struct NotInS3(String);

impl FromStr for S3Folder {
    type Err = NotInS3;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refused = || NotInS3(text.to_owned());
        let address = text.strip_prefix("s3://").ok_or_else(refused)?;
        let (bucket, prefix) = address.split_once('/').unwrap_or((address, ""));
        let prefix = prefix.trim_end_matches('/');
        let is_prefix = prefix.len() <= 800
            && !prefix.starts_with('/')
            && !prefix.chars().any(char::is_control);
        if !is_bucket_name(bucket) || !is_prefix {
            return Err(refused());
        }
        Ok(Self {
            bucket: bucket.to_owned(),
            prefix: prefix.to_owned(),
        })
    }
}

/// Prints `s3://BUCKET/PREFIX`.
impl fmt::Display for S3Folder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.prefix.as_str() {
            "" => write!(f, "s3://{}", self.bucket),
            prefix => write!(f, "s3://{}/{prefix}", self.bucket),
        }
    }
}

impl S3Folder {
    /// The folder of this name inside.
    #[must_use]
    pub fn join(&self, name: &str) -> Self {
        Self {
            bucket: self.bucket.clone(),
            prefix: self.key(name),
        }
    }

    /// Key of the object of this name inside.
    pub fn key(&self, name: &str) -> String {
        match self.prefix.as_str() {
            "" => name.to_owned(),
            prefix => format!("{prefix}/{name}"),
        }
    }
}

/// Whether a bucket can have this name.
///
/// Source: S3 User Guide, "General purpose bucket naming rules".
pub fn is_bucket_name(name: &str) -> bool {
    let may_be_in = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-".contains(c);
    let is_edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    (3..=63).contains(&name.len())
        && name.chars().all(may_be_in)
        && is_edge(name.chars().next())
        && is_edge(name.chars().next_back())
        && !name.contains("..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_nest_and_print_as_they_are_written() {
        for (text, inside, key) in [
            ("s3://my-bucket", "s3://my-bucket/a", "a/b"),
            ("s3://my-bucket/", "s3://my-bucket/a", "a/b"),
            ("s3://my-bucket/x/y/", "s3://my-bucket/x/y/a", "x/y/a/b"),
        ] {
            let folder: S3Folder = text.parse().unwrap();
            assert_eq!(folder.join("a").to_string(), inside);
            assert_eq!(folder.join("a").key("b"), key);
        }
        for bad in [
            "my-bucket/x",
            "s3://",
            "s3://A/x",
            "s3://my-bucket//x",
            "s3://my-bucket/a\nb",
        ] {
            let error = S3Folder::from_str(bad).unwrap_err();
            assert!(error.to_string().contains("is not a place in S3"), "{bad}");
        }
    }
}
