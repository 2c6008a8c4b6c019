//! Monthly cost of serverless and of a real-time instance over invocations a month.

use super::axes::{self, BOTTOM, LEFT, RIGHT, UP, units};
use super::scale::{self, Scale, Side};
use super::svg::{Anchor, Look, Shape, Svg, polyline};
use crate::report::{numbers, sanitise};
use crate::units::{MemoryMb, Usd};

/// The axis shows from this share of the break-even to this multiple of it.
const FROM: f64 = 1.0 / 20.0;
const TO: f64 = 12.0;
/// The highest cost shown, as a multiple of the instance's.
const HIGHEST: f64 = 2.0;
/// Height of the label of the serverless curve, likewise.
const LABEL_AT: f64 = 1.55;
/// Points of the serverless curve.
const POINTS: usize = 60;
const SERVERLESS: usize = 0;
const INSTANCE: usize = 1;
const LONG_NAME: usize = 20;

/// The two prices that are compared.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::report) struct BreakEvenCurve {
    /// The serverless memory size.
    pub(in crate::report) memory_mb: MemoryMb,
    /// The comparable instance: `ml.t2.medium`.
    pub(in crate::report) instance: String,
    /// Cost of one serverless invocation.
    pub(in crate::report) per_invocation: Usd,
    /// Cost of the instance a month.
    pub(in crate::report) instance_monthly: Usd,
}

/// Where they cross is marked with its number. `None` unless both prices are positive and cross at
/// between one and 10¹² invocations a month.
pub(in crate::report) fn break_even(data: &BreakEvenCurve) -> Option<String> {
    let monthly = scale::drawable(data.instance_monthly.get()).filter(|it| *it > 0.0)?;
    let crossing = scale::drawable(monthly / data.per_invocation.get()).filter(|it| *it >= 1.0)?;
    let x = Scale::logarithmic(
        crossing * FROM,
        crossing * TO,
        Side::Horizontal(LEFT, RIGHT),
    );
    let y = Scale::from_zero(monthly * HIGHEST, UP);
    let cost = |invocations: f64| monthly * (invocations / crossing);

    let title = "Serverless or a real-time instance?";
    let mut svg = Svg::default();
    axes::heading(&mut svg, title);
    axes::left(&mut svg, &y.labels(), "$ a month", RIGHT);
    axes::horizontal(&mut svg, &x, "Invocations a month", RIGHT);

    let (first, last) = (x.ends().0, crossing * (y.ends().1 / monthly));
    let between = |from: f64, to: f64| {
        let ratio = to / from;
        (0..=POINTS).map(move |point| from * ratio.powf(units(point) / units(POINTS)))
    };
    let place = |invocations: f64| (x.place(invocations), y.place(cost(invocations)));
    let level = y.place(monthly);
    let middle = x.place(crossing);
    let saved = polyline(
        between(first, crossing)
            .map(place)
            .chain([(x.place(first), level)]),
    );
    svg.path("area", &saved);
    svg.line(&Look::of(INSTANCE).curve(), (LEFT, level), (RIGHT, level));
    svg.path(
        &Look::of(SERVERLESS).curve(),
        &polyline(between(first, last.min(x.ends().1)).map(place)),
    );
    svg.line("drop", (middle, level), (middle, BOTTOM));
    svg.path("mark plain", &Shape::Circle.path((middle, level)));

    let instance = sanitise::shortened(&data.instance, LONG_NAME);
    let price = numbers::usd(data.instance_monthly);
    svg.text(
        "halo",
        Anchor::Start,
        (LEFT + 10.0, level - 10.0),
        &format!("{instance}: {price}"),
    );
    let at = x.place(crossing * LABEL_AT) - 12.0;
    let words = format!("serverless, {}", data.memory_mb);
    svg.text(
        "halo",
        Anchor::End,
        (at, y.place(monthly * LABEL_AT)),
        &words,
    );
    for (anchor, x, y, words) in [
        (
            Anchor::Start,
            LEFT + 10.0,
            level + 24.0,
            "serverless is cheaper",
        ),
        (
            Anchor::End,
            RIGHT - 6.0,
            level - 12.0,
            "instance is cheaper",
        ),
    ] {
        svg.text("soft", anchor, (x, y), words);
    }
    let number = numbers::invocations(crossing);
    svg.text(
        "halo strong",
        Anchor::Start,
        (middle + 12.0, BOTTOM - 62.0),
        &number,
    );
    svg.text(
        "halo",
        Anchor::Start,
        (middle + 12.0, BOTTOM - 40.0),
        "invocations a month",
    );
    let description = format!(
        "Serverless at {} and one {instance} ({price} a month) cost the same at {number} invocations a month: below, \
         serverless is cheaper, above, the instance.",
        data.memory_mb
    );
    Some(svg.document(axes::height_without_legend(), title, &description))
}
