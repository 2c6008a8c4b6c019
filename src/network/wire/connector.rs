//! Sends the requests of an SDK over connections that mark them.

use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::retry::ErrorKind;
use http::header::PROXY_AUTHORIZATION;
use http::uri::Scheme;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper_util::client::legacy::{Client, Error as ClientError};
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::ClientConfig;

use super::connect::{Connect, TimedOut, within};
use super::exchange::{OfConnection, WireClock};

type BoxError = Box<dyn StdError + Send + Sync>;

/// A pool of connections that mark their exchanges.
#[derive(Debug)]
pub(in crate::network) struct WireConnector {
    client: Client<Connect, SdkBody>,
    proxies: Arc<Matcher>,
    read_limit: Option<Duration>,
}

impl WireConnector {
    /// `tls` may offer HTTP/1.1 alone.
    pub(in crate::network) fn new(
        proxies: Arc<Matcher>,
        tls: Arc<ClientConfig>,
        connect_limit: Option<Duration>,
        read_limit: Option<Duration>,
    ) -> Self {
        let connect = Connect::new(Arc::clone(&proxies), tls, connect_limit);
        Self {
            // Without the timer idle connections are kept for ever.
            client: Client::builder(TokioExecutor::new())
                .pool_timer(TokioTimer::new())
                .build(connect),
            proxies,
            read_limit,
        }
    }

    /// A proxy that forwards reads each request; one that tunnels is asked once.
    fn authorise(&self, request: &mut Request<SdkBody>) {
        if request.uri().scheme() == Some(&Scheme::HTTP)
            && let Some(proxy) = self.proxies.intercept(request.uri())
            && let Some(authorisation) = proxy.basic_auth()
        {
            let headers = request.headers_mut().entry(PROXY_AUTHORIZATION);
            headers.or_insert_with(|| authorisation.clone());
        }
    }
}

impl HttpConnector for WireConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let mut request = match request.try_into_http1x() {
            Ok(request) => request,
            Err(error) => {
                return HttpConnectorFuture::ready(Err(ConnectorError::user(error.into())));
            }
        };
        self.authorise(&mut request);
        let clock = request.extensions_mut().remove::<WireClock>();
        let request_bytes = request.body().content_length().unwrap_or_default();
        let answer = within("read", self.read_limit, self.client.request(request));
        HttpConnectorFuture::new(async move {
            let answer = answer.await.map_err(connector_error)?;
            let connection = answer.extensions().get::<OfConnection>();
            if let (Some(clock), Some(connection)) = (clock, connection) {
                clock.answered_on(connection, request_bytes);
            }
            sdk_answer(answer)
        })
    }
}

fn sdk_answer(answer: Response<Incoming>) -> Result<HttpResponse, ConnectorError> {
    HttpResponse::try_from(answer.map(SdkBody::from_body_1_x))
        .map_err(|error| ConnectorError::other(error.into(), None))
}

/// The kind that the SDK's own connector gives to `error`.
fn connector_error(error: BoxError) -> ConnectorError {
    if find::<TimedOut>(error.as_ref()).is_some() {
        return ConnectorError::timeout(error);
    }
    let is_io = |error: &BoxError| find::<std::io::Error>(error.as_ref()).is_some();
    if let Some(hyper) = find::<hyper::Error>(error.as_ref()) {
        return match hyper {
            hyper if hyper.is_timeout() => ConnectorError::timeout(error),
            hyper if hyper.is_user() => ConnectorError::user(error),
            hyper if hyper.is_closed() || hyper.is_canceled() => ConnectorError::io(error),
            _ if is_io(&error) => ConnectorError::io(error),
            hyper if hyper.is_incomplete_message() => {
                ConnectorError::other(error, Some(ErrorKind::TransientError))
            }
            _ => ConnectorError::other(error, None),
        };
    }
    let is_connect = find::<ClientError>(error.as_ref()).is_some_and(ClientError::is_connect);
    if is_connect || is_io(&error) {
        return ConnectorError::io(error);
    }
    ConnectorError::other(error, None)
}

/// The first cause of a kind.
fn find<'a, E: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = error.source();
    }
    None
}
