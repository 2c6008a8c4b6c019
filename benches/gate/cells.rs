//! Verdicts of the gate and its rivals on many pull requests.

use std::ops::AddAssign;

use sagegate::analysis::{Analysis, Strategy, analyse};
use sagegate::gate::{
    Entry, Gated, History, Judgement, Limits, Metric, MetricJudgement, Status, Tail, Verdict,
    judge, sizes_to_confirm,
};
use sagegate::prices::{DatedPrices, PriceTable};
use sagegate::result::{Confirmation, RunResult};
use sagegate::units::MemoryMb;

use crate::early::{Early, stop_early};
use crate::rivals::{Rivals, judge_by_rivals};
use crate::simulate::{Drift, Model, at, random, run, slower, slower_tail};

/// Runs of the baseline.
pub(crate) const RUNS: [usize; 5] = [1, 2, 3, 5, 10];
/// Runs of the baseline when power is measured.
const POWER_RUNS: usize = 5;
const MOST_RUNS: u32 = 10;

/// How many pull requests of a cell ended how.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Cell {
    pub(crate) all: u64,
    pub(crate) failed: u64,
    pub(crate) inconclusive: u64,
    pub(crate) by: Failures,
    /// The tail at the baseline's size decided nothing.
    pub(crate) tail_undecided: u64,
    /// The slowest 5 % stood in for p99 at the baseline's size.
    pub(crate) stood_in: u64,
    /// The recommended memory moved.
    pub(crate) moved: u64,
    pub(crate) rivals: Rivals,
    /// With `--fail-fast`.
    pub(crate) early: Early,
    /// Measured a second time, as latency or cost alone was beyond its limit.
    pub(crate) twice: u64,
    /// Failed with the second measurement, where there was one.
    pub(crate) confirmed: u64,
}

impl AddAssign for Cell {
    fn add_assign(&mut self, other: Self) {
        self.all += other.all;
        self.failed += other.failed;
        self.inconclusive += other.inconclusive;
        self.by += other.by;
        self.tail_undecided += other.tail_undecided;
        self.stood_in += other.stood_in;
        self.moved += other.moved;
        self.rivals += other.rivals;
        self.early += other.early;
        self.twice += other.twice;
        self.confirmed += other.confirmed;
    }
}

/// Failures by metric.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Failures {
    pub(crate) memory: u64,
    pub(crate) latency: u64,
    pub(crate) cost: u64,
    pub(crate) latency_all_sizes: u64,
    pub(crate) cost_all_sizes: u64,
}

impl Failures {
    pub(crate) fn of(judgement: &Judgement) -> Self {
        let fails = |it: &MetricJudgement| u64::from(it.fails());
        let Gated {
            memory,
            latency,
            cost,
        } = judgement.metrics.map(|it| fails(&it));
        let overall = &judgement.overall;
        Self {
            memory,
            latency,
            cost,
            latency_all_sizes: overall.latency.as_ref().map_or(0, fails),
            cost_all_sizes: overall.cost.as_ref().map_or(0, fails),
        }
    }
}

impl AddAssign for Failures {
    fn add_assign(&mut self, other: Self) {
        self.memory += other.memory;
        self.latency += other.latency;
        self.cost += other.cost;
        self.latency_all_sizes += other.latency_all_sizes;
        self.cost_all_sizes += other.cost_all_sizes;
    }
}

/// A/A cells by runs of the baseline, cells of slower models by shift, and cells of models with a
/// slower tail.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cells {
    pub(crate) identical: Vec<Cell>,
    pub(crate) slower: Vec<Cell>,
    pub(crate) slower_tail: Vec<Cell>,
}

impl Cells {
    pub(crate) fn merged(mut self, other: Self) -> Self {
        let add = |into: &mut Vec<Cell>, from: Vec<Cell>| {
            into.resize(into.len().max(from.len()), Cell::default());
            for (into, from) in into.iter_mut().zip(from) {
                *into += from;
            }
        };
        add(&mut self.identical, other.identical);
        add(&mut self.slower, other.slower);
        add(&mut self.slower_tail, other.slower_tail);
        self
    }
}

/// A run with its numbers.
struct Measured {
    run: RunResult,
    analysis: Analysis,
}

/// Judges one pull request per seed: the same model against baselines of several lengths, and
/// slower ones against five runs. The baselines of one pull request share their runs, and so do the
/// shifts: each cell counts independent pull requests, but the cells of a row are not independent
/// of each other.
pub(crate) fn pull_requests(
    seeds: impl Iterator<Item = u64>,
    drift: Drift,
    shifts: &[f64],
    tail_factors: &[f64],
) -> Cells {
    let table = PriceTable::bundled().unwrap();
    let prices = table.region("us-east-1").unwrap();
    let mut cells = Cells {
        identical: vec![Cell::default(); RUNS.len()],
        slower: vec![Cell::default(); shifts.len()],
        slower_tail: vec![Cell::default(); tail_factors.len()],
    };
    for seed in seeds {
        let mut random = random(seed);
        let model = Model::new(&mut random);
        let mut measure = |day| measured(run(&model, drift, day, &mut random), prices);
        let main: Vec<Measured> = (0..MOST_RUNS).map(&mut measure).collect();
        let change = measure(MOST_RUNS);
        let again = measure(MOST_RUNS).run;
        let five = &main[main.len() - POWER_RUNS..];
        for (cell, runs) in cells.identical.iter_mut().zip(RUNS) {
            *cell += judged(&main[main.len() - runs..], &change, &again, prices);
        }
        for (cell, shift) in cells.slower.iter_mut().zip(shifts) {
            let change = measured(slower(&change.run, *shift), prices);
            *cell += judged(five, &change, &slower(&again, *shift), prices);
        }
        for (cell, factor) in cells.slower_tail.iter_mut().zip(tail_factors) {
            let change = measured(slower_tail(&change.run, *factor), prices);
            *cell += judged(five, &change, &slower_tail(&again, *factor), prices);
        }
    }
    cells
}

/// The run with a second measurement of these sizes.
fn measured_again(run: &RunResult, again: &RunResult, sizes: &[MemoryMb]) -> RunResult {
    let endpoints = again.stability.iter();
    let endpoints = endpoints.filter(|it| sizes.contains(&it.memory_mb));
    RunResult {
        confirmation: Some(Confirmation {
            started_at: again.started_at,
            finished_at: again.finished_at,
            stability: endpoints.cloned().collect(),
            reference: Vec::new(),
        }),
        ..run.clone()
    }
}

fn measured(run: RunResult, prices: &DatedPrices) -> Measured {
    let analysis = analyse(&run, prices, Strategy::Balanced);
    Measured { run, analysis }
}

/// Records the runs of main as `sagegate run --mode record` does, then judges the change; `again`
/// is what a second measurement of it would find.
fn judged(main: &[Measured], change: &Measured, again: &RunResult, prices: &DatedPrices) -> Cell {
    let mut history = History::default();
    for it in main {
        let judgement = judgement(it, Some(&history));
        let recommended = judgement.recommended.unwrap();
        let entry = Entry::new(&it.run, &it.analysis, recommended);
        history.append(entry, judgement.epoch());
    }
    let baseline_size = history.newest().unwrap().recommended_memory_mb;
    let judgement = judgement(change, Some(&history));
    let sizes = sizes_to_confirm(&judgement, &change.run);
    let twice = (!sizes.is_empty()).then(|| {
        let it = measured(measured_again(&change.run, again, &sizes), prices);
        self::judgement(&it, Some(&history)).verdict
    });
    let confirmed = twice.unwrap_or(judgement.verdict) == Verdict::Fail;
    let last = main.last().unwrap();
    let tail = judgement.metrics.latency;
    let fails = judgement.verdict == Verdict::Fail;
    Cell {
        all: 1,
        twice: u64::from(twice.is_some()),
        confirmed: u64::from(confirmed),
        early: stop_early(&change.run, baseline_size, fails, &history, prices),
        failed: u64::from(fails),
        inconclusive: u64::from(judgement.verdict == Verdict::Inconclusive),
        by: Failures::of(&judgement),
        tail_undecided: u64::from(matches!(tail.status, Status::Undecided(_))),
        stood_in: u64::from(tail.metric != Metric::Latency(Tail::P99)),
        moved: u64::from(judgement.recommended != Some(baseline_size)),
        rivals: judge_by_rivals(
            (&last.run, &last.analysis),
            (&change.run, &change.analysis),
            baseline_size,
        ),
    }
}

fn judgement(it: &Measured, history: Option<&History>) -> Judgement {
    let history = history.filter(|history| history.newest().is_some());
    judge(
        &it.run,
        &it.analysis,
        history,
        &Limits::default(),
        at(MOST_RUNS),
    )
}
