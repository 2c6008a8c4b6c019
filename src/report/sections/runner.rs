//! The state of the machine that measured, in words.

use crate::report::{numbers, sanitise};
use crate::result::RunResult;
use crate::units::{LatencyMs, Ratio};

/// One sentence, where it is known.
pub(super) fn state(run: &RunResult) -> Option<String> {
    let it = run.runner.as_ref()?;
    let machine = sanitise::shortened(&it.machine.to_string(), 80);
    let late = it.wake_delay_ms;
    let [p50, p99, longest] =
        [late.p50, late.p99, late.longest].map(|ms| numbers::latency(LatencyMs(ms)));
    let share = |what: &str, share: Option<f64>| {
        let share = share.map(|it| numbers::fine_share(Ratio(it)));
        share.map_or_else(String::new, |share| format!("; {what} {share}"))
    };
    let calls = run.stability.iter().flat_map(|it| &it.invocations);
    let stalled = calls.filter(|call| it.stalled_ms(call) > 0.0).count();
    Some(format!(
        "{machine}; a thread that slept ran again late by {p50} (p50), {p99} (p99), {longest} at most{}{}{}; stalled during \
         {} of {}",
        share("taken by the host", it.steal),
        share("something waited for a CPU", it.cpu_pressure),
        share("other programs had", it.other_programs),
        numbers::count(stalled),
        numbers::plural(run.calls_of_sizes(), "call"),
    ))
}
