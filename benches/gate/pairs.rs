//! Side by side: how often the gate is wrong where main's model is measured in turn in the same
//! job, without any stored run.

use std::ops::{AddAssign, Range};

use rand_pcg::Pcg64Mcg;
use sagegate::analysis::{Strategy, analyse};
use sagegate::gate::{Judgement, Limits, Verdict, judge, sizes_to_confirm};
use sagegate::prices::{DatedPrices, PriceTable};
use sagegate::result::{Confirmation, EndpointRun, Machine, Reference, RunResult, Service};

use crate::cells::Failures;
use crate::simulate::{Drift, Model, Tails, at, in_turn, random, run, slower};
use crate::table::is_beyond;

/// Standard deviation between the two endpoints of a pair at which power is promised.
const POWER_NOISE: f64 = 0.03;
/// Rounds at which power is promised.
const POWER_ROUNDS: u32 = 4;
const SHIFTS: [f64; 3] = [0.0, 0.10, 0.20];
/// Largest share of false alarms, where pairs differ as much as the gate was built for.
const FALSE_ALARMS: f64 = 0.01;
/// Smallest power by slowdown.
const POWER: [(f64, f64); 2] = [(0.10, 0.90), (0.20, 0.99)];

/// One round is the default on AWS, four are in containers of one machine.
const ROWS: [Row; 8] = [
    Row::of(Place::Aws, 1, 0.01),
    Row::of(Place::Aws, 1, 0.03),
    Row::of(Place::Aws, 1, 0.05),
    Row::of(Place::Aws, 4, 0.03),
    Row::of(Place::Host, 1, 0.03),
    Row::of(Place::Host, 4, 0.01),
    Row::of(Place::Host, 4, 0.03),
    Row::of(Place::Host, 4, 0.05),
];

/// A row: where, in how many rounds, and how much pairs differ.
#[derive(Clone, Copy)]
struct Row {
    place: Place,
    rounds: u32,
    noise: f64,
}

impl Row {
    const fn of(place: Place, rounds: u32, noise: f64) -> Self {
        Self {
            place,
            rounds,
            noise,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Aws,
    Host,
}

impl Place {
    fn service(self) -> Service {
        match self {
            Self::Aws => Service::Aws,
            Self::Host => Service::Local(Machine {
                cpu_model: "bench".to_owned(),
                cpus: 2,
            }),
        }
    }
}

/// How many pull requests ended how.
#[derive(Clone, Copy, Default)]
struct Cell {
    all: u64,
    failed: u64,
    confirmed: u64,
    inconclusive: u64,
    by: Failures,
}

impl AddAssign for Cell {
    fn add_assign(&mut self, other: Self) {
        self.all += other.all;
        self.failed += other.failed;
        self.confirmed += other.confirmed;
        self.inconclusive += other.inconclusive;
        self.by += other.by;
    }
}

/// Prints every cell; returns the number of targets missed.
pub(crate) fn print(seeds: &Range<u64>) -> usize {
    println!(
        "\nSide by side: against main's model, measured in turn in the same job, without stored runs"
    );
    println!(
        "{:>7} {:>6} {:>6} {:>7} | {:>8} {:>8} {:>9} {:>7} {:>33} | {:>12}",
        "pairs by",
        "place",
        "rounds",
        "slower",
        "once",
        "twice",
        "target",
        "",
        "by size, tail, $, all tail, all $",
        "inconclusive"
    );
    let mut missed = 0;
    for row in ROWS {
        let cells = in_parallel(seeds, row);
        for (cell, shift) in cells.iter().zip(SHIFTS) {
            missed += print_cell(row, cell, shift);
        }
    }
    missed
}

fn in_parallel(seeds: &Range<u64>, row: Row) -> [Cell; SHIFTS.len()] {
    let threads = std::thread::available_parallelism().map_or(1, usize::from) as u64;
    std::thread::scope(|scope| {
        let parts: Vec<_> = (0..threads)
            .map(|thread| {
                let own = seeds.clone().filter(move |seed| seed % threads == thread);
                scope.spawn(move || pull_requests(own, row))
            })
            .collect();
        let mut all = [Cell::default(); SHIFTS.len()];
        for part in parts {
            for (into, from) in all.iter_mut().zip(part.join().unwrap()) {
                *into += from;
            }
        }
        all
    })
}

fn pull_requests(seeds: impl Iterator<Item = u64>, row: Row) -> [Cell; SHIFTS.len()] {
    let table = PriceTable::bundled().unwrap();
    let prices = table.region("us-east-1").unwrap();
    let mut cells = [Cell::default(); SHIFTS.len()];
    for seed in seeds {
        let mut random = random(seed);
        let model = Model::new(&mut random);
        let first = beside(&model, row, row.rounds, &mut random);
        let again = beside(&model, row, 1, &mut random);
        for (cell, shift) in cells.iter_mut().zip(SHIFTS) {
            *cell += judged(&slower(&first, shift), &slower(&again, shift), prices);
        }
    }
    cells
}

/// A run of the model beside itself. A machine is slower at times, by 10 %, which both share.
fn beside(model: &Model, row: Row, rounds: u32, random: &mut Pcg64Mcg) -> RunResult {
    let quiet = Drift {
        deviation: 0.0,
        tails: Tails::Normal,
    };
    let mut result = run(model, quiet, 0, random);
    let pairs: Vec<(EndpointRun, EndpointRun)> = (1..=rounds)
        .flat_map(|round| in_turn(model, row.noise, round, random))
        .collect();
    let (stability, reference) = pairs.into_iter().unzip();
    result.service = row.place.service();
    result.stability = stability;
    result.reference = Some(Reference {
        model: "main".to_owned(),
        model_name: "main".to_owned(),
        rounds,
        stability: reference,
        concurrency: Vec::new(),
    });
    result
}

fn judged(change: &RunResult, again: &RunResult, prices: &DatedPrices) -> Cell {
    let once = judgement(change, prices);
    let sizes = sizes_to_confirm(&once, change);
    let twice = if sizes.is_empty() {
        once.verdict
    } else {
        let of = |runs: &[EndpointRun]| -> Vec<EndpointRun> {
            let wanted = runs.iter().filter(|it| sizes.contains(&it.memory_mb));
            wanted.cloned().collect()
        };
        let mut both = change.clone();
        both.confirmation = Some(Confirmation {
            started_at: again.started_at,
            finished_at: again.finished_at,
            stability: of(&again.stability),
            reference: of(&again.reference.as_ref().unwrap().stability),
        });
        judgement(&both, prices).verdict
    };
    Cell {
        all: 1,
        failed: u64::from(once.verdict == Verdict::Fail),
        confirmed: u64::from(twice == Verdict::Fail),
        inconclusive: u64::from(once.verdict == Verdict::Inconclusive),
        by: Failures::of(&once),
    }
}

fn judgement(run: &RunResult, prices: &DatedPrices) -> Judgement {
    let analysis = analyse(run, prices, Strategy::Balanced);
    judge(run, &analysis, None, &Limits::default(), at(1))
}

/// What a row is held to: both, measured once and with the second measurement.
enum Target {
    AtMost(f64),
    AtLeast(f64),
}

/// Power is promised for the noise and the rounds that it was asked for; false alarms also where
/// pairs differ by less. With more noise than that the figures are shown.
fn target(row: Row, shift: f64) -> Option<Target> {
    if row.noise > POWER_NOISE {
        return None;
    }
    if shift == 0.0 {
        return Some(Target::AtMost(FALSE_ALARMS));
    }
    let least = POWER.iter().find(|(at, _)| (at - shift).abs() < 1e-9);
    let is_promised = row.rounds == POWER_ROUNDS;
    least
        .filter(|_| is_promised)
        .map(|(_, least)| Target::AtLeast(*least))
}

fn print_cell(row: Row, cell: &Cell, shift: f64) -> usize {
    let share = |count: u64| count as f64 / cell.all.max(1) as f64 * 100.0;
    let percent = |count: u64| format!("{:.2} %", share(count));
    let target = target(row, shift);
    let is_missed = |failed: u64| match target {
        Some(Target::AtMost(most)) => is_beyond(failed, cell.all, most),
        Some(Target::AtLeast(least)) => is_beyond(cell.all - failed, cell.all, 1.0 - least),
        None => false,
    };
    let missed = is_missed(cell.failed) || is_missed(cell.confirmed);
    let by = [
        cell.by.memory,
        cell.by.latency,
        cell.by.cost,
        cell.by.latency_all_sizes,
        cell.by.cost_all_sizes,
    ];
    println!(
        "{:>6.0} % {:>6} {:>6} {:>7} | {:>8} {:>8} {:>9} {:>7} {:>33} | {:>12}",
        row.noise * 100.0,
        match row.place {
            Place::Aws => "AWS",
            Place::Host => "host",
        },
        row.rounds,
        if shift == 0.0 {
            String::new()
        } else {
            format!("+{:.0} %", shift * 100.0)
        },
        percent(cell.failed),
        percent(cell.confirmed),
        match target {
            Some(Target::AtMost(most)) => format!("<= {:.1} %", most * 100.0),
            Some(Target::AtLeast(least)) => format!(">= {:.1} %", least * 100.0),
            None => String::new(),
        },
        match (&target, missed) {
            (None, _) => "",
            (Some(_), false) => "ok",
            (Some(_), true) => "MISSED",
        },
        by.map(|count| format!("{:.1}", share(count))).join(" "),
        percent(cell.inconclusive),
    );
    usize::from(missed)
}
