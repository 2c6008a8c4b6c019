//! Who acts on AWS, and how AWS is reached.

use super::web_identity::AssumedRole;
use crate::network::Network;

/// What every client of AWS is made with.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// Proxies and certificates.
    pub network: Network,
    /// The role whose sessions are the credentials; without one, the credentials of the
    /// environment.
    pub role: Option<AssumedRole>,
}
