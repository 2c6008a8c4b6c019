//! Opens connections: TCP, the proxy where one is named, TLS where the address says so.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use http::uri::Scheme;
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use rustls::ClientConfig;
use thiserror::Error;
use tower::Service;

use super::stream::{End, MarkedStream, marked};

type BoxError = Box<dyn std::error::Error + Send + Sync>;
type Connecting<T> = Pin<Box<dyn Future<Output = Result<T, BoxError>> + Send>>;
/// Plain, or in TLS with a proxy.
type Reached = MaybeHttpsStream<MarkedStream>;

/// Something took longer than it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("HTTP {what} timeout occurred after {limit:?}")]
pub(super) struct TimedOut {
    what: &'static str,
    limit: Duration,
}

/// What `future` gives, within `limit` if there is one.
pub(super) async fn within<T, E: Into<BoxError>>(
    what: &'static str,
    limit: Option<Duration>,
    future: impl Future<Output = Result<T, E>>,
) -> Result<T, BoxError> {
    let Some(limit) = limit else {
        return future.await.map_err(Into::into);
    };
    match tokio::time::timeout(limit, future).await {
        Ok(answer) => answer.map_err(Into::into),
        Err(_elapsed) => Err(TimedOut { what, limit }.into()),
    }
}

/// Opens connections to servers within a time limit.
#[derive(Clone)]
pub(super) struct Connect {
    server: HttpsConnector<Reach>,
    limit: Option<Duration>,
}

impl Connect {
    pub(super) fn new(
        proxies: Arc<Matcher>,
        tls: Arc<ClientConfig>,
        limit: Option<Duration>,
    ) -> Self {
        let reach = Reach {
            proxies,
            tls: Arc::clone(&tls),
        };
        Self {
            server: HttpsConnector::from((reach, tls)),
            limit,
        }
    }
}

/// Prints nothing of proxies.
impl fmt::Debug for Connect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connect").finish_non_exhaustive()
    }
}

impl Service<Uri> for Connect {
    type Response = MaybeHttpsStream<Reached>;
    type Error = BoxError;
    type Future = Connecting<Self::Response>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, server: Uri) -> Self::Future {
        Box::pin(within("connect", self.limit, self.server.call(server)))
    }
}

/// Reaches a server: straight on, or with a proxy in between.
#[derive(Clone)]
struct Reach {
    proxies: Arc<Matcher>,
    tls: Arc<ClientConfig>,
}

impl Reach {
    fn through(&self, proxy: &Intercept, server: Uri) -> Connecting<Reached> {
        let is_tunnel = server.scheme() == Some(&Scheme::HTTPS);
        let end = if is_tunnel {
            End::Server
        } else {
            End::ForwardingProxy
        };
        let mut to_proxy = HttpsConnector::from((Tcp::to(end), Arc::clone(&self.tls)));
        if !is_tunnel {
            return to_proxy.call(proxy.uri().clone());
        }
        let tunnel = Tunnel::new(proxy.uri().clone(), to_proxy);
        let mut tunnel = match proxy.basic_auth() {
            Some(authorisation) => tunnel.with_auth(authorisation.clone()),
            None => tunnel,
        };
        Box::pin(async move { Ok(tunnel.call(server).await?) })
    }
}

impl Service<Uri> for Reach {
    type Response = Reached;
    type Error = BoxError;
    type Future = Connecting<Reached>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, server: Uri) -> Self::Future {
        if let Some(proxy) = self.proxies.intercept(&server) {
            return self.through(&proxy, server);
        }
        let connecting = Tcp::to(End::Server).call(server);
        Box::pin(async move { Ok(MaybeHttpsStream::Http(connecting.await?)) })
    }
}

/// Opens marked TCP connections.
#[derive(Clone)]
struct Tcp {
    connector: HttpConnector,
    end: End,
}

impl Tcp {
    fn to(end: End) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.enforce_http(false);
        Self { connector, end }
    }
}

impl Service<Uri> for Tcp {
    type Response = MarkedStream;
    type Error = BoxError;
    type Future = Connecting<MarkedStream>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, host: Uri) -> Self::Future {
        let (connecting, end) = (self.connector.call(host), self.end);
        Box::pin(async move { Ok(marked(connecting.await?.into_inner(), end)) })
    }
}
