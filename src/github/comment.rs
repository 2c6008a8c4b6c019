//! One comment per gate, changed in place.

use std::fmt;
use std::str::FromStr;

use http::Method;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;
use thiserror::Error;

use super::client::{Call, Client};
use super::error::{GitHubError, Operation, Problem};
use super::retry::Failure;
use super::supersede::{Foreign, replaceable, supersede};
use crate::marker::{Key, Marker};
use crate::redact::published as publishable;

/// Most characters of a comment; GitHub refuses more with 422 "body is too long". Counted in UTF-16
/// units, the largest of the possible readings that is still accepted.
const MAX_BODY: usize = 65_536;

/// When a comment comes into being. One that exists is always kept current, so that a failing
/// comment does not outlive the failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CommentMode {
    /// With the first run.
    #[default]
    Always,
    /// With the first run that shows a change or fails.
    OnChange,
    /// With the first run that fails.
    OnFail,
    /// No comment is written, changed or looked for.
    Never,
}

/// A text that names no mode.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{0}` is not a comment mode, use always, on-change, on-fail or never")]
pub struct CommentModeError(String);

impl FromStr for CommentMode {
    type Err = CommentModeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "always" => Ok(Self::Always),
            "on-change" => Ok(Self::OnChange),
            "on-fail" => Ok(Self::OnFail),
            "never" => Ok(Self::Never),
            other => Err(CommentModeError(other.to_owned())),
        }
    }
}

impl fmt::Display for CommentMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Always => "always",
            Self::OnChange => "on-change",
            Self::OnFail => "on-fail",
            Self::Never => "never",
        })
    }
}

/// What the run found, as far as [`CommentMode`] asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Occasion {
    /// The gate fails.
    pub failed: bool,
    /// Something differs from the baseline by more than noise, or there is nothing to compare with.
    pub changed: bool,
}

impl CommentMode {
    const fn creates(self, occasion: Occasion) -> bool {
        match self {
            Self::Always => true,
            Self::OnChange => occasion.changed || occasion.failed,
            Self::OnFail => occasion.failed,
            Self::Never => false,
        }
    }
}

/// A comment of ours that is there already.
#[derive(Debug, Clone, PartialEq)]
pub struct ExistingComment {
    /// GitHub's number of it.
    pub id: u64,
    /// Its page.
    pub url: String,
    /// Its Markdown.
    pub body: String,
    /// When it was last changed, by GitHub's clock.
    pub changed_at: Option<Timestamp>,
    /// Its hidden first line.
    pub marker: Marker,
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// A new comment was written.
    Created,
    /// The comment was changed.
    Updated,
    /// The comment says the same already.
    Unchanged,
    /// A newer run has written the comment; it was left alone.
    LeftToNewerRun,
    /// The mode asks for no comment.
    NotWanted,
}

/// What was done, and where it can be seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// What was done.
    pub done: Done,
    /// Page of the comment, where there is one.
    pub url: Option<String>,
    /// Pages of older comments by other accounts that could not be replaced.
    pub stale: Vec<String>,
}

/// The newest comment with `key` in its marker that the token's owner wrote; without one, the
/// comment of an earlier version for every leg.
///
/// # Errors
/// [`GitHubError`].
pub async fn find_comment(
    client: &Client,
    pull_request: u64,
    key: &Key,
) -> Result<Option<ExistingComment>, GitHubError> {
    let author = client.author().await?;
    let ours = ours(client, pull_request, key, &author).await?;
    Ok(ours.of_key.into_iter().chain(ours.without_leg).next())
}

/// Every comment with a marker that the token's owner wrote.
///
/// # Errors
/// [`GitHubError`].
pub async fn find_comments(
    client: &Client,
    pull_request: u64,
) -> Result<Vec<ExistingComment>, GitHubError> {
    let author = client.author().await?;
    let all = all_of_gates(client, pull_request).await?;
    let ours = all
        .into_iter()
        .filter(|(user, _)| user.login.eq_ignore_ascii_case(&author));
    Ok(ours.map(|(_, comment)| comment).collect())
}

/// Makes `body` the comment of its gate on a pull request. Its first line is the marker, which says
/// of which gate and which run. Of a body that GitHub would refuse for its length, the end is
/// missing.
///
/// # Errors
/// [`GitHubError`]; an existing comment is then unchanged.
pub async fn publish_comment(
    client: &Client,
    pull_request: u64,
    body: &str,
    mode: CommentMode,
    occasion: Occasion,
) -> Result<Published, GitHubError> {
    let marker = Marker::parse(body).ok_or(GitHubError::Unmarked)?;
    if mode == CommentMode::Never {
        return Ok(published(Done::NotWanted, None));
    }
    let draft = Draft {
        pull_request,
        body: fitting(&publishable(body)).to_owned(),
        marker,
        may_create: mode.creates(occasion),
    };
    let author = client.author().await?;
    // The comment may be written although the answer was lost, or a newer run's may be there by
    // now: look again.
    let publish = || async {
        let published = publish_once(client, &draft, &author).await;
        published.map_err(|error| Failure {
            may_pass: error.is_unclear() && error.operation() == Some(Operation::WriteComment),
            error,
            asked: None,
        })
    };
    client.retry().run(publish).await
}

/// A comment to write.
#[derive(Clone)]
struct Draft {
    pull_request: u64,
    body: String,
    marker: Marker,
    may_create: bool,
}

impl Draft {
    /// The same as the comment of another key.
    fn under(&self, key: &Key) -> Self {
        let marker = Marker {
            key: key.clone(),
            ..self.marker.clone()
        };
        let text = self.body.split_once('\n').map_or("", |(_, text)| text);
        Self {
            pull_request: self.pull_request,
            body: fitting(&format!("{marker}\n{text}")).to_owned(),
            marker,
            may_create: self.may_create,
        }
    }
}

async fn publish_once(
    client: &Client,
    draft: &Draft,
    author: &str,
) -> Result<Published, GitHubError> {
    let key = &draft.marker.key;
    let ours = ours(client, draft.pull_request, key, author).await?;
    let older = ours.by_others.iter();
    let older = older.filter(|(marker, _)| !marker.is_newer_than(&draft.marker));
    let older = older.map(|(_, comment)| comment.clone()).collect();
    let foreign = replaceable(client, older).await;
    let draft = Draft {
        // A verdict that is shown is kept current, whoever shows it.
        may_create: draft.may_create || !foreign.is_empty(),
        ..draft.clone()
    };
    let published = publish_ours(client, &draft, &ours).await?;
    let stale = supersede(client, &foreign, published.url.as_deref()).await;
    Ok(Published { stale, ..published })
}

async fn publish_ours(
    client: &Client,
    draft: &Draft,
    ours: &Ours,
) -> Result<Published, GitHubError> {
    // A run that ended before its leg was known is of the only one there is.
    if let ([], [only]) = (ours.of_key.as_slice(), ours.of_legs.as_slice()) {
        let draft = draft.under(&only.marker.key);
        return publish_one_of(client, &draft, &ours.of_legs).await;
    }
    let published = publish_one_of(client, draft, &ours.of_key).await?;
    // One for all legs must not stand beside that of a leg which is newer. Another leg may delete
    // it at the same time.
    if published.url.is_some() {
        let older = |it: &&ExistingComment| !it.marker.is_newer_than(&draft.marker);
        delete(client, ours.without_leg.iter().filter(older)).await;
    }
    Ok(published)
}

async fn publish_one_of(
    client: &Client,
    draft: &Draft,
    ours: &[ExistingComment],
) -> Result<Published, GitHubError> {
    let Some((newest, older)) = ours.split_first() else {
        return create_if_wanted(client, draft).await;
    };
    let done = if newest.marker.is_newer_than(&draft.marker) {
        Done::LeftToNewerRun
    } else if normal(&newest.body) == normal(&draft.body) {
        Done::Unchanged
    } else {
        let route = comment_route(client, newest.id);
        match client.send(&write(Method::PATCH, route, draft)).await {
            Ok(_) => Done::Updated,
            // It was deleted in the meantime.
            Err(error) if error.problem() == Some(Problem::NotFound) => {
                return create_if_wanted(client, draft).await;
            }
            Err(error) => return Err(error),
        }
    };
    // Two runs at once may have left one each.
    delete(client, older.iter()).await;
    Ok(published(done, Some(newest.url.clone())))
}

/// Deletes comments that others stand for. One that stays is not a reason to fail.
async fn delete(client: &Client, comments: impl Iterator<Item = &ExistingComment>) {
    for comment in comments {
        let route = comment_route(client, comment.id);
        let call = Call::new(Operation::WriteComment, Method::DELETE, route);
        let _ = client.send(&call).await;
    }
}

async fn create_if_wanted(client: &Client, draft: &Draft) -> Result<Published, GitHubError> {
    if !draft.may_create {
        return Ok(published(Done::NotWanted, None));
    }
    let route = client.in_repository(&format!("/issues/{}/comments", draft.pull_request));
    let call = write(Method::POST, route, draft);
    let created: ApiComment = client.send(&call).await?.json()?;
    Ok(published(Done::Created, created.html_url))
}

/// As much of the start as GitHub takes. Our own reports are shorter.
fn fitting(body: &str) -> &str {
    let mut units = 0;
    let mut too_long = body.char_indices().skip_while(|(_, c)| {
        units += c.len_utf16();
        units <= MAX_BODY
    });
    let end = too_long.next().map_or(body.len(), |(end, _)| end);
    body.get(..end).unwrap_or_default()
}

/// A request that is not simply sent again when its fate is unclear.
fn write(method: Method, route: String, draft: &Draft) -> Call {
    let mut call = Call::new(Operation::WriteComment, method, route);
    call.replay = false;
    call.with_body(json!({ "body": draft.body }))
}

const fn published(done: Done, url: Option<String>) -> Published {
    Published {
        done,
        url,
        stale: Vec::new(),
    }
}

fn comment_route(client: &Client, id: u64) -> String {
    client.in_repository(&format!("/issues/comments/{id}"))
}

#[derive(Deserialize)]
struct ApiComment {
    id: u64,
    #[serde(default)]
    html_url: Option<String>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    user: Option<ApiUser>,
    #[serde(default)]
    updated_at: Option<Timestamp>,
    #[serde(default)]
    created_at: Option<Timestamp>,
}

#[derive(Deserialize)]
struct ApiUser {
    login: String,
    /// `Bot` for apps.
    #[serde(default, rename = "type")]
    kind: String,
}

/// Our comments of one gate, each list the newest first.
#[derive(Default)]
struct Ours {
    of_key: Vec<ExistingComment>,
    /// Those of the model and workflow that name no leg, where the key names one.
    without_leg: Vec<ExistingComment>,
    /// Those of the model's legs, where the key names none.
    of_legs: Vec<ExistingComment>,
    /// Comments with the key by other accounts.
    by_others: Vec<(Marker, Foreign)>,
}

/// Our comments of one gate. Any user can write the marker, so the author counts too.
async fn ours(
    client: &Client,
    pull_request: u64,
    key: &Key,
    author: &str,
) -> Result<Ours, GitHubError> {
    let mut ours = Ours::default();
    for (user, comment) in all_of_gates(client, pull_request).await? {
        let of = &comment.marker.key;
        if !user.login.eq_ignore_ascii_case(author) {
            if of == key {
                let foreign = Foreign {
                    id: comment.id,
                    url: comment.url,
                    is_app: user.kind == "Bot",
                    login: user.login,
                };
                ours.by_others.push((comment.marker, foreign));
            }
            continue;
        }
        let list = if of == key {
            &mut ours.of_key
        } else if of.is_without_the_leg_of(key) {
            &mut ours.without_leg
        } else if key.is_without_the_leg_of(of) {
            &mut ours.of_legs
        } else {
            continue;
        };
        let newer_than = |other: &ExistingComment| !other.marker.is_newer_than(&comment.marker);
        let place = list.iter().position(newer_than).unwrap_or(list.len());
        list.insert(place, comment);
    }
    Ok(ours)
}

/// The comments of every gate with those who wrote them, in GitHub's order.
async fn all_of_gates(
    client: &Client,
    pull_request: u64,
) -> Result<Vec<(ApiUser, ExistingComment)>, GitHubError> {
    let route = client.in_repository(&format!("/issues/{pull_request}/comments"));
    let all: Vec<ApiComment> = client.list(Operation::ReadComments, &route).await?;
    let of_gates = all.into_iter().filter_map(|comment| {
        let body = comment.body.unwrap_or_default();
        let marker = Marker::parse(&body)?;
        let existing = ExistingComment {
            id: comment.id,
            url: comment.html_url.unwrap_or_default(),
            body,
            changed_at: comment.updated_at.or(comment.created_at),
            marker,
        };
        // The account may be gone.
        Some((comment.user?, existing))
    });
    Ok(of_gates.collect())
}

/// GitHub may store other line ends, and drops those at the end.
fn normal(body: &str) -> String {
    body.replace("\r\n", "\n").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_ends_at_the_limit_and_a_wide_character_counts_as_two_and_is_never_halved() {
        let fits = "é".repeat(MAX_BODY);
        assert_eq!(fitting(&fits), fits);
        let long = format!("x{}", "🦀".repeat(MAX_BODY));
        assert_eq!(fitting(&long).encode_utf16().count(), MAX_BODY - 1);
        assert!(fitting(&long).ends_with('🦀'));
    }

    #[test]
    fn a_mode_round_trips_and_decides_when_a_comment_comes_into_being() {
        let occasion = |failed, changed| Occasion { failed, changed };
        let occasions = [
            occasion(false, false),
            occasion(false, true),
            occasion(true, false),
        ];
        for (name, expected) in [
            ("always", [true, true, true]),
            ("on-change", [false, true, true]),
            ("on-fail", [false, false, true]),
            ("never", [false, false, false]),
        ] {
            let mode: CommentMode = name.parse().unwrap();
            assert_eq!(mode.to_string(), name);
            assert_eq!(occasions.map(|it| mode.creates(it)), expected, "{name}");
        }
        assert_eq!(
            "yes".parse::<CommentMode>().unwrap_err().to_string(),
            "`yes` is not a comment mode, use always, on-change, on-fail or never"
        );
    }
}
