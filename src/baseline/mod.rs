//! Stores that keep the history of a model between runs.

mod branch;
mod file;
mod s3;
mod shared;

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use thiserror::Error;

pub use self::s3::ObjectAddress;
use crate::aws::{self, AccountId, AwsError, SessionError};
use crate::gate::{BaselineFile, BaselineFileError};
use crate::github::{self, Client, GitHubError, NoClient};
use crate::hint::hinted;
use crate::network::NetworkError;

/// The location of a baseline: `file:PATH`, `branch:NAME` of the GitHub repository, or
/// `s3://BUCKET/KEY`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BaselineUri {
    /// A file.
    File(PathBuf),
    /// A branch that holds nothing but the baseline.
    Branch(String),
    /// An object of S3.
    Object(ObjectAddress),
}

/// The text is not the location of a baseline store.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "`{0}` is not a baseline store, use file:PATH, for example file:.sagegate/baseline.json, branch:NAME, or s3://BUCKET/KEY"
)]
pub struct BaselineUriError(String);

impl FromStr for BaselineUri {
    type Err = BaselineUriError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once(':') {
            Some(("file", path)) if !path.is_empty() => Ok(Self::File(PathBuf::from(path))),
            Some(("branch", name)) if is_branch_name(name) => Ok(Self::Branch(name.to_owned())),
            Some(("s3", address)) => ObjectAddress::parse(address)
                .map(Self::Object)
                .ok_or_else(|| BaselineUriError(text.to_owned())),
            Some(_) | None => Err(BaselineUriError(text.to_owned())),
        }
    }
}

/// A safe subset of the names that git allows: letters, digits, and `-`, `_`, `.`, `/` between
/// them.
fn is_branch_name(name: &str) -> bool {
    let parts_are_fine = name.split('/').all(|part| {
        !part.is_empty()
            && !part.starts_with(['.', '-'])
            && !part.ends_with(['.'])
            && !part.contains("..")
            && part
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
    });
    parts_are_fine && name.len() <= 200
}

impl fmt::Display for BaselineUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "file:{}", path.display()),
            Self::Branch(name) => write!(f, "branch:{name}"),
            Self::Object(address) => address.fmt(f),
        }
    }
}

/// The access that the stores need.
#[derive(Debug, Clone)]
pub struct Access {
    /// GitHub, with a token that may write contents, or read them where the baseline is only read.
    pub github: github::Access,
    /// How S3 is reached, and as whom.
    pub aws: aws::Access,
    /// The account that a bucket must belong to; without one, that of the credentials.
    pub bucket_owner: Option<AccountId>,
}

/// Why a baseline cannot be read or kept.
#[derive(Debug, Error)]
pub enum BaselineError {
    /// The user can put it right.
    #[error(transparent)]
    Unusable(#[from] UnusableBaseline),
    /// The service that keeps it.
    #[error(transparent)]
    Service(#[from] BaselineServiceError),
}

hinted! {
    /// What is wrong with a baseline, or with the access to it.
    pub enum UnusableBaseline {
        /// The file cannot be read.
        #[error("cannot read baseline `{path}`: {source}")]
        #[hint("check the path and its permissions, or choose another place with --baseline")]
        Read {
            /// The file.
            path: PathBuf,
            /// The cause.
            source: std::io::Error,
        },
        /// The file cannot be written.
        #[error("cannot write baseline `{path}`: {source}")]
        #[hint("check the path and its permissions, or choose another place with --baseline")]
        Write {
            /// The file.
            path: PathBuf,
            /// The cause.
            source: std::io::Error,
        },
        /// The content cannot be used. The file is left unchanged.
        #[error("{source}")]
        #[hint(source.hint())]
        Content {
            /// What is wrong.
            #[from]
            source: BaselineFileError,
        },
        /// A branch store without what it needs.
        #[error("--baseline branch:{branch} {problem}")]
        #[hint(
            "in a workflow set `env: GITHUB_TOKEN: ${{{{ github.token }}}}`; elsewhere set GITHUB_REPOSITORY, too, or \
             use --baseline file:PATH"
        )]
        NoAccess {
            /// The branch.
            branch: String,
            /// What is missing or wrong.
            problem: NoClient,
        },
        /// A branch store whose connection cannot be set up.
        #[error("baseline branch:{branch}: {source}")]
        #[hint(source.hint())]
        Connection {
            /// The branch.
            branch: String,
            /// What is wrong.
            source: NetworkError,
        },
        /// An object without what its client needs.
        #[error("baseline {address}: {source}")]
        #[hint(source.hint())]
        NoObjects {
            /// The object.
            address: ObjectAddress,
            /// What is missing.
            source: SessionError,
        },
    }
}

hinted! {
    /// Why a service did not read or keep a baseline.
    pub enum BaselineServiceError {
        /// GitHub refused, or did not answer.
        #[error("baseline branch:{branch}: {source}")]
        #[hint(source.hint())]
        GitHub {
            /// The branch.
            branch: String,
            /// What it said.
            source: GitHubError,
        },
        /// S3 refused, or did not answer.
        #[error("baseline {address}: {source}")]
        #[hint(source.bucket_hint())]
        Objects {
            /// The object.
            address: ObjectAddress,
            /// What it said.
            source: AwsError,
        },
        /// Other processes kept writing.
        #[error("baseline {store}: others wrote it {attempts} times before this run could")]
        #[hint("record the run again")]
        Contended {
            /// The store.
            store: String,
            /// How often it was tried.
            attempts: u32,
        },
    }
}

impl From<BaselineFileError> for BaselineError {
    fn from(error: BaselineFileError) -> Self {
        UnusableBaseline::from(error).into()
    }
}

/// An open baseline store.
#[derive(Debug)]
pub enum BaselineStore {
    /// A file.
    File(PathBuf),
    /// A branch.
    Branch(Box<branch::BranchStore>),
    /// An object of S3.
    Object(Box<s3::ObjectPlace>),
}

impl BaselineUri {
    /// A file.
    pub fn file(path: &Path) -> Self {
        Self::File(path.to_owned())
    }

    /// Opens the store; sends nothing. A branch store works inside a Tokio runtime only.
    ///
    /// # Errors
    /// [`UnusableBaseline::NoAccess`].
    pub fn open(&self, access: &Access) -> Result<BaselineStore, BaselineError> {
        match self {
            Self::File(path) => Ok(BaselineStore::File(path.clone())),
            Self::Branch(branch) => {
                let client = client(branch, access)?;
                let store = branch::BranchStore::new(client, branch.clone());
                Ok(BaselineStore::Branch(Box::new(store)))
            }
            Self::Object(address) => Ok(BaselineStore::Object(Box::new(s3::ObjectPlace {
                address: address.clone(),
                access: access.aws.clone(),
                owner: access.bucket_owner.clone(),
            }))),
        }
    }
}

fn client(branch: &str, access: &Access) -> Result<Client, BaselineError> {
    let branch = branch.to_owned();
    access.github.client().map_err(|error| match error {
        NoClient::GitHub(GitHubError::Connection(source)) => {
            UnusableBaseline::Connection { branch, source }.into()
        }
        NoClient::GitHub(source) => BaselineServiceError::GitHub { branch, source }.into(),
        NoClient::NoRepository
        | NoClient::NoToken
        | NoClient::Repository(_)
        | NoClient::Token(_) => UnusableBaseline::NoAccess {
            branch,
            problem: error,
        }
        .into(),
    })
}

impl BaselineStore {
    /// Reads the baseline; `None` when there is none yet.
    ///
    /// # Errors
    /// [`BaselineError`]; the stored baseline is untouched.
    pub async fn load(&self) -> Result<Option<BaselineFile>, BaselineError> {
        match self {
            Self::File(path) => file::load(path),
            Self::Branch(store) => shared::load(store.as_ref()).await,
            Self::Object(place) => Box::pin(s3::load(place)).await,
        }
    }

    /// Reads the baseline, lets `change` alter it and writes it back; `change` is called again when
    /// another process wrote in between. Two processes that do this at once both get their change
    /// in.
    ///
    /// # Errors
    /// [`BaselineError`]; the stored baseline is then untouched.
    pub async fn update(
        &self,
        change: impl FnMut(&mut BaselineFile) -> Result<(), BaselineFileError>,
    ) -> Result<(), BaselineError> {
        match self {
            Self::File(path) => file::update(path, change),
            Self::Branch(store) => shared::update(store.as_ref(), change).await,
            Self::Object(place) => Box::pin(s3::update(place, change)).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::Network;

    #[test]
    fn uris_round_trip_and_anything_else_is_refused_by_name() {
        for text in [
            "file:a/b.json",
            "branch:sagegate",
            "branch:data/sage-gate_1.0",
            "s3://models/churn/baseline.json",
        ] {
            let uri: BaselineUri = text.parse().unwrap();
            assert_eq!(uri.to_string(), text);
        }
        for text in [
            "b.json",
            "file:",
            "http://x",
            "branch:",
            "branch:a..b",
            "branch:-x",
            "branch:a b",
            "branch:a//b",
            "s3://models",
        ] {
            let error = text.parse::<BaselineUri>().unwrap_err();
            assert!(error.to_string().contains(&format!("`{text}`")), "{error}");
        }
    }

    #[test]
    fn a_branch_without_a_token_says_how_to_give_one() {
        let uri: BaselineUri = "branch:sagegate".parse().unwrap();
        let repository = ("GITHUB_REPOSITORY".to_owned(), "acme/churn".to_owned());
        let access = Access {
            github: github::Access::from_environment(
                &[repository].into(),
                None,
                &Network::default(),
            ),
            aws: aws::Access::default(),
            bucket_owner: None,
        };
        let BaselineError::Unusable(error) = uri.open(&access).unwrap_err() else {
            panic!("no service was asked");
        };
        assert_eq!(
            error.to_string(),
            "--baseline branch:sagegate needs GITHUB_TOKEN, which is not set"
        );
        assert!(error.hint().unwrap().contains("${{ github.token }}"));
    }
}
