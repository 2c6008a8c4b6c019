//! What the user's input is no reason for: exit code 3.

use std::path::PathBuf;

use super::{JobError, Unfinished};
use crate::aws::AwsError;
use crate::baseline::BaselineServiceError;
use crate::engine::EngineError;
use crate::hint::hinted;

hinted! {
    /// The model could not be measured, or not everything could be deleted.
    pub enum MeasureError {
        /// The Docker engine of this machine.
        #[error("{source}")]
        #[hint(source.hint())]
        Engine {
            /// What it said.
            source: EngineError,
        },
        /// A call to AWS before anything was created.
        #[error("{source}")]
        #[hint(source.hint())]
        Aws {
            /// AWS's words.
            #[from]
            source: AwsError,
        },
        /// The service that keeps the baseline.
        #[error("{source}")]
        #[hint(source.hint())]
        Baseline {
            /// What it said.
            source: Box<BaselineServiceError>,
        },
        /// A processing job.
        #[error("{source}")]
        #[hint(source.hint())]
        Job {
            /// How it failed.
            source: Box<JobError>,
        },
        /// No size was measured in every run.
        #[error("no memory size was measured in every run; the results are in `{path}`")]
        NothingToCalibrate {
            /// The folder.
            path: PathBuf,
        },
        /// A clean-up that could not do everything.
        #[error("{unfinished}")]
        #[hint(Some(unfinished.hint()))]
        Unfinished {
            /// What is left.
            unfinished: Box<Unfinished>,
        },
    }
}

impl From<BaselineServiceError> for MeasureError {
    fn from(error: BaselineServiceError) -> Self {
        Self::Baseline {
            source: Box::new(error),
        }
    }
}

impl From<JobError> for MeasureError {
    fn from(error: JobError) -> Self {
        Self::Job {
            source: Box::new(error),
        }
    }
}
