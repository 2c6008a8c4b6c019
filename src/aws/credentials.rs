//! Credentials that the redactor knows as soon as the SDK does.

use aws_config::SdkConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::{
    ProvideCredentials, Result as Provided, SharedCredentialsProvider, future,
};

use crate::redact;

/// `config` whose credentials are secrets of the process from the moment they are there.
pub(super) fn learning(config: SdkConfig) -> SdkConfig {
    match config.credentials_provider() {
        Some(source) => {
            let learning = SharedCredentialsProvider::new(Learning(source));
            config.to_builder().credentials_provider(learning).build()
        }
        None => config,
    }
}

#[derive(Debug)]
struct Learning(SharedCredentialsProvider);

impl Learning {
    async fn credentials(&self) -> Provided {
        let credentials = self.0.provide_credentials().await?;
        learn(&credentials);
        Ok(credentials)
    }
}

impl ProvideCredentials for Learning {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.credentials())
    }
}

/// The key ID is not a secret, but no reader needs it.
fn learn(credentials: &Credentials) {
    redact::learn(credentials.access_key_id());
    redact::learn(credentials.secret_access_key());
    credentials
        .session_token()
        .into_iter()
        .for_each(redact::learn);
}

#[cfg(test)]
mod tests {
    use aws_config::BehaviorVersion;

    use super::*;

    #[tokio::test]
    async fn credentials_of_any_source_are_known_to_the_redactor() {
        let credentials = Credentials::new(
            "AKIACREDENTIALSTEST",
            "qX7/learnt+from+a+source",
            Some("qX7-session-of-a-source".to_owned()),
            None,
            "test",
        );
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .build();
        let source = learning(config).credentials_provider().unwrap();
        let text = "AKIACREDENTIALSTEST qX7/learnt+from+a+source qX7-session-of-a-source";
        source.provide_credentials().await.unwrap();
        assert_eq!(redact::redacted(text), "*** *** ***");
    }
}
