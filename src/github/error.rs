//! Errors of GitHub in one line, with the line of the workflow that grants the permission.

use std::fmt;

use http::StatusCode;
use thiserror::Error;

use crate::network::NetworkError;
use crate::text::with_hint;

/// What was being done: it names the permission that is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Find out whose comments are ours.
    ReadAuthor,
    /// List the comments of a pull request.
    ReadComments,
    /// Create, change or delete a comment.
    WriteComment,
    /// Read a file of a branch.
    ReadFile,
    /// Write a file of a branch, or create the branch.
    WriteFile,
    /// Read the labels of a pull request and who applied them.
    ReadLabels,
    /// Ask what an account may do in the repository.
    ReadPermission,
    /// Read a pull request.
    ReadPullRequest,
    /// Find the pull request of a commit.
    FindPullRequest,
    /// Find out what a merge queue tries together.
    ReadMergeGroup,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ReadAuthor => "find out whose token this is",
            Self::ReadComments => "read the comments of the pull request",
            Self::WriteComment => "write the comment",
            Self::ReadFile => "read the baseline's branch",
            Self::WriteFile => "write to the baseline's branch",
            Self::ReadLabels => "read the labels of the pull request",
            Self::ReadPermission => "ask what who added the label may do",
            Self::ReadPullRequest => "read the pull request",
            Self::FindPullRequest => "find the pull request of the commit",
            Self::ReadMergeGroup => "find the pull requests of the merge group",
        })
    }
}

impl Operation {
    /// The line of the job that gives the token what it needs. Permissions that are not listed are
    /// taken away.
    pub const fn permissions(self) -> &'static str {
        match self {
            Self::ReadAuthor | Self::ReadComments | Self::WriteComment => {
                "permissions: { contents: read, pull-requests: write }"
            }
            Self::ReadFile | Self::ReadPermission | Self::ReadMergeGroup => {
                "permissions: { contents: read }"
            }
            Self::WriteFile => "permissions: { contents: write }",
            Self::ReadLabels | Self::ReadPullRequest | Self::FindPullRequest => {
                "permissions: { contents: read, pull-requests: read }"
            }
        }
    }
}

/// What kind of refusal an answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// 401: the token is not valid.
    Unauthorized,
    /// 403: the token is not allowed to.
    Forbidden,
    /// 404: it is not there, or the token may not even know.
    NotFound,
    /// 409, or 422 about a blob hash: another process wrote first.
    Conflict,
    /// The branch is protected: by a classic rule or by a ruleset.
    RepositoryRule,
    /// Another 4xx.
    Invalid,
    /// 403 or 429 for asking too often.
    RateLimited,
    /// 5xx.
    Unavailable,
    /// A status that the API does not document, for example a redirect.
    Unexpected,
}

/// Why GitHub could not be asked, or what it refused. One line, without the token.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum GitHubError {
    /// `GITHUB_API_URL` is not an address.
    #[error("`{url}` is not the https address of a GitHub API")]
    Address {
        /// What was given, without a password.
        url: String,
    },
    /// The connection cannot be set up.
    #[error(transparent)]
    Connection(#[from] NetworkError),
    /// GitHub answered, and refused.
    #[error("cannot {operation}: {message} (HTTP {status})")]
    Refused {
        /// What was being done.
        operation: Operation,
        /// What kind of refusal.
        problem: Problem,
        /// HTTP status.
        status: u16,
        /// GitHub's words, one line.
        message: String,
    },
    /// No answer.
    #[error("cannot {operation}: {reason}")]
    NoAnswer {
        /// What was being done.
        operation: Operation,
        /// The cause.
        reason: String,
    },
    /// An answer that is not what the API promises.
    #[error("cannot {operation}: GitHub's answer is not understood: {reason}")]
    NotUnderstood {
        /// What was being done.
        operation: Operation,
        /// What is wrong with it.
        reason: String,
    },
    /// A comment without the hidden line that makes it findable.
    #[error("the comment does not begin with its marker `<!-- sagegate key=… -->`")]
    Unmarked,
}

impl GitHubError {
    /// What kind of refusal it is; `None` when GitHub did not answer.
    pub const fn problem(&self) -> Option<Problem> {
        match self {
            Self::Refused { problem, .. } => Some(*problem),
            Self::Address { .. }
            | Self::Connection(_)
            | Self::NoAnswer { .. }
            | Self::NotUnderstood { .. }
            | Self::Unmarked => None,
        }
    }

    /// What was being done; `None` when it was nothing in particular.
    pub const fn operation(&self) -> Option<Operation> {
        match self {
            Self::Refused { operation, .. }
            | Self::NoAnswer { operation, .. }
            | Self::NotUnderstood { operation, .. } => Some(*operation),
            Self::Address { .. } | Self::Connection(_) | Self::Unmarked => None,
        }
    }

    /// Whether another process wrote first: read again, then write again.
    pub fn is_conflict(&self) -> bool {
        self.problem() == Some(Problem::Conflict)
    }

    /// Whether the request may have been carried out although it failed.
    pub(super) fn is_unclear(&self) -> bool {
        matches!(self, Self::NoAnswer { .. }) || self.problem() == Some(Problem::Unavailable)
    }

    /// The error with its suggested fix.
    pub fn with_hint(&self) -> String {
        with_hint(self, self.hint())
    }

    /// A suggested fix.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Address { .. } => {
                Some("set GITHUB_API_URL, for example to https://api.github.com".to_owned())
            }
            Self::Connection(error) => error.hint(),
            Self::Refused {
                operation,
                problem,
                message,
                ..
            } => refused_hint(*operation, *problem, message),
            Self::NoAnswer { .. } => Some(
                "check GITHUB_API_URL, HTTPS_PROXY, NO_PROXY and, for a private server, SSL_CERT_FILE"
                    .to_owned(),
            ),
            Self::NotUnderstood { .. } => {
                Some("check that GITHUB_API_URL is the address of GitHub's REST API".to_owned())
            }
            Self::Unmarked => None,
        }
    }
}

fn refused_hint(operation: Operation, problem: Problem, message: &str) -> Option<String> {
    let permissions = operation.permissions();
    match problem {
        Problem::Unauthorized => Some(format!(
            "pass `github-token: ${{{{ github.token }}}}` and give the job `{permissions}`"
        )),
        Problem::Forbidden if message.to_lowercase().contains("locked") => {
            Some("unlock the conversation".to_owned())
        }
        Problem::Forbidden => Some(format!(
            "give the job `{permissions}`; on pull requests from forks and from Dependabot the token stays read-only"
        )),
        Problem::NotFound => Some(format!(
            "check the repository and the number, and give the job `{permissions}`"
        )),
        Problem::Conflict => Some("run it again".to_owned()),
        Problem::RepositoryRule => Some(
            "the branch is protected: leave it out of the rule or ruleset, let the owner of the token bypass it, or keep \
             the baseline in S3 with --baseline s3://BUCKET/KEY"
                .to_owned(),
        ),
        Problem::RateLimited => Some("run the job again later".to_owned()),
        Problem::Unavailable => {
            Some("run the job again; see https://www.githubstatus.com".to_owned())
        }
        Problem::Invalid | Problem::Unexpected => None,
    }
}

/// The kind of a refusal: GitHub's words, the page of its documentation that it names, and whether
/// the answer is a rate limit.
pub(super) fn classify(
    status: StatusCode,
    message: &str,
    documentation: &str,
    limited: bool,
) -> Problem {
    if limited {
        return Problem::RateLimited;
    }
    let words = message.to_lowercase();
    let any = |parts: &[&str]| parts.iter().any(|part| words.contains(part));
    match status.as_u16() {
        401 => Problem::Unauthorized,
        403 | 409 | 422 if any(&RULE) || names_a_rule(documentation) => Problem::RepositoryRule,
        403 => Problem::Forbidden,
        404 | 410 => Problem::NotFound,
        409 | 422 if any(&RACE) => Problem::Conflict,
        400..=499 => Problem::Invalid,
        500..=599 => Problem::Unavailable,
        _ => Problem::Unexpected,
    }
}

/// Words about a protected branch. A classic rule answers 409 `Could not update file: Required
/// status check "ci" is expected.`, or with another of its conditions behind the colon; a ruleset
/// answers 409 or 422 `Repository rule violations found`.
const RULE: [&str; 5] = [
    "rule violation",
    "protected branch",
    "protected ref",
    "could not update file:",
    "could not create file:",
];

/// Words about a write that came too late. Every other 409 would be the same a second time.
const RACE: [&str; 5] = [
    "\"sha\"",
    "does not match",
    "but expected",
    "does not exist",
    "already exists",
];

fn names_a_rule(documentation: &str) -> bool {
    ["protected-branches", "rulesets"]
        .iter()
        .any(|page| documentation.contains(page))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(operation: Operation, status: u16, message: &str) -> GitHubError {
        let code = StatusCode::from_u16(status).unwrap();
        GitHubError::Refused {
            operation,
            problem: classify(code, message, "", false),
            status,
            message: message.to_owned(),
        }
    }

    #[test]
    fn a_missing_permission_names_the_line_that_gives_it() {
        let words = "Resource not accessible by integration";
        let error = refused(Operation::WriteComment, 403, words);
        insta::assert_snapshot!(
            format!("{error}\n{}", error.hint().unwrap()),
            @r"
        cannot write the comment: Resource not accessible by integration (HTTP 403)
        give the job `permissions: { contents: read, pull-requests: write }`; on pull requests from forks and from Dependabot the token stays read-only
        "
        );
        let write = refused(Operation::WriteFile, 403, words).hint().unwrap();
        assert!(
            write.contains("`permissions: { contents: write }`"),
            "{write}"
        );
        let bad = refused(Operation::ReadLabels, 401, "Bad credentials");
        assert_eq!(
            bad.hint().unwrap(),
            "pass `github-token: ${{ github.token }}` and give the job `permissions: { contents: read, pull-requests: \
             read }`"
        );
        let locked = refused(Operation::WriteComment, 403, "Issue is locked");
        assert_eq!(locked.hint().unwrap(), "unlock the conversation");
    }

    #[test]
    fn a_lost_race_differs_from_a_rule_and_from_bad_input() {
        let kind = |status, message| {
            refused(Operation::WriteFile, status, message)
                .problem()
                .unwrap()
        };
        for (status, message) in [
            (409, "data.json does not match 5717457c"),
            (409, "is at e765253c but expected 0a1b"),
            (422, "Invalid request.\n\n\"sha\" wasn't supplied."),
            (422, "Reference already exists"),
        ] {
            assert_eq!(kind(status, message), Problem::Conflict, "{message}");
        }
        assert_eq!(kind(409, "Git Repository is empty."), Problem::Invalid);
        assert_eq!(kind(422, "body is too long"), Problem::Invalid);
        assert_eq!(kind(503, ""), Problem::Unavailable);
        assert_eq!(kind(301, ""), Problem::Unexpected);
    }

    #[test]
    fn every_way_to_protect_a_branch_is_a_rule_and_no_race() {
        for (status, message) in [
            (
                409,
                "Could not update file: Required status check \"ci\" is expected.",
            ),
            (
                409,
                "Could not update file: 4 of 4 required status checks are expected.",
            ),
            (
                409,
                "Could not create file: Changes must be made through a pull request.",
            ),
            (
                409,
                "Could not update file: Commits must have verified signatures.",
            ),
            (
                409,
                "Could not update file: You're not authorized to push to this branch.",
            ),
            (
                403,
                "Could not update file: Cannot change this locked branch",
            ),
            (
                409,
                "Repository rule violations found\n\nChanges must be made through a pull request.",
            ),
            (
                409,
                "Repository rule violations found\n\nCommits must have verified signatures.",
            ),
            (
                422,
                "Repository rule violations found\n\nCannot create ref due to creations being restricted.",
            ),
            (
                422,
                "Protected branch update failed for refs/heads/sagegate.",
            ),
        ] {
            let error = refused(Operation::WriteFile, status, message);
            assert_eq!(error.problem(), Some(Problem::RepositoryRule), "{message}");
            let hint = error.hint().unwrap();
            assert!(hint.contains("leave it out of the rule") && hint.contains("s3://BUCKET/KEY"));
        }
        let page = "https://docs.github.com/articles/about-protected-branches";
        let other_words = classify(StatusCode::CONFLICT, "Not now.", page, false);
        assert_eq!(other_words, Problem::RepositoryRule);
        let unknown = classify(StatusCode::CONFLICT, "Not now.", "", false);
        assert_eq!(unknown, Problem::Invalid);
    }
}
