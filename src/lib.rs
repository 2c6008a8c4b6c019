//! Stops slow or costly `SageMaker` Serverless models at the pull request.
//!
//! Data flows one way, through one waist: [`result::RunResult`], the file `result.json`.
//!
//! ```text
//! arguments ──► Config ──► Plan ──► ledger ──► deploy ──► load + CloudWatch ──► RunResult ═══ result.json
//!             (config)             (benchmark, aws)                                ║
//!            ┌─────────────────────────────────────────────────────────────────────╝
//!            ▼ everything below is a pure function of its arguments
//! analysis::analyse   measurements → numbers      summarise → price → recommend
//! gate::judge         numbers + history → verdict
//! report::compose     verdict + numbers → one document, rendered as markdown, HTML and terminal text
//!            ▼
//! files → exit code                               (commands)
//! ```
//!
//! Modules are listed in import order: each one may use only those above it
//! (`tests/integration/layering.rs` checks that).

pub mod units;

pub mod text;

pub mod files;

pub mod sync;

pub mod prices;

pub mod result;

pub mod samples;

pub mod analysis;

pub mod gate;

pub mod marker;

pub mod report;

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
