//! A label on the pull request that accepts what its comment showed.

use super::publish::{Conversation, Publisher};
use crate::gate::{
    ACCEPT_LABEL, Acceptance, EarlierComment, Label, MayAccept, NotAccepted, Permission,
};
use crate::github::{
    AppliedLabel, Client, ExistingComment, GitHubError, applied_label, find_comment, permissions,
};
use crate::marker::Key;
use crate::process::Process;

/// What the label accepts, or why it accepts nothing; `None` without the label. A label that cannot
/// be read accepts nothing, with a warning: the gate stays closed.
pub(crate) async fn accepted_by_label(
    conversation: &Conversation,
    may_accept: MayAccept,
    comment_key: &Key,
    process: &Process,
) -> Option<Result<Acceptance, NotAccepted>> {
    match read(conversation, may_accept, comment_key).await {
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
    may_accept: MayAccept,
    comment_key: &Key,
) -> Result<Option<Result<Acceptance, NotAccepted>>, GitHubError> {
    let Some(applied) = applied_label(client, *pull_request, ACCEPT_LABEL).await? else {
        return Ok(None);
    };
    if let Some(reason) = refused(client, &applied, may_accept).await? {
        return Ok(Some(Err(reason)));
    }
    let label = Label {
        by: applied.by,
        at: applied.at,
    };
    let comment = find_comment(client, *pull_request, comment_key).await?;
    let comment = comment.map(earlier);
    Ok(Some(label.accepts(comment.as_ref())))
}

/// Why a label does not count, by who added it.
async fn refused(
    client: &Client,
    label: &AppliedLabel,
    may_accept: MayAccept,
) -> Result<Option<NotAccepted>, GitHubError> {
    if label.by_bot {
        return Ok((!may_accept.bots).then_some(NotAccepted::ByBot));
    }
    let Some(needed) = may_accept.permission else {
        return Ok(None);
    };
    let held = permissions(client, &label.by).await?;
    let holds = match needed {
        Permission::Write => held.write,
        Permission::Maintain => held.maintain,
        Permission::Admin => held.admin,
    };
    Ok((!holds).then_some(NotAccepted::NotPermitted(needed)))
}

fn earlier(comment: ExistingComment) -> EarlierComment {
    comment.marker.comment(comment.changed_at)
}
