//! Saved results as entries of a history.

use std::path::Path;

use crate::analysis::Analysis;
use crate::error::{Error, UsageError};
use crate::gate::{BaselineFile, BaselineFileError, Branches, Entry, Limits, judge};
use crate::process::now;
use crate::result::RunResult;

/// Reads a result that can be a baseline's: one that was measured to its end.
pub(crate) fn read_whole(path: &Path) -> Result<RunResult, Error> {
    let run = RunResult::read(path)?;
    if run.is_stopped_early() {
        return Err(UsageError::StoppedEarly {
            path: path.to_owned(),
        }
        .into());
    }
    Ok(run)
}

/// Adds a run, without its reference, to the runs of a model; returns whether it had measured
/// anything.
///
/// # Errors
/// When the model's runs cannot be read.
pub(crate) fn append(
    file: &mut BaselineFile,
    name: &str,
    branches: &Branches,
    run: &RunResult,
    analysis: &Analysis,
) -> Result<bool, BaselineFileError> {
    let history = file.history(name, branches)?;
    let run = &*run.without_reference();
    let judgement = judge(run, analysis, Some(&history), &Limits::default(), now());
    let Some(recommended) = judgement.recommended else {
        return Ok(false);
    };
    let entry = Entry::new(run, analysis, recommended);
    file.record(name, branches, entry, judgement.epoch())?;
    Ok(true)
}
