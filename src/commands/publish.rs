//! Tells GitHub: outputs, job summary, comment, annotations. Whatever goes wrong here is a warning with its way out, and
//! never changes the verdict.

use std::path::Path;

use super::edges::Edges;
use crate::config::BaselineArgs;
use crate::github::{
    Annotation, Client, CommentMode, Context, Done, Event, GitHubError, Level, Occasion, Operation,
    Problem, Published, Repository, Retry, RunnerFileError, Token, publish_comment,
};
use crate::report::{self, Consequence, Finding, Gravity, Numbers, Report};

/// How a pull request from a fork gets its comment.
const COMMENT_FROM_ELSEWHERE: &str = "the job summary has the report; to comment such pull requests, publish the result \
     from a `workflow_run` workflow with `command: post` and \
     `permissions: { contents: read, actions: read, pull-requests: write }`";

/// Where a run can be told, known before anything is judged.
#[derive(Debug)]
pub(super) struct Publishing {
    /// What the runner says about the run; `None` outside Actions.
    pub(super) context: Option<Context>,
    /// The pull request, or why there is none to write to.
    pub(super) conversation: Result<Conversation, Unheard>,
    mode: CommentMode,
}

/// A pull request, and the right to take part in it.
#[derive(Debug)]
pub(super) struct Conversation {
    /// Acts in the pull request's repository.
    pub(super) client: Client,
    /// Its number.
    pub(super) pull_request: u64,
}

/// Why there is no conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unheard {
    /// Not inside Actions.
    NotInActions,
    /// The command has nothing to say there, or the user wants no comment.
    NotWanted,
    /// The event is about no pull request.
    NoPullRequest,
    /// There is no usable token; its own words.
    NoToken(String),
    /// GitHub could not be asked, or refused.
    Refused(GitHubError),
}

/// What is told.
pub(super) struct Told<'a> {
    /// The report.
    pub(super) report: &'a Report,
    /// Numbers for other steps.
    pub(super) numbers: Numbers,
    /// Something differs from the baseline by more than noise, or there is nothing to compare with.
    pub(super) changed: bool,
    /// What becomes of the verdict.
    pub(super) consequence: Consequence,
    /// `result.json`, where there is one.
    pub(super) result: Option<&'a Path>,
    /// The HTML report.
    pub(super) html: &'a Path,
}

impl Publishing {
    /// Says nothing to anybody: for runs that are no gate of their own.
    pub(super) const fn nowhere() -> Self {
        Self {
            context: None,
            conversation: Err(Unheard::NotInActions),
            mode: CommentMode::Never,
        }
    }

    /// Outputs, summary and annotations, without a comment.
    pub(super) fn without_comment(edges: &Edges) -> Self {
        Self {
            context: edges.context().filter(|_| edges.in_actions()),
            conversation: Err(Unheard::NotWanted),
            mode: CommentMode::Never,
        }
    }

    /// The pull request of the event. Sends nothing.
    pub(super) fn of_event(mode: CommentMode, args: &BaselineArgs, edges: &Edges) -> Self {
        let mut this = Self::without_comment(edges);
        this.mode = mode;
        this.conversation = match &this.context {
            None => Err(Unheard::NotInActions),
            Some(_) if mode == CommentMode::Never => Err(Unheard::NotWanted),
            Some(context) => match (context.event, context.pull_request) {
                // The event of a `workflow_run` names only the author's idea of a pull request.
                (Event::WorkflowRun, _) | (_, None) => Err(Unheard::NoPullRequest),
                (_, Some(pull_request)) => {
                    client(context, args, edges).map(|client| Conversation {
                        client,
                        pull_request,
                    })
                }
            },
        };
        this
    }

    /// The pull request that the run of another workflow was for. Asks GitHub.
    pub(super) async fn of_other_workflow(
        mode: CommentMode,
        args: &BaselineArgs,
        edges: &Edges,
    ) -> Self {
        let mut this = Self::without_comment(edges);
        this.mode = mode;
        if let Some(context) = &this.context
            && mode != CommentMode::Never
        {
            this.conversation = find(context, args, edges).await;
        }
        this
    }

    /// Name of the workflow whose gate this is: the one that measured.
    pub(super) fn workflow(&self) -> Option<&str> {
        let context = self.context.as_ref()?;
        let other = context.triggering_workflow.as_deref();
        other.or(context.workflow.as_deref())
    }

    /// Whether the run gets neither secrets nor a token that may write.
    pub(super) fn is_restricted(&self) -> bool {
        self.context.as_ref().is_some_and(Context::is_restricted)
    }

    /// Outputs, job summary, comment, annotations: in this order, each whatever became of the one before. Nothing
    /// outside Actions.
    pub(super) async fn publish(&self, told: &Told<'_>, edges: &Edges) {
        if self.context.is_none() {
            return;
        }
        set_outputs(&outputs(told), edges);
        let summary = report::summary(told.report);
        if let Err(error) = edges.runner_files().add_summary(&summary) {
            warn_of_file("the job summary is missing", &error, edges);
        }
        if let Some(url) = self.comment(told, edges).await {
            set_outputs(&[("comment-url", url)], edges);
        }
        let findings = report::findings(told.report, told.consequence);
        let annotations: Vec<Annotation> = findings.into_iter().map(annotation).collect();
        edges.annotate(&annotations);
    }

    /// Writes the comment; its page.
    async fn comment(&self, told: &Told<'_>, edges: &Edges) -> Option<String> {
        let conversation = match &self.conversation {
            Ok(conversation) => conversation,
            Err(reason) => {
                self.explain_silence(reason, edges);
                return None;
            }
        };
        let occasion = Occasion {
            failed: told.consequence == Consequence::Fails,
            changed: told.changed,
        };
        let body = report::markdown(told.report);
        let (client, number) = (&conversation.client, conversation.pull_request);
        match publish_comment(client, number, &body, self.mode, occasion).await {
            Ok(published) => {
                edges.note(&words(&published));
                published.url
            }
            Err(error) => {
                self.explain_refusal(&error, edges);
                None
            }
        }
    }

    fn explain_silence(&self, reason: &Unheard, edges: &Edges) {
        match reason {
            Unheard::NotInActions | Unheard::NotWanted | Unheard::NoPullRequest => {}
            Unheard::NoToken(words) => edges.notice(&format!(
                "no comment: {words}; pass `github-token: ${{{{ github.token }}}}` and give the job `{}`",
                Operation::WriteComment.permissions()
            )),
            Unheard::Refused(error) => self.explain_refusal(error, edges),
        }
    }

    fn explain_refusal(&self, error: &GitHubError, edges: &Edges) {
        if self.is_restricted() && error.problem() == Some(Problem::Forbidden) {
            edges.notice(&format!(
                "no comment: on pull requests of forks and of Dependabot the token is read-only; {COMMENT_FROM_ELSEWHERE}"
            ));
            return;
        }
        let hint = error.hint().map(|hint| format!("; {hint}"));
        edges.warn(&format!("no comment: {error}{}", hint.unwrap_or_default()));
    }
}

fn client(context: &Context, args: &BaselineArgs, edges: &Edges) -> Result<Client, Unheard> {
    let Some(token) = edges.access(args).token else {
        return Err(Unheard::NoToken("there is no token".to_owned()));
    };
    let token: Token = token
        .parse()
        .map_err(|error: crate::github::TokenError| Unheard::NoToken(error.to_string()))?;
    let repository: Repository = context.repository.clone();
    Client::new(&context.api_url, repository, token, Retry::default()).map_err(Unheard::Refused)
}

async fn find(
    context: &Context,
    args: &BaselineArgs,
    edges: &Edges,
) -> Result<Conversation, Unheard> {
    let Some(head) = &context.triggered_by else {
        return Err(Unheard::NoPullRequest);
    };
    let client = client(context, args, edges)?;
    let found = crate::github::find_pull_request(&client, head).await;
    match found.map_err(Unheard::Refused)? {
        Some(pull_request) => Ok(Conversation {
            client,
            pull_request,
        }),
        None => Err(Unheard::NoPullRequest),
    }
}

fn words(published: &Published) -> String {
    let page = published.url.as_deref().unwrap_or("the pull request");
    match published.done {
        Done::Created => format!("commented: {page}"),
        Done::Updated => format!("updated the comment: {page}"),
        Done::Unchanged => format!("the comment says the same already: {page}"),
        Done::LeftToNewerRun => format!("a newer run has written the comment already: {page}"),
        Done::NotWanted => "no comment is wanted".to_owned(),
    }
}

fn outputs(told: &Told<'_>) -> Vec<(&'static str, String)> {
    let path = |path: &Path| path.display().to_string();
    let numbers = told.numbers.named();
    let mut all = vec![("verdict", told.report.verdict().name().to_owned())];
    all.extend(numbers.map(|(name, number)| (name, number.to_owned())));
    all.extend([
        ("result-json", told.result.map(path).unwrap_or_default()),
        ("report-html", path(told.html)),
    ]);
    all
}

/// Tells the steps after this one; a file that cannot be written is a warning.
pub(super) fn set_outputs(values: &[(&'static str, String)], edges: &Edges) {
    let values: Vec<(&str, &str)> = values
        .iter()
        .map(|(name, it)| (*name, it.as_str()))
        .collect();
    let set = edges
        .runner_files()
        .set_outputs(&values, &mut fastrand::Rng::new());
    if let Err(error) = set {
        warn_of_file("the outputs are missing", &error, edges);
    }
}

fn warn_of_file(what: &str, error: &RunnerFileError, edges: &Edges) {
    let hint = error.hint().map(|hint| format!("; {hint}"));
    edges.warn(&format!("{what}: {error}{}", hint.unwrap_or_default()));
}

fn annotation(finding: Finding) -> Annotation {
    Annotation {
        level: match finding.gravity {
            Gravity::Error => Level::Error,
            Gravity::Warning => Level::Warning,
            Gravity::Notice => Level::Notice,
        },
        title: Some(finding.title),
        file: None,
        message: finding.message,
    }
}
