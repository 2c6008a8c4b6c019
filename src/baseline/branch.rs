//! A baseline on a branch of the GitHub repository, through the contents API: no checkout.

use super::shared::{Versioned, VersionedStore};
use super::{BaselineError, BaselineServiceError};
use crate::github::{Change, Client, GitHubError, read_file, write_file};

/// The only file of the branch.
const PATH: &str = "baseline.json";

/// A branch of a repository.
#[derive(Debug)]
pub struct BranchStore {
    client: Client,
    branch: String,
}

impl BranchStore {
    pub(super) const fn new(client: Client, branch: String) -> Self {
        Self { client, branch }
    }

    fn failed(&self, source: GitHubError) -> BaselineError {
        BaselineServiceError::GitHub {
            branch: self.branch.clone(),
            source,
        }
        .into()
    }
}

impl VersionedStore for BranchStore {
    fn name(&self) -> String {
        format!("branch:{}", self.branch)
    }

    /// The version is the blob's.
    async fn read(&self) -> Result<Option<Versioned>, BaselineError> {
        let found = read_file(&self.client, &self.branch, PATH).await;
        let found = found.map_err(|source| self.failed(source))?;
        Ok(found.map(|found| Versioned {
            text: String::from_utf8_lossy(&found.bytes).into_owned(),
            version: found.sha,
        }))
    }

    async fn write(&self, text: String, version: Option<&str>) -> Result<bool, BaselineError> {
        let written = Change {
            branch: &self.branch,
            path: PATH,
            bytes: text.as_bytes(),
            expected: version,
            message: "sagegate: record a run",
        };
        match write_file(&self.client, &written).await {
            Ok(_) => Ok(true),
            Err(error) if error.is_conflict() => Ok(false),
            Err(source) => Err(self.failed(source)),
        }
    }
}
