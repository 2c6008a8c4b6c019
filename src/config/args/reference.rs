//! Flags of a run beside a reference: main's model, measured in turn in the same job.

use clap::{ArgGroup, Args};

use super::aws_names::{parse_image, parse_model_name, parse_model_package};
use crate::result::MAX_ROUNDS;

/// The model that this one is measured in turn with.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Side by side")]
#[command(group = ArgGroup::new("reference").multiple(true).args([
    "against_model_name", "against_image_uri", "against_model_data_url", "against_model_package_arn"
]))]
pub struct ReferenceArgs {
    /// Compare with this SageMaker model, for example main's, instead of a baseline: both are
    /// deployed, and one client calls them in turn
    #[arg(
        long,
        value_name = "NAME",
        value_parser = parse_model_name,
        conflicts_with_all = ["against_image_uri", "against_model_data_url", "against_model_package_arn"]
    )]
    pub against_model_name: Option<String>,
    /// The same with a model that is created from this image for the run and deleted after it; its
    /// variables are --container-env's, and its data that of --model-data-url unless
    /// --against-model-data-url names another
    #[arg(
        long,
        value_name = "URI",
        value_parser = parse_image,
        conflicts_with = "against_model_package_arn"
    )]
    pub against_image_uri: Option<String>,
    /// The same with other model data; its image is that of --image-uri unless --against-image-uri
    /// names another
    #[arg(
        long,
        value_name = "S3-URI|PATH",
        conflicts_with = "against_model_package_arn"
    )]
    pub against_model_data_url: Option<String>,
    /// The same with a version in the model registry
    #[arg(long, value_name = "ARN", value_parser = parse_model_package)]
    pub against_model_package_arn: Option<String>,
    /// How often the two are measured, each time on fresh endpoints or containers [default: 1, with
    /// --local 4]
    #[arg(
        long,
        value_name = "N",
        value_parser = clap::value_parser!(u32).range(1..=i64::from(MAX_ROUNDS))
    )]
    pub rounds: Option<u32>,
    /// Measure the reference under load, too, after the model
    #[arg(long)]
    pub against_load: bool,
}
