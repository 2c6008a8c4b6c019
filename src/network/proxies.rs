//! PURE: which proxy the environment names.

use std::collections::BTreeMap;
use std::fmt;

use aws_smithy_http_client::proxy::ProxyConfig;
use http::Uri;
use hyper_util::client::proxy::matcher::Matcher;
use secrecy::{ExposeSecret as _, SecretString};

use super::NetworkError;

/// Addresses that no proxy is asked for: this machine, and the services that answer only the
/// machine that asks, such as the one with the credentials of a container.
const NEVER: &str = "localhost,127.0.0.0/8,::1,169.254.0.0/16,fe80::/10,fd00:ec2::/32";

/// Proxies by what they are for, unchecked.
#[derive(Clone, Default)]
pub(super) struct Proxies {
    http: Option<Named>,
    https: Option<Named>,
    /// Hosts that are reached without one.
    no_proxy: String,
}

/// A proxy, and the variable that names it.
#[derive(Clone)]
struct Named {
    variable: &'static str,
    address: SecretString,
}

/// Proxies that can be used.
#[derive(Clone, Default)]
pub(super) struct CheckedProxies {
    /// For addresses with `http`.
    pub(super) http: Option<ProxyConfig>,
    /// For addresses with `https`.
    pub(super) https: Option<ProxyConfig>,
}

impl fmt::Debug for Proxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let variable = |named: &Option<Named>| named.as_ref().map(|it| it.variable);
        f.debug_struct("Proxies")
            .field("http", &variable(&self.http))
            .field("https", &variable(&self.https))
            .field("no_proxy", &self.no_proxy)
            .finish()
    }
}

impl Proxies {
    pub(super) fn from_environment(environment: &BTreeMap<String, String>) -> Self {
        let first = |names: &[&'static str]| {
            names.iter().find_map(|name| {
                let value = environment.get(*name)?.trim();
                (!value.is_empty()).then_some((*name, value))
            })
        };
        let proxy = |names: &[&'static str]| {
            let (variable, address) = first(names)?;
            let address = SecretString::from(address);
            Some(Named { variable, address })
        };
        let no_proxy = first(&["NO_PROXY", "no_proxy"]).map_or("", |(_, list)| list);
        Self {
            http: proxy(&["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"]),
            https: proxy(&["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]),
            no_proxy: rules(no_proxy),
        }
    }

    pub(super) fn checked(&self) -> Result<CheckedProxies, NetworkError> {
        let checked = |named: &Option<Named>, config: fn(Uri) -> Option<ProxyConfig>| {
            let Some(named) = named else {
                return Ok(None);
            };
            let proxy = address(named.address.expose_secret()).and_then(config);
            let proxy = proxy.ok_or(NetworkError::Proxy {
                variable: named.variable,
            })?;
            Ok(Some(proxy.no_proxy(&self.no_proxy)))
        };
        Ok(CheckedProxies {
            http: checked(&self.http, |uri| ProxyConfig::http(uri).ok())?,
            https: checked(&self.https, |uri| ProxyConfig::https(uri).ok())?,
        })
    }

    /// The same for who opens connections itself.
    pub(super) fn matcher(&self) -> Result<Matcher, NetworkError> {
        self.checked()?;
        let of = |named: &Option<Named>| {
            let uri = named
                .as_ref()
                .and_then(|it| address(it.address.expose_secret()));
            uri.map(|it| it.to_string()).unwrap_or_default()
        };
        let builder = Matcher::builder()
            .http(of(&self.http))
            .https(of(&self.https));
        Ok(builder.no(self.no_proxy.clone()).build())
    }
}

/// An address without a scheme is that of an HTTP proxy, as for curl.
fn address(text: &str) -> Option<Uri> {
    if text.contains("://") {
        text.parse().ok()
    } else {
        format!("http://{text}").parse().ok()
    }
}

/// The list in the form that the matcher knows: it takes a name for all names below it, but neither
/// `*.` nor ports, which GitHub's runner has in its list, nor a star for addresses.
fn rules(no_proxy: &str) -> String {
    let own = no_proxy.split(',').map(str::trim).map(|entry| match entry {
        "*" => "*,0.0.0.0/0,::/0",
        entry => without_port(entry.strip_prefix('*').unwrap_or(entry)),
    });
    own.filter(|entry| !entry.is_empty())
        .chain([NEVER])
        .collect::<Vec<_>>()
        .join(",")
}

/// `host:443` without the port; an IPv6 address has more colons.
fn without_port(entry: &str) -> &str {
    match entry.split_once(':') {
        Some((host, port)) if port.bytes().all(|it| it.is_ascii_digit()) => host,
        Some(_) | None => entry,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(variables: &[(&str, &str)]) -> Proxies {
        let variables = variables.iter();
        let environment = variables.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Proxies::from_environment(&environment.collect())
    }

    #[test]
    fn each_protocol_has_its_proxy_in_capitals_or_not_and_one_for_all_is_the_last() {
        let none = proxies(&[("HTTPS_PROXY", " "), ("https_proxy", "")]);
        assert!(none.http.is_none() && none.https.is_none());
        let both = proxies(&[("https_proxy", "proxy:3128"), ("all_proxy", "http://other")]);
        let variable = |named: &Option<Named>| named.as_ref().map(|it| it.variable);
        assert_eq!(
            (variable(&both.http), variable(&both.https)),
            (Some("all_proxy"), Some("https_proxy"))
        );
        let capitals = proxies(&[("https_proxy", "http://a"), ("HTTPS_PROXY", "http://b")]);
        assert_eq!(variable(&capitals.https), Some("HTTPS_PROXY"));
        assert!(capitals.checked().unwrap().https.is_some());
    }

    #[test]
    fn what_is_no_address_is_refused_by_the_name_of_its_variable_alone() {
        for bad in [
            "socks5://u:geheim@proxy:1080",
            "http://u:ge heim@proxy",
            "ftp://geheim",
            "http://",
        ] {
            let proxies = proxies(&[("HTTPS_PROXY", bad)]);
            let error = proxies.checked().map(|_| ()).unwrap_err();
            assert_eq!(
                error.to_string(),
                "HTTPS_PROXY is not the http(s) address of a proxy"
            );
            let all = format!("{error:?} {proxies:?} {:?}", error.hint());
            assert!(!all.contains("heim"), "{all}");
        }
    }

    #[test]
    fn this_machine_is_in_every_list_and_the_runners_forms_are_understood() {
        let list = |text| rules(text);
        assert_eq!(list(""), NEVER);
        assert_eq!(
            list("*.acme.example, git.acme.example:443,10.0.0.0/8,::1,,"),
            format!(".acme.example,git.acme.example,10.0.0.0/8,::1,{NEVER}")
        );
        assert_eq!(list("*"), format!("*,0.0.0.0/0,::/0,{NEVER}"));
    }
}
