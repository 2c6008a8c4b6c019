//! Everything that can end a command, and the exit code it ends with.

mod jobs;
mod unfinished;

use std::path::PathBuf;

use thiserror::Error;

pub use self::jobs::JobError;
pub use self::unfinished::Unfinished;
use crate::aws::{AwsError, PriceListError, SessionError, Unsupported};
use crate::baseline::BaselineError;
use crate::benchmark::{JournalError, LedgerError, TraceError};
use crate::config::ConfigError;
use crate::github::IdentityTokenError;
use crate::prices::PriceError;
use crate::result::ResultFileError;
use crate::samples::SamplesError;
use crate::simulator::ScenarioError;

/// Exit code of a bad flag or bad input.
pub const USAGE: u8 = 2;
/// Exit code when the model could not be measured.
pub const COULD_NOT_MEASURE: u8 = 3;

/// Why a command ended without a verdict.
#[derive(Debug, Error)]
pub enum Error {
    /// Flags that contradict each other.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Samples.
    #[error(transparent)]
    Samples(#[from] SamplesError),
    /// Prices.
    #[error(transparent)]
    Prices(#[from] PriceError),
    /// AWS's price list.
    #[error(transparent)]
    PriceList(#[from] PriceListError),
    /// A file named by a flag that cannot be read.
    #[error("{flag}: cannot read `{path}`: {source}")]
    Unreadable {
        /// The flag.
        flag: &'static str,
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// A file named by a flag that cannot be written.
    #[error("{flag}: cannot write `{path}`: {source}")]
    Unwritable {
        /// The flag.
        flag: &'static str,
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// The file to write is one of those to read.
    #[error("--out: `{path}` is one of the files to read")]
    OutIsInput {
        /// The file.
        path: PathBuf,
    },
    /// A trace that is not valid.
    #[error(transparent)]
    Trace(#[from] TraceError),
    /// A run that cannot be resumed.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// No size was measured in every run.
    #[error("no memory size was measured in every run; the results are in `{path}`")]
    NothingToCalibrate {
        /// The folder.
        path: PathBuf,
    },
    /// `post` outside a `workflow_run` job.
    #[error(
        "`post` publishes what another workflow measured, and this is not a `workflow_run` job"
    )]
    NotAfterAWorkflow,
    /// A result larger than any that sagegate writes.
    #[error("`{path}` has {bytes} bytes, too many for a result")]
    HugeResult {
        /// The file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
    },
    /// A result of another commit than the other workflow ran for.
    #[error(
        "`{path}` is about commit {}, but the other workflow ran for {head}",
        commit.as_deref().unwrap_or("unknown")
    )]
    OtherCommit {
        /// The file.
        path: PathBuf,
        /// The commit in it, untrusted.
        commit: Option<String>,
        /// The commit of the event.
        head: String,
    },
    /// Neither a ledger nor what a step of a workflow has saved.
    #[error("no run to clean up is given: pass --ledger, --run or --older-than")]
    NoLedger,
    /// Variables of the runner for identity tokens.
    #[error(transparent)]
    IdentityToken(#[from] IdentityTokenError),
    /// Region or credentials.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// A call to AWS before anything was created.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// The model does not exist.
    #[error("--model-name: there is no SageMaker model `{name}` in {region}")]
    UnknownModel {
        /// Its name.
        name: String,
        /// Where it was looked for.
        region: String,
    },
    /// The model has what Serverless Inference does not support.
    #[error(
        "--model-name: `{name}` has {}, which Serverless Inference does not support",
        listed(unsupported)
    )]
    UnsupportedModel {
        /// Its name.
        name: String,
        /// What it has; not empty.
        unsupported: Vec<Unsupported>,
    },
    /// A saved result.
    #[error(transparent)]
    Result(#[from] ResultFileError),
    /// A saved result without a measured size.
    #[error("`{path}` has no measured size, so it cannot be a baseline")]
    NothingMeasured {
        /// The file.
        path: PathBuf,
    },
    /// A saved result of a run that `--fail-fast` stopped.
    #[error(
        "`{path}` was not measured to its end, as --fail-fast stopped it: it cannot be a baseline"
    )]
    StoppedEarly {
        /// The file.
        path: PathBuf,
    },
    /// The baseline.
    #[error(transparent)]
    Baseline(#[from] BaselineError),
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// A profile of the simulator.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    /// Neither a built-in profile nor a readable file.
    #[error("--profile: `{name}` is neither a built-in profile ({built_in}) nor a readable file")]
    UnknownProfile {
        /// What was given.
        name: String,
        /// Names of the built-in profiles.
        built_in: String,
    },
    /// The simulator cannot listen.
    #[error("cannot listen on 127.0.0.1:{port}: {source}")]
    Listen {
        /// The port.
        port: u16,
        /// The cause.
        source: std::io::Error,
    },
    /// A file of the output folder cannot be written.
    #[error("--output-dir: cannot write `{path}`: {source}")]
    Output {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// A clean-up that could not do everything.
    #[error("{0}")]
    Unfinished(Box<Unfinished>),
    /// A processing job.
    #[error(transparent)]
    Job(#[from] JobError),
    /// A signal ended the run; what was created has been deleted.
    #[error("interrupted; {}", kept_in(kept.as_ref()))]
    Interrupted {
        /// `result.json`, where anything was measured.
        kept: Option<PathBuf>,
        /// Exit code of the signal.
        exit_code: u8,
    },
}

fn kept_in(path: Option<&PathBuf>) -> String {
    match path {
        Some(path) => format!("what was measured so far is in `{}`", path.display()),
        None => "nothing was measured".to_owned(),
    }
}

impl Error {
    /// Exit code of the process.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Samples(_)
            | Self::Prices(_)
            | Self::PriceList(_)
            | Self::Config(_)
            | Self::Unreadable { .. }
            | Self::Unwritable { .. }
            | Self::OutIsInput { .. }
            | Self::Trace(_)
            | Self::Journal(_)
            | Self::NotAfterAWorkflow
            | Self::HugeResult { .. }
            | Self::OtherCommit { .. }
            | Self::NoLedger
            | Self::IdentityToken(_)
            | Self::Session(_)
            | Self::UnknownModel { .. }
            | Self::UnsupportedModel { .. }
            | Self::Result(_)
            | Self::NothingMeasured { .. }
            | Self::StoppedEarly { .. }
            | Self::Ledger(_)
            | Self::Scenario(_)
            | Self::UnknownProfile { .. }
            | Self::Listen { .. }
            | Self::Output { .. } => USAGE,
            Self::Baseline(error) if !error.is_outside() => USAGE,
            Self::Job(error) if error.is_usage() => USAGE,
            Self::Baseline(_)
            | Self::NothingToCalibrate { .. }
            | Self::Aws(_)
            | Self::Job(_)
            | Self::Unfinished(_) => COULD_NOT_MEASURE,
            Self::Interrupted { exit_code, .. } => *exit_code,
        }
    }

    /// A suggested fix, if there is one.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Config(error) => error.hint().map(str::to_owned),
            Self::Samples(error) => error.hint(),
            Self::Prices(error) => error.hint(),
            Self::PriceList(error) => error.hint(),
            Self::Journal(error) => error.hint(),
            Self::Session(error) => error.hint(),
            Self::Aws(error) => error.hint(),
            Self::Result(error) => error.hint(),
            Self::Baseline(error) => error.hint(),
            Self::Job(error) => error.hint(),
            Self::UnknownModel { .. } => {
                Some("check the name and --region, or create the model first".to_owned())
            }
            Self::UnsupportedModel { .. } => Some(
                "create a model without it for serverless endpoints, and pass that one".to_owned(),
            ),
            Self::Output { .. } => Some("choose a folder that can be written to".to_owned()),
            Self::Listen { .. } => Some("choose another --port, or 0 for a free one".to_owned()),
            Self::Unfinished(unfinished) => Some(unfinished.hint()),
            Self::Ledger(_) => Some(
                "`sagegate cleanup --run RUN-ID` finds what the run left by name and tag".to_owned(),
            ),
            Self::NothingMeasured { .. } => Some("measure the model again".to_owned()),
            Self::StoppedEarly { .. } => Some("measure the model again, without it".to_owned()),
            Self::OutIsInput { .. } => Some("choose another name".to_owned()),
            Self::NotAfterAWorkflow => Some(
                "start the job with `on: workflow_run`; to gate a saved result use `compare`".to_owned(),
            ),
            Self::HugeResult { .. } => Some("pass the `result.json` that `sagegate run` wrote".to_owned()),
            Self::OtherCommit { .. } => Some(
                "download the artifact of the run that started this one, by `github.event.workflow_run.id`"
                    .to_owned(),
            ),
            Self::NoLedger => Some(
                "--ledger takes the ledger.json of the run; in a workflow the action cleans up by itself"
                    .to_owned(),
            ),
            Self::Unreadable { .. }
            | Self::Unwritable { .. }
            | Self::Trace(_)
            | Self::IdentityToken(_)
            | Self::NothingToCalibrate { .. }
            | Self::Scenario(_)
            | Self::UnknownProfile { .. }
            | Self::Interrupted { .. } => None,
        }
    }

    /// The whole message on one line: what happened, then the suggested fix.
    pub fn one_line(&self) -> String {
        crate::text::one_line(&crate::text::with_hint(self, self.hint()))
    }
}

/// `a, b and c`.
fn listed(unsupported: &[Unsupported]) -> String {
    let names: Vec<&str> = unsupported.iter().map(|it| it.name()).collect();
    match names.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_input_is_2_and_aws_is_3() {
        let unknown = Error::UnknownModel {
            name: "m".to_owned(),
            region: "us-east-1".to_owned(),
        };
        assert_eq!(unknown.exit_code(), USAGE);
        assert_eq!(
            unknown.one_line(),
            "--model-name: there is no SageMaker model `m` in us-east-1; check the name and --region, or create the \
             model first"
        );
        assert_eq!(
            Error::Unfinished(Box::default()).exit_code(),
            COULD_NOT_MEASURE
        );
    }

    #[test]
    fn all_that_serverless_does_not_support_is_named_at_once() {
        let line = |unsupported: &[Unsupported]| {
            let error = Error::UnsupportedModel {
                name: "m".to_owned(),
                unsupported: unsupported.to_vec(),
            };
            assert_eq!(error.exit_code(), USAGE);
            error.one_line()
        };
        insta::assert_snapshot!(
            [
                line(&[Unsupported::Vpc]),
                line(&[
                    Unsupported::NetworkIsolation,
                    Unsupported::Pipeline,
                    Unsupported::MultiModel,
                ]),
            ]
            .join("\n"),
            @r"
        --model-name: `m` has a VPC configuration, which Serverless Inference does not support; create a model without it for serverless endpoints, and pass that one
        --model-name: `m` has network isolation, a pipeline of several containers and multi-model mode, which Serverless Inference does not support; create a model without it for serverless endpoints, and pass that one
        "
        );
    }

    #[test]
    fn a_hostile_name_stays_on_its_line() {
        let error = Error::UnknownModel {
            name: "m\n::error::x".to_owned(),
            region: "r".to_owned(),
        };
        assert!(!error.one_line().contains('\n'));
    }
}
