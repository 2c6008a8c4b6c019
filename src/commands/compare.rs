//! `sagegate compare`: compares a saved result with a baseline, without AWS.

use std::path::PathBuf;

use crate::analysis::analyse;
use crate::baseline::BaselineError;
use crate::config::{Against, Compare};
use crate::error::{Error, UsageError};
use crate::gate::{BaselineFile, Branches, History, MayAccept};
use crate::pipeline::Outcome;
use crate::pipeline::conclude::{Case, Ending, OnUnwritable, Purpose, conclude};
use crate::pipeline::gate::warn_of_own_baseline;
use crate::pipeline::output_files::OutputFiles;
use crate::pipeline::prices::Prices;
use crate::pipeline::publish::Publisher;
use crate::pipeline::saved_result::{append, read_whole};
use crate::pipeline::unmeasured::UnjudgedResult;
use crate::process::Process;
use crate::result::RunResult;

/// Compares a saved result with a baseline, or with earlier results.
pub(super) async fn compare(compare: &Compare, process: &Process) -> Outcome {
    let publisher = Publisher::without_comment(process);
    match judge(compare, &publisher, process).await {
        Ok(exit_code) => Ok(exit_code),
        Err(error) => {
            let unjudged = UnjudgedResult {
                name: Some("the model"),
                commit: process.commit(),
                output_dir: &compare.output_dir,
                publisher: &publisher,
            };
            unjudged.conclude(error, process).await
        }
    }
}

async fn judge(compare: &Compare, publisher: &Publisher, process: &Process) -> Outcome {
    let run = RunResult::read(&compare.result)?;
    let prices = Prices::read(&compare.recommend.prices)?;
    let (uri, baseline, history) = match &compare.against {
        Against::Baseline(baseline) => {
            let uri = baseline.uri(process.in_actions());
            warn_of_own_baseline(&uri, process);
            let access = process.access(baseline);
            let file = uri.open(&access)?.load().await?.unwrap_or_default();
            let branches = process.branches(baseline.branch.as_ref());
            let history = file
                .history(&run.name, &branches)
                .map_err(BaselineError::from)?;
            (Some(uri), Some(file), history)
        }
        Against::Results(paths) => (
            None,
            None,
            history(compare, paths, &run.name, &prices, process).await?,
        ),
    };
    let files = OutputFiles::of(&compare.output_dir);
    let case = Case {
        run: &run,
        prices: &prices.of_result(&run, process).await?,
        recommend: &compare.recommend,
        limits: compare.judging.limits,
    };
    let ending = Ending {
        purpose: Purpose::Gate(compare.judging.policy),
        baseline: uri.as_ref(),
        result_file: &compare.result,
        files: &files,
        on_unwritable: OnUnwritable::Fail,
        publisher,
        may_accept: MayAccept::default(),
        others: baseline.as_ref(),
    };
    let conclusion = conclude(&case, &history, &ending, process).await?;
    Ok(conclusion.publish(&ending, process).await)
}

/// Earlier results as the history of `name`, oldest first, regardless of their models' names: to
/// compare two models is a reason to name files.
async fn history(
    compare: &Compare,
    paths: &[PathBuf],
    name: &str,
    prices: &Prices,
    process: &Process,
) -> Result<History, Error> {
    let read = |path: &PathBuf| Ok::<_, Error>((path.clone(), read_whole(path)?));
    let mut earlier: Vec<(PathBuf, RunResult)> =
        paths.iter().map(read).collect::<Result<_, _>>()?;
    earlier.sort_by_key(|(_, run)| run.finished_at);
    let (mut file, branches) = (BaselineFile::default(), Branches::default());
    for (path, run) in earlier {
        let prices = prices.of_result(&run, process).await?;
        let analysis = analyse(&run, &prices, compare.recommend.strategy);
        let appended = append(&mut file, name, &branches, &run, &analysis);
        if !appended.map_err(BaselineError::from)? {
            return Err(UsageError::NothingMeasured { path }.into());
        }
    }
    let history = file.history(name, &branches).map_err(BaselineError::from)?;
    Ok(history.of_results())
}
