//! One connection to GitHub: addresses, time limits, retries, errors.

use std::error::Error as _;
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use http::header::{ACCEPT, LINK};
use http::{HeaderMap, Method, StatusCode, Uri};
use http_body_util::{BodyExt as _, Limited};
use octocrab::Octocrab;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::error::{GitHubError, Operation, Problem, classify};
use super::repository::Repository;
use super::retry::{Failure, Retry, rate_limit};
use super::token::Token;
use super::transport::crab;
use crate::network::Network;
use crate::text::one_line;

/// What the API is asked to answer in unless a file's raw bytes are wanted.
const JSON: &str = "application/vnd.github+json";
/// Largest answer that is read: no file or page of ours comes near it.
const MAX_ANSWER: usize = 32 << 20;
/// Elements of a page: the most that GitHub gives.
const PER_PAGE: usize = 100;
/// Most pages that are read; GitHub itself stops comments at 2500.
const MAX_PAGES: usize = 100;
/// Characters of GitHub's words in an error.
const MAX_MESSAGE: usize = 300;
/// Longest time for one attempt unless a test asks for less.
pub(super) const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(30);
/// Author of everything that a workflow run's own token writes.
const WORKFLOW_AUTHOR: &str = "github-actions[bot]";

/// A repository of a GitHub server, and the right to act in it.
pub struct Client {
    crab: Octocrab,
    /// What stands before every route: `/api/v3` on an Enterprise server, nothing on github.com.
    prefix: String,
    repository: Repository,
    token: Token,
    retry: Retry,
    /// Longest time for one attempt, from connecting to the last byte.
    attempt_timeout: Duration,
}

/// Prints neither the token nor anything made of it.
impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("prefix", &self.prefix)
            .field("repository", &self.repository)
            .field("token", &self.token)
            .field("retry", &self.retry)
            .finish_non_exhaustive()
    }
}

/// A request, still without the repository in its path.
pub(super) struct Call {
    pub(super) operation: Operation,
    pub(super) method: Method,
    /// From the root of the API, beginning with `/`.
    pub(super) route: String,
    pub(super) accept: &'static str,
    pub(super) body: Option<Value>,
    /// Whether a request that may have been carried out is sent again.
    pub(super) replay: bool,
}

impl Call {
    pub(super) fn new(operation: Operation, method: Method, route: String) -> Self {
        Self {
            operation,
            method,
            route,
            accept: JSON,
            body: None,
            replay: true,
        }
    }

    pub(super) fn get(operation: Operation, route: String) -> Self {
        Self::new(operation, Method::GET, route)
    }

    pub(super) fn with_body(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }
}

/// A successful answer.
pub(super) struct Answer {
    operation: Operation,
    headers: HeaderMap,
    pub(super) bytes: Vec<u8>,
}

impl Answer {
    /// The body as what the API promises.
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, GitHubError> {
        serde_json::from_slice(&self.bytes).map_err(|error| GitHubError::NotUnderstood {
            operation: self.operation,
            reason: one_line(&error.to_string()),
        })
    }

    /// Whether the list goes on after a page with `length` elements.
    fn has_more(&self, length: usize) -> bool {
        match self.headers.get(LINK).and_then(|link| link.to_str().ok()) {
            Some(link) => link.contains("rel=\"next\""),
            // A proxy may have dropped the header.
            None => length >= PER_PAGE,
        }
    }
}

impl Client {
    /// Prepares the connection; nothing is sent. `api_url` is `GITHUB_API_URL`. Works inside a
    /// Tokio runtime only.
    ///
    /// # Errors
    /// [`GitHubError::Address`], or [`GitHubError::Connection`].
    pub fn new(
        api_url: &str,
        repository: Repository,
        token: Token,
        retry: Retry,
        attempt_timeout: Duration,
        network: &Network,
    ) -> Result<Self, GitHubError> {
        let (server, prefix) = split_address(api_url).ok_or_else(|| GitHubError::Address {
            url: one_line(&without_user(api_url)),
        })?;
        Ok(Self {
            // The prefix is ours: octocrab leaves it out for a route that happens to begin with it.
            crab: crab(server, &token, network)?,
            prefix,
            repository,
            token,
            retry,
            attempt_timeout,
        })
    }

    /// The repository.
    pub(super) const fn repository(&self) -> &Repository {
        &self.repository
    }

    /// How often it tries.
    pub(super) const fn retry(&self) -> &Retry {
        &self.retry
    }

    /// The route of something in the repository; `rest` begins with `/`.
    pub(super) fn in_repository(&self, rest: &str) -> String {
        format!("/repos/{}{rest}", self.repository)
    }

    /// Sends a request, again after rate limits, server errors and lost connections as far as
    /// `retry` allows.
    pub(super) async fn send(&self, call: &Call) -> Result<Answer, GitHubError> {
        self.retry.run(|| self.attempt(call)).await
    }

    /// Every element of a list, through all its pages. `route` has no query.
    pub(super) async fn list<T: DeserializeOwned>(
        &self,
        operation: Operation,
        route: &str,
    ) -> Result<Vec<T>, GitHubError> {
        let mut all = Vec::new();
        for page in 1..=MAX_PAGES {
            let route = format!("{route}?per_page={PER_PAGE}&page={page}");
            let answer = self.send(&Call::get(operation, route)).await?;
            let elements: Vec<T> = answer.json()?;
            let more = answer.has_more(elements.len());
            all.extend(elements);
            if !more {
                return Ok(all);
            }
        }
        Err(GitHubError::NotUnderstood {
            operation,
            reason: format!("the list has more than {MAX_PAGES} pages"),
        })
    }

    /// The login that the token writes as.
    ///
    /// An installation's token has no user; GraphQL knows its bot. A server that does not say is
    /// taken for one that writes as the workflow does.
    pub(super) async fn author(&self) -> Result<String, GitHubError> {
        if !self.token.is_of_installation() {
            let call = Call::get(Operation::ReadAuthor, "/user".to_owned());
            match self.send(&call).await {
                Ok(answer) => return Ok(answer.json::<User>()?.login),
                Err(error) if is_no(&error) => {}
                Err(error) => return Err(error),
            }
        }
        let query = json!({ "query": "query { viewer { login } }" });
        let call = Call::new(Operation::ReadAuthor, Method::POST, "/graphql".to_owned());
        match self.send(&call.with_body(query)).await {
            Ok(answer) => Ok(bot_of(&answer.bytes)),
            Err(error) if is_no(&error) => Ok(WORKFLOW_AUTHOR.to_owned()),
            Err(error) => Err(error),
        }
    }

    async fn attempt(&self, call: &Call) -> Result<Answer, Failure<GitHubError>> {
        self.answer(call).await.map_err(|(error, asked)| Failure {
            may_pass: error.problem() == Some(Problem::RateLimited)
                || (call.replay && error.is_unclear()),
            error,
            asked,
        })
    }

    /// A failure says how long GitHub wants us to wait.
    async fn answer(&self, call: &Call) -> Result<Answer, (GitHubError, Option<Duration>)> {
        let no_answer = |reason: &str| GitHubError::NoAnswer {
            operation: call.operation,
            reason: self.token.redact(&one_line(reason)),
        };
        let limit = self.attempt_timeout;
        let (status, headers, bytes) = match tokio::time::timeout(limit, self.exchange(call)).await
        {
            Ok(Ok(parts)) => parts,
            Ok(Err(reason)) => return Err((no_answer(&reason), None)),
            Err(_elapsed) => {
                let reason = format!("no answer within {} s", limit.as_secs_f64());
                return Err((no_answer(&reason), None));
            }
        };
        if status.is_success() {
            return Ok(Answer {
                operation: call.operation,
                headers,
                bytes,
            });
        }
        let body: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let message = self.token.redact(&message(status, &body));
        let documentation = body.get("documentation_url").and_then(Value::as_str);
        let asked = rate_limit(status, &headers, &message);
        let error = GitHubError::Refused {
            operation: call.operation,
            problem: classify(
                status,
                &message,
                documentation.unwrap_or_default(),
                asked.is_some(),
            ),
            status: status.as_u16(),
            message,
        };
        Err((error, asked))
    }

    async fn exchange(&self, call: &Call) -> Result<(StatusCode, HeaderMap, Vec<u8>), String> {
        let request = http::Request::builder()
            .method(call.method.clone())
            .uri(self.path(&call.route))
            .header(ACCEPT, call.accept);
        let request = self.crab.build_request(request, call.body.as_ref());
        let request = request.map_err(|error| with_causes(&error))?;
        let answer = self.crab.execute(request).await;
        let (parts, body) = answer.map_err(|error| with_causes(&error))?.into_parts();
        let body = Limited::new(body, MAX_ANSWER).collect().await;
        let bytes = body.map_err(|error| error.to_string())?.to_bytes();
        Ok((parts.status, parts.headers, bytes.to_vec()))
    }

    /// GraphQL is beside REST on an Enterprise server, and below it on github.com.
    fn path(&self, route: &str) -> String {
        match self.prefix.strip_suffix("/v3") {
            Some(before) if route == "/graphql" => format!("{before}{route}"),
            Some(_) | None => format!("{}{route}", self.prefix),
        }
    }
}

#[derive(Deserialize)]
struct User {
    login: String,
}

/// Whether GitHub refused, for any reason but an invalid token.
fn is_no(error: &GitHubError) -> bool {
    matches!(
        error.problem(),
        Some(Problem::Forbidden | Problem::NotFound | Problem::Invalid)
    )
}

/// The bot of an answer of GraphQL. Logins of users have no brackets, so it cannot be registered.
fn bot_of(answer: &[u8]) -> String {
    let answer: Value = serde_json::from_slice(answer).unwrap_or_default();
    let login = answer.pointer("/data/viewer/login").and_then(Value::as_str);
    match login {
        Some(login) if login.ends_with("[bot]") => login.to_owned(),
        Some(login) => format!("{login}[bot]"),
        None => WORKFLOW_AUTHOR.to_owned(),
    }
}

/// Server (`https://host:port/`) and path prefix of an API address; `None` when it is not an https
/// address, or an http address of this machine: a token travels to it.
pub(super) fn split_address(url: &str) -> Option<(Uri, String)> {
    let uri: Uri = url.trim().parse().ok()?;
    let scheme = uri
        .scheme_str()
        .filter(|it| ["http", "https"].contains(it))?;
    let authority = uri.authority()?;
    // A password in the address would end up in messages.
    if authority.as_str().contains('@') || uri.query().is_some() {
        return None;
    }
    if scheme == "http" && !is_loopback(authority.host()) {
        return None;
    }
    let prefix = uri.path().trim_end_matches('/').to_owned();
    let server = format!("{scheme}://{authority}/").parse().ok()?;
    Some((server, prefix))
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    let address: Result<IpAddr, _> = address.parse();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|it| it.is_loopback())
}

/// An address as a message may repeat it: without user and password.
fn without_user(address: &str) -> String {
    match (address.split_once("://"), address.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, rest))) => format!("{scheme}://***@{rest}"),
        (None, Some((_, rest))) => format!("***@{rest}"),
        (Some(_) | None, None) => address.to_owned(),
    }
}

/// GitHub's words for a refusal on one line; the status' own name when there are none, as on an
/// HTML error page.
fn message(status: StatusCode, body: &Value) -> String {
    let mut words = Vec::new();
    words.extend(body.get("message").and_then(Value::as_str));
    let errors = body.get("errors").and_then(Value::as_array);
    for error in errors.into_iter().flatten() {
        words.extend(error.get("message").unwrap_or(error).as_str());
    }
    if words.is_empty() {
        words.extend(status.canonical_reason());
    }
    one_line(&words.join("; "))
        .chars()
        .take(MAX_MESSAGE)
        .collect()
}

/// An error with its causes on one line. Octocrab's own words carry a backtrace, so only the
/// causes' are taken.
pub(super) fn with_causes(error: &octocrab::Error) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = one_line(&error.to_string());
        if !words.iter().any(|before| before.contains(&text)) {
            words.push(text);
        }
        cause = error.source();
    }
    if words.is_empty() {
        "the request failed".to_owned()
    } else {
        words.join(": ")
    }
}

/// Characters not encoded in a path segment or a query value.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// One part of a path or a query value, with everything but letters, digits and `-._~` as `%` and
/// hexadecimal digits.
pub(super) fn escaped(part: &str) -> String {
    utf8_percent_encode(part, UNRESERVED).to_string()
}

#[cfg(test)]
mod tests;
