//! I/O: GitHub's REST API and the files and commands of its runner.
//!
//! Nothing of the HTTP library leaves this module, and the token is in no error and no `Debug`
//! output.

mod access;
mod client;
mod collaborators;
mod comment;
mod contents;
mod context;
mod error;
mod labels;
mod merge_queue;
mod oidc;
mod pulls;
mod repository;
mod retry;
mod runner_files;
mod supersede;
mod token;
mod transport;
mod workflow;

pub use self::access::{Access, NoClient};
pub use self::client::Client;
pub use self::collaborators::{Permissions, permissions};
pub use self::comment::{
    CommentMode, CommentModeError, Done, ExistingComment, Occasion, Published, find_comment,
    find_comments, publish_comment,
};
pub use self::contents::{BranchFile, Change, read_file, write_file};
pub use self::context::{Context, Event, Head, MergeGroup, PullRequest, WorkflowRun};
pub use self::error::{GitHubError, Operation, Problem};
pub use self::labels::{AppliedLabel, applied_label};
pub use self::merge_queue::others_in_merge_group;
pub use self::oidc::{IdentityTokenError, IdentityTokens};
pub use self::pulls::{FoundPullRequest, find_pull_request, read_pull_request};
pub use self::repository::{Repository, RepositoryError};
pub(crate) use self::retry::Failure;
pub use self::retry::{Retry, Waits};
pub use self::runner_files::{RunnerFileError, RunnerFiles};
pub use self::token::{Token, TokenError};
pub use self::workflow::{
    Annotation, END_GROUP, Level, annotations, group, neutral_line, neutralise,
};
