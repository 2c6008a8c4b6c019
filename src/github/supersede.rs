//! Comments of the same gate by another account: what a run with another token has left behind.
//!
//! Anybody can write the hidden line, so nothing in it is believed of just anybody. Apps were let
//! in by the repository's owners, and whoever may write to the repository could do worse: comments
//! of those are replaced by a link. Others are left alone.

use http::Method;
use serde_json::json;

use super::client::{Call, Client};
use super::collaborators::permissions;
use super::error::Operation;

/// Most accounts that GitHub is asked about.
const MOST_ASKED: usize = 10;

/// A comment with our hidden line by another account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Foreign {
    pub(super) id: u64,
    pub(super) url: String,
    pub(super) login: String,
    /// An app wrote it.
    pub(super) is_app: bool,
}

/// Those that may be replaced. An answer that does not come allows nothing.
pub(super) async fn replaceable(client: &Client, all: Vec<Foreign>) -> Vec<Foreign> {
    let mut asked: Vec<(String, bool)> = Vec::new();
    let mut found = Vec::new();
    for comment in all {
        let known = asked.iter().find(|(login, _)| *login == comment.login);
        let may_write = match known {
            _ if comment.is_app => true,
            Some((_, may_write)) => *may_write,
            None if asked.len() == MOST_ASKED => false,
            None => {
                let may_write = may_write(client, &comment.login).await;
                asked.push((comment.login.clone(), may_write));
                may_write
            }
        };
        if may_write {
            found.push(comment);
        }
    }
    found
}

async fn may_write(client: &Client, login: &str) -> bool {
    let permissions = permissions(client, login).await;
    permissions.is_ok_and(|it| it.write)
}

/// Replaces comments by a link to the one that counts; the pages of those that could not be
/// replaced.
pub(super) async fn supersede(client: &Client, all: &[Foreign], by: Option<&str>) -> Vec<String> {
    let body = superseded(by);
    let mut left = Vec::new();
    for comment in all {
        let route = client.in_repository(&format!("/issues/comments/{}", comment.id));
        let call = Call::new(Operation::WriteComment, Method::PATCH, route);
        let replaced = client.send(&call.with_body(json!({ "body": body }))).await;
        if replaced.is_err() {
            left.push(comment.url.clone());
        }
    }
    left
}

/// Without our hidden line: it is nobody's comment any more.
fn superseded(by: Option<&str>) -> String {
    let is_plain = |url: &&str| {
        url.starts_with("http")
            && url
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || ":/.#?=&_-".contains(c))
    };
    match by.filter(is_plain) {
        Some(url) => format!("Superseded by [the comment of a newer run]({url})."),
        None => "Superseded by the comment of a newer run.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_address_is_linked() {
        let url = "https://github.com/acme/churn/pull/7#issuecomment-2";
        assert_eq!(
            superseded(Some(url)),
            format!("Superseded by [the comment of a newer run]({url}).")
        );
        let words = "Superseded by the comment of a newer run.";
        assert_eq!(superseded(Some("https://x/) [y](https://z")), words);
        assert_eq!(superseded(None), words);
    }
}
