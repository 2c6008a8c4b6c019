//! A GitHub on the loopback: comments, files of branches, labels, with pages, authors, failures and
//! a log.
//!
//! It answers as GitHub's published description of the REST API says, and knows nothing of the
//! program.

mod files;
mod world;

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
use self::files::{blob, create_object, read, write};
pub(crate) use self::world::{Failure, Logged, Protection, World};

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
