//! `compare`, `record` and `report`: the lower half alone, on a saved result, without AWS.

use super::Outcome;
use super::conclude::{Conclusion, conclude, tell};
use super::edges::{Edges, now};
use super::measure::price_table;
use super::publish::Publishing;
use crate::analysis::analyse;
use crate::config::{CompareArgs, RecordArgs, ReportArgs};
use crate::error::Error;
use crate::gate::{Entry, Limits, Policy, judge};
use crate::result::RunResult;

/// Compares a saved result with a baseline.
pub(super) async fn compare(args: &CompareArgs, edges: &Edges) -> Outcome {
    let run = RunResult::read(&args.result)?;
    let table = price_table(&args.recommend)?;
    let uri = args.baseline.uri(edges.in_actions());
    let store = uri.open(&edges.github(&args.baseline))?;
    let baseline = store.load().await?;
    let conclusion = Conclusion {
        run: &run,
        prices: table.region(&run.region)?,
        strategy: args.recommend.strategy,
        expected_rate: args.recommend.expected_rate,
        limits: args.gate.limits(),
        policy: args.gate.policy(),
        is_gate: true,
        baseline: Some(&uri),
        result_file: &args.result,
        output_dir: &args.output.output_dir,
        publishing: &Publishing::without_comment(edges),
    };
    let judged = conclude(&conclusion, baseline.as_ref(), edges).await?;
    Ok(tell(&conclusion, &judged, edges).await)
}

/// Adds a saved result to a baseline.
pub(super) async fn record(args: &RecordArgs, edges: &Edges) -> Outcome {
    let run = RunResult::read(&args.result)?;
    if run.is_stopped_early() {
        return Err(Error::StoppedEarly {
            path: args.result.clone(),
        });
    }
    let table = price_table(&args.recommend)?;
    let analysis = analyse(&run, table.region(&run.region)?, args.recommend.strategy);
    let uri = args.baseline.uri(edges.in_actions());
    let mut recorded = false;
    let store = uri.open(&edges.github(&args.baseline))?;
    let update = store.update(|file| {
        let history = file.history_mut(&run.name);
        let judgement = judge(&run, &analysis, Some(history), &Limits::default(), now());
        if let Some(recommended) = judgement.recommended {
            history.append(
                Entry::new(&run, &analysis, recommended),
                judgement.starts_epoch(),
            );
            recorded = true;
        }
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
        publishing: &Publishing::without_comment(edges),
    };
    conclude(&conclusion, None, edges).await?;
    Ok(0)
}
