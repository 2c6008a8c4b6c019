//! How a container is reached from here: by a port of this machine, or, where this process is in a
//! container itself, by its address in the network that both are in.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use bollard::Docker;
use bollard::models::ContainerInspectResponse;
use bollard::query_parameters::InspectContainerOptions;

use super::error::{EngineError, status};
use super::socket::Surroundings;

/// The port that a model server listens on.
pub(super) const PORT: u16 = 8080;

/// How a container is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reach {
    /// By a free port of 127.0.0.1.
    Published,
    /// By its own address in this network.
    Network(String),
}

impl Reach {
    /// Asks the engine whether this process is in one of its containers.
    pub(super) async fn find(
        docker: &Docker,
        surroundings: &Surroundings,
    ) -> Result<Self, EngineError> {
        let Some(id) = surroundings.host_name.as_deref().filter(|it| is_id(it)) else {
            return Ok(Self::Published);
        };
        match docker
            .inspect_container(id, None::<InspectContainerOptions>)
            .await
        {
            Ok(container) => Self::from_inside(&container),
            Err(error) if status(&error) == Some(404) => Ok(Self::Published),
            Err(error) => Err(EngineError::failed("inspect this container", &error)),
        }
    }

    /// From inside this container.
    fn from_inside(container: &ContainerInspectResponse) -> Result<Self, EngineError> {
        let mode = container.host_config.as_ref();
        let mode = mode.and_then(|it| it.network_mode.as_deref());
        if mode == Some("host") {
            return Ok(Self::Published);
        }
        let networks = container.network_settings.as_ref();
        let networks = networks.and_then(|it| it.networks.as_ref());
        let mut names: Vec<&String> = networks.into_iter().flat_map(|it| it.keys()).collect();
        names.sort();
        let usable = names.iter().find(|it| it.as_str() != "none");
        match usable {
            Some(name) => Ok(Self::Network((*name).clone())),
            None => Err(EngineError::NoNetwork {
                network: mode.unwrap_or("none").to_owned(),
            }),
        }
    }

    /// Where a running container listens; `None` while that is not known, or no longer.
    pub(super) fn address(&self, container: &ContainerInspectResponse) -> Option<SocketAddr> {
        let settings = container.network_settings.as_ref()?;
        match self {
            Self::Published => {
                let bindings = settings.ports.as_ref()?.get(&format!("{PORT}/tcp"))?;
                let port = bindings
                    .as_ref()?
                    .iter()
                    .find_map(|it| it.host_port.as_ref());
                let port = port?.parse().ok()?;
                Some(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
            }
            Self::Network(name) => {
                let network = settings.networks.as_ref()?.get(name)?;
                let address: IpAddr = network.ip_address.as_ref()?.parse().ok()?;
                Some(SocketAddr::from((address, PORT)))
            }
        }
    }
}

/// Whether a host name is the beginning of a container's id, as it is where nobody chose another.
fn is_id(name: &str) -> bool {
    (12..=64).contains(&name.len()) && name.bytes().all(|it| it.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn container(value: &serde_json::Value) -> ContainerInspectResponse {
        serde_json::from_value(value.clone()).unwrap()
    }

    #[test]
    fn a_container_joins_the_network_of_the_one_that_we_are_in() {
        let inside = |mode: &str, networks: serde_json::Value| {
            Reach::from_inside(&container(&json!({
                "HostConfig": { "NetworkMode": mode },
                "NetworkSettings": { "Networks": networks },
            })))
        };
        let reach = inside("github_network", json!({ "github_network": {} })).unwrap();
        assert_eq!(reach, Reach::Network("github_network".to_owned()));
        assert_eq!(
            inside("host", json!({ "host": {} })).unwrap(),
            Reach::Published
        );
        let none = inside("none", json!({ "none": {} })).unwrap_err();
        assert!(matches!(none, EngineError::NoNetwork { .. }));
    }

    #[test]
    fn addresses_are_those_of_the_engine() {
        let running = container(&json!({ "NetworkSettings": {
            "Ports": { "8080/tcp": [{ "HostIp": "127.0.0.1", "HostPort": "49153" }] },
            "Networks": { "n": { "IPAddress": "172.18.0.3" } },
        }}));
        let published = Reach::Published.address(&running).unwrap();
        assert_eq!(published.to_string(), "127.0.0.1:49153");
        let joined = Reach::Network("n".to_owned()).address(&running).unwrap();
        assert_eq!(joined.to_string(), "172.18.0.3:8080");
        let stopped = container(&json!({ "NetworkSettings": {
            "Ports": {}, "Networks": { "n": { "IPAddress": "" } },
        }}));
        assert_eq!(Reach::Published.address(&stopped), None);
        assert_eq!(Reach::Network("n".to_owned()).address(&stopped), None);
    }

    #[test]
    fn only_an_id_is_asked_for() {
        assert!(is_id("3f4e5d6c7b8a"));
        assert!(!is_id("fv-az1234-567") && !is_id("laptop") && !is_id(""));
    }
}
