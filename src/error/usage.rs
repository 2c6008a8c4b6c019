//! What the user can put right: exit code 2.

use std::path::PathBuf;

use crate::aws::{PriceListError, SessionError, Unsupported};
use crate::baseline::UnusableBaseline;
use crate::benchmark::{JournalError, LedgerError, TraceError};
use crate::config::ConfigError;
use crate::engine::EngineError;
use crate::github::IdentityTokenError;
use crate::hint::hinted;
use crate::prices::PriceError;
use crate::result::ResultFileError;
use crate::samples::SamplesError;
use crate::simulator::ScenarioError;
use crate::text::quoted;

hinted! {
    /// Bad flags, bad input, or surroundings without what a run needs.
    pub enum UsageError {
        /// Flags that contradict each other.
        #[error("{source}")]
        #[hint(source.hint())]
        Config {
            /// Which.
            #[from]
            source: ConfigError,
        },
        /// Samples.
        #[error("{source}")]
        #[hint(source.hint())]
        Samples {
            /// What is wrong.
            #[from]
            source: SamplesError,
        },
        /// Prices.
        #[error("{source}")]
        #[hint(source.hint())]
        Prices {
            /// What is wrong.
            #[from]
            source: PriceError,
        },
        /// AWS's price list.
        #[error("{source}")]
        #[hint(source.hint())]
        PriceList {
            /// What is wrong.
            #[from]
            source: PriceListError,
        },
        /// A file named by a flag that cannot be read.
        #[error("{flag}: cannot read `{path}`: {source}")]
        Unreadable {
            /// The flag.
            flag: &'static str,
            /// The file.
            path: PathBuf,
            /// The cause.
            source: std::io::Error,
        },
        /// A file named by a flag that cannot be written.
        #[error("{flag}: cannot write `{path}`: {source}")]
        Unwritable {
            /// The flag.
            flag: &'static str,
            /// The file.
            path: PathBuf,
            /// The cause.
            source: std::io::Error,
        },
        /// A file of the output folder cannot be written.
        #[error("--output-dir: cannot write `{path}`: {source}")]
        #[hint("choose a folder that can be written to")]
        Output {
            /// The file.
            path: PathBuf,
            /// The cause.
            source: std::io::Error,
        },
        /// The file to write is one of those to read.
        #[error("--out: `{path}` is one of the files to read")]
        #[hint("choose another name")]
        OutIsInput {
            /// The file.
            path: PathBuf,
        },
        /// A trace that is not valid.
        #[error("{source}")]
        Trace {
            /// What is wrong.
            #[from]
            source: TraceError,
        },
        /// A run that cannot be resumed.
        #[error("{source}")]
        #[hint(source.hint())]
        Journal {
            /// Why.
            #[from]
            source: JournalError,
        },
        /// `post` outside a `workflow_run` job.
        #[error(
            "`post` publishes what another workflow measured, and this is not a `workflow_run` job"
        )]
        #[hint("start the job with `on: workflow_run`; to gate a saved result use `compare`")]
        NotAfterAWorkflow,
        /// A result larger than any that sagegate writes.
        #[error("`{path}` has {bytes} bytes, too many for a result")]
        #[hint("pass the `result.json` that `sagegate run` wrote")]
        HugeResult {
            /// The file.
            path: PathBuf,
            /// Its size.
            bytes: u64,
        },
        /// A result of another commit than the other workflow ran for.
        #[error(
            "`{path}` is about commit {}, but the other workflow ran for {head}",
            quoted(commit.as_deref().unwrap_or("unknown"))
        )]
        #[hint(
            "download the artifact of the run that started this one, by `github.event.workflow_run.id`"
        )]
        OtherCommit {
            /// The file.
            path: PathBuf,
            /// The commit in it, untrusted.
            commit: Option<String>,
            /// The commit of the event.
            head: String,
        },
        /// A result of another model than the workflow names.
        #[error(
            "`{path}` is about model `{}`, and `--name` says `{}`",
            quoted(name),
            quoted(expected)
        )]
        #[hint("give both workflows the same `name`")]
        OtherModel {
            /// The file.
            path: PathBuf,
            /// The model in it, untrusted.
            name: String,
            /// The model that was named.
            expected: String,
        },
        /// Neither a ledger nor what a step of a workflow has saved.
        #[error("no run to clean up is given: pass --ledger, --run or --older-than")]
        #[hint(
            "--ledger takes the ledger.json of the run; in a workflow the action cleans up by itself"
        )]
        NoLedger,
        /// The ledger.
        #[error("{source}")]
        #[hint("`sagegate cleanup --run RUN-ID` finds what the run left by name and tag")]
        Ledger {
            /// What is wrong.
            #[from]
            source: LedgerError,
        },
        /// Variables of the runner for identity tokens.
        #[error("{source}")]
        #[hint(source.hint())]
        IdentityToken {
            /// What is wrong.
            #[from]
            source: IdentityTokenError,
        },
        /// Region or credentials.
        #[error("{source}")]
        #[hint(source.hint())]
        Session {
            /// What is missing.
            #[from]
            source: SessionError,
        },
        /// The model does not exist.
        #[error("--model-name: there is no SageMaker model `{name}` in {region}")]
        #[hint("check the name and --region, or create the model first")]
        UnknownModel {
            /// Its name.
            name: String,
            /// Where it was looked for.
            region: String,
        },
        /// The model has what Serverless Inference does not support.
        #[error(
            "--model-name: `{name}` has {}, which Serverless Inference does not support",
            listed(unsupported)
        )]
        #[hint("create a model without it for serverless endpoints, and pass that one")]
        UnsupportedModel {
            /// Its name.
            name: String,
            /// What it has; not empty.
            unsupported: Vec<Unsupported>,
        },
        /// A saved result.
        #[error("{source}")]
        #[hint(source.hint())]
        Result {
            /// What is wrong.
            #[from]
            source: ResultFileError,
        },
        /// A saved result without a measured size.
        #[error("`{path}` has no measured size, so it cannot be a baseline")]
        #[hint("measure the model again")]
        NothingMeasured {
            /// The file.
            path: PathBuf,
        },
        /// A saved result of a run that `--fail-fast` stopped.
        #[error(
            "`{path}` was not measured to its end, as --fail-fast stopped it: it cannot be a baseline"
        )]
        #[hint("measure the model again, without it")]
        StoppedEarly {
            /// The file.
            path: PathBuf,
        },
        /// The baseline, for another reason than its service.
        #[error("{source}")]
        #[hint(source.hint())]
        Baseline {
            /// What is wrong.
            #[from]
            source: UnusableBaseline,
        },
        /// The Docker engine of this machine, the image, or the model's data.
        #[error("{source}")]
        #[hint(source.hint())]
        Engine {
            /// What is wrong.
            source: EngineError,
        },
        /// A machine that is too small for every size.
        #[error("--memory-sizes: {reason}")]
        #[hint("add smaller sizes, or measure on a larger machine or on AWS")]
        NoSizeFits {
            /// Of the smallest.
            reason: String,
        },
        /// A profile of the simulator.
        #[error("{source}")]
        Scenario {
            /// What is wrong.
            #[from]
            source: ScenarioError,
        },
        /// Neither a built-in profile nor a readable file.
        #[error(
            "{flag}: `{name}` is neither a built-in profile ({built_in}) nor a readable file"
        )]
        UnknownProfile {
            /// The flag.
            flag: &'static str,
            /// What was given.
            name: String,
            /// Names of the built-in profiles.
            built_in: String,
        },
        /// The profile has no model of that name.
        #[error("--simulate: the profile `{profile}` has no model `{name}`")]
        #[hint(Some(other_model(name, models)))]
        NotInProfile {
            /// As it was given.
            profile: String,
            /// The model: by default it is called like the file.
            name: String,
            /// Names of the models that it has.
            models: Vec<String>,
        },
        /// The simulator cannot listen.
        #[error("cannot listen on 127.0.0.1:{port}: {source}")]
        #[hint("choose another --port, or 0 for a free one")]
        Listen {
            /// The port.
            port: u16,
            /// The cause.
            source: std::io::Error,
        },
        /// Inputs of a processing job of this name are in S3 already.
        #[error("--s3-output: `{address}` exists: a job of this name was submitted before")]
        #[hint("start the workflow again, or choose another --s3-output")]
        SubmittedBefore {
            /// The object.
            address: String,
        },
        /// No such processing job.
        #[error("--job: there is no processing job `{job}` in {region}")]
        #[hint("check the name and --region")]
        UnknownJob {
            /// Its name.
            job: String,
            /// Where it was looked for.
            region: String,
        },
        /// A processing job that sagegate did not create.
        #[error("--job: `{job}` was not submitted by sagegate")]
        #[hint("name the job that `sagegate submit` printed")]
        ForeignJob {
            /// Its name.
            job: String,
        },
        /// Inside a processing job: its input is damaged, or of another version.
        #[error("`{path}` is not the input of a sagegate job: {reason}")]
        #[hint("submit with the version of sagegate that is in the image")]
        JobInput {
            /// The file.
            path: PathBuf,
            /// What is wrong.
            reason: String,
        },
    }
}

/// How to choose a model that a profile has.
fn other_model(name: &str, models: &[String]) -> String {
    match models.split_first() {
        None => format!("add [[models]] with name = \"{name}\" to it"),
        Some((only, [])) => format!("pass --model-name {only}, the one that it has"),
        Some(_) => format!(
            "pass --model-name with one that it has: {}",
            models.join(", ")
        ),
    }
}

/// `a, b and c`.
fn listed(unsupported: &[Unsupported]) -> String {
    let names: Vec<&str> = unsupported.iter().map(|it| it.name()).collect();
    match names.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    #[test]
    fn all_that_serverless_does_not_support_is_named_at_once() {
        let line = |unsupported: &[Unsupported]| {
            let error = UsageError::UnsupportedModel {
                name: "m".to_owned(),
                unsupported: unsupported.to_vec(),
            };
            Error::from(error).one_line()
        };
        insta::assert_snapshot!(
            [
                line(&[Unsupported::Vpc]),
                line(&[
                    Unsupported::NetworkIsolation,
                    Unsupported::Pipeline,
                    Unsupported::MultiModel,
                ]),
            ]
            .join("\n"),
            @r"
        --model-name: `m` has a VPC configuration, which Serverless Inference does not support; create a model without it for serverless endpoints, and pass that one
        --model-name: `m` has network isolation, a pipeline of several containers and multi-model mode, which Serverless Inference does not support; create a model without it for serverless endpoints, and pass that one
        "
        );
    }
}
