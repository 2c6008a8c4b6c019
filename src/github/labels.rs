//! The labels of a pull request, and who applied them.

use jiff::Timestamp;
use serde::Deserialize;

use super::client::Client;
use super::error::{GitHubError, Operation};

/// Who applied a label, and when. A label that was taken off and put on again was applied the
/// second time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppliedLabel {
    /// Login, untrusted; `ghost` for a deleted account.
    pub by: String,
    /// Whether that is the account of a program: any workflow of the repository may act as one.
    pub by_bot: bool,
    /// When.
    pub at: Timestamp,
}

/// The names of the labels that a pull request has now.
async fn labels(client: &Client, pull_request: u64) -> Result<Vec<String>, GitHubError> {
    let route = client.in_repository(&format!("/issues/{pull_request}/labels"));
    let labels: Vec<ApiLabel> = client.list(Operation::ReadLabels, &route).await?;
    Ok(labels.into_iter().map(|label| label.name).collect())
}

/// Who applied a label that the pull request has now; `None` when it does not have it. As on
/// GitHub, capitals make no difference.
///
/// # Errors
/// [`GitHubError`], also when no event says who applied it.
pub async fn applied_label(
    client: &Client,
    pull_request: u64,
    name: &str,
) -> Result<Option<AppliedLabel>, GitHubError> {
    let is_it = |other: &str| other.to_lowercase() == name.to_lowercase();
    let now = labels(client, pull_request).await?;
    if !now.iter().any(|label| is_it(label)) {
        return Ok(None);
    }
    let route = client.in_repository(&format!("/issues/{pull_request}/events"));
    let events: Vec<ApiEvent> = client.list(Operation::ReadLabels, &route).await?;
    let of_label = |event: &&ApiEvent| {
        let named = event.label.as_ref().is_some_and(|it| is_it(&it.name));
        named && ["labeled", "unlabeled"].contains(&event.event.as_str())
    };
    let last = events
        .into_iter()
        .filter(|it| of_label(&it))
        .max_by_key(|it| (it.created_at, it.id));
    match last {
        Some(event) if event.event == "labeled" => Ok(Some(AppliedLabel {
            by_bot: event.actor.as_ref().is_some_and(ApiUser::is_bot),
            by: event.actor.map_or("ghost".to_owned(), |it| it.login),
            at: event.created_at,
        })),
        Some(_) | None => Err(GitHubError::NotUnderstood {
            operation: Operation::ReadLabels,
            reason: format!(
                "the pull request has the label `{}`, but no event says who applied it",
                crate::text::one_line(name)
            ),
        }),
    }
}

#[derive(Deserialize)]
struct ApiLabel {
    name: String,
}

#[derive(Deserialize)]
struct ApiEvent {
    #[serde(default)]
    id: u64,
    event: String,
    created_at: Timestamp,
    #[serde(default)]
    label: Option<ApiLabel>,
    #[serde(default)]
    actor: Option<ApiUser>,
}

#[derive(Deserialize)]
struct ApiUser {
    login: String,
    #[serde(default, rename = "type")]
    kind: String,
}

impl ApiUser {
    /// No person's login may end so.
    fn is_bot(&self) -> bool {
        self.kind == "Bot" || self.login.ends_with("[bot]")
    }
}
