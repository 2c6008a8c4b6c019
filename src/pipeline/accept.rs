//! A label on the pull request that accepts what its comment showed.

use super::publish::{Conversation, Publisher};
use crate::gate::{ACCEPT_LABEL, Acceptance, EarlierComment, Label, NotAccepted};
use crate::github::{ExistingComment, GitHubError, applied_label, find_comment};
use crate::marker::Key;
use crate::process::Process;

/// What the label accepts, or why it accepts nothing; `None` without the label. A label that cannot
/// be read accepts nothing, with a warning: the gate stays closed.
pub(crate) async fn accepted_by_label(
    conversation: &Conversation,
    comment_key: &Key,
    process: &Process,
) -> Option<Result<Acceptance, NotAccepted>> {
    match read(conversation, comment_key).await {
        Ok(accepted) => accepted,
        Err(error) => {
            process.warn(&format!(
                "nothing is accepted, the label {ACCEPT_LABEL} cannot be read: {}",
                error.with_hint()
            ));
            None
        }
    }
}

/// Whether the label is on the pull request; `false` if GitHub does not answer.
pub(crate) async fn is_labelled(publisher: &Publisher) -> bool {
    let Ok(Conversation {
        client,
        pull_request,
    }) = &publisher.conversation
    else {
        return false;
    };
    let label = applied_label(client, *pull_request, ACCEPT_LABEL).await;
    label.is_ok_and(|label| label.is_some())
}

async fn read(
    Conversation {
        client,
        pull_request,
    }: &Conversation,
    comment_key: &Key,
) -> Result<Option<Result<Acceptance, NotAccepted>>, GitHubError> {
    let Some(applied) = applied_label(client, *pull_request, ACCEPT_LABEL).await? else {
        return Ok(None);
    };
    let label = Label {
        by: applied.by,
        at: applied.at,
    };
    let comment = find_comment(client, *pull_request, comment_key).await?;
    let comment = comment.map(earlier);
    Ok(Some(label.accepts(comment.as_ref())))
}

fn earlier(comment: ExistingComment) -> EarlierComment {
    comment.marker.comment(comment.changed_at)
}
