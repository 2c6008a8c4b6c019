//! Only programs of this machine are served: a web page must not reach the simulator through a
//! browser.

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{HOST, ORIGIN};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Response, StatusCode, Uri};
use axum::middleware::Next;

/// Answers 403 unless the request was sent to a name of this machine, and by no web page.
///
/// A page whose name is resolved to 127.0.0.1 (DNS rebinding) sends its own name as the host; one
/// that calls another origin says its own.
pub(super) async fn refuse_others(request: Request, next: Next) -> Response<Body> {
    match refusal(request.uri(), request.headers()) {
        None => next.run(request).await,
        Some(reason) => {
            tracing::warn!("refused a request to the simulator: {reason}");
            let mut response = Response::new(Body::from(format!("{reason}\n")));
            *response.status_mut() = StatusCode::FORBIDDEN;
            response
        }
    }
}

fn refusal(uri: &Uri, headers: &HeaderMap) -> Option<String> {
    let named = headers.get_all(HOST).iter();
    let mut named: Vec<String> = named
        .map(|it| String::from_utf8_lossy(it.as_bytes()).into_owned())
        .collect();
    named.extend(uri.authority().map(ToString::to_string));
    if named.is_empty() {
        return Some("the simulator wants a Host header".to_owned());
    }
    if let Some(foreign) = named.iter().find(|it| !is_loopback(it)) {
        let foreign: String = foreign.escape_debug().take(100).collect();
        return Some(format!(
            "the simulator answers to 127.0.0.1, localhost and [::1] only, not to the host `{foreign}`"
        ));
    }
    headers
        .contains_key(ORIGIN)
        .then(|| "the simulator does not answer web pages".to_owned())
}

/// Whether `HOST:PORT`, as a `Host` header has it, is this machine.
fn is_loopback(host: &str) -> bool {
    host.parse::<Authority>().is_ok_and(|it| {
        let names = ["127.0.0.1", "localhost", "[::1]"];
        !host.contains('@')
            && names
                .iter()
                .any(|name| it.host().eq_ignore_ascii_case(name))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_no_dns_server_can_give_away_are_loopback() {
        for host in [
            "127.0.0.1",
            "127.0.0.1:4570",
            "localhost:1",
            "LocalHost",
            "[::1]:80",
        ] {
            assert!(is_loopback(host), "{host}");
        }
        for host in [
            "",
            "x",
            "evil.example",
            "evil.example:4570",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "bucket.localhost",
            "localhost.",
            "user@127.0.0.1",
            "127.0.0.1@evil.example",
            "0.0.0.0",
            "169.254.169.254",
            "127.0.0.1 evil.example",
            "127.0.0.1:4570:1",
            "[::1",
            "::1",
        ] {
            assert!(!is_loopback(host), "{host}");
        }
    }

    #[test]
    fn every_name_in_a_request_counts() {
        let headers = |hosts: &[&str]| {
            let pairs = hosts.iter().map(|it| (HOST, it.parse().unwrap()));
            pairs.collect::<HeaderMap>()
        };
        let path: Uri = "/".parse().unwrap();
        let absolute: Uri = "http://evil.example/".parse().unwrap();
        assert_eq!(refusal(&path, &headers(&["localhost"])), None);
        for (uri, hosts) in [
            (&path, &[][..]),
            (&path, &["localhost", "evil.example"]),
            (&absolute, &["localhost"]),
        ] {
            assert!(refusal(uri, &headers(hosts)).is_some(), "{uri} {hosts:?}");
        }
        let mut from_a_page = headers(&["localhost"]);
        from_a_page.insert(ORIGIN, "http://evil.example".parse().unwrap());
        assert_eq!(
            refusal(&path, &from_a_page).as_deref(),
            Some("the simulator does not answer web pages")
        );
    }
}
