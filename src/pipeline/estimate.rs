//! About how long calls take and what they cost, before the model has answered once.

use std::time::Duration;

use jiff::SignedDuration;

use crate::benchmark::Plan;
use crate::prices::DatedPrices;
use crate::text::plural;
use crate::units::saturating_u32;

/// A call of a slow model.
pub(super) const SLOW_CALL: Duration = Duration::from_millis(500);

/// Says that there are more samples than calls were asked for, so that each size gets more calls:
/// every sample is sent equally often. `None` where that makes little difference.
pub(crate) fn more_calls(asked: u32, plan: &Plan, prices: &DatedPrices) -> Option<String> {
    let planned = plan.options.invocations;
    if planned <= asked.saturating_add(asked / 10) {
        return None;
    }
    let samples = saturating_u32(plan.samples.len());
    let seconds = SLOW_CALL.as_secs_f64() * f64::from(planned);
    let gigabytes: f64 = plan
        .options
        .memory_sizes
        .iter()
        .map(|it| it.gigabytes())
        .sum();
    let dollars = prices.prices.serverless_usd_per_gb_second * gigabytes * seconds;
    let sizes = saturating_u32(plan.options.memory_sizes.len());
    let takes = SignedDuration::try_from(SLOW_CALL.saturating_mul(planned));
    Some(format!(
        "{} are sent equally often, so that each of {} gets {planned} calls instead of {asked}: about {} and ${dollars:.2} if \
         a call takes {} ms; --limit {asked} sends the first {asked}",
        plural(samples, "sample"),
        plural(sizes, "size"),
        minutes(takes.unwrap_or(SignedDuration::MAX)),
        SLOW_CALL.as_millis()
    ))
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
