//! The numbers beside an axis: short, as there is little room.

/// Largest number that ticks print in full.
const LARGEST_IN_FULL: f64 = 99_999.0;

/// `0.05`, `1,500`, `20k`, `2.5M`: a tick, as fine as `finest`; with a letter for thousands when
/// the axis reaches 100,000.
pub(super) fn tick_label(value: f64, finest: f64, largest: f64) -> String {
    const LETTERS: [(f64, &str); 4] = [(1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")];
    if value == 0.0 {
        return "0".to_owned();
    }
    let scaled = LETTERS
        .into_iter()
        .find(|(unit, _)| largest > LARGEST_IN_FULL && value >= unit * (1.0 - 1e-9));
    if let Some((unit, letter)) = scaled {
        let number = decimal(value / unit, finest / unit);
        let short = if number.contains('.') {
            number.trim_end_matches('0').trim_end_matches('.')
        } else {
            number.as_str()
        };
        return format!("{short}{letter}");
    }
    let number = decimal(value, finest);
    let (whole, fraction) = number.split_at(number.find('.').unwrap_or(number.len()));
    match whole.split_at_checked(whole.len().saturating_sub(3)) {
        Some((thousands, rest)) if !thousands.is_empty() && !rest.contains('e') => {
            format!("{thousands},{rest}{fraction}")
        }
        _ => number,
    }
}

/// With at most three decimals, or as `2e-5`.
fn decimal(value: f64, finest: f64) -> String {
    let fine_enough = |(_, unit): &(usize, f64)| finest * unit >= 1.0 - 1e-9;
    match [(0, 1.0), (1, 10.0), (2, 100.0), (3, 1000.0)]
        .into_iter()
        .find(fine_enough)
    {
        Some((decimals, _)) => format!("{value:.decimals$}"),
        None => format!("{value:.1e}").replace(".0e", "e"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_and_tiny_numbers_stay_short() {
        assert_eq!(tick_label(1_500_000.0, 500_000.0, 2e6), "1.5M");
        assert_eq!(tick_label(1_000_000.0, 500_000.0, 2e6), "1M");
        assert_eq!(tick_label(0.000_02, 0.000_02, 0.0001), "2e-5");
        assert_eq!(tick_label(20_000.0, 20_000.0, 20_000.0), "20,000");
    }
}
