//! The model that is measured and where that is done, from the flags.

use super::args::{GivenVariable, MeasurementArgs, ModelArgs};
use super::error::ConfigError;
use crate::aws::Container;
use crate::benchmark::ModelSource;

/// Role of a model in containers of this machine, which nothing assumes.
const LOCAL_ROLE: &str = "arn:aws:iam::000000000000:role/local";

/// Where endpoints are created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// AWS, or the address in `AWS_ENDPOINT_URL`.
    Aws,
    /// An in-process simulator.
    Simulator {
        /// A built-in profile or a TOML file.
        profile: String,
    },
    /// Containers of this machine's Docker engine.
    Local,
}

/// Where endpoints are created.
pub(super) fn target_of(args: &MeasurementArgs) -> Target {
    match &args.simulate {
        Some(profile) => Target::Simulator {
            profile: profile.clone(),
        },
        None if args.local => Target::Local,
        None => Target::Aws,
    }
}

/// What an image is called, without registry, tag and digest.
pub(super) fn name_of_image(uri: &str) -> String {
    let last = uri.rsplit('/').next().unwrap_or(uri);
    let end = last.find([':', '@']).unwrap_or(last.len());
    last.get(..end).unwrap_or(last).to_owned()
}

/// The model that the flags name; clap has made sure that one from the registry has a role.
pub(super) fn source(
    args: &ModelArgs,
    target: &Target,
) -> Result<Option<ModelSource>, ConfigError> {
    if let Some(name) = &args.model_name {
        return Ok(Some(ModelSource::Existing(name.clone())));
    }
    let environment = variables(&args.container_env)?;
    let image = args.image_uri.clone().map(|image_uri| Container::Image {
        image_uri,
        model_data_url: args.model_data_url.clone(),
        environment: environment.clone(),
    });
    let package = || {
        let arn = args.model_package_arn.clone()?;
        Some(Container::Package { arn, environment })
    };
    let container = image.or_else(package);
    container
        .map(|it| created(it, "--image-uri", args, target))
        .transpose()
}

/// A model that is created for the run.
pub(super) fn created(
    container: Container,
    flag: &'static str,
    args: &ModelArgs,
    target: &Target,
) -> Result<ModelSource, ConfigError> {
    let role = match target {
        Target::Local => Some(LOCAL_ROLE.to_owned()),
        Target::Aws | Target::Simulator { .. } => args.execution_role_arn.clone(),
    };
    Ok(ModelSource::Created {
        container,
        execution_role_arn: role.ok_or(ConfigError::NoRole { flag })?,
        is_there: false,
    })
}

/// The variables of a container.
pub(super) fn variables(given: &[GivenVariable]) -> Result<Vec<(String, String)>, ConfigError> {
    let pair = |(index, it): (usize, &GivenVariable)| {
        let not_one = ConfigError::NotAVariable { number: index + 1 };
        it.pair().cloned().ok_or(not_one)
    };
    given.iter().enumerate().map(pair).collect()
}
