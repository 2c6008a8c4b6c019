//! The scenario of a simulated account: latencies, durations, quotas, faults.

mod check;
mod parts;

use std::collections::BTreeMap;

use serde::Deserialize;
use thiserror::Error;

use self::check::check;
pub(super) use self::parts::{
    ContainerProfile, Faults, Jobs, LatencyProfile, LifeCycle, ModelProfile, Quotas,
};
use self::parts::{one, one_hour};
use super::clock::Clock;
use super::injected::OperationFault;
use super::prices::PriceList;
use crate::units::MemoryMb;

const BUILT_IN: [(&str, &str); 3] = [
    ("xgboost", include_str!("../profiles/xgboost.toml")),
    (
        "mobilenet-v2",
        include_str!("../profiles/mobilenet-v2.toml"),
    ),
    ("transformer", include_str!("../profiles/transformer.toml")),
];

/// Containers decide how long everything takes, and CloudWatch shows it at once.
const CONTAINERS: &str = "
[latency]
median_ms = { 1024 = 1.0, 2048 = 1.0, 3072 = 1.0, 4096 = 1.0, 5120 = 1.0, 6144 = 1.0 }
[life_cycle]
creating_seconds = 0.0
deleting_seconds = 0.0
metric_delay_seconds = 0.0
";

/// A simulated account, as read from a TOML file. Times are seconds unless the name says otherwise;
/// every probability is 0 to 1. Only `latency` is required:
///
/// ```toml
/// seed = 7                       # same seed, same latencies
/// buckets = []                   # S3 buckets that exist from the start
/// foreign_buckets = {}           # those of other accounts: { name = "111122223333" }
/// session_seconds = 3600.0       # how long the credentials of an assumed role last
/// time_scale = 1.0               # factor by which life_cycle is faster; calls are not
///
/// [[models]]                     # models that exist from the start
/// name = "churn"
///
/// [[models]]
/// name = "churn-slow"
/// latency_factor = 1.7           # of the latencies below
///
/// [latency]
/// median_ms = { 1024 = 12.0, 2048 = 8.0, 3072 = 7.0, 4096 = 7.0, 5120 = 7.0, 6144 = 7.0 }
/// variation = 0.1                # standard deviation / mean of the log-normal body
/// tail_probability = 0.003       # calls that take tail_factor times as long
/// tail_factor = 2.0
/// ms_per_kb = 0.0                # added per KB of request
/// overhead_ms = 1.0              # OverheadLatency of a warm call
/// endpoint_drift = 0.0           # standard deviation / mean between one endpoint and the next
/// first_factor = 1.0             # the first endpoint of each size is so many times slower
/// later_factor = 1.0             # each endpoint is so many times slower from some call on ...
/// later_calls = 0                # after so many calls of it
///
/// [model]
/// response_bytes = 64
/// used_memory_mb = 400           # for MemoryUtilization
/// out_of_memory_below_mb = 0     # smaller endpoints answer with an out-of-memory ModelError
/// setup_ms = 800                 # cold start: ModelSetupTime
/// idle_seconds = 300             # a worker idle for longer starts cold again
/// error_log = ["Traceback ..."]  # lines that the container writes when it fails
/// content_types = []             # any other is answered with status 415; empty: all are taken
///
/// [life_cycle]
/// creating_seconds = 2.0
/// deleting_seconds = 0.5
/// metric_delay_seconds = 2.0     # CloudWatch shows a call this much later
/// failing_memory_mb = []         # endpoints of these sizes fail to deploy ...
/// failure_reason = "The primary container did not pass the ping health check."
/// failing_times = 0              # only the first so many deployments of each size; 0: all
///
/// [quotas]
/// endpoints = 50
/// total_concurrency = 1000
/// memory_mb = 6144
/// unreadable = false             # Service Quotas denies access
///
/// [jobs]                         # processing jobs, which the simulator runs on this machine
/// program = "sagegate"           # run instead of the image: a path [default: this program]
/// stopping_seconds = 120.0       # from SIGTERM to SIGKILL
///
/// [clock]                        # the clock of AWS that signatures are checked by
/// offset_seconds = 0.0           # ahead of this machine: beyond 300 (S3: 900), refused
/// after_requests = 0             # signed ones that come before the offset
///
/// [price_list]                   # AWS's public one, for SAGEGATE_PRICE_LIST_URL
/// published = "2026-10-20T20:12:15Z"
/// serverless_usd_per_gb_second = 0.00002
/// without_serverless = ["ca-west-1"]
/// padding_mb = 0                 # blanks at the end of a region's file
/// # first_bytes = 1000           # of a region's file: the rest is not sent
///
/// [faults]                       # probabilities per invocation
/// throttle = 0.0
/// model_error = 0.0
/// not_ready = 0.0
/// dropped_connection = 0.0
/// service_error = 0.0            # answers of AWS with HTTP status 500
/// cold_time_outs = 0             # the first so many calls of each endpoint take over 60 s
///
/// [[operation_faults]]           # by operation: InvokeEndpoint, DescribeEndpoint, ...
/// operation = "DescribeEndpoint"
/// kind = "throttle"              # refused: or internal_error, access_denied, expired_token
///                                # of CreateModel, CreateEndpoint: role_refused
///                                # not done: dropped_connection
///                                # done: lost_answer, malformed_answer, empty_answer, slow_answer
///                                # of create calls: taken, somebody else was first
/// every = 3                      # the third call, the sixth, ...; or probability = 0.1;
///                                # or from = 3, the third and all later;
///                                # or until = 3, the first three
/// seconds = 1.0                  # how late a slow_answer is
/// resource = "endpoint-config/x" # only calls about a name or ARN with this in it
/// ```
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    #[serde(default)]
    pub(super) seed: u64,
    #[serde(default = "one")]
    pub(super) time_scale: f64,
    #[serde(default)]
    pub(super) buckets: Vec<String>,
    #[serde(default)]
    pub(super) foreign_buckets: BTreeMap<String, String>,
    #[serde(default = "one_hour")]
    pub(super) session_seconds: f64,
    #[serde(default)]
    pub(super) models: Vec<ModelProfile>,
    pub(super) latency: LatencyProfile,
    #[serde(default)]
    pub(super) model: ContainerProfile,
    #[serde(default)]
    pub(super) life_cycle: LifeCycle,
    #[serde(default)]
    pub(super) quotas: Quotas,
    #[serde(default)]
    pub(super) jobs: Jobs,
    #[serde(default)]
    pub(super) clock: Clock,
    #[serde(default)]
    pub(super) price_list: PriceList,
    #[serde(default)]
    pub(super) faults: Faults,
    #[serde(default)]
    pub(super) operation_faults: Vec<OperationFault>,
}

/// Why a profile cannot be used.
#[derive(Debug, Error)]
pub enum ScenarioError {
    /// Not TOML, or an unknown or missing key.
    #[error("profile `{name}`: {message}")]
    Malformed {
        /// The file.
        name: String,
        /// Position and problem, on one line.
        message: String,
    },
    /// A value out of range.
    #[error("profile `{name}`: {field} is {value}, {expected}")]
    OutOfRange {
        /// The file.
        name: String,
        /// The key.
        field: String,
        /// Its value.
        value: String,
        /// What it must be.
        expected: &'static str,
    },
}

impl Scenario {
    /// Names of the models that exist from the start.
    pub fn model_names(&self) -> impl Iterator<Item = &str> {
        self.models.iter().map(|it| it.name.as_str())
    }

    /// How long a warm call of the model takes at a size, in milliseconds; `None` for a model that
    /// does not exist from the start.
    pub fn latency_ms(&self, model: &str, memory_mb: MemoryMb) -> Option<f64> {
        let model = self.models.iter().find(|it| it.name == model)?;
        let median = self.latency.median_ms(memory_mb);
        Some(model.latency_factor * median + self.latency.overhead_ms)
    }

    /// How many times faster than on AWS endpoints come and go.
    pub const fn time_scale(&self) -> f64 {
        self.time_scale
    }

    /// Names of the built-in profiles.
    pub fn built_in_names() -> impl Iterator<Item = &'static str> {
        BUILT_IN.iter().map(|(name, _)| *name)
    }

    /// A built-in profile: `None` for another name.
    ///
    /// # Errors
    /// Never for the profiles that ship, which a test shows.
    pub fn built_in(name: &str) -> Option<Result<Self, ScenarioError>> {
        let (name, text) = BUILT_IN.iter().find(|(built_in, _)| *built_in == name)?;
        Some(Self::from_toml(text, name))
    }

    /// A scenario in which containers decide how long everything takes.
    ///
    /// # Errors
    /// Never, which a test shows.
    pub fn of_containers() -> Result<Self, ScenarioError> {
        Self::from_toml(CONTAINERS, "containers")
    }

    /// Reads a profile; `name` is for messages.
    ///
    /// # Errors
    /// [`ScenarioError`], naming the key.
    pub fn from_toml(text: &str, name: &str) -> Result<Self, ScenarioError> {
        let scenario: Self = toml::from_str(text).map_err(|error| ScenarioError::Malformed {
            name: name.to_owned(),
            message: describe(text, &error),
        })?;
        check(&scenario, name)?;
        Ok(Self {
            life_cycle: scenario.life_cycle.scaled(scenario.time_scale),
            ..scenario
        })
    }
}

/// TOML's message with its line, without the drawing around it.
fn describe(text: &str, error: &toml::de::Error) -> String {
    let line = error
        .span()
        .and_then(|span| text.get(..span.start))
        .map(|before| before.lines().count().max(1));
    match line {
        Some(line) => format!("line {line}: {}", error.message()),
        None => error.message().to_owned(),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A quick scenario whose `extra` lines come first.
    pub(crate) fn scenario(extra: &str) -> Scenario {
        let sizes = "median_ms = { 1024 = 4.0, 2048 = 2.0, 3072 = 2.0, 4096 = 2.0, 5120 = 2.0, 6144 = 2.0 }";
        let text = format!("[[models]]\nname = \"m\"\n[latency]\n{sizes}\n{extra}");
        Scenario::from_toml(&text, "test").unwrap()
    }

    impl Scenario {
        /// With sessions of assumed roles that last so many seconds.
        pub(crate) fn with_sessions_of(self, session_seconds: f64) -> Self {
            Self {
                session_seconds,
                ..self
            }
        }
    }

    #[test]
    fn every_built_in_profile_is_valid_and_has_a_regressed_twin() {
        for name in Scenario::built_in_names() {
            let scenario = Scenario::built_in(name).unwrap().unwrap();
            let models: Vec<(String, f64)> = scenario
                .models
                .iter()
                .map(|it| (it.name.clone(), it.latency_factor))
                .collect();
            assert_eq!(
                models,
                [(name.to_owned(), 1.0), (format!("{name}-regressed"), 1.7)]
            );
        }
        assert!(Scenario::built_in("none").is_none());
        assert!(Scenario::of_containers().unwrap().models.is_empty());
    }

    #[test]
    fn the_documented_example_is_valid() {
        let source = include_str!("mod.rs");
        let lines = source
            .lines()
            .skip_while(|line| !line.starts_with("/// ```toml"))
            .skip(1);
        let example: Vec<&str> = lines
            .take_while(|line| *line != "/// ```")
            .map(|line| line.strip_prefix("/// ").unwrap_or_default())
            .collect();
        let scenario = Scenario::from_toml(&example.join("\n"), "example").unwrap();
        assert_eq!(
            (
                scenario.seed,
                scenario.models.len(),
                scenario.quotas.endpoints
            ),
            (7, 2, 50)
        );
    }

    #[test]
    fn an_unknown_key_a_bad_value_and_a_missing_size_are_named() {
        let valid = BUILT_IN[0].1;
        let error = |text: &str| Scenario::from_toml(text, "p.toml").unwrap_err().to_string();
        assert!(
            error(&format!("{valid}\n[faults]\nthrotle = 1")).contains("unknown field `throtle`")
        );
        assert_eq!(
            error(&format!("{valid}\n[faults]\nthrottle = 1.5")),
            "profile `p.toml`: faults.throttle is 1.5, must be 0 to 1"
        );
        let without = valid.replace("1024 =", "1025 =");
        assert_eq!(
            error(&without),
            "profile `p.toml`: latency.median_ms.1024 is missing, must be a number of milliseconds"
        );
        assert!(error("seed = ").starts_with("profile `p.toml`: line 1"));
    }

    #[test]
    fn time_scale_speeds_up_the_life_cycle_and_not_the_calls() {
        let text = format!(
            "time_scale = 10.0\n{}",
            BUILT_IN[0].1.replace("time_scale", "# was")
        );
        let (fast, slow) = (
            Scenario::from_toml(&text, "t").unwrap(),
            Scenario::from_toml(&text.replace("= 10.0", "= 1.0"), "t").unwrap(),
        );
        let ratio = slow.life_cycle.creating_seconds / fast.life_cycle.creating_seconds;
        assert!((ratio - 10.0).abs() < 1e-9, "{ratio}");
        assert_eq!((fast.latency, fast.model), (slow.latency, slow.model));
    }

    #[test]
    fn what_cannot_be_meant_is_refused_with_its_key() {
        let error = |extra: &str| {
            let text = format!("{}\n{extra}", BUILT_IN[0].1);
            let error = Scenario::from_toml(&text, "p").unwrap_err();
            error.to_string().split_once(": ").unwrap().1.to_owned()
        };
        let fault = |rest: &str| {
            error(&format!(
                "[[operation_faults]]\noperation = \"ListTags\"\nkind = \"throttle\"\n{rest}"
            ))
        };
        insta::assert_snapshot!(
            [
                error("[[models]]\nname = \"a_b\""),
                error("[[models]]\nname = \"xgboost\""),
                fault(""),
                fault("every = 0"),
                fault("every = 2\nprobability = 0.5"),
                fault("probability = 2.0"),
                error("[[operation_faults]]\noperation = \"Invoke\"\nkind = \"throttle\"\nevery = 1"),
                error("[quotas]\nmemory_mb = 3000"),
                error("[clock]\noffset_seconds = 1e12"),
            ]
            .join("\n"),
            @r"
        models.name is `a_b`, must be at most 63 letters, digits and inner hyphens
        models.name is `xgboost`, must not be there twice
        operation_faults.ListTags.every is missing, give one of every, probability, from and until
        operation_faults.ListTags.every is 0, must be 1 or more
        operation_faults.ListTags.every is given with another, give one of every, probability, from and until
        operation_faults.ListTags.probability is 2, must be 0 to 1
        operation_faults.operation is `Invoke`, must be an operation that the simulator knows
        quotas.memory_mb is 3000, must be 1024, 2048, 3072, 4096, 5120 or 6144
        clock.offset_seconds is 1000000000000, must be at most ten years of seconds
        "
        );
    }
}
