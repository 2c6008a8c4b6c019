//! `compare`, `record` and `report`: the lower half alone, on a saved result, without AWS.

use std::path::{Path, PathBuf};

use super::Outcome;
use super::conclude::{Conclusion, conclude, tell};
use super::edges::{Edges, now};
use super::measure::price_table;
use super::publish::Publishing;
use crate::analysis::{Analysis, PriceTable, analyse};
use crate::config::{CompareArgs, RecordArgs, ReportArgs};
use crate::error::Error;
use crate::gate::{BaselineFile, Entry, History, Limits, Policy, judge};
use crate::result::RunResult;

/// Compares a saved result with a baseline.
pub(super) async fn compare(args: &CompareArgs, edges: &Edges) -> Outcome {
    let run = RunResult::read(&args.result)?;
    let table = price_table(&args.recommend)?;
    let uri = args
        .against
        .is_empty()
        .then(|| args.baseline.uri(edges.in_actions()));
    let baseline = match &uri {
        Some(uri) => uri.open(&edges.access(&args.baseline))?.load().await?,
        None => Some(earlier_results(args, &run.name, &table)?),
    };
    let conclusion = Conclusion {
        run: &run,
        prices: table.region(&run.region)?,
        strategy: args.recommend.strategy,
        expected_rate: args.recommend.expected_rate,
        limits: args.gate.limits(),
        policy: args.gate.policy(),
        is_gate: true,
        baseline: uri.as_ref(),
        result_file: &args.result,
        output_dir: &args.output.output_dir,
        needs_files: true,
        publishing: &Publishing::without_comment(edges),
    };
    let judged = conclude(&conclusion, baseline.as_ref(), edges).await?;
    Ok(tell(&conclusion, &judged, edges).await)
}

/// Earlier results as the history of `name`, oldest first, whatever their model is called: to compare two models is a
/// reason to name files.
fn earlier_results(
    args: &CompareArgs,
    name: &str,
    table: &PriceTable,
) -> Result<BaselineFile, Error> {
    let read = |path: &PathBuf| Ok::<_, Error>((path.clone(), whole_result(path)?));
    let mut earlier: Vec<(PathBuf, RunResult)> =
        args.against.iter().map(read).collect::<Result<_, _>>()?;
    earlier.sort_by_key(|(_, run)| run.finished_at);
    let mut file = BaselineFile::default();
    for (path, run) in earlier {
        let analysis = analyse(&run, table.region(&run.region)?, args.recommend.strategy);
        if !append(file.history_mut(name), &run, &analysis) {
            return Err(Error::NothingMeasured { path });
        }
    }
    Ok(file)
}

/// Reads a result that can be a baseline's.
fn whole_result(path: &Path) -> Result<RunResult, Error> {
    let run = RunResult::read(path)?;
    if run.is_stopped_early() {
        return Err(Error::StoppedEarly {
            path: path.to_owned(),
        });
    }
    Ok(run)
}

/// Adds a run to a history; `false` when it has measured nothing.
fn append(history: &mut History, run: &RunResult, analysis: &Analysis) -> bool {
    let judgement = judge(run, analysis, Some(history), &Limits::default(), now());
    let Some(recommended) = judgement.recommended else {
        return false;
    };
    history.append(Entry::new(run, analysis, recommended), judgement.epoch());
    true
}

/// Adds a saved result to a baseline.
pub(super) async fn record(args: &RecordArgs, edges: &Edges) -> Outcome {
    let run = whole_result(&args.result)?;
    let table = price_table(&args.recommend)?;
    let analysis = analyse(&run, table.region(&run.region)?, args.recommend.strategy);
    let uri = args.baseline.uri(edges.in_actions());
    let mut recorded = false;
    let store = uri.open(&edges.access(&args.baseline))?;
    let update = store.update(|file| {
        recorded = append(file.history_mut(&run.name), &run, &analysis);
    });
    update.await?;
    if !recorded {
        return Err(Error::NothingMeasured {
            path: args.result.clone(),
        });
    }
    edges.print(&format!(
        "recorded {} in {uri}",
        crate::text::one_line(&run.name)
    ));
    Ok(0)
}

/// Writes comment and page of a saved result again.
pub(super) async fn report(args: &ReportArgs, edges: &Edges) -> Outcome {
    let run = RunResult::read(&args.result)?;
    let table = price_table(&args.recommend)?;
    let conclusion = Conclusion {
        run: &run,
        prices: table.region(&run.region)?,
        strategy: args.recommend.strategy,
        expected_rate: args.recommend.expected_rate,
        limits: Limits::default(),
        policy: Policy::default(),
        is_gate: false,
        baseline: None,
        result_file: &args.result,
        output_dir: &args.output.output_dir,
        needs_files: true,
        publishing: &Publishing::without_comment(edges),
    };
    conclude(&conclusion, None, edges).await?;
    Ok(0)
}
