//! Reads and checks everything that the flags name, before anything is created.

use super::output_files::OutputFiles;
use super::prices::Prices;
use crate::benchmark::{Arrivals, Draft, Journal, LoadOptions, Options};
use crate::config::{ArrivalsSource, Measurement, Output, SamplesSource};
use crate::error::{Error, UsageError};
use crate::files::{self, MIB};
use crate::samples::SampleSet;

/// Three rows of a table, as a tabular model takes them.
pub(crate) const BUILT_IN_SAMPLES: &str = r#"{"Body": "34,2,0.71,1,0", "ContentType": "text/csv"}
{"Body": "51,9,0.13,0,1", "ContentType": "text/csv"}
{"Body": "27,1,0.96,1,1", "ContentType": "text/csv"}
"#;

/// Largest trace that is read: a million arrivals have some twenty megabytes.
const MAX_TRACE: u64 = 64 * MIB;

/// Inputs that were read and are valid.
pub(crate) struct Inputs {
    pub(crate) samples: SampleSet,
    /// Complete: with the arrivals of the open loop.
    pub(crate) options: Options,
    /// An interrupted run to go on with.
    pub(crate) resumed: Option<(Journal, Draft)>,
    pub(crate) prices: Prices,
}

impl Inputs {
    /// Reads the files that the flags name. Nothing is sent anywhere.
    pub(crate) fn read(measurement: &Measurement, output: &Output) -> Result<Self, Error> {
        let files = OutputFiles::of(output.folder());
        let samples = match &measurement.samples {
            SamplesSource::At {
                path,
                content_type,
                limit,
            } => SampleSet::load(path, content_type.as_deref())?.limited(*limit),
            SamplesSource::BuiltIn => {
                SampleSet::load(&files.write_samples(BUILT_IN_SAMPLES)?, None)?
            }
        };
        let resumed = match output {
            Output::Resumed(_) => Some(Journal::resume(&files.journal())?),
            Output::New(_) => None,
        };
        let open_loop = measurement.arrivals.as_ref().map(arrivals).transpose()?;
        let load = measurement.options.load.clone();
        let options = Options {
            load: load.map(|load| LoadOptions { open_loop, ..load }),
            ..measurement.options.clone()
        };
        Ok(Self {
            samples,
            options,
            resumed,
            prices: Prices::read(&measurement.recommend.prices)?,
        })
    }
}

fn arrivals(source: &ArrivalsSource) -> Result<Arrivals, Error> {
    let path = match source {
        ArrivalsSource::ConstantRate { per_second } => {
            return Ok(Arrivals::ConstantRate {
                per_second: *per_second,
            });
        }
        ArrivalsSource::Trace(path) => path,
    };
    let text = files::read_text(path, MAX_TRACE).map_err(|error| UsageError::Unreadable {
        flag: "--trace",
        path: path.clone(),
        source: error.into(),
    })?;
    Ok(Arrivals::from_trace(&text, &path.display().to_string())?)
}
