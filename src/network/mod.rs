//! How servers are reached: through which proxy, and whose certificates are believed. AWS, GitHub
//! and the price list are reached through it, and so in the same way.
//!
//! An address of this machine is never reached through a proxy, and neither is a link-local one:
//! the services that answer there speak to the machine that asks.

mod authorities;
mod client;
mod proxies;
mod wire;

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_smithy_runtime_api::client::http::{
    HttpConnector as _, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use http::{Request, Response};
use thiserror::Error;

use self::authorities::Authorities;
use self::client::{CachingClient, Route, Timeouts};
use self::proxies::Proxies;
use self::wire::WireConnector;
pub use self::wire::{WireClock, WireTimes};

/// What the environment says about connections. Prints no part of a proxy's address, which may hold
/// a password.
#[derive(Debug, Clone, Default)]
pub struct Network {
    proxies: Proxies,
    authorities: Authorities,
}

/// Whose servers are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Servers {
    /// AWS's: the authorities in `AWS_CA_BUNDLE` count instead of the system's, as for every tool
    /// of AWS.
    Aws,
    /// Others': the authorities in `AWS_CA_BUNDLE` count beside the system's.
    Others,
}

/// What is wrong with a variable that says how servers are reached.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NetworkError {
    /// Not the address of a proxy. It is not repeated: it may hold a password.
    #[error("{variable} is not the http(s) address of a proxy")]
    Proxy {
        /// The variable.
        variable: &'static str,
    },
    /// A file of authorities that cannot be read.
    #[error("{variable}: cannot read `{path}`: {reason}")]
    Unreadable {
        /// The variable.
        variable: &'static str,
        /// The file.
        path: String,
        /// The cause.
        reason: String,
    },
    /// A file without the certificate of an authority.
    #[error("{variable}: `{path}` holds no usable certificate in PEM format")]
    NoAuthority {
        /// The variable.
        variable: &'static str,
        /// The file.
        path: String,
    },
}

/// Sends requests one at a time, without time limits.
#[derive(Debug, Clone)]
pub struct Sender(SharedHttpConnector);

impl Sender {
    /// Sends a request; the body of the answer is still to be read.
    ///
    /// # Errors
    /// Whatever kept it from being answered, with its causes.
    pub async fn send(
        self,
        request: Request<Vec<u8>>,
    ) -> Result<Response<SdkBody>, Box<dyn std::error::Error + Send + Sync>> {
        let request = HttpRequest::try_from(request.map(SdkBody::from))?;
        Ok(self.0.call(request).await?.try_into_http1x()?)
    }
}

impl NetworkError {
    /// A suggested fix.
    pub fn hint(&self) -> Option<String> {
        let text = match self {
            Self::Proxy { .. } => {
                "write it as http://HOST:PORT or http://USER:PASSWORD@HOST:PORT, with % and two digits for every @, : \
                 and / of the password; a SOCKS proxy cannot be used"
            }
            Self::Unreadable { .. } | Self::NoAuthority { .. } => {
                "name a file of certificates of authorities, in the action one of the workspace, or unset the variable"
            }
        };
        Some(text.to_owned())
    }
}

impl Network {
    /// Takes `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`, in capitals or not,
    /// `AWS_CA_BUNDLE` and `SSL_CERT_FILE`. What is wrong with them matters only to those who ask
    /// for a client.
    pub fn from_environment(environment: &BTreeMap<String, String>) -> Self {
        Self {
            proxies: Proxies::from_environment(environment),
            authorities: Authorities::from_environment(environment),
        }
    }

    /// The HTTP client of an SDK. Sends nothing.
    ///
    /// # Errors
    /// [`NetworkError`].
    pub fn client(&self, servers: Servers) -> Result<SharedHttpClient, NetworkError> {
        let route = self.route(servers)?;
        let client = CachingClient::new(move |timeouts, components| {
            route.connector(timeouts, Some(components))
        });
        Ok(SharedHttpClient::new(client))
    }

    /// The same for a client that measures: a request with a [`WireClock`] among its extensions is
    /// timed at the wire. Sends nothing.
    ///
    /// # Errors
    /// [`NetworkError`].
    pub fn measuring_client(&self, servers: Servers) -> Result<SharedHttpClient, NetworkError> {
        let proxies = Arc::new(self.proxies.matcher()?);
        let authorities = self.authorities.trusted(servers)?;
        let client = CachingClient::new(move |timeouts, _| {
            let tls = Arc::new(authorities.tls_of_http_1());
            let (connect, read) = (timeouts.connect, timeouts.read);
            SharedHttpConnector::new(WireConnector::new(Arc::clone(&proxies), tls, connect, read))
        });
        Ok(SharedHttpClient::new(client))
    }

    /// What sends requests one at a time, without time limits. Sends nothing yet.
    ///
    /// # Errors
    /// [`NetworkError`].
    pub fn connector(&self, servers: Servers) -> Result<SharedHttpConnector, NetworkError> {
        Ok(self.route(servers)?.connector(&Timeouts::default(), None))
    }

    /// The same for requests of the usual type.
    ///
    /// # Errors
    /// [`NetworkError`].
    pub fn sender(&self, servers: Servers) -> Result<Sender, NetworkError> {
        self.connector(servers).map(Sender)
    }

    fn route(&self, servers: Servers) -> Result<Route, NetworkError> {
        Ok(Route {
            proxies: self.proxies.checked()?,
            tls: self.authorities.trusted(servers)?.context(),
        })
    }
}
