//! Where a command measures: AWS, or a simulator of its own.

use super::edges::Edges;
use super::simulate::{scenario, start};
use crate::aws::Session;
use crate::config::MeasurementArgs;
use crate::error::Error;
use crate::files::write_atomically;
use crate::simulator::Handle;

/// Region of a simulator where none was chosen: its prices are built in.
pub(super) const REGION: &str = "us-east-1";

/// Three rows of a table, as a tabular model takes them.
pub(super) const SAMPLES: &str = r#"{"Body": "34,2,0.71,1,0", "ContentType": "text/csv"}
{"Body": "51,9,0.13,0,1", "ContentType": "text/csv"}
{"Body": "27,1,0.96,1,1", "ContentType": "text/csv"}
"#;

/// A session, and the simulator that it needs.
pub(super) struct Place {
    pub(super) session: Session,
    /// Whether nothing of it outlives the command.
    pub(super) is_simulated: bool,
    /// A simulator that stops when this is dropped.
    _simulator: Option<Handle>,
}

impl Place {
    /// AWS, or wherever `AWS_ENDPOINT_URL` points; with `--simulate` a simulator of that profile.
    pub(super) async fn open(args: &MeasurementArgs, edges: &Edges) -> Result<Self, Error> {
        let region = args.model.region.clone();
        let Some(profile) = &args.simulate else {
            return Ok(Self {
                session: Session::connect(region, edges.role()).await?,
                is_simulated: false,
                _simulator: None,
            });
        };
        let simulator = start(scenario(profile)?, 0).await?;
        let region = region.unwrap_or_else(|| REGION.to_owned());
        let simulator_url = simulator.url();
        Ok(Self {
            _simulator: Some(simulator),
            ..Self::on_simulator(&simulator_url, &region).await?
        })
    }

    /// The region and the credentials that a job has.
    pub(super) async fn on_aws(edges: &Edges) -> Result<Self, Error> {
        Ok(Self {
            session: Session::connect(None, edges.role()).await?,
            is_simulated: false,
            _simulator: None,
        })
    }

    /// A simulator that runs already.
    pub(super) async fn on_simulator(url: &str, region: &str) -> Result<Self, Error> {
        Ok(Self {
            session: Session::simulated(url, region).await?,
            is_simulated: true,
            _simulator: None,
        })
    }
}

/// Completes what `--simulate` lets the user leave out: model and samples.
pub(super) fn with_defaults(
    mut args: MeasurementArgs,
    edges: &Edges,
) -> Result<MeasurementArgs, Error> {
    let Some(profile) = &args.simulate else {
        return Ok(args);
    };
    edges.note(&format!(
        "measuring on a simulated AWS with profile {profile}"
    ));
    let model = &mut args.model;
    let has_model = model.model_name.is_some()
        || model.image_uri.is_some()
        || model.model_package_arn.is_some();
    if !has_model {
        let stem = std::path::Path::new(profile).file_stem();
        model.model_name = stem.map(|name| name.to_string_lossy().into_owned());
    }
    if args.model.samples.is_none() {
        let path = args.output_dir().join("samples.jsonl");
        write_atomically(&path, SAMPLES.as_bytes()).map_err(|source| Error::Output {
            path: path.clone(),
            source,
        })?;
        args.model.samples = Some(path);
    }
    Ok(args)
}
