//! One binary for all integration tests: the AWS SDKs are linked once.

mod bad_input;
mod cli;
mod faults;
mod gate_journey;
mod kill;
mod layering;
mod run;
mod support;
