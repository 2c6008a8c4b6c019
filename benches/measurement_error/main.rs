//! How far reported latencies are from what the server took, by the simulator's own clock.
//!
//! `cargo bench --bench measurement_error` prints the error of sagegate beside its targets, and
//! that of a bare socket, of a plain loop around the SDK and of boto3, at 1, 8 and 32 clients with
//! bodies of 1 KB and 1 MB; it exits with 1 when a target is missed. `-- --calls N` changes the
//! calls of each figure, `-- --write` writes the table into `docs/performance.md`.
//!
//! The server's clock runs from the moment it has the headers of a request until it hands over the
//! answer, so the remainder is the client's own work and the loopback network.

#![expect(
    clippy::print_stdout,
    clippy::cast_precision_loss,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a program that prints a table and stops when something is odd"
)]

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

use crate::clients::{Client, Work};
use crate::pairing::{Errors, errors};
use crate::served::invocations;
use crate::server::Simulator;
use crate::shared::{Machine, mark, publish, wanted};
use crate::venv::Venv;

const BODIES: [(&str, usize); 2] = [("1 KB", 1024), ("1 MB", 1024 * 1024)];
const CLIENTS: [u32; 3] = [1, 8, 32];
/// Enough for five calls beyond the 99th percentile.
const DEFAULT_CALLS: u32 = 500;
/// Enough that the first call of each client, which all send at once, is not the 99th percentile.
const CALLS_PER_CLIENT: u32 = 320;

/// Largest median error, milliseconds.
const P50: f64 = 0.3;
/// Largest 99th percentile of the error, milliseconds.
const P99: f64 = 1.5;

fn main() -> ExitCode {
    let machine = Machine::look();
    let calls = wanted("--calls").unwrap_or(DEFAULT_CALLS);
    assert!(
        calls >= 100,
        "--calls must be 100 or more, for a 99th percentile"
    );
    let venv = Venv::create();
    let mut table = String::from(
        "| body | clients | sagegate p50 | p99 | targets | | bare socket p50 | p99 | SDK loop p50 | p99 | boto3 p50 | p99 |\n\
         | :-- | --: | --: | --: | :-- | :-- | --: | --: | --: | --: | --: | --: |\n",
    );
    let mut missed = 0;
    for (body, bytes) in BODIES {
        for clients in CLIENTS {
            let work = Work {
                clients,
                calls: calls.max(CALLS_PER_CLIENT * clients),
                bytes,
            };
            let all = Client::ALL.map(|client| measure(client, &work, &venv));
            let [ours, bare, sdk, boto3] = all;
            let met = ours.p50 <= P50 && ours.p99 <= P99;
            missed += usize::from(!met);
            let row = format!(
                "| {body} | {clients} | {ours} | <= {P50}, <= {P99} | {} | {bare} | {sdk} | {boto3} |",
                mark(met)
            );
            eprintln_row(&row);
            writeln!(table, "{row}").unwrap();
        }
    }
    let text = format!(
        "Reported latency minus what the server took, in milliseconds; {calls} calls each, or \
         {CALLS_PER_CLIENT} per client; the model takes about 100 ms.\n\n{table}\n{}",
        machine.describe()
    );
    publish("measurement_error", &text);
    println!("\n{missed} targets missed");
    ExitCode::from(u8::from(missed > 0))
}

/// Progress: the bench takes some minutes.
#[expect(clippy::print_stderr, reason = "progress")]
fn eprintln_row(row: &str) {
    eprintln!("{row}");
}

/// A fresh simulator for each figure: its log then holds one client's calls.
fn measure(client: Client, work: &Work, venv: &Venv) -> Errors {
    let simulator = Simulator::start("measurement_error/profile.toml");
    let measured = client.measure(&simulator, work, venv);
    let count = measured.calls.len();
    assert!(
        count >= work.calls as usize,
        "{client:?} measured {count} calls, not {}",
        work.calls
    );
    errors(&measured, &invocations(&simulator))
}
