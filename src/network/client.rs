//! Connections, by time limits.

use std::collections::HashMap;
use std::fmt;
use std::sync::Mutex;
use std::time::Duration;

use aws_smithy_http_client::Connector;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

use super::proxies::CheckedProxies;
use crate::sync::lock;

/// What every connection is set up with.
pub(super) struct Route {
    pub(super) proxies: CheckedProxies,
    pub(super) tls: TlsContext,
}

/// Longest time to connect, and from the request to the answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(super) struct Timeouts {
    pub(super) connect: Option<Duration>,
    pub(super) read: Option<Duration>,
}

type NewConnector = dyn Fn(&Timeouts, &RuntimeComponents) -> SharedHttpConnector + Send + Sync;

/// The HTTP client of an SDK: one pool of connections per time limits.
pub(super) struct CachingClient {
    new_connector: Box<NewConnector>,
    connectors: Mutex<HashMap<Timeouts, SharedHttpConnector>>,
}

/// Connections to any server: the protocol decides about the proxy, the proxy's own rules about
/// the host.
#[derive(Debug)]
struct ByProtocol {
    direct: Connector,
    http: Option<Connector>,
    https: Option<Connector>,
}

impl Route {
    pub(super) fn connector(
        &self,
        timeouts: &Timeouts,
        components: Option<&RuntimeComponents>,
    ) -> SharedHttpConnector {
        let through = |proxy: &Option<ProxyConfig>| {
            let proxy = proxy.clone()?;
            Some(self.through(proxy, timeouts, components))
        };
        SharedHttpConnector::new(ByProtocol {
            direct: self.through(ProxyConfig::disabled(), timeouts, components),
            http: through(&self.proxies.http),
            https: through(&self.proxies.https),
        })
    }

    fn through(
        &self,
        proxy: ProxyConfig,
        timeouts: &Timeouts,
        components: Option<&RuntimeComponents>,
    ) -> Connector {
        let mut settings = HttpConnectorSettings::builder();
        settings.set_connect_timeout(timeouts.connect);
        settings.set_read_timeout(timeouts.read);
        let mut builder = Connector::builder().connector_settings(settings.build());
        builder.set_sleep_impl(components.and_then(RuntimeComponents::sleep_impl));
        builder
            .proxy_config(proxy)
            .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
            .tls_context(self.tls.clone())
            .build()
    }
}

impl CachingClient {
    pub(super) fn new(
        new_connector: impl Fn(&Timeouts, &RuntimeComponents) -> SharedHttpConnector
        + Send
        + Sync
        + 'static,
    ) -> Self {
        Self {
            new_connector: Box::new(new_connector),
            connectors: Mutex::default(),
        }
    }
}

/// Prints nothing of proxies.
impl fmt::Debug for CachingClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CachingClient").finish_non_exhaustive()
    }
}

impl HttpClient for CachingClient {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let timeouts = Timeouts {
            connect: settings.connect_timeout(),
            read: settings.read_timeout(),
        };
        let mut connectors = lock(&self.connectors);
        let new = || (self.new_connector)(&timeouts, components);
        connectors.entry(timeouts).or_insert_with(new).clone()
    }
}

impl HttpConnector for ByProtocol {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let proxy = if request.uri().starts_with("https:") {
            &self.https
        } else {
            &self.http
        };
        proxy.as_ref().unwrap_or(&self.direct).call(request)
    }
}
