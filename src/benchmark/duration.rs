//! PURE: about how long a plan takes, before the model has answered once.

use std::time::Duration;

use super::load_plan::{Arrivals, LoadEndpoint, LoadOptions};
use super::plan::Plan;
use crate::result::Load;

/// Deployment, CloudWatch's delay and deletion of one phase, rounded up from what AWS users report:
/// 2 to 5 minutes.
const AROUND_A_PHASE: Duration = Duration::from_mins(5);

/// About how long `plan` takes when every call takes `call`, with every size extended as far as the
/// user allows and no quota that makes endpoints take turns.
pub fn duration(plan: &Plan, call: Duration) -> Duration {
    duration_around(plan, call, AROUND_A_PHASE)
}

/// The same where deployment, metrics and deletion of each phase take `around_a_phase`.
pub fn duration_around(plan: &Plan, call: Duration, around_a_phase: Duration) -> Duration {
    let options = &plan.options;
    let calls = options.warmup.saturating_add(options.max_invocations);
    // Beside a reference two endpoints are called in turn, round after round.
    let reference = plan.identity.reference.as_ref();
    let (endpoints, rounds) = reference.map_or((1, 1), |it| (2, it.rounds));
    let stability = around_a_phase
        .saturating_add(options.cold_start_delay)
        .saturating_add(call.saturating_mul(calls.saturating_mul(endpoints)))
        .saturating_mul(rounds);
    let load = options.load.as_ref().map_or(Duration::ZERO, |load| {
        let endpoints = plan.load_endpoints.iter();
        let slowest = endpoints.map(|endpoint| endpoint_duration(load, endpoint, call));
        let one = around_a_phase.saturating_add(slowest.max().unwrap_or_default());
        let under_load = reference.is_some_and(|it| it.under_load);
        one.saturating_mul(if under_load { 2 } else { 1 })
    });
    stability.saturating_add(load)
}

fn endpoint_duration(options: &LoadOptions, endpoint: &LoadEndpoint, call: Duration) -> Duration {
    let loads = endpoint.loads.iter();
    let durations = loads.map(|load| load_duration(options, load, call));
    durations.fold(Duration::ZERO, Duration::saturating_add)
}

fn load_duration(options: &LoadOptions, load: &Load, call: Duration) -> Duration {
    let calls = options.calls(load);
    match load {
        Load::ClosedLoop { clients } => {
            let turn = call.saturating_add(options.think_time);
            turn.saturating_mul(calls.div_ceil((*clients).max(1)))
        }
        Load::ConstantRate { .. } | Load::Trace { .. } => {
            let arrivals = options.open_loop.as_ref();
            let offsets = arrivals.map(|it: &Arrivals| it.offsets(calls));
            let last = offsets.and_then(|it| it.last().copied());
            last.unwrap_or_default().saturating_add(call)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::benchmark::ModelSource;
    use crate::benchmark::plan::tests::plan;
    use crate::units::Ratio;

    const CALL: Duration = Duration::from_millis(500);

    #[test]
    fn calls_of_a_size_follow_each_other_and_sizes_do_not() {
        let mut plan = plan(&[1024, 2048], 1000, ModelSource::Existing("m".to_owned()));
        plan.options.warmup = 20;
        plan.options.max_invocations = 2000;
        plan.options.cold_start_delay = Duration::from_secs(30);
        // 300 s around, 30 s of pause, 2020 calls of half a second.
        assert_eq!(duration(&plan, CALL), Duration::from_secs(300 + 30 + 1010));
    }

    #[test]
    fn clients_share_the_calls_of_a_load_and_an_open_loop_takes_its_time() {
        let mut plan = plan(&[1024], 2, ModelSource::Existing("m".to_owned()));
        plan.options.warmup = 0;
        let without_load = duration(&plan, CALL);
        let load = LoadOptions {
            max_concurrency: vec![2, 4],
            invocations: 100,
            client_multipliers: vec![1.0],
            expected_clients: None,
            max_throttle_rate: Ratio(0.001),
            think_time: CALL,
            open_loop: Some(Arrivals::ConstantRate { per_second: 1.0 }),
        };
        plan.load_endpoints = load.endpoints("x");
        plan.options.load = Some(load);
        // The endpoint with the fewest clients takes longest: 50 calls and pauses each, then 99.5 s
        // of arrivals.
        let expected = Duration::from_millis(300_000 + 50_000 + 99_500);
        assert_eq!(duration(&plan, CALL), without_load + expected);
    }
}
