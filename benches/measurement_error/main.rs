//! How far reported latencies are from what the server took, by the simulator's own clock.
//!
//! `cargo bench --bench measurement_error` prints the error of sagegate beside its targets, and
//! that of a bare socket, of a plain loop around the SDK and of boto3, at 1, 8 and 32 clients with
//! bodies of 1 KB and 1 MB, and on a core that four busy loops want too; it exits with 1 when a
//! target is missed. `-- --calls N` changes the calls of each figure, `-- --alone` leaves out what
//! stands beside it, `-- --write` writes the table into `docs/performance.md`.
//!
//! The server's clock is at its socket: from the kernel's stamp of a request's first bytes until
//! the answer's first bytes are written. The remainder is the client's own error and the loopback
//! network.

#![expect(
    clippy::print_stdout,
    clippy::cast_precision_loss,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a program that prints a table and stops when something is odd"
)]

mod busy;
mod clients;
mod pairing;
mod served;
#[path = "../common/server.rs"]
mod server;
#[path = "../common/mod.rs"]
mod shared;
#[path = "../common/venv.rs"]
mod venv;

use std::fmt::Write as _;
use std::process::ExitCode;

use crate::busy::Busy;
use crate::clients::{Client, Work};
use crate::pairing::{Errors, errors};
use crate::served::invocations;
use crate::server::Simulator;
use crate::shared::{Machine, mark, publish, wanted};
use crate::venv::Venv;

const PROFILE: &str = "measurement_error/profile.toml";
/// Enough for five calls beyond the 99th percentile.
const DEFAULT_CALLS: u32 = 500;
/// Enough that the first call of each client, which all send at once, is not the 99th percentile.
const CALLS_PER_CLIENT: u32 = 320;

/// What is sent, and the largest errors, in milliseconds.
struct Row {
    name: &'static str,
    bytes: usize,
    clients: &'static [u32],
    p50: Option<f64>,
    p99: f64,
}

const IDLE: [Row; 2] = [
    Row {
        name: "1 KB",
        bytes: 1024,
        clients: &[1, 8, 32],
        p50: Some(0.08),
        p99: 0.5,
    },
    Row {
        name: "1 MB",
        bytes: 1024 * 1024,
        clients: &[1, 8, 32],
        p50: Some(0.5),
        p99: 2.0,
    },
];

const BUSY: Row = Row {
    name: "1 KB, four busy loops beside it",
    bytes: 1024,
    clients: &[1, 8],
    p50: None,
    p99: 0.5,
};

fn main() -> ExitCode {
    let machine = Machine::look();
    let calls = wanted("--calls").unwrap_or(DEFAULT_CALLS);
    assert!(
        calls >= 100,
        "--calls must be 100 or more, for a 99th percentile"
    );
    let mut bench = Bench {
        calls,
        venv: Venv::create(),
        table: String::from(
            "| body | clients | sagegate p50 | p99 | targets | | bare socket p50 | p99 | SDK loop p50 | p99 | boto3 p50 | p99 |\n\
             | :-- | --: | --: | --: | :-- | :-- | --: | --: | --: | --: | --: | --: |\n",
        ),
        missed: 0,
        is_alone: std::env::args().any(|it| it == "--alone"),
    };
    for row in &IDLE {
        bench.measure(row, Simulator::start);
    }
    match Busy::start() {
        Some(_busy) => bench.measure(&BUSY, Busy::simulator),
        None => eprintln_row("no busy loops: two cores and taskset are needed"),
    }
    let text = format!(
        "Reported latency minus what the server took, in milliseconds; {calls} calls each, or \
         {CALLS_PER_CLIENT} per client; the model takes about 100 ms.\n\n{}\n{}",
        bench.table,
        machine.describe()
    );
    publish("measurement_error", &text);
    println!("\n{} targets missed", bench.missed);
    ExitCode::from(u8::from(bench.missed > 0))
}

struct Bench {
    calls: u32,
    venv: Venv,
    table: String,
    missed: usize,
    is_alone: bool,
}

impl Bench {
    /// A fresh simulator for each figure: its log then holds one client's calls.
    fn measure(&mut self, row: &Row, simulator: fn(&str) -> Simulator) {
        for &clients in row.clients {
            let work = Work {
                clients,
                calls: self.calls.max(CALLS_PER_CLIENT * clients),
                bytes: row.bytes,
            };
            let errors = |client| errors_of(client, &work, &self.venv, &simulator(PROFILE));
            let ours = errors(Client::Sagegate);
            let others = Client::OTHERS.map(|client| {
                if self.is_alone {
                    "– | –".to_owned()
                } else {
                    errors(client).to_string()
                }
            });
            let met = row.p50.is_none_or(|p50| ours.p50 <= p50) && ours.p99 <= row.p99;
            self.missed += usize::from(!met);
            let p50 = row
                .p50
                .map_or_else(|| "–".to_owned(), |p50| format!("<= {p50}"));
            let line = format!(
                "| {} | {clients} | {ours} | {p50}, <= {} | {} | {} |",
                row.name,
                row.p99,
                mark(met),
                others.join(" | ")
            );
            eprintln_row(&line);
            writeln!(self.table, "{line}").unwrap();
        }
    }
}

/// Progress: the bench takes some minutes.
#[expect(clippy::print_stderr, reason = "progress")]
fn eprintln_row(row: &str) {
    eprintln!("{row}");
}

fn errors_of(client: Client, work: &Work, venv: &Venv, simulator: &Simulator) -> Errors {
    let measured = client.measure(simulator, work, venv);
    let count = measured.calls.len();
    assert!(
        count >= work.calls as usize,
        "{client:?} measured {count} calls, not {}",
        work.calls
    );
    errors(&measured, &invocations(simulator))
}
