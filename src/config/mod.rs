//! The command line: what may be typed, and what the program needs from it.

mod args;

pub use args::{
    BaselineArgs, CleanupArgs, Cli, Command, CompareArgs, DemoArgs, GateArgs, LimitArgs, MeasureArgs, Mode,
    ModelArgs, OutputArgs, PriceArgs, RecordArgs, ReportArgs, RunArgs, SimulateArgs,
};
