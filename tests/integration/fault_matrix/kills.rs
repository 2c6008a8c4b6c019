//! `kill -9` at a hundred moments of a run, then `cleanup --run` and `cleanup
//! --ledger`. `SAGEGATE_KILLS` (optional) asks for fewer.

use std::time::{Duration, Instant};

use sagegate::result::RunResult;
use serde_json::Value;

use super::side_by_side;
use crate::support::{Simulator, Workspace, run_args};

const KILLS: usize = 100;
/// Runs at a time; they share the machine, so that the moments are spread.
const SIDE_BY_SIDE: usize = 4;
const SEED: u64 = 20_261_123;
/// One of this many killed runs is resumed.
const RESUMED: usize = 5;

/// What was found after one kill.
#[derive(Clone, Copy)]
struct Killed {
    /// Endpoints and endpoint configs that the kill has left.
    left: usize,
    cleaned: bool,
    /// Whether no log group is left; those of endpoints that are gone are named by the ledger
    /// alone.
    without_logs: bool,
    readable: bool,
    resumed: Option<bool>,
}

/// How long a run takes here that is not killed.
fn whole() -> Duration {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator);
    let began = Instant::now();
    workspace.run(&["--invocations", "60"]).expect(0);
    began.elapsed()
}

fn kill_at(number: usize, moment: Duration) -> Killed {
    let simulator = Simulator::quick();
    let workspace = Workspace::new(&simulator);
    let arguments = run_args("m", &["--invocations", "60"]);
    let mut child = workspace.spawn(&arguments);
    std::thread::sleep(moment);
    child.kill().unwrap();
    child.wait().unwrap();
    let left = simulator.resources().len();
    let readable = is_readable(&workspace);
    // Before the ledger is written nothing is created.
    let ledger = workspace.exists("sagegate-results/ledger.json");
    let ledger = ledger.then(|| workspace.read("sagegate-results/ledger.json"));
    let ledger: Option<Value> = ledger.map(|text| serde_json::from_str(&text).unwrap());
    let wants_to_go_on = number.is_multiple_of(RESUMED)
        && workspace.exists("sagegate-results/measurements.jsonl")
        && !workspace
            .read("sagegate-results/measurements.jsonl")
            .is_empty();
    let resumed = wants_to_go_on.then(|| {
        let resume = [&arguments[..], &["--resume", "sagegate-results"]].concat();
        let outcome = workspace.sagegate(&resume);
        outcome.code == Some(0) && workspace.result().measured().count() == 2
    });
    if let Some(ledger) = &ledger {
        let run = ledger["run_id"].as_str().unwrap();
        workspace.sagegate(&["cleanup", "--run", run]).expect(0);
    }
    let cleaned = simulator.resources().is_empty() && simulator.models().len() == 3;
    if ledger.is_some() {
        let ledger = ["cleanup", "--ledger", "sagegate-results/ledger.json"];
        workspace.sagegate(&ledger).expect(0);
    }
    Killed {
        left,
        cleaned,
        without_logs: simulator.log_groups().is_empty(),
        readable,
        resumed,
    }
}

/// Every file in the folder can be read, and none is half-written.
fn is_readable(workspace: &Workspace) -> bool {
    let result = workspace.path("sagegate-results/result.json");
    let is_result = !result.exists() || RunResult::read(&result).is_ok();
    let ledger = workspace.exists("sagegate-results/ledger.json");
    let is_ledger = !ledger
        || serde_json::from_str::<Value>(&workspace.read("sagegate-results/ledger.json")).is_ok();
    is_result && is_ledger
}

pub(super) fn table() -> Vec<Result<String, String>> {
    // Four at a time take longer than one alone.
    let whole = whole().mul_f64(1.5);
    let mut random = fastrand::Rng::with_seed(SEED);
    let kills = std::env::var("SAGEGATE_KILLS").map_or(KILLS, |it| it.parse().unwrap());
    let moments: Vec<Duration> = (0..kills).map(|_| whole.mul_f64(random.f64())).collect();
    let killed = side_by_side(kills, SIDE_BY_SIDE, |number| {
        kill_at(number, moments[number])
    });
    let count = |of: fn(&Killed) -> bool| killed.iter().filter(|it| of(it)).count();
    assert!(
        count(|it| it.left > 0) > kills / 4,
        "most kills come too early or too late to mean anything"
    );
    let all = |words: &str, good: usize, of: usize| {
        let row = format!(
            "| {words} | {} |",
            if good == of {
                "all".to_owned()
            } else {
                good.to_string()
            }
        );
        if good == of { Ok(row) } else { Err(row) }
    };
    let resumed = count(|it| it.resumed.is_some());
    vec![
        all(
            "nothing is left after `cleanup --run`",
            count(|it| it.cleaned),
            kills,
        ),
        all(
            "no log group is left after `cleanup --ledger`",
            count(|it| it.without_logs),
            kills,
        ),
        all(
            "the result folder can be read",
            count(|it| it.readable),
            kills,
        ),
        all(
            "every fifth: `--resume` completes it",
            count(|it| it.resumed == Some(true)),
            resumed,
        ),
    ]
}
