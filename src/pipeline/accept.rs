//! A label on the pull request that accepts what its comment showed.

use super::publish::{Conversation, Publisher};
use crate::gate::{
    ACCEPT_LABEL, Acceptance, EarlierComment, Judgement, Label, MayAccept, NotAccepted, Notice,
    Permission, Verdict,
};
use crate::github::{
    AppliedLabel, Client, ExistingComment, GitHubError, MergeGroup, applied_label, find_comment,
    others_in_merge_group, permissions,
};
use crate::marker::Key;
use crate::process::Process;

/// The judgement under what labels accept: that of the pull request, and in a merge queue those of
/// the pull requests that are tried with it.
pub(crate) async fn under_labels(
    judgement: Judgement,
    conversation: &Conversation,
    may_accept: MayAccept,
    comment_key: &Key,
    process: &Process,
) -> Judgement {
    let Conversation {
        client,
        pull_request,
        merge_group,
        ..
    } = conversation;
    let accepted = |number| accepted_by_label(client, number, may_accept, comment_key, process);
    let under = |judgement: Judgement, accepted| match accepted {
        Some(accepted) => judgement.under(accepted),
        None => judgement,
    };
    let Some(group) = merge_group else {
        let accepted = accepted(*pull_request).await;
        return under(judgement, accepted);
    };
    let others = others(client, group, process).await;
    let mut own = under(judgement.clone(), accepted(*pull_request).await);
    let mut accepted_for = (own.verdict == Verdict::Accepted).then_some(*pull_request);
    for number in &others {
        if own.verdict != Verdict::Fail {
            break;
        }
        // What one before it in the queue was allowed to add is in this group, too.
        let under_other = under(judgement.clone(), accepted(*number).await);
        if under_other.verdict == Verdict::Accepted {
            (own, accepted_for) = (under_other, Some(*number));
        }
    }
    own.notices.push(Notice::MergeGroup {
        pull_request: *pull_request,
        others,
        accepted_for,
    });
    own
}

/// The other pull requests of the group; none where GitHub does not say.
async fn others(client: &Client, group: &MergeGroup, process: &Process) -> Vec<u64> {
    match others_in_merge_group(client, group).await {
        Ok(others) => others,
        Err(error) => {
            process.warn(&format!(
                "whether the merge group holds other pull requests is not known: {}",
                error.with_hint()
            ));
            Vec::new()
        }
    }
}

/// What the label accepts, or why it accepts nothing; `None` without the label. A label that cannot
/// be read accepts nothing, with a warning: the gate stays closed.
async fn accepted_by_label(
    client: &Client,
    pull_request: u64,
    may_accept: MayAccept,
    comment_key: &Key,
    process: &Process,
) -> Option<Result<Acceptance, NotAccepted>> {
    match read(client, pull_request, may_accept, comment_key).await {
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
        ..
    }) = &publisher.conversation
    else {
        return false;
    };
    let label = applied_label(client, *pull_request, ACCEPT_LABEL).await;
    label.is_ok_and(|label| label.is_some())
}

async fn read(
    client: &Client,
    pull_request: u64,
    may_accept: MayAccept,
    comment_key: &Key,
) -> Result<Option<Result<Acceptance, NotAccepted>>, GitHubError> {
    let Some(applied) = applied_label(client, pull_request, ACCEPT_LABEL).await? else {
        return Ok(None);
    };
    if let Some(reason) = refused(client, &applied, may_accept).await? {
        return Ok(Some(Err(reason)));
    }
    let label = Label {
        by: applied.by,
        at: applied.at,
    };
    let comment = find_comment(client, pull_request, comment_key).await?;
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
