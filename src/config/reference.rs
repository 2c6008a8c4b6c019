//! The reference of a run, from its flags.

use super::args::{ModelArgs, ReferenceArgs};
use super::error::ConfigError;
use super::model::{Target, created, variables};
use crate::aws::Container;
use crate::benchmark::{ModelSource, ReferenceModel};

/// Rounds where no flag says how many: containers of a machine are cheap, and vary.
const LOCAL_ROUNDS: u32 = 4;

/// What a command may measure a model in turn with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Beside {
    /// The model that the flags name, if any.
    Another,
    /// Itself.
    Itself,
    /// Nothing.
    Nothing,
}

/// The model that a run of `own` is measured in turn with, if any.
pub(super) fn reference(
    args: &ReferenceArgs,
    model: &ModelArgs,
    own: &ModelSource,
    target: &Target,
    beside: Beside,
) -> Result<Option<ReferenceModel>, ConfigError> {
    let given = source(args, model, target)?;
    let source = match (beside, given) {
        (Beside::Another, given) => given,
        (Beside::Itself, None) => Some(own.clone()),
        (Beside::Nothing, None) => None,
        (Beside::Itself | Beside::Nothing, Some(_)) => return Err(ConfigError::OnlyItself),
    };
    let Some(source) = source else {
        return match (args.rounds, args.against_load) {
            (Some(_), _) => Err(ConfigError::NoReference { flag: "--rounds" }),
            (None, true) => Err(ConfigError::NoReference {
                flag: "--against-load",
            }),
            (None, false) => Ok(None),
        };
    };
    let default = if *target == Target::Local {
        LOCAL_ROUNDS
    } else {
        1
    };
    Ok(Some(ReferenceModel {
        source,
        rounds: args.rounds.unwrap_or(default),
        under_load: args.against_load,
    }))
}

fn source(
    args: &ReferenceArgs,
    model: &ModelArgs,
    target: &Target,
) -> Result<Option<ModelSource>, ConfigError> {
    let not_local = |flag| match target {
        Target::Local => Err(ConfigError::NotLocal { flag }),
        Target::Aws | Target::Simulator { .. } => Ok(()),
    };
    if let Some(name) = &args.against_model_name {
        not_local("--against-model-name")?;
        return Ok(Some(ModelSource::Existing(name.clone())));
    }
    let environment = variables(&model.container_env)?;
    if let Some(arn) = args.against_model_package_arn.clone() {
        let flag = "--against-model-package-arn";
        not_local(flag)?;
        let container = Container::Package { arn, environment };
        return created(container, flag, model, target).map(Some);
    }
    let (flag, image) = match (&args.against_image_uri, &args.against_model_data_url) {
        (Some(image), _) => ("--against-image-uri", Some(image)),
        (None, Some(_)) => ("--against-model-data-url", model.image_uri.as_ref()),
        (None, None) => return Ok(None),
    };
    let container = Container::Image {
        image_uri: image.ok_or(ConfigError::NoImageOfReference)?.clone(),
        model_data_url: args
            .against_model_data_url
            .clone()
            .or_else(|| model.model_data_url.clone()),
        environment,
    };
    created(container, flag, model, target).map(Some)
}

/// Refuses what is about models that are created, where both exist already.
pub(super) fn check_created(
    args: &ModelArgs,
    model: &ModelSource,
    reference: Option<&ReferenceModel>,
) -> Result<(), ConfigError> {
    let exists = |source: &ModelSource| matches!(source, ModelSource::Existing(_));
    let nothing_is_created = exists(model) && reference.is_none_or(|it| exists(&it.source));
    let flag = if !args.container_env.is_empty() {
        "--container-env"
    } else if args.execution_role_arn.is_some() {
        "--execution-role-arn"
    } else {
        return Ok(());
    };
    if nothing_is_created && args.model_name.is_some() {
        return Err(ConfigError::NothingIsCreated { flag });
    }
    Ok(())
}
