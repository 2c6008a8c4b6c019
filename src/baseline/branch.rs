//! A baseline on a branch of the GitHub repository, through the contents API: no checkout.

use std::time::Duration;

use super::BaselineError;
use crate::gate::BaselineFile;
use crate::github::{Change, Client, GitHubError, read_file, write_file};

/// The only file of the branch.
const PATH: &str = "baseline.json";
/// Writers that may get in before this one.
const ATTEMPTS: u32 = 60;
/// Longest pause before it is tried again; each is random, so that writers do not march in step.
const LONGEST_PAUSE: Duration = Duration::from_millis(800);

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

    pub(super) async fn load(&self) -> Result<Option<BaselineFile>, BaselineError> {
        Ok(self.read().await?.map(|(file, _)| file))
    }

    /// The baseline and the blob that it came from.
    async fn read(&self) -> Result<Option<(BaselineFile, String)>, BaselineError> {
        let found = read_file(&self.client, &self.branch, PATH).await;
        let Some(found) = found.map_err(|source| self.failed(source))? else {
            return Ok(None);
        };
        let text = String::from_utf8_lossy(&found.bytes);
        let name = format!("branch:{}", self.branch);
        Ok(Some((BaselineFile::from_json(&text, &name)?, found.sha)))
    }

    pub(super) async fn update(
        &self,
        mut change: impl FnMut(&mut BaselineFile),
    ) -> Result<(), BaselineError> {
        for _ in 0..ATTEMPTS {
            let (mut baseline, sha) = match self.read().await? {
                Some((baseline, sha)) => (baseline, Some(sha)),
                None => (BaselineFile::default(), None),
            };
            change(&mut baseline);
            let name = format!("branch:{}", self.branch);
            let json = baseline
                .to_json()
                .map_err(|source| crate::gate::BaselineFileError::Malformed { name, source })?;
            let written = Change {
                branch: &self.branch,
                path: PATH,
                bytes: json.as_bytes(),
                expected: sha.as_deref(),
                message: "sagegate: record a run",
            };
            match write_file(&self.client, &written).await {
                Ok(_) => return Ok(()),
                Err(error) if error.is_conflict() => {
                    tokio::time::sleep(LONGEST_PAUSE.mul_f64(fastrand::f64())).await;
                }
                Err(source) => return Err(self.failed(source)),
            }
        }
        Err(BaselineError::Contended {
            branch: self.branch.clone(),
            attempts: ATTEMPTS,
        })
    }

    fn failed(&self, source: GitHubError) -> BaselineError {
        BaselineError::GitHub {
            branch: self.branch.clone(),
            source,
        }
    }
}
