//! Flags that are well-formed one by one and contradict each other.

use crate::hint::hinted;
use crate::result::MAX_LOADS;

hinted! {
    /// A combination of flags that means nothing.
    #[derive(Clone, PartialEq, Eq)]
    pub enum ConfigError {
        /// Flags without which there is nothing to measure.
        #[error("the following required arguments were not provided: {}", missing.join(" "))]
        #[hint("or --simulate xgboost to measure a simulated model without AWS")]
        Incomplete {
            /// The flags with the placeholders of their values.
            missing: Vec<&'static str>,
        },
        /// A variable of the container that is none. It may be a part of a secret, so it is not
        /// shown.
        #[error("--container-env: number {number} is not KEY=VALUE")]
        #[hint("a key has letters, digits and `_`; a value has one line")]
        NotAVariable {
            /// Which one, from 1.
            number: usize,
        },
        /// A tag that AWS would refuse after the start.
        #[error("--tag `{key}`: {reason}")]
        #[hint("choose another key, or leave it out")]
        Tag {
            /// Its key.
            key: String,
            /// What is wrong.
            reason: &'static str,
        },
        /// More loads than a result holds.
        #[error(
            "--max-concurrency and --client-multipliers give {loads} loads, a run has at most {MAX_LOADS}"
        )]
        #[hint("leave some of them out")]
        TooManyLoads {
            /// How many.
            loads: usize,
        },
        /// An image without the role that a model on AWS needs.
        #[error("{flag}: a model on AWS needs --execution-role-arn")]
        #[hint("or --local to measure the image on this machine, without AWS")]
        NoRole {
            /// What names it.
            flag: &'static str,
        },
        /// A flag about models that are created, where none is.
        #[error("{flag} is for a model that is created for the run, and --model-name names one that exists")]
        #[hint("leave it out, or name an image with --image-uri")]
        NothingIsCreated {
            /// The flag.
            flag: &'static str,
        },
        /// A flag about a reference, where there is none.
        #[error("{flag} is for a run beside another model, and there is none")]
        #[hint("name one with --against-model-name, --against-image-uri or --against-model-package-arn; in a calibration, --against-self")]
        NoReference {
            /// The flag.
            flag: &'static str,
        },
        /// Other data for an image that nobody names.
        #[error("--against-model-data-url: there is no image to run it in")]
        #[hint("add --against-image-uri")]
        NoImageOfReference,
        /// A reference that is no image, in containers of this machine.
        #[error("{flag}: --local measures images of this machine's Docker engine alone")]
        #[hint("name main's image with --against-image-uri")]
        NotLocal {
            /// The flag.
            flag: &'static str,
        },
        /// A calibration beside another model.
        #[error("a calibration measures one model: there is nothing to compare it with")]
        #[hint("--against-self measures it in turn with itself; `sagegate run` compares it with another")]
        OnlyItself,
        /// A second concurrency benchmark without a first.
        #[error("--against-load: there is no concurrency benchmark")]
        #[hint("add --concurrency-benchmark, or leave it out")]
        NoLoadBeside,
        /// A maximum of calls that is below the plan.
        #[error(
            "--max-invocations {most} is below --invocations {planned}: it is how far a noisy size may go on"
        )]
        FewerThanPlanned {
            /// The maximum.
            most: u32,
            /// The plan.
            planned: u32,
        },
        /// A verdict that both fails and does not.
        #[error("{flag} warn contradicts --strict, which makes it fail")]
        #[hint("leave one of the two out")]
        NotStrict {
            /// The flag.
            flag: &'static str,
        },
        /// An early stop by latencies that are known only at the end.
        #[error(
            "--fail-fast needs --latency-source client: what the server measured is known only after the last call"
        )]
        NothingIsCertain,
        /// Several runs cannot be resumed.
        #[error("--resume: a calibration is measured as a whole")]
        CalibrationIsWhole,
        /// A flag that has no meaning for a processing job.
        #[error("{flag}: a processing job cannot do that")]
        #[hint("leave it out, or use `sagegate run`")]
        NotForJobs {
            /// The flag.
            flag: &'static str,
        },
        /// Several instances without a load to share.
        #[error(
            "--instance-count: instances share the clients of loads, and there is no concurrency benchmark"
        )]
        #[hint("add --concurrency-benchmark, or leave it out")]
        NothingToShare,
    }
}
