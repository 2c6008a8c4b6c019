//! Flags of the commands that measure: run, benchmark, calibrate.

use clap::{ArgAction, Args};

use super::groups::{BaselineArgs, CommentArgs, GateArgs, Mode, PullRequestArgs};
use super::measure::MeasurementArgs;
use crate::gate::{Escalation, Policy};

/// What a measuring command cannot do without.
fn usage(command: &str) -> String {
    format!(
        "sagegate {command} [OPTIONS] --samples <FILE|DIR> <--model-name <NAME>|--image-uri <URI>|--model-package-arn <ARN>>
       sagegate {command} [OPTIONS] --samples <FILE|DIR> --local --image-uri <IMAGE>
       sagegate {command} [OPTIONS] --simulate <PROFILE>"
    )
}

/// Arguments of `run`.
#[derive(Debug, Args)]
#[command(override_usage = usage("run"))]
pub struct RunArgs {
    /// What is measured, and how.
    #[command(flatten)]
    pub measurement: MeasurementArgs,
    /// Where the baseline is, and what is done with it.
    #[command(flatten)]
    pub baseline: BaselineArgs,
    /// What is done with the baseline [default: auto in GitHub Actions, gate elsewhere]
    #[arg(long, value_enum, help_heading = "Gate")]
    pub mode: Option<Mode>,
    /// What is allowed.
    #[command(flatten)]
    pub gate: GateArgs,
    /// Exit code when a pull request of a fork or of Dependabot gets no AWS credentials: warn is 0,
    /// fail is 1 [default: warn]
    #[arg(long, value_name = "warn|fail", help_heading = "Gate")]
    pub on_no_credentials: Option<Escalation>,
    /// Stop as soon as p99 is certain to fail, however fast the remaining calls are: the rest is
    /// not measured. Has no effect where the run is recorded or the label sagegate:accept is on the
    /// pull request
    #[arg(long, help_heading = "Gate")]
    pub fail_fast: bool,
    /// Measure a failure of latency or cost alone a second time, on fresh endpoints, before the run
    /// fails: it fails if both measurements together do. A run that --fail-fast has stopped is not
    /// measured again
    #[arg(
        long,
        value_name = "true|false",
        num_args = 0..=1,
        default_value = "true",
        default_missing_value = "true",
        action = ArgAction::Set,
        help_heading = "Gate"
    )]
    pub confirm: bool,
    /// Check model, samples, prices, credentials and baseline, say what the run would do, how long
    /// it would take and what it would cost, and create nothing
    #[arg(long, conflicts_with = "resume", help_heading = "Output")]
    pub dry_run: bool,
    /// Options of the pull-request comment.
    #[command(flatten)]
    pub comment: CommentArgs,
    /// Which pull request it is about.
    #[command(flatten)]
    pub pull_request: PullRequestArgs,
}

impl RunArgs {
    /// The exit codes.
    pub fn policy(&self) -> Policy {
        Policy {
            on_no_credentials: self.gate.escalation(self.on_no_credentials),
            ..self.gate.policy()
        }
    }

    /// The first choice that `--strict` contradicts.
    pub fn against_strict(&self) -> Option<&'static str> {
        let credentials = self.gate.contradicts_strict(self.on_no_credentials);
        let credentials = credentials.then_some("--on-no-credentials");
        self.gate.against_strict().or(credentials)
    }
}

/// Arguments of `benchmark`.
#[derive(Debug, Args)]
#[command(override_usage = usage("benchmark"))]
pub struct BenchmarkArgs {
    /// What is measured, and how.
    #[command(flatten)]
    pub measurement: MeasurementArgs,
}

/// Arguments of `calibrate`.
#[derive(Debug, Args)]
#[command(
    override_usage = usage("calibrate"),
    // What `run` takes and a calibration refuses.
    mut_arg("against_model_name", |it| it.hide(true)),
    mut_arg("against_image_uri", |it| it.hide(true)),
    mut_arg("against_model_data_url", |it| it.hide(true)),
    mut_arg("against_model_package_arn", |it| it.hide(true)),
    mut_arg("against_load", |it| it.hide(true))
)]
pub struct CalibrateArgs {
    /// What is measured, and how; each run has its own folder below --output-dir.
    #[command(flatten)]
    pub measurement: MeasurementArgs,
    /// How often to measure
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(2..=30))]
    pub runs: u32,
    /// Measure the model in turn with itself, --rounds times in each run, and show what a run
    /// beside a reference would catch
    #[arg(long, help_heading = "Side by side", conflicts_with = "seed_baseline")]
    pub against_self: bool,
    /// Where the baseline is.
    #[command(flatten)]
    pub baseline: BaselineArgs,
    /// Add the runs to the baseline
    #[arg(long, help_heading = "Gate")]
    pub seed_baseline: bool,
}
