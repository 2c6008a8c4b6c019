//! Exchanges over loopback: whose marks a call gets.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use aws_smithy_runtime_api::client::http::HttpConnector as _;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use http::Request;
use http_body_util::BodyExt as _;
use hyper_util::client::proxy::matcher::Matcher;

use super::{WireClock, WireConnector, WireTimes};
use crate::network::Servers;
use crate::network::authorities::Authorities;

/// A server that answers each request after as many milliseconds as its path says, in two pieces:
/// the second comes as long after the first.
fn server(connections: usize) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for connection in listener.incoming().take(connections) {
            thread::spawn(move || serve(&mut connection.unwrap()));
        }
    });
    format!("http://{address}")
}

fn serve(connection: &mut TcpStream) {
    connection.set_nodelay(true).unwrap();
    let mut heard = Vec::new();
    let mut piece = [0; 4096];
    while let Ok(bytes @ 1..) = connection.read(&mut piece) {
        heard.extend_from_slice(&piece[..bytes]);
        let text = String::from_utf8_lossy(&heard).into_owned();
        if !text.ends_with('#') {
            continue;
        }
        let path = text.split(' ').nth(1).unwrap();
        let pause = Duration::from_millis(path.trim_start_matches('/').parse().unwrap());
        thread::sleep(pause);
        connection
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nab")
            .unwrap();
        thread::sleep(pause);
        connection.write_all(b"cd").unwrap();
        heard.clear();
    }
}

fn connector(read_limit: Option<Duration>) -> WireConnector {
    let trusted = Authorities::default().trusted(Servers::Aws).unwrap();
    let proxies = Arc::new(Matcher::builder().build());
    let tls = Arc::new(trusted.tls_of_http_1());
    WireConnector::new(proxies, tls, None, read_limit)
}

/// Asks for `path`, reads the answer to its end; the clock is asked later.
async fn ask(connector: &WireConnector, url: &str, ms: u64) -> WireClock {
    let clock = WireClock::default();
    let request = Request::post(format!("{url}/{ms}")).extension(clock.clone());
    let request = request.body(SdkBody::from("#")).unwrap();
    let answer = connector
        .call(HttpRequest::try_from(request).unwrap())
        .await;
    let body = answer.unwrap().into_body().collect().await.unwrap();
    assert_eq!(body.to_bytes().len(), 4);
    clock
}

#[cfg(target_os = "linux")]
fn assert_took(times: WireTimes, ms: u64) {
    let least = Duration::from_millis(ms);
    assert!(times.first_byte >= least, "{times:?}");
    assert!(times.last_byte >= 2 * least, "{times:?}");
    // The kernel joins pieces that nobody has read yet, so a late reader sees both at once.
    assert!(times.last_byte >= times.first_byte, "{times:?}");
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_that_share_connections_get_their_own_times() {
    let (connector, url) = (connector(None), server(4));
    // Two at once, in turn over the connections that there are; each asks for its times when all
    // others are through.
    let mut clocks = Vec::new();
    for round in 0..10 {
        let (short, long) = (round % 3, 20);
        let (first, second) =
            tokio::join!(ask(&connector, &url, short), ask(&connector, &url, long));
        clocks.extend([(short, first), (long, second)]);
    }
    let mut sent = Vec::new();
    for (ms, clock) in clocks {
        let times = clock.times().unwrap();
        assert_took(times, ms);
        sent.push(times.sent);
    }
    sent.sort();
    sent.dedup();
    assert_eq!(sent.len(), 20);
}

#[tokio::test]
async fn a_server_that_is_silent_or_absent_is_an_error_of_its_kind() {
    let request = |url: &str| {
        let request = Request::post(url).body(SdkBody::from("#")).unwrap();
        HttpRequest::try_from(request).unwrap()
    };
    let limited = connector(Some(Duration::from_millis(20)));
    let silent = limited
        .call(request(&format!("{}/60000", server(1))))
        .await
        .unwrap_err();
    assert!(silent.is_timeout(), "{silent:?}");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let absent = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let refused = connector(None).call(request(&absent)).await.unwrap_err();
    assert!(refused.is_io(), "{refused:?}");
}
