//! Judges a run.

use jiff::Timestamp;

use super::compare::Against;
use super::history::History;
use super::key::Key;
use super::limits::Limits;
use super::notices::{general_notices, other_branch, stale};
use super::side_by_side::{SideBySide, stored_runs};
use super::{BaselineSummary, Judgement, allow, busy, compare, confirm, early, stalls, standstill};
use crate::analysis::{Analysis, analyse};
use crate::result::RunResult;
use crate::units::MemoryMb;

/// Judges a run: by its reference where it was measured in turn with one, else by the `history`.
/// Without either, or with a history of unlike settings, only absolute ceilings are judged.
/// Where a failure was measured a second time, both measurements decide together.
pub fn judge(
    run: &RunResult,
    analysis: &Analysis,
    history: Option<&History>,
    limits: &Limits,
    now: Timestamp,
) -> Judgement {
    let judging = Judging {
        history,
        limits,
        now,
    };
    let first = judge_once(run, analysis, judging, None);
    let again = run.confirming_run();
    let of_again = again
        .as_ref()
        .map(|again| analyse(again, &analysis.prices, analysis.strategy));
    let together = match again.as_ref().zip(of_again.as_ref()) {
        Some((again, of_again)) => {
            let size = first.baseline.as_ref().map(|it| it.recommended);
            let second = judge_once(again, of_again, judging, size);
            confirm::together(first, &second, limits)
        }
        None => first,
    };
    let together = not_by_the_runner(together, (run, analysis), of_again.as_ref(), judging);
    let together = busy::undecided(together, run, analysis);
    Judgement {
        allowances: allow::allowances(&together, limits),
        ..together
    }
}

/// What a run is judged by, and when.
#[derive(Clone, Copy)]
struct Judging<'a> {
    history: Option<&'a History>,
    limits: &'a Limits,
    now: Timestamp,
}

/// A latency that fails by the doing of this machine alone decides nothing.
fn not_by_the_runner(
    judgement: Judgement,
    (run, analysis): (&RunResult, &Analysis),
    again: Option<&Analysis>,
    judging: Judging<'_>,
) -> Judgement {
    let beside = standstill::Beside::of(&judgement, (run, analysis), again, judging.history);
    let judgement = match &beside {
        Some(beside) => standstill::undecided(judgement, beside),
        None => judgement,
    };
    stalls::undecided(judgement, run, beside.as_ref(), |rest| {
        let of_rest = analyse(rest, &analysis.prices, analysis.strategy);
        judge_once(rest, &of_rest, judging, None)
    })
}

/// `size` is the one that a reference is judged at, where that is decided.
fn judge_once(
    run: &RunResult,
    analysis: &Analysis,
    judging: Judging<'_>,
    size: Option<MemoryMb>,
) -> Judgement {
    match SideBySide::of(run, analysis, judging.history, size) {
        Some(beside) => judge_beside(&beside, run, analysis, judging),
        None => judge_by_history(run, analysis, judging),
    }
}

/// The reference decides; what is stored is shown.
fn judge_beside(
    beside: &SideBySide,
    run: &RunResult,
    analysis: &Analysis,
    Judging {
        history, limits, ..
    }: Judging<'_>,
) -> Judgement {
    let mut evidence = beside.judge(run, analysis, limits);
    evidence.notices.extend(general_notices(run, analysis));
    let stored = stored_runs(run, analysis, history, limits);
    let (stored, creep) = stored.unzip();
    if let Some(baseline) = &mut evidence.baseline {
        baseline.creep = creep.flatten();
    }
    Judgement {
        stored,
        ..Judgement::new(evidence, beside.origin().clone())
    }
}

fn judge_by_history(
    run: &RunResult,
    analysis: &Analysis,
    Judging {
        history: given,
        limits,
        now,
    }: Judging<'_>,
) -> Judgement {
    let key = Key::of(run, analysis);
    let wanted = given.and_then(History::branch);
    let history = given.and_then(|history| history.deciding(&key));
    let certain = history.and_then(|history| early::judge(run, analysis, history, &key, limits));
    let against = |history| Against {
        history,
        key: &key,
        pairs: None,
    };
    let mut evidence = match history {
        _ if certain.is_some() => certain,
        _ if analysis.sizes.is_empty() => None,
        Some(history) => compare::with(analysis, against(history), limits, run.finished_at),
        None => None,
    }
    .unwrap_or_else(|| compare::without_comparison(analysis, history, &key, limits));
    let newest = evidence.baseline.as_ref().and_then(BaselineSummary::newest);
    let stale = newest.and_then(|newest| stale(newest, now));
    evidence.notices.extend(stale);
    evidence.notices.extend(general_notices(run, analysis));
    let used = history.map_or(wanted, History::branch);
    evidence.notices.extend(other_branch(wanted, used));
    let origin = history.or(given).map(History::origin);
    Judgement::new(evidence, origin.cloned().unwrap_or_default())
}
