//! PURE: values that a profile must not have.

use std::collections::BTreeSet;

use super::{LatencyProfile, ModelProfile, Scenario, ScenarioError};
use crate::simulator::clock::Clock;
use crate::simulator::injected::{FaultKind, OperationFault};
use crate::simulator::operations::Operation;
use crate::simulator::validate::is_name;
use crate::units::MemoryMb;

/// Of 366 days, in seconds.
const TEN_YEARS: f64 = 316_224_000.0;
const MUST_BE_SIZE: &str = "must be 1024, 2048, 3072, 4096, 5120 or 6144";

/// Refuses the first value that is out of range, by its key.
pub(super) fn check(scenario: &Scenario, profile: &str) -> Result<(), ScenarioError> {
    let check = Check { profile };
    check.latency(&scenario.latency)?;
    check.times(scenario)?;
    check.clock(scenario.clock)?;
    check.models(&scenario.models)?;
    check.sizes(scenario)?;
    check.probabilities(scenario)?;
    scenario
        .operation_faults
        .iter()
        .try_for_each(|fault| check.operation_fault(fault))
}

/// Makes the errors of one profile.
struct Check<'a> {
    profile: &'a str,
}

impl Check<'_> {
    fn latency(&self, latency: &LatencyProfile) -> Result<(), ScenarioError> {
        for size in MemoryMb::OFFERED {
            let field = format!("latency.median_ms.{}", size.get());
            let Some(median) = latency.median_ms.get(&size.get().to_string()) else {
                return self.refuse(&field, "missing", "must be a number of milliseconds");
            };
            self.not_negative(&field, *median)?;
        }
        [
            ("latency.variation", latency.variation),
            ("latency.ms_per_kb", latency.ms_per_kb),
            ("latency.overhead_ms", latency.overhead_ms),
            ("latency.tail_factor", latency.tail_factor),
            ("latency.endpoint_drift", latency.endpoint_drift),
            ("latency.first_factor", latency.first_factor),
            ("latency.later_factor", latency.later_factor),
        ]
        .into_iter()
        .try_for_each(|(field, value)| self.not_negative(field, value))
    }

    fn times(&self, scenario: &Scenario) -> Result<(), ScenarioError> {
        let (model, life) = (&scenario.model, &scenario.life_cycle);
        [
            ("session_seconds", scenario.session_seconds),
            ("jobs.stopping_seconds", scenario.jobs.stopping_seconds),
            ("model.used_memory_mb", model.used_memory_mb),
            ("model.setup_ms", model.setup_ms),
            ("model.idle_seconds", model.idle_seconds),
            ("life_cycle.creating_seconds", life.creating_seconds),
            ("life_cycle.deleting_seconds", life.deleting_seconds),
            ("life_cycle.metric_delay_seconds", life.metric_delay_seconds),
        ]
        .into_iter()
        .try_for_each(|(field, value)| self.not_negative(field, value))?;
        self.positive("time_scale", scenario.time_scale)
    }

    fn clock(&self, clock: Clock) -> Result<(), ScenarioError> {
        if (-TEN_YEARS..=TEN_YEARS).contains(&clock.offset_seconds) {
            return Ok(());
        }
        let value = clock.offset_seconds.to_string();
        self.refuse(
            "clock.offset_seconds",
            &value,
            "must be at most ten years of seconds",
        )
    }

    fn models(&self, models: &[ModelProfile]) -> Result<(), ScenarioError> {
        let mut names = BTreeSet::new();
        for model in models {
            if !is_name(&model.name) {
                let expected = "must be at most 63 letters, digits and inner hyphens";
                return self.refuse("models.name", &format!("`{}`", model.name), expected);
            }
            if !names.insert(&model.name) {
                let value = format!("`{}`", model.name);
                return self.refuse("models.name", &value, "must not be there twice");
            }
            let field = format!("models.{}.latency_factor", model.name);
            self.positive(&field, model.latency_factor)?;
        }
        Ok(())
    }

    fn sizes(&self, scenario: &Scenario) -> Result<(), ScenarioError> {
        let failing = scenario.life_cycle.failing_memory_mb.iter();
        failing
            .map(|size| ("life_cycle.failing_memory_mb", *size))
            .chain([("quotas.memory_mb", scenario.quotas.memory_mb)])
            .find(|(_, size)| MemoryMb::try_from(*size).is_err())
            .map_or(Ok(()), |(field, size)| {
                self.refuse(field, &size.to_string(), MUST_BE_SIZE)
            })
    }

    fn probabilities(&self, scenario: &Scenario) -> Result<(), ScenarioError> {
        let faults = &scenario.faults;
        [
            (
                "latency.tail_probability",
                scenario.latency.tail_probability,
            ),
            ("faults.throttle", faults.throttle),
            ("faults.model_error", faults.model_error),
            ("faults.not_ready", faults.not_ready),
            ("faults.dropped_connection", faults.dropped_connection),
            ("faults.service_error", faults.service_error),
        ]
        .into_iter()
        .try_for_each(|(field, value)| self.probability(field, value))
    }

    fn operation_fault(&self, fault: &OperationFault) -> Result<(), ScenarioError> {
        let Some(operation) = Operation::parse(&fault.operation) else {
            let value = format!("`{}`", fault.operation);
            let expected = "must be an operation that the simulator knows";
            return self.refuse("operation_faults.operation", &value, expected);
        };
        let key = |member: &str| format!("operation_faults.{}.{member}", fault.operation);
        let spoils = matches!(
            fault.kind,
            FaultKind::MalformedAnswer | FaultKind::EmptyAnswer
        );
        if spoils && operation == Operation::InvokeEndpoint {
            let expected = "cannot be: any bytes are an answer of a model";
            return self.refuse(&key("kind"), "an answer that breaks the protocol", expected);
        }
        self.not_negative(&key("seconds"), fault.seconds)?;
        let given = [
            fault.every.is_some(),
            fault.probability.is_some(),
            fault.from.is_some(),
            fault.until.is_some(),
        ];
        let expected = "give one of every, probability, from and until";
        match given.into_iter().filter(|it| *it).count() {
            0 => return self.refuse(&key("every"), "missing", expected),
            1 => {}
            _ => return self.refuse(&key("every"), "given with another", expected),
        }
        if fault.every == Some(0) {
            return self.refuse(&key("every"), "0", "must be 1 or more");
        }
        self.probability(&key("probability"), fault.probability.unwrap_or_default())
    }

    fn not_negative(&self, field: &str, value: f64) -> Result<(), ScenarioError> {
        if (0.0..=f64::MAX).contains(&value) {
            return Ok(());
        }
        self.refuse(field, &value.to_string(), "must be 0 or more")
    }

    fn positive(&self, field: &str, value: f64) -> Result<(), ScenarioError> {
        if (f64::MIN_POSITIVE..=f64::MAX).contains(&value) {
            return Ok(());
        }
        self.refuse(field, &value.to_string(), "must be more than 0")
    }

    fn probability(&self, field: &str, value: f64) -> Result<(), ScenarioError> {
        if (0.0..=1.0).contains(&value) {
            return Ok(());
        }
        self.refuse(field, &value.to_string(), "must be 0 to 1")
    }

    fn refuse(
        &self,
        field: &str,
        value: &str,
        expected: &'static str,
    ) -> Result<(), ScenarioError> {
        Err(ScenarioError::OutOfRange {
            name: self.profile.to_owned(),
            field: field.to_owned(),
            value: value.to_owned(),
            expected,
        })
    }
}
