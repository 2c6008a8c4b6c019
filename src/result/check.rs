//! What a result may hold, checked before anything is computed from it: a file may be forged.

use super::{
    EndpointMetrics, EndpointOutcome, EndpointRun, Finding, Invocation, InvocationOutcome, LoadRun,
    LocalRun, MAX_ROUNDS, MAX_STALLS, MetricStatistics, RunResult, Runner, Service, WakeDelay,
};
use crate::units::MemoryMb;

/// Memory sizes that there are.
const MAX_SIZES: usize = MemoryMb::OFFERED.len();
/// Loads of all endpoints together, at most.
pub const MAX_LOADS: usize = 200;
/// Bytes of a text of ours, for example a name. Longer texts of others are cut.
const MAX_TEXT: usize = 1024;
/// Largest number: 30 years in milliseconds, a terabyte.
const LARGEST: f64 = 1e12;
/// Leftovers that are kept.
const MAX_LEFT: usize = 500;

impl RunResult {
    /// The result with long texts of others cut short.
    ///
    /// # Errors
    /// What no run of sagegate writes: more than six sizes, more than 200 loads, a text of more
    /// than a kilobyte, a number that is negative or absurd.
    pub(super) fn checked(mut self) -> Result<Self, String> {
        self.check_texts()?;
        self.check_counts()?;
        self.check_numbers()?;
        self.cut();
        Ok(self)
    }

    fn check_texts(&self) -> Result<(), String> {
        let service = match &self.service {
            Service::Aws => "",
            Service::Custom(host) => host,
            Service::Local(machine) => &machine.cpu_model,
        };
        let reference = self.reference.as_ref();
        let engine = self.local.as_ref().map_or("", |it| &it.engine);
        let runner = self.runner.as_ref();
        let own = [
            (
                "runner.machine",
                runner.map_or("", |it| it.machine.cpu_model.as_str()),
            ),
            ("sagegate_version", self.sagegate_version.as_str()),
            ("run_id", &self.run_id),
            ("name", &self.name),
            ("commit", self.commit.as_deref().unwrap_or_default()),
            ("service", service),
            ("local.engine", engine),
            ("region", &self.region),
            ("model_name", &self.model_name),
            ("reference.model", reference.map_or("", |it| &it.model)),
            (
                "reference.model_name",
                reference.map_or("", |it| &it.model_name),
            ),
            ("samples.source", &self.samples.source),
            ("samples.sha256", &self.samples.sha256),
        ];
        let endpoints = self.all_sizes().map(|it| &it.endpoint_name);
        let endpoints = endpoints.chain(self.all_loads().map(|it| &it.endpoint_name));
        let endpoints = endpoints.map(|it| ("endpoint_name", it.as_str()));
        match own
            .into_iter()
            .chain(endpoints)
            .find(|(_, text)| text.len() > MAX_TEXT)
        {
            Some((name, text)) => Err(format!(
                "{name} has {} bytes, more than {MAX_TEXT}",
                text.len()
            )),
            None => Ok(()),
        }
    }

    fn check_counts(&self) -> Result<(), String> {
        let again = self.confirmation.as_ref();
        let reference = self.reference.as_ref();
        let lists = [
            Some(&self.stability),
            reference.map(|it| &it.stability),
            again.map(|it| &it.stability),
            again.map(|it| &it.reference),
        ];
        let most = reference.map_or(1, |it| it.rounds);
        if !(1..=MAX_ROUNDS).contains(&most) {
            return Err(format!("{most} rounds are not from 1 to {MAX_ROUNDS}"));
        }
        for sizes in lists.into_iter().flatten() {
            check_sizes(sizes, most)?;
        }
        if let Some(local) = &self.local {
            let most = local.skipped.len().max(local.contract.len());
            if most > MAX_SIZES {
                return Err(format!("local has {most} entries, more than {MAX_SIZES}"));
            }
        }
        if self.settings.memory_sizes.len() > MAX_SIZES {
            return Err(format!("more than {MAX_SIZES} memory sizes were asked for"));
        }
        let loads = self.all_loads().map(|it| it.rounds.len());
        let listed = self.settings.load.as_ref().map_or(0, |load| {
            load.max_concurrency
                .len()
                .max(load.client_multipliers.len())
        });
        let most = loads.sum::<usize>();
        let most = most.max(self.all_loads().count()).max(listed);
        if most > MAX_LOADS {
            return Err(format!("{most} loads are more than {MAX_LOADS}"));
        }
        Ok(())
    }

    fn check_numbers(&self) -> Result<(), String> {
        number(
            "settings.cold_start_delay_s",
            self.settings.cold_start_delay_s,
        )?;
        if let Some(load) = &self.settings.load {
            number("settings.load.think_time_s", load.think_time_s)?;
            number(
                "settings.load.max_throttle_rate",
                load.max_throttle_rate.get(),
            )?;
            for multiplier in &load.client_multipliers {
                number("settings.load.client_multipliers", *multiplier)?;
            }
        }
        self.runner.as_ref().map_or(Ok(()), runner)?;
        for size in self.all_sizes() {
            number("deployed_in_s", size.deployed_in_s.unwrap_or_default())?;
            metrics(size.metrics.as_ref())?;
        }
        for endpoint in self.all_loads() {
            number("deployed_in_s", endpoint.deployed_in_s.unwrap_or_default())?;
            metrics(endpoint.metrics.as_ref())?;
        }
        self.all_calls().try_for_each(call)
    }

    fn all_sizes(&self) -> impl Iterator<Item = &EndpointRun> {
        let again = self.confirmation.iter();
        let again = again.flat_map(|it| it.stability.iter().chain(&it.reference));
        let reference = self.reference.iter().flat_map(|it| &it.stability);
        self.stability.iter().chain(reference).chain(again)
    }

    fn all_loads(&self) -> impl Iterator<Item = &LoadRun> {
        let reference = self.reference.iter().flat_map(|it| &it.concurrency);
        self.concurrency.iter().chain(reference)
    }

    fn all_calls(&self) -> impl Iterator<Item = &Invocation> {
        let rounds = self.all_loads().flat_map(|it| &it.rounds);
        let under_load = rounds.flat_map(|it| it.warmup.iter().chain(&it.invocations));
        let alone = self.all_sizes();
        let alone = alone.flat_map(|it| it.warmup.iter().chain(&it.invocations));
        alone.chain(under_load)
    }

    fn cut(&mut self) {
        let again = self.confirmation.iter_mut();
        let again = again.flat_map(|it| it.stability.iter_mut().chain(&mut it.reference));
        self.stability.iter_mut().chain(again).for_each(cut_size);
        self.concurrency.iter_mut().for_each(cut_load);
        if let Some(reference) = &mut self.reference {
            reference.stability.iter_mut().for_each(cut_size);
            reference.concurrency.iter_mut().for_each(cut_load);
        }
        if let Some(local) = &mut self.local {
            cut_local(local);
        }
        self.cleanup.left.truncate(MAX_LEFT);
        for left in &mut self.cleanup.left {
            cut(&mut left.name);
            cut(&mut left.reason);
        }
    }
}

/// At most one run per size and round.
fn check_sizes(sizes: &[EndpointRun], rounds: u32) -> Result<(), String> {
    let is_double = |it: &EndpointRun| {
        let same =
            |other: &&EndpointRun| (other.memory_mb, other.round) == (it.memory_mb, it.round);
        sizes.iter().filter(same).count() > 1
    };
    let is_late = |it: &EndpointRun| !(1..=rounds).contains(&it.round);
    if sizes.iter().any(is_double) {
        return Err("a memory size is there more than once".to_owned());
    }
    if let Some(late) = sizes.iter().find(|it| is_late(it)) {
        return Err(format!("round {} of {rounds}", late.round));
    }
    Ok(())
}

fn number(name: &str, number: f64) -> Result<(), String> {
    if (0.0..=LARGEST).contains(&number) {
        Ok(())
    } else {
        Err(format!(
            "{name} is {number:e}, not a number from 0 to {LARGEST:e}"
        ))
    }
}

fn runner(it: &Runner) -> Result<(), String> {
    let WakeDelay { p50, p99, longest } = it.wake_delay_ms;
    let shares = [it.steal, it.cpu_pressure, it.other_programs];
    let shares = shares.into_iter().flatten();
    for value in [p50, p99, longest].into_iter().chain(shares) {
        number("runner", value)?;
    }
    if it.stalls.len() > MAX_STALLS {
        return Err(format!("runner.stalls has more than {MAX_STALLS}"));
    }
    for stall in &it.stalls {
        number("runner.stalls", stall.from_ms)?;
        number("runner.stalls", stall.length_ms)?;
    }
    Ok(())
}

fn metrics(metrics: Option<&EndpointMetrics>) -> Result<(), String> {
    let Some(metrics) = metrics else {
        return Ok(());
    };
    let EndpointMetrics {
        complete: _,
        model_latency_ms,
        overhead_latency_ms,
        model_setup_time_ms,
        memory_utilization_percent,
    } = metrics;
    let all = [
        model_latency_ms,
        overhead_latency_ms,
        model_setup_time_ms,
        memory_utilization_percent,
    ];
    all.into_iter().flatten().try_for_each(statistics)
}

fn statistics(it: &MetricStatistics) -> Result<(), String> {
    let numbers = [it.sample_count, it.average, it.minimum, it.maximum];
    let quantiles = [it.p25, it.p50, it.p75, it.p90, it.p95, it.p99];
    let mut all = numbers.into_iter().chain(quantiles.into_iter().flatten());
    all.try_for_each(|it| number("a metric", it))
}

#[expect(clippy::cast_precision_loss, reason = "compared with a bound")]
fn call(call: &Invocation) -> Result<(), String> {
    number("start_ms of a call", call.start_ms)?;
    number("latency_ms of a call", call.latency_ms)?;
    number("first_byte_ms of a call", call.first_byte_ms)?;
    number("due_ms of a call", call.due_ms.unwrap_or_default())?;
    number("request_bytes of a call", call.request_bytes as f64)?;
    number("response_bytes of a call", call.response_bytes as f64)
}

fn cut_size(size: &mut EndpointRun) {
    cut_outcome(&mut size.outcome);
    size.deployed_again_after.iter_mut().for_each(cut);
    size.warmup.iter_mut().for_each(cut_call);
    size.invocations.iter_mut().for_each(cut_call);
}

fn cut_local(local: &mut LocalRun) {
    for size in &mut local.skipped {
        cut(&mut size.reason);
    }
    for check in &mut local.contract {
        match &mut check.finding {
            Finding::Breaks { reason } | Finding::Unknown { reason } => cut(reason),
            Finding::Holds => {}
        }
    }
}

fn cut_load(load: &mut LoadRun) {
    cut_outcome(&mut load.outcome);
    for round in &mut load.rounds {
        round.warmup.iter_mut().for_each(cut_call);
        round.invocations.iter_mut().for_each(cut_call);
    }
}

fn cut_outcome(outcome: &mut EndpointOutcome) {
    match outcome {
        EndpointOutcome::SkippedQuota { reason }
        | EndpointOutcome::DeployFailed { reason, .. }
        | EndpointOutcome::StoppedEarly { reason, .. }
        | EndpointOutcome::FailedFast { reason, .. } => cut(reason),
        EndpointOutcome::Measured | EndpointOutcome::Cancelled => {}
    }
}

fn cut_call(call: &mut Invocation) {
    match &mut call.outcome {
        InvocationOutcome::ModelError(words)
        | InvocationOutcome::ServiceError(words)
        | InvocationOutcome::TransportError(words) => {
            if words.len() > MAX_TEXT {
                let mut text = words.to_string();
                cut(&mut text);
                *words = text.into();
            }
        }
        InvocationOutcome::Success
        | InvocationOutcome::Throttled
        | InvocationOutcome::NotReady
        | InvocationOutcome::OutOfMemory => {}
    }
    if let Some(failure) = &mut call.failure {
        failure.said.iter_mut().for_each(cut);
    }
}

fn cut(text: &mut String) {
    if text.len() > MAX_TEXT {
        text.truncate(text.floor_char_boundary(MAX_TEXT - '…'.len_utf8()));
        text.push('…');
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::{Value, json};

    use super::*;

    const OLD: &str = include_str!("../../tests/fixtures/schema-1/result.json");

    fn result() -> Value {
        let result = RunResult::from_json(OLD, Path::new("r.json")).unwrap();
        serde_json::to_value(result).unwrap()
    }

    fn read(value: &Value) -> Result<RunResult, String> {
        let read = RunResult::from_json(&value.to_string(), Path::new("r.json"));
        read.map_err(|error| error.to_string())
    }

    /// The file with a member replaced.
    fn with(pointer: &str, value: Value) -> Value {
        let mut file = result();
        *file.pointer_mut(pointer).unwrap() = value;
        file
    }

    #[test]
    fn what_no_run_writes_is_refused_by_name() {
        let size = result()["stability"][0].clone();
        let endpoint = result()["concurrency"][0].clone();
        let round = endpoint["rounds"][0].clone();
        for (forged, words) in [
            (
                with("/name", "n".repeat(1025).into()),
                "name has 1025 bytes",
            ),
            (
                with("/stability", vec![size; 100].into()),
                "a memory size is there more than once",
            ),
            (
                with("/concurrency/0/rounds", vec![round; 201].into()),
                "201 loads are more than 200",
            ),
            (
                with("/concurrency", vec![endpoint; 201].into()),
                "loads are more than 200",
            ),
            (
                with("/settings/memory_sizes", vec![1024; 7].into()),
                "more than 6 memory sizes",
            ),
            (
                with("/stability/0/invocations/0/2", json!(-1.0)),
                "latency_ms of a call is -1e0, not a number from 0 to 1e12",
            ),
            (
                with("/stability/0/invocations/0/2", json!(1e308)),
                "latency_ms of a call is 1e308",
            ),
            (
                with("/stability/0/deployed_in_s", json!(-5.0)),
                "deployed_in_s is -5e0",
            ),
        ] {
            let error = read(&forged).unwrap_err();
            let start = "`r.json` holds what no run of sagegate writes: ";
            assert!(error.starts_with(start) && error.contains(words), "{error}");
        }
    }

    #[test]
    fn long_words_of_others_are_cut() {
        let reason = json!({ "status": "deploy_failed", "reason": "ä".repeat(1 << 20) });
        let run = read(&with("/stability/0/outcome", reason)).unwrap();
        let kept = run.stability[0].outcome.reason().unwrap();
        assert!(
            kept.len() <= MAX_TEXT && kept.ends_with("ä…"),
            "{}",
            kept.len()
        );
    }
}
