//! Four ways to time the same calls.

mod bare_socket;
mod boto3;
mod plain_sdk;
mod through_sagegate;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sagemaker::config::{Credentials, SharedCredentialsProvider};
use aws_sdk_sagemaker::types::{
    EndpointStatus, ProductionVariant, ProductionVariantServerlessConfig,
};

use crate::pairing::Measured;
use crate::server::Simulator;
use crate::venv::Venv;

/// What is sent.
pub(crate) struct Work {
    pub(crate) clients: u32,
    pub(crate) calls: u32,
    /// Of each body.
    pub(crate) bytes: usize,
}

/// Who sends it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Client {
    /// `sagegate benchmark`: the latencies of its `result.json`.
    Sagegate,
    /// The least that a client can do: what the machine itself takes.
    BareSocket,
    /// A clock around the call, as a user of the SDK would write it.
    PlainSdk,
    /// The same in Python.
    Boto3,
}

impl Client {
    /// What stands beside sagegate.
    pub(crate) const OTHERS: [Self; 3] = [Self::BareSocket, Self::PlainSdk, Self::Boto3];

    pub(crate) fn measure(self, simulator: &Simulator, work: &Work, venv: &Venv) -> Measured {
        match self {
            Self::Sagegate => through_sagegate::measure(simulator, work),
            Self::BareSocket => bare_socket::measure(simulator, work),
            Self::PlainSdk => plain_sdk::measure(simulator, work),
            Self::Boto3 => boto3::measure(simulator, work, venv),
        }
    }
}

/// Configuration of the SDK, otherwise as it comes.
async fn sdk_config(simulator: &Simulator) -> SdkConfig {
    let keys = Credentials::new("simulated", "simulated", None, None, "bench");
    aws_config::defaults(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(simulator.url())
        .credentials_provider(SharedCredentialsProvider::new(keys))
        .load()
        .await
}

/// Creates an endpoint for this many clients; returns its name.
async fn deploy(config: &SdkConfig, clients: u32) -> String {
    let sagemaker = aws_sdk_sagemaker::Client::new(config);
    let serverless = ProductionVariantServerlessConfig::builder()
        .memory_size_in_mb(2048)
        .max_concurrency(i32::try_from(clients).unwrap())
        .build();
    let variant = ProductionVariant::builder()
        .variant_name("AllTraffic")
        .model_name("m")
        .serverless_config(serverless)
        .build();
    let made = sagemaker.create_endpoint_config();
    let made = made.endpoint_config_name("e").production_variants(variant);
    made.send().await.unwrap();
    let made = sagemaker.create_endpoint().endpoint_name("e");
    made.endpoint_config_name("e").send().await.unwrap();
    let seen = sagemaker.describe_endpoint().endpoint_name("e");
    let status = seen.send().await.unwrap().endpoint_status;
    assert_eq!(status, Some(EndpointStatus::InService));
    "e".to_owned()
}
