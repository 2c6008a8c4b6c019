//! About how long a run takes and what it costs, before the model has answered once.

use std::fmt;
use std::time::Duration;

use jiff::SignedDuration;

use super::backend::{Backend, Lifetime};
use super::policy::MeasuringPolicy;
use crate::benchmark::{self, ModelSource, Plan};
use crate::gate::History;
use crate::prices::DatedPrices;
use crate::simulator::Scenario;
use crate::text::plural;
use crate::units::{MemoryMb, saturating_u32};

/// A call of a slow model.
pub(super) const SLOW_CALL: Duration = Duration::from_millis(500);
/// A call of a model of which nothing is known.
const USUAL_CALL: Duration = Duration::from_millis(100);
/// Deployment, metrics and deletion of a phase on AWS.
const ON_AWS: Duration = Duration::from_mins(5);
/// Start and end of a container.
const OF_A_CONTAINER: Duration = Duration::from_secs(10);

/// What a run will take, as one line.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Estimate {
    calls: String,
    takes: Duration,
    cost: Cost,
    pace: Pace,
}

/// Who is paid.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Cost {
    /// AWS, so many US dollars.
    Usd(f64),
    Simulated,
    /// The machine is there anyway.
    Nothing,
}

/// How the duration of a call is known.
#[derive(Debug, Clone, PartialEq)]
enum Pace {
    /// Milliseconds at each size of the plan, ascending: of an earlier run or of a profile.
    Known(Vec<f64>),
    Assumed,
}

impl Pace {
    fn of(sizes: &[MemoryMb], latency_ms: impl Fn(MemoryMb) -> Option<f64>) -> Self {
        let known: Option<Vec<f64>> = sizes.iter().map(|it| latency_ms(*it)).collect();
        known.map_or(Self::Assumed, Self::Known)
    }

    fn call(&self, index: usize) -> Duration {
        let Self::Known(milliseconds) = self else {
            return USUAL_CALL;
        };
        let milliseconds = milliseconds.get(index).copied().unwrap_or_default();
        Duration::try_from_secs_f64(milliseconds / 1000.0).unwrap_or(USUAL_CALL)
    }
}

impl Estimate {
    /// Of a plan that a backend will carry out.
    pub(crate) fn of(plan: &Plan, policy: &MeasuringPolicy, backend: &Backend) -> Self {
        let sizes = &plan.options.memory_sizes;
        let history = policy.gate.as_ref().map(|it| &it.history);
        let pace = match (backend.scenario(), &plan.identity.model) {
            (Some(scenario), ModelSource::Existing(model)) => {
                Pace::of(sizes, |size| scenario.latency_ms(model, size))
            }
            _ => Pace::of(sizes, |size| as_before(history?, size)),
        };
        let speed = backend.scenario().map_or(1.0, Scenario::time_scale);
        Self::new(plan, pace, backend.lifetime, speed, &policy.prices)
    }

    fn new(plan: &Plan, pace: Pace, lifetime: Lifetime, speed: f64, prices: &DatedPrices) -> Self {
        let sizes = saturating_u32(plan.options.memory_sizes.len());
        let calls = || (0..plan.options.memory_sizes.len()).map(|it| pace.call(it));
        let slowest = calls().max().unwrap_or(USUAL_CALL);
        let takes = match lifetime {
            Lifetime::Account => benchmark::duration_around(plan, slowest, ON_AWS),
            Lifetime::Command => {
                benchmark::duration_around(plan, slowest, ON_AWS.div_f64(speed.max(1.0)))
            }
            // Sizes take turns on one machine.
            Lifetime::Machine => {
                let mean = calls().sum::<Duration>() / sizes.max(1);
                benchmark::duration_around(plan, mean, OF_A_CONTAINER).saturating_mul(sizes)
            }
        };
        let cost = match lifetime {
            Lifetime::Account => Cost::Usd(cost(plan, &pace, prices)),
            Lifetime::Command => Cost::Simulated,
            Lifetime::Machine => Cost::Nothing,
        };
        Self {
            calls: calls_of(plan),
            takes,
            cost,
            pace,
        }
    }

    /// `6 sizes x 1,022 calls`.
    pub(crate) fn calls(&self) -> &str {
        &self.calls
    }

    /// `about 8 min`.
    pub(crate) fn time(&self) -> String {
        let takes = SignedDuration::try_from(self.takes).unwrap_or(SignedDuration::MAX);
        format!("about {}", minutes(takes))
    }

    /// `$0.04`.
    pub(crate) fn price(&self) -> String {
        match self.cost {
            Cost::Usd(dollars) if dollars < 0.01 => "less than $0.01".to_owned(),
            Cost::Usd(dollars) => format!("${dollars:.2}"),
            Cost::Simulated => "$0 (simulated)".to_owned(),
            Cost::Nothing => "$0 (this machine)".to_owned(),
        }
    }

    /// What time and price rest on.
    pub(crate) fn basis(&self) -> String {
        match self.pace {
            Pace::Known(_) => String::new(),
            Pace::Assumed => format!(" if a call takes {} ms", USUAL_CALL.as_millis()),
        }
    }
}

/// `6 sizes x 1,022 calls: about 8 min, $0.04`.
impl fmt::Display for Estimate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (calls, time) = (&self.calls, self.time());
        let (price, basis) = (self.price(), self.basis());
        write!(f, "{calls}: {time}, {price}{basis}")
    }
}

/// Mean latency of the branch's newest run.
fn as_before(history: &History, memory_mb: MemoryMb) -> Option<f64> {
    Some(history.newest()?.size(memory_mb)?.mean_ms)
}

/// `6 sizes x 1,022 calls, 12 loads x 1,000 calls`; beside a reference `2 models x 3 rounds x …`.
fn calls_of(plan: &Plan) -> String {
    let options = &plan.options;
    let sizes = saturating_u32(options.memory_sizes.len());
    let each = options.warmup.saturating_add(options.invocations);
    let reference = plan.identity.reference.as_ref();
    let models = reference.map(|it| match it.rounds {
        1 => "2 models x ".to_owned(),
        rounds => format!("2 models x {rounds} rounds x "),
    });
    let sizes = format!(
        "{}{} x {} calls",
        models.unwrap_or_default(),
        plural(sizes, "size"),
        grouped(each)
    );
    let Some(load) = &options.load else {
        return sizes;
    };
    let loads = plan.all_load_endpoints();
    let loads = saturating_u32(loads.map(|it| it.loads.len()).sum::<usize>());
    let (loads, calls) = (plural(loads, "load"), grouped(load.invocations));
    format!("{sizes}, {loads} x {calls} calls")
}

/// What AWS bills for the calls. Loads are sent to the recommended size, which is not known yet:
/// the largest is the most.
fn cost(plan: &Plan, pace: &Pace, prices: &DatedPrices) -> f64 {
    let options = &plan.options;
    let each = f64::from(options.warmup.saturating_add(options.invocations));
    let sizes = options.memory_sizes.iter().enumerate();
    let sizes = sizes.map(|(index, size)| size.gigabytes() * pace.call(index).as_secs_f64());
    let largest = sizes.clone().fold(0.0, f64::max);
    let rounds = plan
        .identity
        .reference
        .as_ref()
        .map_or(1, |it| 2 * it.rounds);
    let of_loads = options.load.as_ref().map_or(0.0, |load| {
        let loads = plan.all_load_endpoints().flat_map(|it| &it.loads);
        let calls: f64 = loads.map(|it| f64::from(load.calls(it))).sum();
        calls * largest
    });
    prices.prices.serverless_usd_per_gb_second
        * (each * f64::from(rounds) * sizes.sum::<f64>() + of_loads)
}

/// Says that there are more samples than calls were asked for, so that each size gets more calls:
/// every sample is sent equally often. `None` where that makes little difference.
pub(crate) fn more_calls(asked: u32, plan: &Plan) -> Option<String> {
    let planned = plan.options.invocations;
    if planned <= asked.saturating_add(asked / 10) {
        return None;
    }
    let samples = saturating_u32(plan.samples.len());
    let sizes = saturating_u32(plan.options.memory_sizes.len());
    Some(format!(
        "{} are sent equally often, so that each of {} gets {planned} calls instead of {asked}; --limit {asked} sends the \
         first {asked}",
        plural(samples, "sample"),
        plural(sizes, "size"),
    ))
}

/// `1,022`.
fn grouped(number: u32) -> String {
    let digits = number.to_string();
    let length = digits.len();
    let digits = digits.chars().enumerate();
    let digits = digits.map(|(index, digit)| {
        let is_third = index > 0 && (length - index).is_multiple_of(3);
        if is_third {
            format!(",{digit}")
        } else {
            digit.to_string()
        }
    });
    digits.collect()
}

/// Whole minutes, rounded up: `1 h 25 min`.
pub(super) fn minutes(duration: SignedDuration) -> String {
    let minutes = duration.as_secs().saturating_add(59) / 60;
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prices::PriceTable;
    use crate::samples::SampleSet;

    fn plan(load: Option<benchmark::LoadOptions>) -> Plan {
        let samples = r#"{"Body": "1"}"#;
        let identity = benchmark::Identity {
            run_id: "1842-1".to_owned(),
            unique: "abcdef".to_owned(),
            name: "churn".to_owned(),
            model: ModelSource::Existing("churn".to_owned()),
            reference: None,
            commit: None,
            repository: None,
            tags: Vec::new(),
        };
        let options = benchmark::Options {
            memory_sizes: MemoryMb::OFFERED.to_vec(),
            invocations: 1002,
            max_invocations: 1002,
            warmup: 20,
            error_threshold: 3,
            cold_start_delay: Duration::ZERO,
            latency_source: crate::result::LatencySource::Client,
            load,
            deploy_timeout: Duration::from_mins(20),
            metrics_timeout: Duration::from_mins(10),
            cleanup_timeout: Duration::from_mins(15),
        };
        let samples = SampleSet::from_json_lines(samples, std::path::Path::new("s")).unwrap();
        Plan::new(identity, options, samples)
    }

    fn estimate(plan: &Plan, pace: Pace, lifetime: Lifetime) -> String {
        let table = PriceTable::bundled().unwrap();
        let prices = table.region("us-east-1").unwrap();
        Estimate::new(plan, pace, lifetime, 60.0, prices).to_string()
    }

    #[test]
    fn a_run_says_how_long_and_how_much() {
        let plan = plan(None);
        let known = || Pace::Known([190.0, 180.0, 150.0, 120.0, 110.0, 100.0].to_vec());
        let shown = [
            estimate(&plan, Pace::Assumed, Lifetime::Account),
            estimate(&plan, known(), Lifetime::Account),
            estimate(&plan, known(), Lifetime::Command),
            estimate(&plan, Pace::Assumed, Lifetime::Machine),
        ];
        insta::assert_snapshot!(shown.join("\n"), @r"
        6 sizes x 1,022 calls: about 7 min, $0.04 if a call takes 100 ms
        6 sizes x 1,022 calls: about 9 min, $0.05
        6 sizes x 1,022 calls: about 4 min, $0 (simulated)
        6 sizes x 1,022 calls: about 12 min, $0 (this machine) if a call takes 100 ms
        ");
    }

    #[test]
    fn a_reference_and_loads_are_counted() {
        let load = benchmark::LoadOptions {
            max_concurrency: vec![2, 4],
            invocations: 1000,
            client_multipliers: vec![1.0, 2.0],
            expected_clients: None,
            max_throttle_rate: crate::units::Ratio(0.001),
            think_time: Duration::ZERO,
            open_loop: None,
        };
        let mut plan = plan(Some(load));
        plan.identity.reference = Some(benchmark::ReferenceModel {
            source: ModelSource::Existing("old".to_owned()),
            rounds: 3,
            under_load: false,
        });
        let shown = estimate(&plan, Pace::Assumed, Lifetime::Account);
        insta::assert_snapshot!(shown, @"2 models x 3 rounds x 6 sizes x 1,022 calls, 4 loads x 1,000 calls: about 32 min, $0.31 if a call takes 100 ms");
    }

    #[test]
    fn more_samples_than_calls_are_said() {
        let plan = plan(None);
        assert_eq!(more_calls(1000, &plan), None);
        let said = more_calls(500, &plan).unwrap();
        assert!(
            said.ends_with("gets 1002 calls instead of 500; --limit 500 sends the first 500"),
            "{said}"
        );
    }

    #[test]
    fn thousands_are_grouped() {
        assert_eq!(
            [7, 999, 1022, 1_234_567].map(grouped),
            ["7", "999", "1,022", "1,234,567"]
        );
    }
}
