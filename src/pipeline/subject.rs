//! Which pull request a run is about, where the event of the workflow does not say enough.

use super::publish::client;
use crate::config::GivenToken;
use crate::github::{
    Client, Context, GitHubError, Problem, PullRequest, find_pull_request, read_pull_request,
};
use crate::process::Process;

/// The same process, whose run is about the pull request that the flag, else the event names.
/// GitHub is asked where the event does not describe it: the commit is that one's head then, and a
/// fork's is a fork's. What cannot be read is a warning.
pub(crate) async fn about(
    given: Option<u64>,
    github_token: Option<&GivenToken>,
    process: &Process,
) -> Process {
    let context = process.context().filter(|_| process.in_actions());
    let Some(question) = context.and_then(|it| Question::of(it, given)) else {
        return process.clone();
    };
    // Without a client there is no comment, either, and that is where the reason is told.
    let answer = match client(github_token, process) {
        Ok(client) => question.ask(&client).await,
        Err(_) => Ok(Some(question.unknown())),
    };
    match answer {
        Ok(Some(pull_request)) => process.about(pull_request),
        Ok(None) => process.clone(),
        Err(error) => {
            process.warn(&format!(
                "the commit of the pull request is not known: {}",
                error.with_hint()
            ));
            let is_missing = error.problem() == Some(Problem::NotFound);
            process.about(if is_missing {
                PullRequest::default()
            } else {
                question.unknown()
            })
        }
    }
}

/// What GitHub is asked for.
enum Question<'a> {
    Number(u64),
    /// The branch that another workflow ran for.
    Head(&'a crate::github::Head),
}

impl<'a> Question<'a> {
    /// `None` where the event has the answer, or there is nothing to ask.
    fn of(context: &'a Context, given: Option<u64>) -> Option<Self> {
        let described = context.described();
        let number = given.or(described.and_then(|it| it.number));
        let Some(number) = number else {
            let head = context.workflow_run()?.pull_request.as_ref()?;
            return Some(Self::Head(head));
        };
        let has_answer = |it: &PullRequest| it.number == Some(number) && it.head_sha.is_some();
        let is_known = described.is_some_and(has_answer);
        (!is_known).then_some(Self::Number(number))
    }

    async fn ask(&self, client: &Client) -> Result<Option<PullRequest>, GitHubError> {
        let number = match self {
            Self::Number(number) => *number,
            Self::Head(head) => match find_pull_request(client, head).await? {
                Some(found) => found.number,
                None => return Ok(None),
            },
        };
        read_pull_request(client, number).await.map(Some)
    }

    /// All that is known without an answer.
    fn unknown(&self) -> PullRequest {
        PullRequest {
            number: match self {
                Self::Number(number) => Some(*number),
                Self::Head(_) => None,
            },
            ..PullRequest::default()
        }
    }
}
