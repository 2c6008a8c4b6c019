//! A GitHub on the loopback: comments, files of branches, labels, with pages, authors, failures and
//! a log.
//!
//! It answers as GitHub's published description of the REST API says, and knows nothing of the
//! program.

mod files;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::Response;
use axum::http::request::Parts;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

pub(crate) use self::files::hash;
use self::files::{Object, blob, create_object, read, write};

/// The only repository.
pub(crate) const REPOSITORY: &str = "acme/churn";
/// The token that is let in.
pub(crate) const TOKEN: &str = "ghs_0123456789abcdef";
/// What a job with `id-token: write` asks for identity tokens with.
pub(crate) const IDENTITY_TOKEN: &str = "identity-request-0123456789";
/// Where it asks.
const IDENTITY_PATH: &str = "/_identity/token";
/// Who writes with [`TOKEN`].
pub(crate) const BOT: &str = "github-actions[bot]";

/// A request that was answered.
#[derive(Debug, Clone)]
pub(crate) struct Logged {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    pub(crate) body: Value,
}

/// An answer in place of the usual one.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    pub(crate) method: &'static str,
    /// Part of path and query.
    pub(crate) target: &'static str,
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, &'static str)>,
    pub(crate) body: String,
    /// How many requests get it.
    pub(crate) times: u32,
    /// Whether the request is carried out anyway.
    pub(crate) carried_out: bool,
    /// How long the answer takes.
    pub(crate) delay: Duration,
}

impl Failure {
    /// One answer with a message.
    pub(crate) fn new(
        method: &'static str,
        target: &'static str,
        status: u16,
        message: &str,
    ) -> Self {
        Self {
            method,
            target,
            status,
            headers: Vec::new(),
            body: json!({ "message": message }).to_string(),
            times: 1,
            carried_out: false,
            delay: Duration::ZERO,
        }
    }
}

/// A rule that refuses every write to a branch, in GitHub's words.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Protection {
    pub(crate) status: u16,
    pub(crate) message: &'static str,
    pub(crate) documentation: &'static str,
}

impl Protection {
    fn refusal(self) -> Reply {
        let body = json!({
            "message": self.message,
            "documentation_url": self.documentation,
            "status": self.status.to_string(),
        });
        Reply::Json(self.status, body)
    }
}

/// What GitHub holds.
#[derive(Default)]
pub(crate) struct World {
    /// Comments of all pull requests, in order of their creation: `{id, issue, login, body}`.
    pub(crate) comments: Vec<Value>,
    /// Branches and their files.
    pub(crate) branches: BTreeMap<String, BTreeMap<String, Vec<u8>>>,
    /// Branches that a rule protects.
    pub(crate) protected: BTreeMap<String, Protection>,
    /// Labels of pull requests.
    pub(crate) labels: BTreeMap<u64, Vec<String>>,
    /// Events of pull requests, as the API gives them.
    pub(crate) events: BTreeMap<u64, Vec<Value>>,
    /// Roles in the repository by login: `write`, `maintain`, …
    pub(crate) roles: BTreeMap<String, String>,
    /// Open pull requests: `{number, head: {label, sha}}`.
    pub(crate) pulls: Vec<Value>,
    /// Branches of the merge queue, and the commit of each.
    pub(crate) queue: Vec<(String, String)>,
    /// Commits that the head of a merge group has and its base has not.
    pub(crate) ahead: Vec<String>,
    /// Answers to come.
    pub(crate) failures: Vec<Failure>,
    /// Every request.
    pub(crate) log: Vec<Logged>,
    /// Who `GET /user` says; an installation's token has none.
    pub(crate) user: Option<String>,
    /// Objects that no branch holds yet.
    objects: BTreeMap<String, Object>,
    last_id: u64,
}

/// A running server. Dropping it stops it.
pub(crate) struct GitHub {
    address: SocketAddr,
    prefix: &'static str,
    world: Arc<Mutex<World>>,
    runtime: Option<Runtime>,
}

#[derive(Clone)]
struct Server {
    world: Arc<Mutex<World>>,
    prefix: &'static str,
}

impl GitHub {
    /// As on github.com: the API is the whole server.
    pub(crate) fn start() -> Self {
        Self::start_below("")
    }

    /// As on an Enterprise server: REST is below `prefix`.
    pub(crate) fn start_below(prefix: &'static str) -> Self {
        let world = Arc::new(Mutex::new(World::default()));
        let server = Server {
            world: Arc::clone(&world),
            prefix,
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let runtime = Runtime::new().unwrap();
        runtime.spawn(async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            let routes = Router::new().fallback(answer).with_state(server);
            axum::serve(listener, routes).await.unwrap();
        });
        Self {
            address,
            prefix,
            world,
            runtime: Some(runtime),
        }
    }

    /// What `GITHUB_API_URL` is set to.
    pub(crate) fn api_url(&self) -> String {
        format!("http://{}{}", self.address, self.prefix)
    }

    /// The server, without the API's prefix.
    pub(crate) fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What `ACTIONS_ID_TOKEN_REQUEST_URL` is set to.
    pub(crate) fn identity_url(&self) -> String {
        format!("http://{}{IDENTITY_PATH}?api-version=2.0", self.address)
    }

    /// What it holds; keep it no longer than needed.
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn fail(&self, failure: Failure) {
        self.world().failures.push(failure);
    }

    /// Methods and targets so far, without the repository's own part.
    pub(crate) fn log(&self) -> Vec<String> {
        let own = format!("/repos/{REPOSITORY}");
        let world = self.world();
        let lines = world.log.iter();
        lines
            .map(|it| format!("{} {}", it.method, it.target.replacen(&own, "", 1)))
            .collect()
    }

    /// How many requests of a method there were so far.
    pub(crate) fn count(&self, method: &str) -> usize {
        let world = self.world();
        world.log.iter().filter(|it| it.method == method).count()
    }
}

impl Drop for GitHub {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // Waiting is not allowed in an asynchronous test.
            runtime.shutdown_background();
        }
    }
}

impl World {
    /// Adds a comment and returns its number.
    pub(crate) fn comment(&mut self, issue: u64, login: &str, body: &str) -> u64 {
        self.last_id += 1;
        let id = self.last_id;
        let comment = json!({
            "id": id,
            "issue": issue,
            "user": { "login": login, "type": if login.ends_with("[bot]") { "Bot" } else { "User" } },
            "body": body,
            "html_url": format!("https://github.com/{REPOSITORY}/pull/{issue}#issuecomment-{id}"),
            "created_at": self.time(),
            "updated_at": self.time(),
        });
        self.comments.push(comment);
        id
    }

    /// Puts a label on a pull request, or puts it on again.
    pub(crate) fn label(&mut self, issue: u64, name: &str, login: &str) {
        self.last_id += 1;
        let event = json!({
            "id": self.last_id,
            "event": "labeled",
            "created_at": self.time(),
            "label": { "name": name },
            "actor": { "login": login },
        });
        self.events.entry(issue).or_default().push(event);
        let labels = self.labels.entry(issue).or_default();
        labels.retain(|label| label != name);
        labels.push(name.to_owned());
    }

    /// The clock: a minute later with each request and each thing that happens.
    fn time(&self) -> String {
        let minutes = self.log.len() as u64 + self.last_id;
        format!("2026-11-22T{:02}:{:02}:00Z", 8 + minutes / 60, minutes % 60)
    }

    /// The texts of a pull request's comments.
    pub(crate) fn bodies(&self, issue: u64) -> Vec<String> {
        let of_issue = self.comments.iter().filter(|it| it["issue"] == issue);
        of_issue
            .map(|it| it["body"].as_str().unwrap().to_owned())
            .collect()
    }

    fn failure(&mut self, method: &str, target: &str) -> Option<Failure> {
        let fits =
            |it: &&mut Failure| it.times > 0 && it.method == method && target.contains(it.target);
        let failure = self.failures.iter_mut().find(fits)?;
        failure.times -= 1;
        Some(failure.clone())
    }
}

/// Status, body, and for a list its elements.
enum Reply {
    Json(u16, Value),
    Raw(Vec<u8>),
    List(Vec<Value>),
}

fn refuse(status: u16, message: &str) -> Reply {
    Reply::Json(
        status,
        json!({ "message": message, "status": status.to_string() }),
    )
}

async fn answer(State(server): State<Server>, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let bytes = to_bytes(body, 1 << 26).await.unwrap();
    let (response, delay) = answer_at_once(&server, &parts, &bytes);
    tokio::time::sleep(delay).await;
    response
}

/// Carries a request out; also how long the answer is kept back.
fn answer_at_once(server: &Server, parts: &Parts, bytes: &[u8]) -> (Response<Body>, Duration) {
    let header = |name| {
        let value = parts.headers.get(name)?;
        value.to_str().ok()
    };
    let target = parts.uri.to_string();
    let method = parts.method.as_str();
    let body: Value = serde_json::from_slice(bytes).unwrap_or_default();
    let mut world = server.world.lock().unwrap_or_else(PoisonError::into_inner);
    world.log.push(Logged {
        method: method.to_owned(),
        target: target.clone(),
        body: body.clone(),
    });
    let failure = world.failure(method, &target);
    let carried_out = failure.as_ref().is_none_or(|it| it.carried_out);
    let authorised = header("authorization") == Some(&format!("Bearer {TOKEN}"))
        || (world.user.is_some() && header("authorization").is_some());
    let path = parts.uri.path();
    let query = Query(parts.uri.query().unwrap_or_default());
    let reply = match path.strip_prefix(server.prefix) {
        _ if path == IDENTITY_PATH => identity(header("authorization"), &query),
        _ if !authorised => refuse(401, "Bad credentials"),
        _ if !carried_out => Reply::Raw(Vec::new()),
        _ if header("user-agent").is_none() => {
            refuse(403, "Request forbidden by administrative rules")
        }
        Some(route) => {
            let raw = header("accept").is_some_and(|it| it.contains("raw"));
            route_to(&mut world, method, route, &query, &body, raw)
        }
        None => refuse(404, "Not Found"),
    };
    if let Some(failure) = failure {
        return (failed(&failure), failure.delay);
    }
    let response = rendered(reply, &query, &format!("http://localhost{path}"));
    (response, Duration::ZERO)
}

/// As the API describes what an account may do: `permission` knows four levels only.
fn permission(login: &str, role: &str) -> Value {
    let permission = match role {
        "maintain" => "write",
        "triage" => "read",
        other => other,
    };
    let (writes, maintains) = (permission != "read", role == "maintain" || role == "admin");
    let user = json!({ "login": login, "permissions": {
        "pull": true, "push": writes, "maintain": maintains, "admin": role == "admin",
    }});
    json!({ "permission": permission, "role_name": role, "user": user })
}

/// An identity token, unsigned: only AWS checks signatures.
fn identity(authorization: Option<&str>, query: &Query<'_>) -> Reply {
    if authorization != Some(&format!("Bearer {IDENTITY_TOKEN}")) {
        return refuse(401, "Unauthorized");
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let claims = json!({
        "iss": "https://token.actions.githubusercontent.com",
        "sub": format!("repo:{REPOSITORY}:pull_request"),
        "aud": query.get("audience"),
        "exp": now.as_secs() + 300,
    });
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let header = json!({ "typ": "JWT", "alg": "RS256" });
    let token = format!("{}.{}.c2ln", part(&header), part(&claims));
    Reply::Json(200, json!({ "count": token.len(), "value": token }))
}

fn failed(failure: &Failure) -> Response<Body> {
    let mut response = Response::builder().status(failure.status);
    for (name, value) in &failure.headers {
        response = response.header(*name, *value);
    }
    response.body(Body::from(failure.body.clone())).unwrap()
}

fn rendered(reply: Reply, query: &Query<'_>, url: &str) -> Response<Body> {
    let response = Response::builder().header("content-type", "application/json; charset=utf-8");
    match reply {
        Reply::Json(204, _) => response.status(204).body(Body::empty()),
        Reply::Json(status, body) => response.status(status).body(Body::from(body.to_string())),
        Reply::Raw(bytes) => response.body(Body::from(Bytes::from(bytes))),
        Reply::List(all) => {
            let size = query.number("per_page").unwrap_or(30).clamp(1, 100);
            let page = query.number("page").unwrap_or(1).max(1);
            let shown: Vec<&Value> = all.iter().skip((page - 1) * size).take(size).collect();
            let last = all.len().div_ceil(size).max(1);
            let link =
                |page: usize, rel| format!("<{url}?per_page={size}&page={page}>; rel=\"{rel}\"");
            let mut links = Vec::new();
            if page > 1 {
                links.push(link(page - 1, "prev"));
            }
            if page < last {
                links.extend([link(page + 1, "next"), link(last, "last")]);
            }
            let response = if links.is_empty() {
                response
            } else {
                response.header("link", links.join(", "))
            };
            response.body(Body::from(serde_json::to_string(&shown).unwrap()))
        }
    }
    .unwrap()
}

struct Query<'a>(&'a str);

impl Query<'_> {
    fn get(&self, name: &str) -> Option<String> {
        let pairs = self.0.split('&').filter_map(|pair| pair.split_once('='));
        let mut values = pairs.filter(|(key, _)| *key == name);
        values.next().map(|(_, value)| unescaped(value))
    }

    fn number(&self, name: &str) -> Option<usize> {
        self.get(name)?.parse().ok()
    }
}

/// Percent signs undone.
fn unescaped(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let digits = after.get(..2).and_then(|it| std::str::from_utf8(it).ok());
        let byte = digits.and_then(|it| u8::from_str_radix(it, 16).ok());
        match byte {
            Some(byte) if *first == b'%' => {
                bytes.push(byte);
                rest = &after[2..];
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).unwrap()
}

fn route_to(
    world: &mut World,
    method: &str,
    route: &str,
    query: &Query<'_>,
    body: &Value,
    raw: bool,
) -> Reply {
    if (method, route) == ("GET", "/user") {
        return match &world.user {
            Some(login) => Reply::Json(200, json!({ "login": login })),
            None => refuse(403, "Resource not accessible by integration"),
        };
    }
    if (method, route) == ("POST", "/graphql") {
        return Reply::Json(200, json!({ "data": { "viewer": { "login": BOT } } }));
    }
    let Some(rest) = route.strip_prefix(&format!("/repos/{REPOSITORY}")) else {
        return refuse(404, "Not Found");
    };
    let parts: Vec<String> = rest.split('/').skip(1).map(unescaped).collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let number = |text: &str| text.parse::<u64>().unwrap_or_default();
    match (method, parts.as_slice()) {
        ("GET", []) => Reply::Json(200, json!({ "full_name": REPOSITORY })),
        ("GET", ["issues", issue, "comments"]) => {
            let of_issue = world
                .comments
                .iter()
                .filter(|it| it["issue"] == number(issue));
            Reply::List(of_issue.cloned().collect())
        }
        ("POST", ["issues", issue, "comments"]) => create_comment(world, number(issue), body),
        ("PATCH" | "DELETE", ["issues", "comments", id]) => {
            change_comment(world, method, number(id), body)
        }
        ("GET", ["issues", issue, "labels"]) => {
            let names = world
                .labels
                .get(&number(issue))
                .cloned()
                .unwrap_or_default();
            Reply::List(names.iter().map(|name| json!({ "name": name })).collect())
        }
        ("GET", ["issues", issue, "events"]) => Reply::List(
            world
                .events
                .get(&number(issue))
                .cloned()
                .unwrap_or_default(),
        ),
        ("GET", ["collaborators", login, "permission"]) => match world.roles.get(*login) {
            None => refuse(404, &format!("{login} is not a user")),
            Some(role) => Reply::Json(200, permission(login, role)),
        },
        ("GET", ["pulls", number_of]) => {
            let mut pulls = world.pulls.iter();
            match pulls.find(|it| it["number"] == number(number_of)) {
                Some(pull) => Reply::Json(200, pull.clone()),
                None => refuse(404, "Not Found"),
            }
        }
        ("GET", ["pulls"]) => {
            let head = query.get("head").unwrap_or_default();
            let fitting = world.pulls.iter().filter(|it| it["head"]["label"] == head);
            Reply::List(fitting.cloned().collect())
        }
        ("GET", ["contents", path @ ..]) => read(world, &path.join("/"), query),
        ("PUT", ["contents", path @ ..]) => write(world, &path.join("/"), body),
        ("GET", ["git", "blobs", sha]) => blob(world, sha, raw),
        ("GET", ["git", "matching-refs", prefix @ ..]) => {
            let prefix = format!("refs/{}", prefix.join("/"));
            let all = world.queue.iter();
            let fitting = all.filter(|(name, _)| name.starts_with(&prefix));
            let reference = |(name, sha): &(String, String)| json!({ "ref": name, "object": { "type": "commit", "sha": sha } });
            Reply::Json(200, fitting.map(reference).collect())
        }
        ("GET", ["compare", range]) if range.contains("...") => {
            let commits = world.ahead.iter().map(|sha| json!({ "sha": sha }));
            Reply::Json(200, json!({ "commits": commits.collect::<Vec<_>>() }))
        }
        ("POST", ["git", kind]) => create_object(world, kind, body),
        _ => refuse(404, "Not Found"),
    }
}

fn create_comment(world: &mut World, issue: u64, body: &Value) -> Reply {
    let text = body["body"].as_str().unwrap_or_default();
    if text.encode_utf16().count() > 65_536 {
        return refuse(422, "Body is too long (maximum is 65536 characters)");
    }
    let login = world.user.clone().unwrap_or_else(|| BOT.to_owned());
    world.comment(issue, &login, text);
    Reply::Json(201, world.comments.last().unwrap().clone())
}

fn change_comment(world: &mut World, method: &str, id: u64, body: &Value) -> Reply {
    let Some(place) = world.comments.iter().position(|it| it["id"] == id) else {
        return refuse(404, "Not Found");
    };
    if method == "DELETE" {
        world.comments.remove(place);
        return Reply::Json(204, Value::Null);
    }
    world.comments[place]["body"] = body["body"].clone();
    world.comments[place]["updated_at"] = world.time().into();
    Reply::Json(200, world.comments[place].clone())
}
