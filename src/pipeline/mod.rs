//! What commands share, one file per step, in the order of a run.
//!
//! `inputs` read and check everything before anything is created; `backend` says where endpoints
//! are created; `measure` carries the plan out and leaves a [`crate::result::RunResult`]. From
//! there on `conclude` makes numbers, a verdict, a report and files of it, and `publish` shows them
//! on GitHub.

pub(crate) mod accept;
pub(crate) mod backend;
pub(crate) mod cleanup_handoff;
pub(crate) mod conclude;
pub(crate) mod confirm;
mod contract;
pub(crate) mod credentials;
pub(crate) mod dry_run;
pub(crate) mod estimate;
pub(crate) mod execute;
pub(crate) mod fail_fast;
pub(crate) mod gate;
pub(crate) mod inputs;
pub(crate) mod local;
pub(crate) mod measure;
pub(crate) mod output_files;
pub(crate) mod policy;
pub(crate) mod prices;
pub(crate) mod publish;
pub(crate) mod run;
pub(crate) mod saved_result;
pub(crate) mod simulator;
pub(crate) mod subject;
pub(crate) mod unmeasured;

/// How a command ends: with a verdict or a result, or with an error.
pub(crate) type Outcome = Result<crate::exit::ExitStatus, crate::error::Error>;
