//! Everything that can end a command, grouped by the exit code it ends with.

mod jobs;
mod measure;
mod unfinished;
mod usage;

use std::path::PathBuf;

use thiserror::Error;

pub use self::jobs::JobError;
pub use self::measure::MeasureError;
pub use self::unfinished::Unfinished;
pub use self::usage::UsageError;
use crate::aws::{AwsError, PriceListError, SessionError};
use crate::baseline::BaselineError;
use crate::benchmark::{JournalError, LedgerError, TraceError};
use crate::config::ConfigError;
use crate::engine::EngineError;
use crate::exit::{ExitStatus, StopSignal};
use crate::github::IdentityTokenError;
use crate::prices::PriceError;
use crate::result::ResultFileError;
use crate::samples::SamplesError;
use crate::simulator::ScenarioError;
use crate::text::shell_word;

/// Why a command ended without a verdict: one variant for each way to exit.
#[derive(Debug, Error)]
pub enum Error {
    /// [`ExitStatus::Usage`].
    #[error(transparent)]
    Usage(#[from] UsageError),
    /// [`ExitStatus::CouldNotMeasure`].
    #[error(transparent)]
    CouldNotMeasure(#[from] MeasureError),
    /// [`ExitStatus::Interrupted`]; what was created has been deleted.
    #[error("interrupted; {}", kept_in(kept.as_ref()))]
    Interrupted {
        /// `result.json`, where anything was measured.
        kept: Option<PathBuf>,
        /// The folder of a run that can go on.
        resume: Option<PathBuf>,
        /// The signal that ended the run.
        by: StopSignal,
    },
}

fn kept_in(path: Option<&PathBuf>) -> String {
    match path {
        Some(path) => format!("what was measured so far is in `{}`", path.display()),
        None => "nothing was measured".to_owned(),
    }
}

impl Error {
    /// How the process ends.
    pub const fn exit_status(&self) -> ExitStatus {
        match self {
            Self::Usage(_) => ExitStatus::Usage,
            Self::CouldNotMeasure(_) => ExitStatus::CouldNotMeasure,
            Self::Interrupted { by, .. } => ExitStatus::Interrupted(*by),
        }
    }

    /// A suggested fix, if there is one.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Usage(error) => error.hint(),
            Self::CouldNotMeasure(error) => error.hint(),
            Self::Interrupted { resume, .. } => resume.as_ref().map(|folder| {
                let folder = shell_word(&folder.display().to_string());
                format!("--resume {folder} with the same other flags measures what is missing")
            }),
        }
    }

    /// The whole message on one line: what happened, then the suggested fix.
    pub fn one_line(&self) -> String {
        crate::text::one_line(&crate::text::with_hint(self, self.hint()))
    }
}

/// What `?` makes of the errors of other modules.
macro_rules! grouped {
    ($($Source:ty => $Group:ty),* $(,)?) => {
        $(
            impl From<$Source> for Error {
                fn from(error: $Source) -> Self {
                    <$Group>::from(error).into()
                }
            }
        )*
    };
}

grouped! {
    ConfigError => UsageError,
    IdentityTokenError => UsageError,
    JournalError => UsageError,
    LedgerError => UsageError,
    PriceError => UsageError,
    PriceListError => UsageError,
    ResultFileError => UsageError,
    SamplesError => UsageError,
    ScenarioError => UsageError,
    SessionError => UsageError,
    TraceError => UsageError,
    AwsError => MeasureError,
    JobError => MeasureError,
}

impl From<BaselineError> for Error {
    fn from(error: BaselineError) -> Self {
        match error {
            BaselineError::Unusable(error) => UsageError::from(error).into(),
            BaselineError::Service(error) => MeasureError::from(error).into(),
        }
    }
}

impl From<EngineError> for Error {
    fn from(source: EngineError) -> Self {
        if source.is_usage() {
            UsageError::Engine { source }.into()
        } else {
            MeasureError::Engine { source }.into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_input_is_2_aws_is_3_and_a_signal_has_its_own() {
        let unknown = Error::from(UsageError::UnknownModel {
            name: "m".to_owned(),
            region: "us-east-1".to_owned(),
        });
        assert_eq!(unknown.exit_status().code(), 2);
        assert_eq!(
            unknown.one_line(),
            "--model-name: there is no SageMaker model `m` in us-east-1; check the name and --region, or create the \
             model first"
        );
        let unfinished = Error::from(MeasureError::Unfinished {
            unfinished: Box::default(),
        });
        assert_eq!(unfinished.exit_status().code(), 3);
        let interrupted = Error::Interrupted {
            kept: None,
            resume: None,
            by: StopSignal::Terminate,
        };
        assert_eq!(interrupted.exit_status().code(), 143);
    }

    #[test]
    fn a_hostile_name_stays_on_its_line() {
        let error = Error::from(UsageError::UnknownModel {
            name: "m\n::error::x".to_owned(),
            region: "r".to_owned(),
        });
        assert!(!error.one_line().contains('\n'));
    }
}
