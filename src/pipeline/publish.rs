//! Publishes on GitHub: outputs, job summary, comment, annotations. A failure here is a
//! warning with a suggested fix, and never changes the verdict.

use std::path::Path;

use crate::config::{Attempt, GivenToken};
use crate::gate::BranchName;
use crate::github::{
    Annotation, Client, CommentMode, Context, Done, GitHubError, Level, MergeGroup, NoClient,
    Occasion, Operation, Problem, Published, RunnerFileError, find_comments, publish_comment,
};
use crate::process::Process;
use crate::report::{self, Consequence, Finding, Gravity, Numbers, Report};

/// How a pull request from a fork gets its comment.
const COMMENT_FROM_ELSEWHERE: &str = "the job summary has the report; to comment such pull requests, publish the result \
     from a `workflow_run` workflow with `command: post` and \
     `permissions: { contents: read, actions: read, pull-requests: write }`";

/// Where results are published, known before anything is judged.
#[derive(Debug)]
pub(crate) struct Publisher {
    /// What the runner says about the run; `None` outside Actions.
    pub(crate) context: Option<Context>,
    /// The pull request, or why there is none to comment on.
    pub(crate) conversation: Result<Conversation, NoConversation>,
    mode: CommentMode,
}

/// A pull request, and the right to take part in it.
#[derive(Debug)]
pub(crate) struct Conversation {
    /// Acts in the pull request's repository.
    pub(crate) client: Client,
    /// Its number.
    pub(crate) pull_request: u64,
    /// The branch that it is merged into, where GitHub had to be asked for it.
    pub(crate) base: Option<BranchName>,
    /// The merge group that is tried, and that the pull request is only a part of: its label
    /// counts, and its comment, which is about its own commit, stays as it is.
    pub(crate) merge_group: Option<MergeGroup>,
}

/// Why there is no conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NoConversation {
    /// Not inside Actions.
    NotInActions,
    /// The command never comments, or the user wants no comment.
    NotWanted,
    /// The event is not about a pull request.
    NoPullRequest,
    /// There is no usable token; its own words.
    NoToken(String),
    /// GitHub could not be asked, or refused.
    Refused(GitHubError),
}

/// What is it.
pub(crate) struct Publication<'a> {
    /// The report.
    pub(crate) report: &'a Report,
    /// Numbers for other steps.
    pub(crate) numbers: Numbers,
    /// Something differs from the baseline by more than noise, or there is nothing to compare with.
    pub(crate) changed: bool,
    /// The effect of the verdict.
    pub(crate) consequence: Consequence,
    /// `result.json`, where there is one.
    pub(crate) result: Option<&'a Path>,
    /// The HTML report.
    pub(crate) html: &'a Path,
}

impl Publisher {
    /// Publishes nothing: for runs that do not gate.
    pub(crate) const fn nowhere() -> Self {
        Self {
            context: None,
            conversation: Err(NoConversation::NotInActions),
            mode: CommentMode::Never,
        }
    }

    /// Outputs, summary and annotations, without a comment.
    pub(crate) fn without_comment(process: &Process) -> Self {
        Self {
            context: process.context().filter(|_| process.in_actions()).cloned(),
            conversation: Err(NoConversation::NotWanted),
            mode: CommentMode::Never,
        }
    }

    /// Where an attempt is published: the pull request of the event, where its command comments.
    /// Sends nothing.
    pub(crate) fn of_attempt(attempt: &Attempt, process: &Process) -> Self {
        match attempt.comment {
            Some(mode) => Self::of_event(mode, attempt.github_token.as_ref(), process),
            None => Self::without_comment(process),
        }
    }

    /// The pull request of the event. Sends nothing.
    pub(crate) fn of_event(
        mode: CommentMode,
        github_token: Option<&GivenToken>,
        process: &Process,
    ) -> Self {
        let mut this = Self::without_comment(process);
        this.mode = mode;
        this.conversation = match &this.context {
            None => Err(NoConversation::NotInActions),
            Some(_) if mode == CommentMode::Never => Err(NoConversation::NotWanted),
            Some(context) => match context.pull_request() {
                None => Err(NoConversation::NoPullRequest),
                Some(pull_request) => client(github_token, process).map(|client| Conversation {
                    client,
                    pull_request,
                    base: None,
                    merge_group: context.merge_group().cloned(),
                }),
            },
        };
        this
    }

    /// The pull request that the run of another workflow was for. Asks GitHub.
    pub(crate) async fn of_other_workflow(
        mode: CommentMode,
        github_token: Option<&GivenToken>,
        process: &Process,
    ) -> Self {
        let mut this = Self::without_comment(process);
        this.mode = mode;
        if let Some(context) = &this.context
            && mode != CommentMode::Never
        {
            this.conversation = find(context, github_token, process).await;
        }
        this
    }

    /// Name of the workflow whose gate this is: the one that measured.
    pub(crate) fn workflow(&self) -> Option<&str> {
        let context = self.context.as_ref()?;
        let other = context.workflow_run().and_then(|run| run.workflow.as_ref());
        other.or(context.workflow.as_ref()).map(String::as_str)
    }

    /// Whether the run gets neither secrets nor a token that may write.
    fn is_restricted(&self) -> bool {
        self.context.as_ref().is_some_and(Context::is_restricted)
    }

    /// The models that this workflow has commented on the pull request about.
    pub(crate) async fn commented_models(&self, process: &Process) -> Vec<String> {
        let (Ok(conversation), Some(workflow)) = (&self.conversation, self.workflow()) else {
            return Vec::new();
        };
        let comments = find_comments(&conversation.client, conversation.pull_request).await;
        let comments = comments.unwrap_or_else(|error| {
            self.explain_refusal(&error, process);
            Vec::new()
        });
        let mut models: Vec<String> = comments
            .iter()
            .filter_map(|it| it.marker.key.model_in(workflow))
            .collect();
        models.sort();
        models.dedup();
        models
    }

    /// Whether AWS credentials may be missing for a good reason.
    pub(crate) fn may_lack_credentials(&self) -> bool {
        let context = self.context.as_ref();
        context.is_some_and(Context::may_lack_credentials)
    }

    /// Outputs, job summary, comment, annotations: in this order, each even if the one
    /// before failed. Nothing outside Actions.
    pub(crate) async fn publish(&self, it: &Publication<'_>, process: &Process) {
        if self.context.is_none() {
            return;
        }
        set_outputs(&outputs(it), process);
        let summary = |room| report::summary(it.report, room);
        if let Err(error) = process.runner_files().add_summary(summary) {
            warn_of_file("the job summary is missing", &error, process);
        }
        if let Some(url) = self.comment(it, process).await {
            set_outputs(&[("comment-url", url)], process);
        }
        let findings = report::findings(it.report, it.consequence);
        let annotations: Vec<Annotation> = findings.into_iter().map(annotation).collect();
        process.annotate(&annotations);
    }

    /// Writes the comment; returns its page.
    async fn comment(&self, it: &Publication<'_>, process: &Process) -> Option<String> {
        let conversation = match &self.conversation {
            Ok(conversation) if conversation.merge_group.is_some() => return None,
            Ok(conversation) => conversation,
            Err(reason) => {
                self.explain_silence(reason, process);
                return None;
            }
        };
        let occasion = Occasion {
            failed: it.consequence == Consequence::Fails,
            changed: it.changed,
        };
        let body = report::markdown(it.report);
        let (client, number) = (&conversation.client, conversation.pull_request);
        match publish_comment(client, number, &body, self.mode, occasion).await {
            Ok(published) => {
                process.note(&words(&published));
                for page in &published.stale {
                    process.warn(&format!(
                        "an older comment of another account cannot be replaced: {page}; delete it"
                    ));
                }
                published.url
            }
            Err(error) => {
                self.explain_refusal(&error, process);
                None
            }
        }
    }

    fn explain_silence(&self, reason: &NoConversation, process: &Process) {
        match reason {
            NoConversation::NoPullRequest
                if self.context.as_ref().is_some_and(Context::might_name_a_pull_request) =>
            {
                process.notice(
                    "no comment: the event of the workflow names no pull request; name one with `pull-request: NUMBER`",
                );
            }
            NoConversation::NotInActions | NoConversation::NotWanted | NoConversation::NoPullRequest => {}
            NoConversation::NoToken(words) => process.notice(&format!(
                "no comment: {words}; pass `github-token: ${{{{ github.token }}}}` and give the job `{}`",
                Operation::WriteComment.permissions()
            )),
            NoConversation::Refused(error) => self.explain_refusal(error, process),
        }
    }

    fn explain_refusal(&self, error: &GitHubError, process: &Process) {
        if self.is_restricted() && error.problem() == Some(Problem::Forbidden) {
            process.notice(&format!(
                "no comment: on pull requests of forks and of Dependabot the token is read-only; {COMMENT_FROM_ELSEWHERE}"
            ));
            return;
        }
        process.warn(&format!("no comment: {}", error.with_hint()));
    }
}

/// A client for the repository of the run.
pub(super) fn client(
    github_token: Option<&GivenToken>,
    process: &Process,
) -> Result<Client, NoConversation> {
    let client = process.github(github_token).client();
    client.map_err(|error| match error {
        NoClient::NoRepository | NoClient::Repository(_) => NoConversation::NotInActions,
        NoClient::NoToken => NoConversation::NoToken("there is no token".to_owned()),
        NoClient::Token(error) => NoConversation::NoToken(error.to_string()),
        NoClient::GitHub(error) => NoConversation::Refused(error),
    })
}

async fn find(
    context: &Context,
    github_token: Option<&GivenToken>,
    process: &Process,
) -> Result<Conversation, NoConversation> {
    let Some(head) = context
        .workflow_run()
        .and_then(|run| run.pull_request.as_ref())
    else {
        return Err(NoConversation::NoPullRequest);
    };
    let client = client(github_token, process)?;
    let found = crate::github::find_pull_request(&client, head).await;
    match found.map_err(NoConversation::Refused)? {
        Some(found) => Ok(Conversation {
            client,
            pull_request: found.number,
            base: found.base.and_then(|base| base.parse().ok()),
            merge_group: None,
        }),
        None => Err(NoConversation::NoPullRequest),
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

fn outputs(it: &Publication<'_>) -> Vec<(&'static str, String)> {
    // A full disk leaves none.
    let path = |path: &Path| {
        let shown = path.exists().then(|| path.display().to_string());
        shown.unwrap_or_default()
    };
    let numbers = it.numbers.named();
    let mut all = vec![("verdict", it.report.verdict().name().to_owned())];
    all.extend(numbers.map(|(name, number)| (name, number.to_owned())));
    all.extend([
        ("result-json", it.result.map(path).unwrap_or_default()),
        ("report-html", path(it.html)),
    ]);
    all
}

/// Sets outputs for the steps after this one; a file that cannot be written is a warning.
pub(crate) fn set_outputs(values: &[(&'static str, String)], process: &Process) {
    let values: Vec<(&str, &str)> = values
        .iter()
        .map(|(name, it)| (*name, it.as_str()))
        .collect();
    let set = process
        .runner_files()
        .set_outputs(&values, &mut fastrand::Rng::new());
    if let Err(error) = set {
        warn_of_file("the outputs are missing", &error, process);
    }
}

fn warn_of_file(what: &str, error: &RunnerFileError, process: &Process) {
    process.warn(&format!("{what}: {}", error.with_hint()));
}

fn annotation(finding: Finding) -> Annotation {
    Annotation {
        level: match finding.gravity {
            Gravity::Error => Level::Error,
            Gravity::Warning => Level::Warning,
            Gravity::Notice => Level::Notice,
        },
        title: Some(finding.title),
        message: finding.message,
    }
}
