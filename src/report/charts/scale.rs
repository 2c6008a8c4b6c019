//! From values to places on the page, with ticks at 1, 2 or 5 times a power of ten.

use super::tick_label::tick_label;

/// From this ratio of largest to smallest value a scale is logarithmic.
const LOGARITHMIC_FROM: f64 = 20.0;
/// Smaller numbers are drawn as 0: they would only add decades.
const SMALLEST: f64 = 1e-9;
/// Larger numbers are drawn nowhere: no latency, price or number of calls comes near.
const LARGEST: f64 = 1e12;
/// No axis has more ticks, however they are rounded.
const MOST_TICKS: usize = 60;
/// Room of a character of a tick's label on a phone, and between two labels.
const CHARACTER: f64 = 10.0;
const GAP: f64 = 16.0;
/// Room of a label on a vertical axis.
const LINE: f64 = 27.0;

/// A number that can be drawn: finite, not negative, not absurdly large. Tiny ones become 0.
pub(super) fn drawable(value: f64) -> Option<f64> {
    if !(0.0..=LARGEST).contains(&value) {
        return None;
    }
    Some(if value < SMALLEST { 0.0 } else { value })
}

/// Smallest and largest of some numbers; `None` without numbers, or when one of them cannot be
/// drawn.
pub(super) fn range(values: impl IntoIterator<Item = f64>) -> Option<(f64, f64)> {
    let mut range = None;
    for value in values {
        let value = drawable(value)?;
        let (low, high) = range.unwrap_or((value, value));
        range = Some((value.min(low), value.max(high)));
    }
    range
}

/// Where an axis lies, in units of the drawing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Side {
    /// From left to right.
    Horizontal(f64, f64),
    /// From bottom to top.
    Vertical(f64, f64),
}

impl Side {
    const fn ends(self) -> (f64, f64) {
        match self {
            Self::Horizontal(start, end) | Self::Vertical(start, end) => (start, end),
        }
    }

    /// Whether labels at these places stand clear of each other.
    fn has_room(self, ticks: &[(f64, String)]) -> bool {
        let needed = |a: &str, b: &str| match self {
            Self::Horizontal(..) => f64::midpoint(width(a), width(b)) + GAP,
            Self::Vertical(..) => LINE,
        };
        ticks
            .iter()
            .zip(ticks.iter().skip(1))
            .all(|(one, other)| (other.0 - one.0).abs() >= needed(one.1.as_str(), other.1.as_str()))
    }
}

/// Room that a label needs on a phone, where text is largest.
pub(super) fn width(label: &str) -> f64 {
    label.chars().map(|_| CHARACTER).sum()
}

/// An axis: its range, its place and its ticks.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Scale {
    logarithmic: bool,
    from: f64,
    to: f64,
    side: Side,
    ticks: Vec<f64>,
    /// Distance of two ticks; 0 on a logarithmic axis.
    step: f64,
}

impl Scale {
    /// From 0 to a round number not below `largest`.
    pub(super) fn from_zero(largest: f64, side: Side) -> Self {
        Self::linear(0.0, largest, side)
    }

    /// From 0 to a round number not below `largest`, with exactly as many ticks as `other`.
    pub(super) fn from_zero_beside(largest: f64, other: &Self, side: Side) -> Self {
        let intervals = other.ticks().len().saturating_sub(1).max(1);
        let count: f64 = (0..intervals).map(|_| 1.0).sum();
        let step = round_step(positive(largest) / count);
        Self::with_step(0.0, step * count, step, side)
    }

    /// Around some values: logarithmic when they differ by more than a factor of 20.
    pub(super) fn fitted((low, high): (f64, f64), side: Side) -> Self {
        if is_wide((low, high)) {
            Self::logarithmic(low, high, side)
        } else {
            Self::linear(low, high, side)
        }
    }

    /// As [`Scale::fitted`], but a scale that is not logarithmic begins at 0.
    pub(super) fn fitted_or_from_zero((low, high): (f64, f64), side: Side) -> Self {
        let low = if is_wide((low, high)) { low } else { 0.0 };
        Self::fitted((low, high), side)
    }

    /// Logarithmic between round numbers around two positive ones.
    pub(super) fn logarithmic(low: f64, high: f64, side: Side) -> Self {
        let (from, mut to) = (round_down(low), round_up(high));
        if to <= from {
            to = from * 10.0;
        }
        let mut scale = Self {
            logarithmic: true,
            from,
            to,
            side,
            ticks: Vec::new(),
            step: 0.0,
        };
        let choices: [(&[f64], u32); 6] = [
            (&[1.0, 2.0, 5.0], 1),
            (&[1.0], 1),
            (&[1.0], 2),
            (&[1.0], 3),
            (&[1.0], 5),
            (&[1.0], 10),
        ];
        for (factors, decades) in choices {
            scale.ticks = powers(from, to, factors, decades);
            if scale.has_room() {
                break;
            }
        }
        scale
    }

    /// From the first of some ascending values to the last, with a tick at each: for values that
    /// are chosen, not measured. A single value is in the middle.
    pub(super) fn at(values: Vec<f64>, side: Side) -> Self {
        let from = values.first().copied().unwrap_or_default();
        let to = values.last().copied().unwrap_or_default();
        let (from, to) = if to > from {
            (from, to)
        } else {
            (from - 1.0, from + 1.0)
        };
        Self {
            logarithmic: false,
            from,
            to,
            side,
            ticks: values,
            step: 1.0,
        }
    }

    fn linear(low: f64, high: f64, side: Side) -> Self {
        let (low, high) = if high - low > high * 1e-6 {
            (low, high)
        } else {
            (low * 0.9, positive(high) * 1.1)
        };
        let most = match side {
            Side::Horizontal(..) => 8.0,
            Side::Vertical(..) => 6.0,
        };
        let of = |intervals: f64| {
            let step = round_step((high - low) / intervals);
            Self::with_step(
                (low / step + 1e-6).floor() * step,
                (high / step - 1e-6).ceil() * step,
                step,
                side,
            )
        };
        let mut scale = of(most);
        for fewer in [6.0, 5.0, 4.0, 3.0, 2.0, 1.0] {
            if scale.has_room() {
                break;
            }
            scale = of(fewer);
        }
        scale
    }

    fn with_step(from: f64, to: f64, step: f64, side: Side) -> Self {
        let ticks = (0_u32..)
            .map(|index| from + f64::from(index) * step)
            .take_while(|tick| *tick <= to + step * 0.5)
            .take(MOST_TICKS);
        Self {
            logarithmic: false,
            from,
            to,
            side,
            ticks: ticks.collect(),
            step,
        }
    }

    /// Whether equal distances are equal ratios.
    pub(super) const fn is_logarithmic(&self) -> bool {
        self.logarithmic
    }

    /// First and last value.
    pub(super) const fn ends(&self) -> (f64, f64) {
        (self.from, self.to)
    }

    /// The values that have a tick, ascending.
    pub(super) fn ticks(&self) -> &[f64] {
        &self.ticks
    }

    /// Whether the labels of the ticks stand clear of each other.
    pub(super) fn has_room(&self) -> bool {
        self.side.has_room(&self.labels())
    }

    /// Place of a value; beyond the ends, the end.
    pub(super) fn place(&self, value: f64) -> f64 {
        let share = if self.logarithmic {
            let value = value.max(self.from);
            (value / self.from).log10() / (self.to / self.from).log10()
        } else {
            (value - self.from) / (self.to - self.from)
        };
        let (start, end) = self.side.ends();
        start + share.clamp(0.0, 1.0) * (end - start)
    }

    /// Places of 2 and 5 times each power of ten, where only the powers have a tick.
    pub(super) fn places_between_ticks(&self) -> Vec<f64> {
        let ratios = self.ticks.iter().zip(self.ticks.iter().skip(1));
        let are_decades = |(one, next): (&f64, &f64)| (next / one - 10.0).abs() < 1e-6;
        if self.logarithmic && ratios.into_iter().all(are_decades) {
            let between = powers(self.from, self.to, &[2.0, 5.0], 1);
            between.into_iter().map(|it| self.place(it)).collect()
        } else {
            Vec::new()
        }
    }

    /// Place and label of each tick.
    pub(super) fn labels(&self) -> Vec<(f64, String)> {
        let finest = |tick: f64| if self.logarithmic { tick } else { self.step };
        self.ticks
            .iter()
            .map(|tick| (self.place(*tick), tick_label(*tick, finest(*tick), self.to)))
            .collect()
    }
}

fn is_wide((low, high): (f64, f64)) -> bool {
    low > 0.0 && high / low > LOGARITHMIC_FROM
}

fn positive(number: f64) -> f64 {
    if number > 0.0 { number } else { 1.0 }
}

/// Every so many decades, 1 or 1, 2 and 5 times a power of ten, between two values.
fn powers(from: f64, to: f64, factors: &[f64], decades: u32) -> Vec<f64> {
    let inside = |tick: &f64| (from * (1.0 - 1e-9)..=to * (1.0 + 1e-9)).contains(tick);
    let first = power_below(from);
    (0_u32..MOST_TICKS.try_into().unwrap_or(u32::MAX))
        .map(|index| first * 10_f64.powf(f64::from(index) * f64::from(decades)))
        .take_while(|power| *power <= to * 10.0)
        .flat_map(|power| factors.iter().map(move |factor| power * factor))
        .filter(inside)
        .collect()
}

/// The power of ten that is not above a positive number.
fn power_below(number: f64) -> f64 {
    10_f64.powf((number.log10() + 1e-9).floor())
}

/// The smallest of 1, 2, 5 times a power of ten that is not below a positive number.
fn round_up(number: f64) -> f64 {
    let power = power_below(number);
    let factors = [1.0, 2.0, 5.0];
    let fits = |factor: &f64| factor * power >= number * (1.0 - 1e-9);
    factors.into_iter().find(fits).unwrap_or(10.0) * power
}

/// The largest of 1, 2, 5 times a power of ten that is not above a positive number.
fn round_down(number: f64) -> f64 {
    let power = power_below(number);
    let factors = [5.0, 2.0];
    let fits = |factor: &f64| factor * power <= number * (1.0 + 1e-9);
    factors.into_iter().find(fits).unwrap_or(1.0) * power
}

fn round_step(step: f64) -> f64 {
    round_up(step.max(SMALLEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACROSS: Side = Side::Horizontal(60.0, 580.0);
    const UP: Side = Side::Vertical(300.0, 60.0);

    fn labels(scale: &Scale) -> Vec<String> {
        scale.labels().into_iter().map(|(_, label)| label).collect()
    }

    #[test]
    fn linear_ticks_are_round_and_enclose_the_values() {
        let scale = Scale::from_zero(188.0, UP);
        assert_eq!(labels(&scale), ["0", "50", "100", "150", "200"]);
        let places = [0.0, 100.0, 200.0].map(|it| format!("{:.3}", scale.place(it)));
        assert_eq!(places, ["300.000", "180.000", "60.000"]);
        let scale = Scale::fitted((1034.0, 1391.0), ACROSS);
        assert_eq!(
            labels(&scale),
            ["1,000", "1,100", "1,200", "1,300", "1,400"]
        );
        assert_eq!(
            labels(&Scale::fitted((0.31, 0.52), UP)),
            ["0.30", "0.35", "0.40", "0.45", "0.50", "0.55"]
        );
    }

    #[test]
    fn a_wide_range_is_logarithmic() {
        let scale = Scale::fitted((31.0, 700.0), ACROSS);
        assert!(scale.is_logarithmic());
        assert_eq!(labels(&scale), ["20", "50", "100", "200", "500", "1,000"]);
        let scale = Scale::fitted((3.0, 61_000.0), ACROSS);
        assert_eq!(labels(&scale), ["10", "100", "1k", "10k", "100k"]);
        assert!(!Scale::fitted((31.0, 600.0), ACROSS).is_logarithmic());
        assert!(!Scale::fitted((0.0, 600.0), ACROSS).is_logarithmic());
    }

    #[test]
    fn the_second_axis_shares_the_lines_of_the_first() {
        let left = Scale::from_zero(612.0, UP);
        let right = Scale::from_zero_beside(7.02, &left, UP);
        assert_eq!(labels(&left), ["0", "200", "400", "600", "800"]);
        assert_eq!(labels(&right), ["0", "2", "4", "6", "8"]);
    }

    #[test]
    fn equal_values_and_zeros_have_an_axis() {
        assert_eq!(
            labels(&Scale::from_zero(0.0, UP)),
            ["0", "0.2", "0.4", "0.6", "0.8", "1.0", "1.2"]
        );
        assert!(Scale::fitted((100.0, 100.0), ACROSS).ticks().len() > 2);
    }

    #[test]
    fn what_cannot_be_drawn_has_no_range() {
        assert_eq!(range([]), None);
        assert_eq!(range([1.0, f64::NAN]), None);
        assert_eq!(range([f64::INFINITY]), None);
        assert_eq!(range([-1.0]), None);
        assert_eq!(range([3.0, 1e-300, 2.0]), Some((0.0, 3.0)));
    }
}
