//! The command line, parsed and checked.
//!
//! `args` is what clap parses. [`Command`] is the same with every combination checked: the only
//! form that the rest of the program sees.

mod action_inputs;
mod args;
mod as_given;
mod check;
mod command;
mod demo;
mod error;
mod gate;
mod help;
mod measurement;
mod model;
mod reference;
mod usage;
mod version;
mod words;

pub use self::action_inputs::{CommandLine, InputError, command_line};
pub use self::args::{Cli, Command as Typed, GivenToken, Mode};
pub use self::command::{
    AfterStart, Against, Benchmark, Calibrate, Cleanup, Collect, Command, Compare, Completions,
    Demo, Job, Leftovers, OfferFrom, Post, Prices, Record, Rejected, Report, Run, Samples,
    Simulate, SimulatedModels, Submit,
};
pub use self::error::ConfigError;
pub use self::gate::{Attempt, Baseline, Gate, Judging};
pub use self::help::{completion_script, parse};
pub use self::measurement::{
    ArrivalsSource, Measurement, Output, PricesFrom, Recommend, SamplesSource,
};
pub use self::model::Target;
pub use self::usage::{as_inputs, input_error, usage_error};
pub use self::version::long_version;
