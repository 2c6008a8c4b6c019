//! HTTP/1.1 to a model server: one connection, which is kept.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use http::header::{ACCEPT, CONTENT_TYPE, HOST, HeaderValue};
use http::{HeaderMap, Method, Request, Response};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// Largest answer that is read: 4 MB, and what shows that there is more.
pub(super) const MAX_ANSWER: usize = 4 << 20;
/// Longest wait for a connection within this machine.
const CONNECT: Duration = Duration::from_secs(2);
/// How long a connection that idles is trusted: servers close theirs after two seconds and more,
/// and a call that meets that moment fails.
const KEEP: Duration = Duration::from_secs(1);

const CUSTOM_ATTRIBUTES: &str = "x-amzn-sagemaker-custom-attributes";
const INFERENCE_ID: &str = "x-amzn-sagemaker-inference-id";

/// What a container is asked, with the headers that SageMaker hands on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Call {
    /// `Content-Type`.
    pub content_type: Option<HeaderValue>,
    /// `Accept`.
    pub accept: Option<HeaderValue>,
    /// `X-Amzn-SageMaker-Custom-Attributes`.
    pub custom_attributes: Option<HeaderValue>,
    /// `X-Amzn-SageMaker-Inference-Id`.
    pub inference_id: Option<HeaderValue>,
    /// The payload.
    pub body: Bytes,
}

/// What a container answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// `Content-Type`.
    pub content_type: Option<HeaderValue>,
    /// `X-Amzn-SageMaker-Custom-Attributes`.
    pub custom_attributes: Option<HeaderValue>,
    /// The payload.
    pub body: Bytes,
}

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum Broken {
    /// More than [`MAX_ANSWER`].
    TooLarge,
    /// The connection: refused, closed, or no HTTP.
    Connection(String),
}

/// A connection that is opened when it is needed.
#[derive(Debug)]
pub(super) struct Connection {
    address: SocketAddr,
    /// With the moment of its last answer.
    open: Option<(SendRequest<Full<Bytes>>, Instant)>,
}

impl Connection {
    pub(super) const fn to(address: SocketAddr) -> Self {
        Self {
            address,
            open: None,
        }
    }

    /// Whether the server answers 200 to `GET /ping`.
    pub(super) async fn ping(&mut self) -> Result<bool, Broken> {
        let request = self.request(Method::GET, "/ping", HeaderMap::new(), Bytes::new());
        let reply = self.send(request).await?;
        Ok(reply.status == 200)
    }

    pub(super) async fn invoke(&mut self, call: &Call) -> Result<Reply, Broken> {
        let mut headers = HeaderMap::new();
        let given = [
            (CONTENT_TYPE.as_str(), &call.content_type),
            (ACCEPT.as_str(), &call.accept),
            (CUSTOM_ATTRIBUTES, &call.custom_attributes),
            (INFERENCE_ID, &call.inference_id),
        ];
        for (name, value) in given {
            if let (Ok(name), Some(value)) = (http::HeaderName::try_from(name), value) {
                headers.insert(name, value.clone());
            }
        }
        let request = self.request(Method::POST, "/invocations", headers, call.body.clone());
        self.send(request).await
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        mut headers: HeaderMap,
        body: Bytes,
    ) -> Request<Full<Bytes>> {
        let host = format!("{}", self.address);
        if let Ok(host) = HeaderValue::try_from(host) {
            headers.insert(HOST, host);
        }
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = method;
        if let Ok(uri) = path.parse() {
            *request.uri_mut() = uri;
        }
        *request.headers_mut() = headers;
        request
    }

    async fn send(&mut self, request: Request<Full<Bytes>>) -> Result<Reply, Broken> {
        let (answer, sender) = match self.kept().await {
            Some(mut sender) => match sender.try_send_request(request).await {
                Ok(answer) => (answer, sender),
                // Closed before anything was sent: the same on a new one.
                Err(mut error) => match error.take_message() {
                    Some(request) => self.send_on_new(request).await?,
                    None => return Err(Broken::Connection(words(error.error()))),
                },
            },
            None => self.send_on_new(request).await?,
        };
        let (head, body) = answer.into_parts();
        let body = Limited::new(body, MAX_ANSWER).collect().await;
        let body = body.map_err(|error| {
            if error.is::<http_body_util::LengthLimitError>() {
                Broken::TooLarge
            } else {
                Broken::Connection(error.to_string())
            }
        })?;
        self.open = Some((sender, Instant::now()));
        let header = |name: &str| head.headers.get(name).cloned();
        Ok(Reply {
            status: head.status.as_u16(),
            content_type: header(CONTENT_TYPE.as_str()),
            custom_attributes: header(CUSTOM_ATTRIBUTES),
            body: body.to_bytes(),
        })
    }

    /// The connection that was used a moment ago, if it is still open.
    async fn kept(&mut self) -> Option<SendRequest<Full<Bytes>>> {
        let (mut sender, used) = self.open.take()?;
        let is_fresh = used.elapsed() < KEEP;
        (is_fresh && sender.ready().await.is_ok()).then_some(sender)
    }

    async fn send_on_new(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<(Response<Incoming>, SendRequest<Full<Bytes>>), Broken> {
        let mut sender = self.connect().await?;
        let answer = sender.send_request(request).await;
        let answer = answer.map_err(|error| Broken::Connection(words(&error)))?;
        Ok((answer, sender))
    }

    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>, Broken> {
        let io = |error: io::Error| Broken::Connection(error.to_string());
        let stream = tokio::time::timeout(CONNECT, TcpStream::connect(self.address)).await;
        let stream = stream.map_err(|_late| Broken::Connection("no connection".to_owned()))?;
        let stream = stream.map_err(io)?;
        stream.set_nodelay(true).map_err(io)?;
        let (sender, connection) = handshake(TokioIo::new(stream))
            .await
            .map_err(|error| Broken::Connection(words(&error)))?;
        // Ends with the connection, which ends with the sender.
        tokio::spawn(connection);
        Ok(sender)
    }
}

/// An error with what it is due to.
fn words(error: &hyper::Error) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}
