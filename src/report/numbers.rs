//! Numbers for readers: three significant digits, a unit, a real minus sign. Exact values
//! are in `result.json`.

use jiff::Timestamp;

use crate::gate::Value;
use crate::units::{LatencyMs, MemoryMb, Ratio, Usd};

/// Stands for a number that does not exist.
const NONE: &str = "–";
const SIGNIFICANT_DIGITS: usize = 3;
const MAX_DECIMALS: i32 = 6;
/// Milliseconds that print as a second.
const SECOND: f64 = 999.5;

/// `188 ms`, `6.42 ms`, `1.23 s`.
pub(super) fn latency(value: LatencyMs) -> String {
    scaled(value.get(), value.get())
}

/// `$3.42`, `$0.0123`, `$1,230`.
pub(super) fn usd(value: Usd) -> String {
    money(value.get(), value.get())
}

/// `$3.42` as `3.42 USD`, for a sentence with several amounts.
pub(super) fn usd_words(value: Usd) -> String {
    if value.get().is_finite() {
        format!("{} USD", digits(value.get(), value.get()))
    } else {
        NONE.to_owned()
    }
}

/// `+3.3%`, `−12%`, `0%`.
pub(super) fn percent(change: Ratio) -> String {
    let percent = change.percent();
    if !percent.is_finite() {
        return NONE.to_owned();
    }
    let size = plain_percent(percent.abs());
    format!("{}{size}%", if size == "0" { "" } else { sign(percent) })
}

/// `16%`: a share or a width, without a sign when positive.
pub(super) fn share(share: Ratio) -> String {
    percent(share).trim_start_matches('+').to_owned()
}

/// `88.7%`: money saved, where a tenth of a percent matters.
pub(super) fn saving(saved: Ratio) -> String {
    let percent = saved.percent();
    if percent.is_finite() {
        format!(
            "{}{:.1}%",
            if percent < -0.05 { "−" } else { "" },
            percent.abs()
        )
    } else {
        NONE.to_owned()
    }
}

/// One decimal below 10, none above; no trailing zero.
fn plain_percent(percent: f64) -> String {
    let text = if percent < 9.95 {
        format!("{percent:.1}")
    } else {
        grouped(&format!("{percent:.0}"))
    };
    text.strip_suffix(".0").unwrap_or(&text).to_owned()
}

/// A value in its own unit.
pub(super) fn value(value: Value) -> String {
    match value {
        Value::Memory(memory) => memory.to_string(),
        Value::Latency(it) => latency(it),
        Value::Cost(it) => usd(it),
        Value::Change(change) => percent(change),
    }
}

/// A value for a sentence: as [`value`], but money without its `$`.
pub(super) fn in_words(it: Value) -> String {
    match it {
        Value::Cost(cost) => usd_words(cost),
        Value::Memory(_) | Value::Latency(_) | Value::Change(_) => value(it),
    }
}

/// The difference between two values of the same kind as they are printed, as fine as `now`:
/// `+6 ms`, `−$0.08`, `+1024 MB`. `None` when it prints as zero or the kinds differ.
pub(super) fn difference(baseline: Value, now: Value) -> Option<String> {
    match (baseline, now) {
        (Value::Memory(old), Value::Memory(new)) => memory_difference(old, new),
        (Value::Latency(old), Value::Latency(new)) => {
            let unit = if new.get().abs() < SECOND {
                1.0
            } else {
                1000.0
            };
            let change = printed_difference(old.get() / unit, new.get() / unit);
            visible(format!(
                "{}{}",
                sign(change),
                scaled(change.abs() * unit, new.get())
            ))
        }
        (Value::Cost(old), Value::Cost(new)) => {
            let change = printed_difference(old.get(), new.get());
            visible(format!(
                "{}{}",
                sign(change),
                money(change.abs(), new.get())
            ))
        }
        (Value::Memory(_) | Value::Latency(_) | Value::Cost(_) | Value::Change(_), _) => None,
    }
}

/// The difference that a reader gets from the two printed numbers.
fn printed_difference(old: f64, new: f64) -> f64 {
    let step = 10_f64.powi(-decimals(new));
    (new / step).round() * step - (old / step).round() * step
}

/// `412 → 511 ms`: the unit once where both have the same. Money in words, as two `$` would be
/// mathematics.
pub(super) fn transition(baseline: Value, now: Value) -> String {
    let (old, new) = (in_words(baseline), in_words(now));
    match (old.split_once(' '), new.split_once(' ')) {
        (Some((number, old_unit)), Some((_, new_unit))) if old_unit == new_unit => {
            format!("{number} → {new}")
        }
        _ => format!("{old} → {new}"),
    }
}

fn memory_difference(old: MemoryMb, new: MemoryMb) -> Option<String> {
    let step = old.get().abs_diff(new.get());
    (step > 0).then(|| format!("{}{step} MB", if new > old { "+" } else { "−" }))
}

fn visible(text: String) -> Option<String> {
    text.contains(|c: char| ('1'..='9').contains(&c))
        .then_some(text)
}

const fn sign(number: f64) -> &'static str {
    if number < 0.0 { "−" } else { "+" }
}

/// `100,000`, `1 million`, `8.86 million`, `1.2 billion`: a number of invocations.
pub(super) fn invocations(count: f64) -> String {
    if !count.is_finite() {
        return NONE.to_owned();
    }
    let scaled = |divisor: f64, word: &str| {
        let text = digits(count / divisor, count / divisor);
        let text = if text.contains('.') {
            text.trim_end_matches('0').trim_end_matches('.')
        } else {
            &text
        };
        format!("{text} {word}")
    };
    match count {
        // Half a unit of the third digit below a billion would print as 1000 million.
        999.5e6.. => scaled(1e9, "billion"),
        1e6.. => scaled(1e6, "million"),
        _ => grouped(&format!("{count:.0}")),
    }
}

/// `1,000`: a count.
pub(super) fn count(count: usize) -> String {
    grouped(&count.to_string())
}

/// `210 B`, `34.1 kB`, `3.9 MB`: bytes of a body.
pub(super) fn bytes(bytes: f64) -> String {
    match bytes {
        999_500.0.. => format!("{} MB", digits(bytes / 1e6, bytes / 1e6)),
        999.5.. => format!("{} kB", digits(bytes / 1e3, bytes / 1e3)),
        _ => format!("{bytes:.0} B"),
    }
}

/// `4.2 s`, `12 min`, `1 h 5 min`: how long something took, in seconds.
pub(super) fn duration(seconds: f64) -> String {
    let minutes = (seconds / 60.0).round();
    match seconds {
        5970.0.. => format!("{} h {} min", (minutes / 60.0).floor(), minutes % 60.0),
        99.5.. => format!("{minutes:.0} min"),
        _ => format!("{seconds:.1} s"),
    }
}

/// `2026-11-22 10:12 UTC`.
pub(super) fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// `1 call`, `1,000 calls`.
pub(super) fn plural(number: usize, one: &str) -> String {
    format!(
        "{} {one}{}",
        count(number),
        if number == 1 { "" } else { "s" }
    )
}

/// A share that may be small: `0.1%`, `2.35%`, `12.3%`.
pub(super) fn fine_share(share: Ratio) -> String {
    let percent = share.percent();
    if percent == 0.0 {
        return "0%".to_owned();
    }
    let text = digits(percent, percent);
    let text = if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        &text
    };
    format!("{text}%")
}

/// Calls per second, with three significant digits.
pub(super) fn rate(per_second: f64) -> String {
    if per_second.is_finite() {
        digits(per_second, per_second)
    } else {
        NONE.to_owned()
    }
}

/// Milliseconds below a second, seconds above; as fine as `like` is printed.
fn scaled(milliseconds: f64, like: f64) -> String {
    if !milliseconds.is_finite() {
        return NONE.to_owned();
    }
    if like.abs() < SECOND {
        format!("{} ms", digits(milliseconds, like))
    } else {
        format!("{} s", digits(milliseconds / 1000.0, like / 1000.0))
    }
}

fn money(dollars: f64, like: f64) -> String {
    if dollars.is_finite() {
        format!("${}", digits(dollars, like))
    } else {
        NONE.to_owned()
    }
}

/// `number` with as many decimals as `like` has when printed with three significant digits.
fn digits(number: f64, like: f64) -> String {
    let decimals = usize::try_from(decimals(like)).unwrap_or_default();
    let text = format!("{number:.decimals$}");
    // Rounding away the sign of a tiny negative number would leave "-0".
    let text = text.replace(
        '-',
        if text.contains(|c: char| ('1'..='9').contains(&c)) {
            "−"
        } else {
            ""
        },
    );
    grouped(&text)
}

/// Decimals of a number with three significant digits.
fn decimals(number: f64) -> i32 {
    (2 - exponent(number)).clamp(0, MAX_DECIMALS)
}

/// Decimal exponent after rounding to three significant digits; 0 for 0 and for NaN and infinities.
fn exponent(number: f64) -> i32 {
    let scientific = format!("{:.*e}", SIGNIFICANT_DIGITS - 1, number);
    let exponent = scientific
        .rsplit_once('e')
        .and_then(|(_, exponent)| exponent.parse().ok());
    exponent.filter(|_| number.is_finite()).unwrap_or_default()
}

/// Thousands separators: `10,000`.
fn grouped(text: &str) -> String {
    let (whole, fraction) = text
        .split_once('.')
        .map_or((text, None), |(whole, rest)| (whole, Some(rest)));
    let length = whole.chars().filter(char::is_ascii_digit).count();
    let mut left = length;
    let mut grouped = String::with_capacity(text.len() + length / 3 + 1);
    for c in whole.chars() {
        if c.is_ascii_digit() {
            if left < length && left.is_multiple_of(3) {
                grouped.push(',');
            }
            left -= 1;
        }
        grouped.push(c);
    }
    fraction.map_or(grouped.clone(), |fraction| format!("{grouped}.{fraction}"))
}

/// `188.24`; without zeros at the end, and never `-0`.
pub(super) fn rounded(number: f64, decimals: usize) -> String {
    let text = format!("{number:.decimals$}");
    let text = match text.split_once('.') {
        Some(_) => text.trim_end_matches('0').trim_end_matches('.'),
        None => &text,
    };
    if text == "-0" {
        "0".to_owned()
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn latencies_have_three_digits_and_change_to_seconds() {
        let printed = [
            0.0, 0.1234, 6.4249, 99.96, 188.4, 999.4, 999.6, 1234.0, 61_000.0,
        ]
        .map(|ms| latency(LatencyMs(ms)));
        assert_eq!(
            printed,
            [
                "0.00 ms", "0.123 ms", "6.42 ms", "100 ms", "188 ms", "999 ms", "1.00 s", "1.23 s",
                "61.0 s"
            ]
        );
    }

    #[test]
    fn money_has_three_digits() {
        let printed =
            [0.0123, 0.334, 3.424, 12.34, 1234.5, 45_678.0].map(|dollars| usd(Usd(dollars)));
        assert_eq!(
            printed,
            ["$0.0123", "$0.334", "$3.42", "$12.3", "$1,234", "$45,678"]
        );
    }

    #[test]
    fn percentages_are_signed_and_coarse() {
        let printed = [
            0.0, 0.0004, 0.033, 0.05, 0.0994, 0.0996, 0.32, -0.12, 1.03, 14.0,
        ]
        .map(|ratio| percent(Ratio(ratio)));
        assert_eq!(
            printed,
            [
                "0%", "0%", "+3.3%", "+5%", "+9.9%", "+10%", "+32%", "−12%", "+103%", "+1,400%"
            ]
        );
        assert_eq!(share(Ratio(0.16)), "16%");
        assert_eq!(
            [0.8872, -0.123, 0.0].map(|saved| saving(Ratio(saved))),
            ["88.7%", "−12.3%", "0.0%"]
        );
    }

    #[test]
    fn small_shares_and_rates_keep_their_digits() {
        let shares = [0.0, 0.001, 0.0235, 0.123, 1.0].map(|share| fine_share(Ratio(share)));
        assert_eq!(shares, ["0%", "0.1%", "2.35%", "12.3%", "100%"]);
        assert_eq!(
            [0.0, 3.2362, 24.04, 1234.5].map(rate),
            ["0.00", "3.24", "24.0", "1,234"]
        );
    }

    #[test]
    fn a_difference_is_as_fine_as_the_value_beside_it() {
        let latency = |a, b| difference(Value::Latency(LatencyMs(a)), Value::Latency(LatencyMs(b)));
        assert_eq!(latency(182.0, 188.4).as_deref(), Some("+6 ms"));
        assert_eq!(latency(1500.0, 1250.0).as_deref(), Some("−0.25 s"));
        assert_eq!(latency(182.0, 182.3), None);
        assert_eq!(
            latency(120.67, 124.3).as_deref(),
            Some("+3 ms"),
            "121 and 124 are what a reader sees"
        );
        let cost = |a, b| difference(Value::Cost(Usd(a)), Value::Cost(Usd(b)));
        assert_eq!(cost(3.34, 3.42).as_deref(), Some("+$0.08"));
        assert_eq!(cost(3.42, 3.34).as_deref(), Some("−$0.08"));
        let memory = |a: usize, b: usize| {
            difference(
                Value::Memory(MemoryMb::OFFERED[a]),
                Value::Memory(MemoryMb::OFFERED[b]),
            )
        };
        assert_eq!(memory(1, 2).as_deref(), Some("+1024 MB"));
        assert_eq!(memory(2, 1).as_deref(), Some("−1024 MB"));
        assert_eq!(memory(1, 1), None);
    }

    #[test]
    fn a_transition_has_the_unit_once_where_it_is_the_same() {
        let latency = |a, b| transition(Value::Latency(LatencyMs(a)), Value::Latency(LatencyMs(b)));
        assert_eq!(latency(412.0, 511.0), "412 → 511 ms");
        assert_eq!(latency(412.0, 1511.0), "412 ms → 1.51 s");
        assert_eq!(
            transition(Value::Cost(Usd(3.34)), Value::Cost(Usd(6.89))),
            "3.34 → 6.89 USD"
        );
    }

    #[test]
    fn large_counts_are_words() {
        let printed = [50.0, 1000.0, 100_000.0, 1e6, 8.857e6, 1e7, 9.999e8, 1.2e9].map(invocations);
        assert_eq!(
            printed,
            [
                "50",
                "1,000",
                "100,000",
                "1 million",
                "8.86 million",
                "10 million",
                "1 billion",
                "1.2 billion"
            ]
        );
    }

    #[test]
    fn bytes_durations_and_plurals_have_units() {
        assert_eq!(
            [58.0, 34_120.0, 3.9e6].map(bytes),
            ["58 B", "34.1 kB", "3.90 MB"]
        );
        assert_eq!(
            [4.23, 729.0, 7_500.0].map(duration),
            ["4.2 s", "12 min", "2 h 5 min"]
        );
        assert_eq!(
            [1, 2000].map(|n| plural(n, "call")),
            ["1 call", "2,000 calls"]
        );
    }

    #[test]
    fn what_is_no_number_is_a_dash() {
        for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(latency(LatencyMs(number)), NONE);
            assert_eq!(usd(Usd(number)), NONE);
            assert_eq!(percent(Ratio(number)), NONE);
            assert_eq!(invocations(number), NONE);
        }
    }

    #[test]
    fn zeros_at_the_end_go_and_those_before_the_point_stay() {
        let shown = [(100.0, 2), (1.5, 3), (-0.001, 2), (0.25, 1)]
            .map(|(number, decimals)| rounded(number, decimals));
        assert_eq!(shown, ["100", "1.5", "0", "0.2"]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn three_digits_are_kept(milliseconds in 0.001..1e6_f64) {
            let printed = latency(LatencyMs(milliseconds));
            let (number, unit) = printed.split_once(' ').unwrap();
            let factor = if unit == "s" { 1000.0 } else { 1.0 };
            let read: f64 = number.replace(',', "").parse().unwrap();
            prop_assert!((read * factor / milliseconds - 1.0).abs() < 0.006, "{printed}");
        }

        #[test]
        fn the_sign_is_the_direction(change in -1.0..50.0_f64) {
            let printed = percent(Ratio(change));
            prop_assert_eq!(printed.starts_with('+'), change.percent_is_visible() && change > 0.0);
            prop_assert_eq!(printed.starts_with('−'), change.percent_is_visible() && change < 0.0);
        }
    }

    trait Visible {
        fn percent_is_visible(self) -> bool;
    }

    impl Visible for f64 {
        fn percent_is_visible(self) -> bool {
            !["0.0", "-0.0"].contains(&format!("{:.1}", self * 100.0).as_str())
        }
    }
}
