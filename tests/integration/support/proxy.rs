//! A company's proxy: it asks for a password, keeps a log, and looks into TLS with certificates of
//! an authority of its own. Only it knows the addresses of the hosts below `sagegate.test`.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;

/// The certificate of the proxy's authority.
pub(crate) const AUTHORITY: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/fixtures/tls/authority.pem"
);
/// What the proxy asks for; `@` and `:` are written with `%` in an address.
pub(crate) const PASSWORD: &str = "p@ss:word-that-nobody-may-see";
const USER: &str = "runner";

/// A running proxy. Dropping it stops it.
pub(crate) struct Proxy {
    address: SocketAddr,
    log: Arc<Mutex<Vec<String>>>,
    runtime: Option<Runtime>,
}

struct Rules {
    hosts: BTreeMap<String, String>,
    tls: TlsAcceptor,
    log: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    /// Knows hosts by name: to each belongs the address of an unencrypted server, `http://IP:PORT`.
    pub(crate) fn start(hosts: &[(&str, &str)]) -> Self {
        let address = |url: &str| url.trim_start_matches("http://").to_owned();
        let hosts = hosts.iter();
        let log = Arc::new(Mutex::new(Vec::new()));
        let rules = Arc::new(Rules {
            hosts: hosts
                .map(|(name, url)| ((*name).to_owned(), address(url)))
                .collect(),
            tls: acceptor(),
            log: Arc::clone(&log),
        });
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let runtime = Runtime::new().unwrap();
        runtime.spawn(async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&rules)));
            }
        });
        Self {
            address,
            log,
            runtime: Some(runtime),
        }
    }

    /// What `HTTPS_PROXY` is set to.
    pub(crate) fn url(&self) -> String {
        let password = PASSWORD.replace('@', "%40").replace(':', "%3A");
        format!("http://{USER}:{password}@{}", self.address)
    }

    /// The same without the password.
    pub(crate) fn url_without_password(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What was asked for so far: method and host of each connection.
    pub(crate) fn log(&self) -> Vec<String> {
        let log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        log.clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn acceptor() -> TlsAcceptor {
    let file = |name| {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/tls");
        std::fs::read(format!("{folder}/{name}")).unwrap()
    };
    let certificate = CertificateDer::from_pem_slice(&file("server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_slice(&file("server.key")).unwrap();
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    let config = ServerConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

/// One connection. What the peers do to it is no concern of the proxy.
async fn serve(mut client: TcpStream, rules: Arc<Rules>) {
    let Some(head) = head(&mut client).await else {
        return;
    };
    let mut words = head.split(' ');
    let (method, target) = (words.next().unwrap(), words.next().unwrap());
    let authority = target.trim_start_matches("http://").split('/').next();
    let authority = authority.unwrap_or_default();
    let host = authority.split(':').next().unwrap_or_default();
    let line = format!("{method} {host}");
    rules
        .log
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(line);
    let password = STANDARD.encode(format!("{USER}:{PASSWORD}"));
    let wanted = format!("proxy-authorization: basic {}", password.to_lowercase());
    if !head.to_lowercase().contains(&wanted) {
        let refusal = "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n";
        let _ = client.write_all(refusal.as_bytes()).await;
        return;
    }
    let upstream = rules.hosts.get(host).map_or(authority, String::as_str);
    let Ok(mut server) = TcpStream::connect(upstream).await else {
        let _ = client
            .write_all(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
            .await;
        return;
    };
    if method == "CONNECT" {
        let _ = client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
        if let Ok(client) = rules.tls.accept(client).await {
            forward(client, server, upstream).await;
        }
    } else {
        let head = with_host(head.as_bytes(), upstream);
        let _ = server.write_all(&head).await;
        forward(client, server, upstream).await;
    }
}

/// Until one side ends. The simulator answers to its own name only, so each request gets that.
async fn forward(client: impl AsyncRead + AsyncWrite, server: TcpStream, upstream: &str) {
    let (mut from_client, mut to_client) = tokio::io::split(client);
    let (mut from_server, mut to_server) = server.into_split();
    let requests = async {
        let mut bytes = vec![0; 1 << 16];
        while let Ok(read @ 1..) = from_client.read(&mut bytes).await {
            let request = with_host(&bytes[..read], upstream);
            if to_server.write_all(&request).await.is_err() {
                break;
            }
        }
        let _ = to_server.shutdown().await;
    };
    let answers = tokio::io::copy(&mut from_server, &mut to_client);
    let ((), _) = tokio::join!(requests, answers);
}

/// The bytes with another `Host` and without one in the address, where a request begins in them.
fn with_host(bytes: &[u8], host: &str) -> Vec<u8> {
    let address = b"GET http://";
    if let Some(rest) = bytes.strip_prefix(address) {
        let path = rest.iter().position(|it| *it == b'/').unwrap_or_default();
        return with_host(&[b"GET ", &rest[path..]].concat(), host);
    }
    let start = bytes
        .windows(8)
        .position(|it| it.eq_ignore_ascii_case(b"\r\nhost: "));
    let Some(value) = start.map(|it| it + 8) else {
        return bytes.to_vec();
    };
    let end = bytes[value..].windows(2).position(|it| it == b"\r\n");
    let end = end.map_or(bytes.len(), |it| value + it);
    [&bytes[..value], host.as_bytes(), &bytes[end..]].concat()
}

/// The first request up to its empty line.
async fn head(client: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await.ok()?);
    }
    String::from_utf8(head).ok()
}
