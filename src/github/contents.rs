//! A file of a branch, read and written through the API: no checkout, and two writers lose nothing.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::client::{Call, Client, escaped};
use super::error::{GitHubError, Operation, Problem};

/// Media type of a blob's own bytes.
const RAW: &str = "application/vnd.github.raw+json";

/// A version of a file on a branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BranchFile {
    /// Its content.
    pub bytes: Vec<u8>,
    /// Hash of the blob: what [`Change::expected`] wants.
    pub sha: String,
}

/// A file to write.
#[derive(Debug, Clone, Copy)]
pub struct Change<'a> {
    /// The branch. It is created when it does not exist, without any history and any other file.
    pub branch: &'a str,
    /// Where in the branch, with `/` between folders.
    pub path: &'a str,
    /// The whole content.
    pub bytes: &'a [u8],
    /// The blob that the change was made from; `None` for a file that was not there.
    pub expected: Option<&'a str>,
    /// Message of the commit.
    pub message: &'a str,
}

/// Reads a file; `None` when the branch or the file does not exist.
///
/// # Errors
/// [`GitHubError`], also when the repository itself is hidden from the token: that is not "no
/// file".
pub async fn read_file(
    client: &Client,
    branch: &str,
    path: &str,
) -> Result<Option<BranchFile>, GitHubError> {
    let route = format!("{}?ref={}", file_route(client, path), escaped(branch));
    let answer = client.send(&Call::get(Operation::ReadFile, route)).await;
    let answer = match answer {
        Err(error) if error.problem() == Some(Problem::NotFound) => {
            let repository = client.in_repository("");
            let call = Call::get(Operation::ReadFile, repository);
            return client.send(&call).await.map(|_| None);
        }
        other => other?,
    };
    let entry: Value = answer.json()?;
    let Ok(entry) = serde_json::from_value::<Entry>(entry) else {
        return Err(not_a_file(path));
    };
    if entry.kind != "file" {
        return Err(not_a_file(path));
    }
    // Up to 1 MB the content is in the answer, above it is not.
    let bytes = match decoded(&entry) {
        Some(bytes) => bytes,
        None => read_blob(client, &entry.sha).await?,
    };
    Ok(Some(BranchFile {
        bytes,
        sha: entry.sha,
    }))
}

/// Writes a file, as one commit, and returns the hash of its new blob.
///
/// # Errors
/// [`GitHubError`]; [`GitHubError::is_conflict`] when the file is not the expected one any more:
/// read it again, and write again.
pub async fn write_file(client: &Client, change: &Change<'_>) -> Result<String, GitHubError> {
    let mut body = json!({
        "message": change.message,
        "content": STANDARD.encode(change.bytes),
        "branch": change.branch,
    });
    if let (Some(sha), Some(fields)) = (change.expected, body.as_object_mut()) {
        fields.insert("sha".to_owned(), json!(sha));
    }
    let route = file_route(client, change.path);
    let call = Call::new(Operation::WriteFile, Method::PUT, route).with_body(body);
    match client.send(&call).await {
        Ok(answer) => Ok(answer.json::<Written>()?.content.sha),
        Err(GitHubError::Refused {
            problem: Problem::NotFound,
            operation,
            status,
            message,
        }) => match change.expected {
            None => create_branch(client, change).await,
            Some(_) => Err(GitHubError::Refused {
                problem: Problem::Conflict,
                operation,
                status,
                message,
            }),
        },
        Err(error) => Err(error),
    }
}

/// Makes the branch of one commit without parents, holding only the file. Without the repository's
/// workflows in it, no push to it starts one, and no permission to change workflows is needed.
async fn create_branch(client: &Client, change: &Change<'_>) -> Result<String, GitHubError> {
    let content = STANDARD.encode(change.bytes);
    let blob = json!({ "content": content, "encoding": "base64" });
    let blob = create(client, "/git/blobs", blob).await?;
    let entry = json!({ "path": change.path, "mode": "100644", "type": "blob", "sha": blob });
    let tree = create(client, "/git/trees", json!({ "tree": [entry] })).await?;
    let commit = json!({ "message": change.message, "tree": tree, "parents": [] });
    let commit = create(client, "/git/commits", commit).await?;
    let reference = json!({ "ref": format!("refs/heads/{}", change.branch), "sha": commit });
    let route = client.in_repository("/git/refs");
    let call = Call::new(Operation::WriteFile, Method::POST, route).with_body(reference);
    client.send(&call).await?;
    Ok(blob)
}

/// Creates an object of the repository and returns its hash.
async fn create(client: &Client, rest: &str, body: Value) -> Result<String, GitHubError> {
    let route = client.in_repository(rest);
    let call = Call::new(Operation::WriteFile, Method::POST, route).with_body(body);
    Ok(client.send(&call).await?.json::<Hash>()?.sha)
}

async fn read_blob(client: &Client, sha: &str) -> Result<Vec<u8>, GitHubError> {
    let route = client.in_repository(&format!("/git/blobs/{}", escaped(sha)));
    let mut call = Call::get(Operation::ReadFile, route);
    call.accept = RAW;
    Ok(client.send(&call).await?.bytes)
}

#[derive(Deserialize)]
struct Hash {
    sha: String,
}

#[derive(Deserialize)]
struct Written {
    content: Hash,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(rename = "type")]
    kind: String,
    sha: String,
    #[serde(default)]
    encoding: String,
    #[serde(default)]
    content: String,
}

/// The content of an answer; `None` when it is left out for its size.
fn decoded(entry: &Entry) -> Option<Vec<u8>> {
    if entry.encoding != "base64" {
        return None;
    }
    let without_line_ends = entry.content.split_ascii_whitespace().collect::<String>();
    STANDARD.decode(without_line_ends).ok()
}

fn file_route(client: &Client, path: &str) -> String {
    let parts = path.split('/').map(escaped).collect::<Vec<_>>();
    client.in_repository(&format!("/contents/{}", parts.join("/")))
}

fn not_a_file(path: &str) -> GitHubError {
    GitHubError::NotUnderstood {
        operation: Operation::ReadFile,
        reason: format!("`{}` is not a file", crate::text::one_line(path)),
    }
}
