//! octocrab over the connections that AWS is reached by, too: its own know neither proxies nor
//! `AWS_CA_BUNDLE`.

use http::header::{AUTHORIZATION, USER_AGENT};
use http::{HeaderValue, Request, Uri};
use http_body_util::BodyExt as _;
use octocrab::service::middleware::base_uri::BaseUriLayer;
use octocrab::service::middleware::extra_headers::ExtraHeadersLayer;
use octocrab::{AuthState, OctoBody, Octocrab, OctocrabBuilder};

use super::token::Token;
use crate::network::{Network, NetworkError, Servers};

/// A client for one server, which gets the token with every request. Sends nothing. Works inside a
/// Tokio runtime only.
pub(super) fn crab(
    server: Uri,
    token: &Token,
    network: &Network,
) -> Result<Octocrab, NetworkError> {
    let sender = network.sender(Servers::Others)?;
    let service = tower::service_fn(move |request: Request<OctoBody>| {
        let sender = sender.clone();
        async move {
            let (parts, body) = request.into_parts();
            let body = body.collect().await?.to_bytes().to_vec();
            sender.send(Request::from_parts(parts, body)).await
        }
    });
    let mut headers = vec![(USER_AGENT, HeaderValue::from_static("sagegate"))];
    // A token is made of characters that a header may hold.
    if let Ok(mut value) = HeaderValue::from_str(&format!("Bearer {}", token.expose())) {
        value.set_sensitive(true);
        headers.push((AUTHORIZATION, value));
    }
    let Ok(crab) = OctocrabBuilder::new_empty()
        .with_service(service)
        .with_layer(&ExtraHeadersLayer::new(headers.into()))
        .with_layer(&BaseUriLayer::new(server))
        .with_auth(AuthState::None)
        .build();
    Ok(crab)
}
