//! Whose certificates are believed.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use aws_smithy_http_client::tls::{TlsContext, TrustStore};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

use super::{NetworkError, Servers};
use crate::files::{Fence, MIB};
use crate::text::one_line;

/// Largest file of certificates that is read: that of a system has some 200 kilobytes.
const MAX_BYTES: u64 = 16 * MIB;

/// Files of certificates that the environment names.
#[derive(Debug, Clone, Default)]
pub(super) struct Authorities {
    /// What AWS's tools believe.
    bundle: Option<String>,
    /// In place of the system's: read by what reads those.
    system: Option<String>,
}

impl Authorities {
    pub(super) fn from_environment(environment: &BTreeMap<String, String>) -> Self {
        let path = |name| {
            let value = environment.get(name).filter(|it| !it.is_empty());
            value.cloned()
        };
        Self {
            bundle: path("AWS_CA_BUNDLE"),
            system: path("SSL_CERT_FILE"),
        }
    }

    /// Whom to believe. Files are read here, so that one without a certificate is named instead of
    /// every server being refused.
    pub(super) fn trusted(&self, servers: Servers) -> Result<Trusted, NetworkError> {
        let bundle = self.bundle.as_deref();
        let bundle = bundle.map(|path| read("AWS_CA_BUNDLE", path)).transpose()?;
        match (bundle, servers) {
            (Some(pem), Servers::Aws) => Ok(Trusted::Bundle(pem)),
            (bundle, Servers::Aws | Servers::Others) => {
                if let Some(path) = &self.system {
                    read("SSL_CERT_FILE", path)?;
                }
                Ok(Trusted::System { and: bundle })
            }
        }
    }
}

/// Authorities, in PEM format where they are not the system's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trusted {
    Bundle(Vec<u8>),
    System { and: Option<Vec<u8>> },
}

impl Trusted {
    /// What the SDK's connections are set up with.
    pub(super) fn context(self) -> TlsContext {
        let store = match self {
            Self::Bundle(pem) => TrustStore::empty().with_pem_certificate(pem),
            Self::System { and: Some(pem) } => TrustStore::default().with_pem_certificate(pem),
            Self::System { and: None } => TrustStore::default(),
        };
        let context = TlsContext::builder().with_trust_store(store).build();
        context.unwrap_or_default()
    }

    /// What our own connections are set up with. They speak HTTP/1.1 alone.
    pub(super) fn tls_of_http_1(&self) -> ClientConfig {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        #[expect(
            clippy::expect_used,
            reason = "the provider has suites for the versions that it is built with"
        )]
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("aws-lc speaks TLS 1.2 and 1.3");
        let mut config = builder
            .with_root_certificates(self.roots())
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        config
    }

    fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        let pem = match self {
            Self::Bundle(pem) => Some(pem),
            Self::System { and } => {
                let system = rustls_native_certs::load_native_certs();
                for error in system.errors {
                    tracing::warn!(%error, "the system's certificates");
                }
                roots.add_parsable_certificates(system.certs);
                and.as_ref()
            }
        };
        let named = pem.map(|pem| CertificateDer::pem_slice_iter(pem).filter_map(Result::ok));
        roots.add_parsable_certificates(named.into_iter().flatten());
        roots
    }
}

/// The certificates of a file that can be believed, in PEM format. What else it holds is left out:
/// the client would not survive it.
fn read(variable: &'static str, path: &str) -> Result<Vec<u8>, NetworkError> {
    let read = Fence::anywhere().read(Path::new(path), MAX_BYTES);
    let text = read.map_err(|error| NetworkError::Unreadable {
        variable,
        path: one_line(path),
        reason: error.to_string(),
    })?;
    let mut store = RootCertStore::empty();
    let certificates = CertificateDer::pem_slice_iter(&text).filter_map(Result::ok);
    let usable: Vec<CertificateDer<'_>> = certificates
        .filter(|it| store.add(it.clone()).is_ok())
        .collect();
    if usable.is_empty() {
        return Err(NetworkError::NoAuthority {
            variable,
            path: one_line(path),
        });
    }
    Ok(usable.iter().flat_map(|it| pem(it)).collect())
}

/// A certificate in PEM format.
fn pem(certificate: &[u8]) -> Vec<u8> {
    use base64::Engine as _;
    let text = base64::engine::general_purpose::STANDARD.encode(certificate);
    format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CERTIFICATE: &str = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/fixtures/tls/authority.pem"
    );

    fn problem(name: &str, path: &str, servers: Servers) -> Option<NetworkError> {
        let environment = BTreeMap::from([(name.to_owned(), path.to_owned())]);
        let authorities = Authorities::from_environment(&environment);
        authorities.trusted(servers).err()
    }

    #[test]
    fn a_file_without_a_certificate_is_named_and_a_damaged_one_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem").display().to_string();
        for variable in ["AWS_CA_BUNDLE", "SSL_CERT_FILE"] {
            let missing = problem(variable, "/nonexistent/ca.pem", Servers::Others).unwrap();
            assert!(
                missing
                    .to_string()
                    .starts_with(&format!("{variable}: cannot read `/nonexistent/ca.pem`: ")),
                "{missing}"
            );
            for bad in [
                "",
                "no certificate",
                "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            ] {
                std::fs::write(&path, bad).unwrap();
                let error = problem(variable, &path, Servers::Others).unwrap();
                assert!(matches!(error, NetworkError::NoAuthority { .. }), "{error}");
            }
        }
        let good = std::fs::read_to_string(CERTIFICATE).unwrap();
        std::fs::write(
            &path,
            format!("# ours\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n{good}"),
        )
        .unwrap();
        assert_eq!(problem("AWS_CA_BUNDLE", &path, Servers::Aws), None);
        let kept = String::from_utf8(read("AWS_CA_BUNDLE", &path).unwrap()).unwrap();
        assert_eq!(kept.matches("BEGIN").count(), 1);
    }
}
