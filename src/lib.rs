//! Blocks pull requests that make a `SageMaker` Serverless model slower or more expensive.
//!
//! Data flows one way, through one waist: [`result::RunResult`], the file `result.json`. Why, and
//! what else a newcomer asks, is in `docs/architecture.md`.
//!
//! ```text
//! arguments, INPUT_*                      config           what was typed, then what was checked
//!         ▼
//! samples, prices, baseline, credentials  pipeline         all is read before anything costs
//!         ▼
//! Plan ─► ledger ─► endpoints ─► calls    benchmark, aws   each call goes to the journal
//!         ▼
//! RunResult ═══ result.json               result           the waist
//!         ▼                                                below it: pure functions
//! measurements ─► numbers                 analysis         analyse: summarise, price, recommend
//! numbers + history ─► verdict            gate             judge
//! numbers + verdict ─► one document       report           compose: markdown, HTML, terminal
//!         ▼
//! files, outputs, summary, comment        pipeline         write, publish
//!         ▼
//! exit code                               commands
//! ```
//!
//! Modules are listed in import order: each one may use only those above it
//! (`tests/integration/layering` checks that).

pub mod exit;

mod hint;

pub mod units;

pub mod redact;

pub mod text;

pub mod files;

pub mod sync;

mod stamps;

pub mod prices;

pub mod result;

pub mod engine;

pub mod samples;

pub mod analysis;

pub mod gate;

pub mod marker;

pub mod report;

pub mod network;

pub mod aws;

pub mod github;

pub mod baseline;

pub mod benchmark;

pub mod progress;

pub mod simulator;

pub mod config;

pub mod error;

pub mod process;

mod pipeline;

mod job;

pub mod commands;
