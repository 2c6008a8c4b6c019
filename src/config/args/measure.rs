//! Flags of everything that measures: the model, the calls, the loads.

#![expect(
    clippy::doc_markdown,
    reason = "doc comments are help texts, where backticks would show"
)]

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, ArgGroup, Args};

use super::aws_names::{parse_image, parse_model_name, parse_model_package, parse_role_arn};
use super::groups::{OutputArgs, RecommendArgs, RoleArgs};
use super::reference::ReferenceArgs;
use super::values::{
    GivenVariable, parse_content_type, parse_duration, parse_memory, parse_multiplier, parse_pair,
    parse_rate, parse_share,
};
use crate::result::LatencySource;
use crate::units::{MemoryMb, Ratio};

/// What `run` and `benchmark` have in common.
#[derive(Debug, Clone, Args)]
pub struct MeasurementArgs {
    /// The model and what is sent to it.
    #[command(flatten)]
    pub model: ModelArgs,
    /// The model that it is measured in turn with.
    #[command(flatten)]
    pub reference: ReferenceArgs,
    /// Who acts on AWS.
    #[command(flatten)]
    pub role: RoleArgs,
    /// How it is measured.
    #[command(flatten)]
    pub measure: MeasureArgs,
    /// How it is measured under load.
    #[command(flatten)]
    pub load: LoadArgs,
    /// What the recommendation depends on.
    #[command(flatten)]
    pub recommend: RecommendArgs,
    /// Where files go.
    #[command(flatten)]
    pub output: OutputArgs,
    /// Measure on the built-in simulator with this profile (xgboost, mobilenet-v2, transformer, or
    /// a TOML file): no AWS account is needed. The model is then the profile's own, and --samples
    /// may be left out
    #[arg(long, value_name = "PROFILE", help_heading = "Model")]
    pub simulate: Option<String>,
    /// Measure --image-uri in containers on this machine's Docker engine, with the memory and the
    /// share of the CPUs of each size: no AWS account is needed, and the numbers are this machine's
    #[arg(
        long,
        requires = "image_uri",
        conflicts_with_all = ["simulate", "execution_role_arn"],
        help_heading = "Model"
    )]
    pub local: bool,
    /// Continue a run that crashed or was interrupted, from its folder: measure only what is
    /// missing. Repeat its other flags
    #[arg(
        long,
        value_name = "DIR",
        conflicts_with = "output_dir",
        help_heading = "Output"
    )]
    pub resume: Option<PathBuf>,
}

/// The model and its samples.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Model")]
#[command(group = ArgGroup::new("model").args(["model_name", "image_uri", "model_package_arn"]))]
pub struct ModelArgs {
    /// Name of the SageMaker model to deploy
    #[arg(long, value_name = "NAME", value_parser = parse_model_name)]
    pub model_name: Option<String>,
    /// Image of a model that is created for the run and deleted after it; needs
    /// --execution-role-arn, or --local
    #[arg(long, value_name = "URI", value_parser = parse_image)]
    pub image_uri: Option<String>,
    /// S3 URI of the model archive of --image-uri; with --local also a folder or a tar.gz
    #[arg(long, value_name = "S3-URI|PATH", conflicts_with_all = ["model_name", "model_package_arn"])]
    pub model_data_url: Option<String>,
    /// Version in the model registry, from which a model is created for the run and deleted after
    /// it
    #[arg(long, value_name = "ARN", requires = "execution_role_arn", value_parser = parse_model_package)]
    pub model_package_arn: Option<String>,
    /// Role of a model that is created for the run
    #[arg(long, value_name = "ARN", value_parser = parse_role_arn)]
    pub execution_role_arn: Option<String>,
    /// Environment variable of the container of a model created for the run; may be repeated
    #[arg(long = "container-env", value_name = "KEY=VALUE")]
    pub container_env: Vec<GivenVariable>,
    /// Display name of the model: shown in the report, keeps baselines apart [default: the model's
    /// name]
    #[arg(long, value_name = "ALIAS")]
    pub name: Option<String>,
    /// JSON Lines file of InvokeEndpoint arguments, for example {"Body": "1,2,3", "ContentType":
    /// "text/csv"}; BodyBase64 and BodyFile may stand for Body. Or the toolkit's .pkl file. Or a
    /// folder: each file is the body of one sample
    #[arg(long, value_name = "FILE|DIR")]
    pub samples: Option<PathBuf>,
    /// Content type of samples that name none; for a folder of all files [default: by file
    /// extension]
    #[arg(long, value_name = "TYPE", value_parser = parse_content_type)]
    pub content_type: Option<String>,
    /// Send at most this many samples, from the first on [default: all of them]
    #[arg(long, value_name = "N")]
    pub limit: Option<NonZeroUsize>,
    /// AWS region [default: AWS_REGION or the profile's]
    #[arg(long, value_name = "REGION")]
    pub region: Option<String>,
    /// Tag for everything that is created; may be repeated
    #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = parse_pair)]
    pub tags: Vec<(String, String)>,
}

/// How a model is measured.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Measuring")]
pub struct MeasureArgs {
    /// Memory sizes to deploy, in MB
    #[arg(long, value_name = "MB,...", value_delimiter = ',', default_value = "1024,2048,3072,4096,5120,6144",
          value_parser = parse_memory)]
    pub memory_sizes: Vec<MemoryMb>,
    /// Measured invocations per size, rounded up to a multiple of the number of samples
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub invocations: u32,
    /// Extend a size whose p99 is too noisy to be judged up to this many invocations [default:
    /// --invocations]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub max_invocations: Option<u32>,
    /// Warm-up invocations per size, set aside
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(0..=10_000))]
    pub warmup: u32,
    /// Failed invocations after which a size is stopped and left out
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    pub error_threshold: u32,
    /// Pause between deployment and the first invocation
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = parse_duration)]
    pub cold_start_delay: Duration,
    /// Whose latency is judged: what a client sees (network included), or CloudWatch's ModelLatency
    /// on the server
    #[arg(long, value_name = "client|server", default_value = "client", value_parser = parse_latency_source)]
    pub latency_source: LatencySource,
    /// Longest wait for an endpoint to be in service
    #[arg(long, value_name = "TIME", default_value = "20m", value_parser = parse_duration)]
    pub deploy_timeout: Duration,
    /// Longest wait for CloudWatch to have seen every call
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = parse_duration)]
    pub metrics_timeout: Duration,
    /// Longest wait for a deleted endpoint to be gone
    #[arg(long, value_name = "TIME", default_value = "15m", value_parser = parse_duration)]
    pub cleanup_timeout: Duration,
}

/// How a model is measured under load.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Concurrency")]
pub struct LoadArgs {
    /// Measure the recommended size under load, too [default: true for benchmark; for run only when
    /// one of --expected-clients, --rate and --trace is given]
    #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true", action = ArgAction::Set)]
    pub concurrency_benchmark: Option<bool>,
    /// MaxConcurrency of each endpoint
    #[arg(long, value_name = "N,...", value_delimiter = ',', default_value = "2,4,8",
          value_parser = clap::value_parser!(u32).range(1..=200))]
    pub max_concurrency: Vec<u32>,
    /// Clients per MaxConcurrency: each product, rounded up, is one load
    #[arg(long, value_name = "X,...", value_delimiter = ',', default_value = "1,1.5,1.75,2", value_parser = parse_multiplier)]
    pub client_multipliers: Vec<f64>,
    /// Invocations per load
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub concurrency_invocations: u32,
    /// Clients that the endpoint must serve: the report names the smallest MaxConcurrency that does
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub expected_clients: Option<u32>,
    /// Largest share of throttled calls at which a load counts as served
    #[arg(long, value_name = "PERCENT", default_value = "0.1%", value_parser = parse_share)]
    pub max_throttle_rate: Ratio,
    /// Mean pause of each client between an answer and its next call
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = parse_duration)]
    pub think_time: Duration,
    /// Also send calls at this constant rate, without waiting for the answers (open loop)
    #[arg(long, value_name = "RATE", conflicts_with = "trace", value_parser = parse_rate)]
    pub rate: Option<f64>,
    /// Also send calls at the times in this file, without waiting for the answers: seconds, one per
    /// line
    #[arg(long, value_name = "FILE")]
    pub trace: Option<PathBuf>,
}

impl LoadArgs {
    /// Whether there is a concurrency benchmark; `default` is the command's.
    pub fn is_wanted(&self, default: bool) -> bool {
        let implied =
            self.expected_clients.is_some() || self.rate.is_some() || self.trace.is_some();
        self.concurrency_benchmark.unwrap_or(default || implied)
    }
}

fn parse_latency_source(text: &str) -> Result<LatencySource, String> {
    match text {
        "client" => Ok(LatencySource::Client),
        "server" => Ok(LatencySource::Server),
        _ => Err(format!("`{text}` is neither client nor server")),
    }
}
