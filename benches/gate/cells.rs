//! What the gate and its rivals say about many pull requests.

use std::ops::AddAssign;

use sagegate::analysis::{Analysis, DatedPrices, PriceTable, Strategy, analyse};
use sagegate::gate::{Entry, History, Judgement, Limits, Metric, Status, Verdict, judge};
use sagegate::result::RunResult;

use crate::rivals::{Rivals, judge_by_rivals};
use crate::simulate::{Model, at, random, run, slower};

/// Runs of the baseline.
pub(crate) const RUNS: [usize; 5] = [1, 2, 3, 5, 10];
/// Runs of the baseline when power is measured.
const POWER_RUNS: usize = 5;
const MOST_RUNS: u32 = 10;

/// How many pull requests of a cell ended how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Cell {
    pub(crate) all: u64,
    pub(crate) failed: u64,
    pub(crate) inconclusive: u64,
    /// Failures by metric: latency, cost, and each over all sizes.
    pub(crate) by: [u64; 4],
    /// p99 alone decided nothing.
    pub(crate) p99_undecided: u64,
    /// The recommended memory moved.
    pub(crate) moved: u64,
    pub(crate) rivals: Rivals,
}

impl AddAssign for Cell {
    fn add_assign(&mut self, other: Self) {
        self.all += other.all;
        self.failed += other.failed;
        self.inconclusive += other.inconclusive;
        for (by, other) in self.by.iter_mut().zip(other.by) {
            *by += other;
        }
        self.p99_undecided += other.p99_undecided;
        self.moved += other.moved;
        self.rivals += other.rivals;
    }
}

/// A/A cells by runs of the baseline, and cells of slower models by shift.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cells {
    pub(crate) identical: Vec<Cell>,
    pub(crate) slower: Vec<Cell>,
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
        self
    }
}

/// A run with its numbers.
struct Measured {
    run: RunResult,
    analysis: Analysis,
}

/// Judges one pull request per seed: the same model against baselines of several lengths, and slower ones against
/// five runs. The baselines of one pull request share their runs, and so do the shifts: each cell counts independent
/// pull requests, but the cells of a row are not independent of each other.
pub(crate) fn pull_requests(seeds: impl Iterator<Item = u64>, drift: f64, shifts: &[f64]) -> Cells {
    let table = PriceTable::bundled().unwrap();
    let prices = table.region("us-east-1").unwrap();
    let mut cells = Cells {
        identical: vec![Cell::default(); RUNS.len()],
        slower: vec![Cell::default(); shifts.len()],
    };
    for seed in seeds {
        let mut random = random(seed);
        let model = Model::new(&mut random);
        let mut measure = |day| measured(run(&model, drift, day, &mut random), prices);
        let main: Vec<Measured> = (0..MOST_RUNS).map(&mut measure).collect();
        let change = measure(MOST_RUNS);
        for (cell, runs) in cells.identical.iter_mut().zip(RUNS) {
            *cell += judged(&main[main.len() - runs..], &change);
        }
        for (cell, shift) in cells.slower.iter_mut().zip(shifts) {
            let change = measured(slower(&change.run, *shift), prices);
            *cell += judged(&main[main.len() - POWER_RUNS..], &change);
        }
    }
    cells
}

fn measured(run: RunResult, prices: &DatedPrices) -> Measured {
    let analysis = analyse(&run, prices, Strategy::Balanced);
    Measured { run, analysis }
}

/// Records the runs of main as `sagegate run --mode record` does, then judges the change.
fn judged(main: &[Measured], change: &Measured) -> Cell {
    let mut history = History::default();
    for it in main {
        let judgement = judgement(it, Some(&history));
        let recommended = judgement.recommended.unwrap();
        let entry = Entry::new(&it.run, &it.analysis, recommended);
        history.append(entry, judgement.starts_epoch());
    }
    let held = history.newest().unwrap().recommended_memory_mb;
    let judgement = judgement(change, Some(&history));
    let last = main.last().unwrap();
    let status = |wanted: fn(&Metric) -> bool| {
        let mut metrics = judgement.metrics.iter();
        metrics.find(|it| wanted(&it.metric)).map(|it| it.status)
    };
    let p99 = status(|metric| matches!(metric, Metric::Latency(_)));
    Cell {
        all: 1,
        failed: u64::from(judgement.verdict == Verdict::Fail),
        inconclusive: u64::from(judgement.verdict == Verdict::Inconclusive),
        by: failures(&judgement),
        p99_undecided: u64::from(matches!(p99, Some(Status::Undecided(_)))),
        moved: u64::from(judgement.recommended != Some(held)),
        rivals: judge_by_rivals(
            (&last.run, &last.analysis),
            (&change.run, &change.analysis),
            held,
        ),
    }
}

fn failures(judgement: &Judgement) -> [u64; 4] {
    let mut by = [0; 4];
    for it in judgement
        .all_metrics()
        .filter(|it| it.status == Status::Fail)
    {
        let place = match it.metric {
            Metric::RecommendedMemory => continue,
            Metric::Latency(_) => 0,
            Metric::CostPerMillion => 1,
            Metric::LatencyAllSizes(_) => 2,
            Metric::CostAllSizes => 3,
        };
        by[place] = 1;
    }
    by
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
