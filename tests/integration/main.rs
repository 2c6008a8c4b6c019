//! One binary for all integration tests: the AWS SDKs are linked once.

#![expect(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "helpers of tests may fail a test"
)]

mod abandoned_job;
mod acceptance;
mod action;
mod action_yml;
mod bad_input;
mod base_branches;
mod baseline;
mod busy_machine;
mod causes;
mod cli;
mod clock;
mod concurrency;
mod confirm;
mod container_logs;
mod documentation;
mod dry_run;
mod fail_fast;
mod fault_matrix;
mod faults;
mod file_formats;
mod fuzz;
mod gate_journey;
mod github;
mod github_files;
mod github_labels;
mod guide;
mod hostile;
mod iam;
mod identity;
mod inputs;
mod instances;
mod kill;
mod layering;
mod local;
mod local_busy;
mod local_ended;
mod local_engine;
mod merge_queue;
mod not_serverless;
mod owner;
mod partial_cleanup;
mod prices;
mod prices_job;
mod processing_jobs;
mod protected_branch;
mod proxy;
mod published;
mod pull_requests;
mod resume;
mod role;
mod run;
mod samples;
mod security;
mod side_by_side;
mod side_by_side_result;
mod simulator_access;
mod strict;
mod submit;
mod submit_ended;
mod supply_chain;
mod support;
mod terminal;
mod truthful_limits;
mod young_baseline;
