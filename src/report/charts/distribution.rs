//! Latency distribution: the share of calls that were answered within a time, per memory size or
//! load.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::axes::{self, HALF_LETTER, LEFT, RIGHT, UP, units};
use super::scale::{self, Scale, Side};
use super::svg::{Anchor, Look, Shape, Svg, number};
use super::{MOST_SERIES, first_of};
use crate::analysis::{nearest_rank, sorted};
use crate::report::{numbers, sanitise};
use crate::units::LatencyMs;

/// Ranks that are drawn: up to p95, between it and the slowest calls, and of those.
const BODY_POINTS: usize = 80;
const TAIL_POINTS: usize = 46;
const SLOWEST: usize = 24;
/// A legend with longer names or latencies has one column.
const SHORT_NAME: usize = 10;
const SHORT_LATENCY: usize = 7;
const LONG_NAME: usize = 28;

/// Latencies of several series of calls.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::report) struct LatencyDistribution {
    /// What is compared, without a full stop: `Latency by memory size`.
    pub(in crate::report) title: String,
    /// The series, in the order of the legend. The first twelve are drawn.
    pub(in crate::report) series: Vec<Distribution>,
}

/// Latencies of one memory size or one load.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::report) struct Distribution {
    /// `2048 MB`, `8 clients`.
    pub(in crate::report) name: String,
    /// Latency of each successful call, milliseconds, in any order.
    pub(in crate::report) latencies_ms: Vec<f64>,
}

/// A series as drawn.
struct Curve<'a> {
    name: &'a str,
    sorted: Vec<f64>,
    p50: f64,
    p99: f64,
}

/// One line per series with marks at p50 and p99 (nearest rank). `None` when there is no series,
/// one is empty, or a latency is not a number that can be drawn.
pub(in crate::report) fn latency_distribution(data: &LatencyDistribution) -> Option<String> {
    let curves: Vec<Curve<'_>> = data
        .series
        .iter()
        .take(MOST_SERIES)
        .map(curve)
        .collect::<Option<_>>()?;
    let range = scale::range(curves.iter().flat_map(|curve| curve.sorted.iter().copied()))?;
    let x = Scale::fitted(range, Side::Horizontal(LEFT, RIGHT));
    let y = Scale::from_zero(1.0, UP);
    let title = first_of(&data.title, curves.len(), data.series.len());

    let mut svg = Svg::default();
    axes::heading(&mut svg, &title);
    let shares: Vec<(f64, String)> = [0.0, 0.25, 0.5, 0.75, 1.0]
        .map(|share| (y.place(share), format!("{:.0}%", share * 100.0)))
        .to_vec();
    axes::left(&mut svg, &shares, "Share of calls", RIGHT);
    axes::horizontal(&mut svg, &x, "Latency (ms)", RIGHT);
    for (index, curve) in curves.iter().enumerate() {
        svg.path(&Look::of(index).curve(), &outline(&curve.sorted, &x, &y));
    }
    for (index, curve) in curves.iter().enumerate() {
        let class = format!("mark {}", Look::of(index).colour());
        svg.path(
            &class,
            &Shape::Circle.path((x.place(curve.p50), y.place(0.5))),
        );
        svg.path(
            &class,
            &Shape::Diamond.path((x.place(curve.p99), y.place(0.99))),
        );
    }
    let rows = legend(&mut svg, &curves);
    Some(svg.document(axes::height(rows), &title, &description(&curves)))
}

fn curve(series: &Distribution) -> Option<Curve<'_>> {
    let sorted = sorted(&series.latencies_ms);
    Some(Curve {
        name: &series.name,
        p50: nearest_rank(&sorted, 0.5)?,
        p99: nearest_rank(&sorted, 0.99)?,
        sorted,
    })
}

/// The line through the drawn ranks: a step where neighbours are both drawn, straight where some
/// between are not.
fn outline(sorted: &[f64], x: &Scale, y: &Scale) -> String {
    let count = sorted.len();
    let share = |rank: usize| number(y.place(units(rank) / units(count.max(1))));
    let mut data = String::new();
    let mut last = 0;
    for rank in drawn_ranks(count) {
        let Some(latency) = sorted.get(rank - 1) else {
            continue;
        };
        let place = number(x.place(*latency));
        let _ = match (last, rank - last) {
            (0, 1) => write!(data, "M{place} {}V{}", share(0), share(rank)),
            (_, 1) => write!(data, "H{place}V{}", share(rank)),
            _ => write!(data, "L{place} {}", share(rank)),
        };
        last = rank;
    }
    data
}

/// Ranks from 1 to `count`, at most 150 of them: all of a small sample; else evenly spaced up to
/// p95, all above it when those are few, and always p50, p99 and the slowest.
fn drawn_ranks(count: usize) -> BTreeSet<usize> {
    if count <= BODY_POINTS + TAIL_POINTS + SLOWEST {
        return (1..=count).collect();
    }
    let p95 = (count * 95).div_ceil(100);
    let slowest = count - SLOWEST.min(count - p95);
    let spread = |from: usize, to: usize, points: usize| {
        let points = points.min(to - from).max(1);
        (1..=points).map(move |point| from + (to - from) * point / points)
    };
    let marks = [1, count.div_ceil(2), (count * 99).div_ceil(100)];
    spread(1, p95, BODY_POINTS - marks.len())
        .chain(spread(p95, slowest, TAIL_POINTS))
        .chain(slowest..=count)
        .chain(marks)
        .collect()
}

/// Name, p50 and p99 of each series; the number of rows.
fn legend(svg: &mut Svg, curves: &[Curve<'_>]) -> usize {
    let is_short = |curve: &Curve<'_>| {
        let latencies = [curve.p50, curve.p99].map(|it| numbers::latency(LatencyMs(it)));
        let are_short = latencies
            .iter()
            .all(|it| it.chars().count() <= SHORT_LATENCY);
        are_short && curve.name.chars().count() <= SHORT_NAME
    };
    let columns = if curves.len() > 3 && curves.iter().all(is_short) {
        2
    } else {
        1
    };
    let rows = curves.len().div_ceil(columns);
    let (p50, p99) = match columns {
        1 => (400.0, 500.0),
        _ => (202.0, 281.0),
    };
    for column in 0..columns {
        let (x, y) = axes::legend_place(column * (rows + 1), columns * (rows + 1), columns);
        for (offset, shape, words) in [(p50, Shape::Circle, "p50"), (p99, Shape::Diamond, "p99")] {
            svg.text("soft", Anchor::End, (x + offset, y), words);
            let place = (x + offset - 46.0, y - HALF_LETTER);
            svg.path("mark plain", &shape.path(place));
        }
    }
    for (index, curve) in curves.iter().enumerate() {
        let place = index + index / rows.max(1) + 1;
        let start = axes::legend_place(place, columns * (rows + 1), columns);
        let name = sanitise::shortened(curve.name, LONG_NAME);
        axes::legend_row(svg, start, &Look::of(index).curve(), None, &name);
        for (offset, latency) in [(p50, curve.p50), (p99, curve.p99)] {
            let words = numbers::latency(LatencyMs(latency));
            svg.text("", Anchor::End, (start.0 + offset, start.1), &words);
        }
    }
    rows + 1
}

fn description(curves: &[Curve<'_>]) -> String {
    let words: Vec<String> = curves
        .iter()
        .map(|curve| {
            format!(
                "{}: half of the calls within {}, 99% within {}, all within {}",
                sanitise::shortened(curve.name, LONG_NAME),
                numbers::latency(LatencyMs(curve.p50)),
                numbers::latency(LatencyMs(curve.p99)),
                numbers::latency(LatencyMs(curve.sorted.last().copied().unwrap_or_default())),
            )
        })
        .collect();
    format!(
        "Share of calls answered within a time. {}.",
        words.join("; ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_of_a_thousand_calls_is_complete() {
        let ranks = drawn_ranks(1000);
        assert!((950..=1000).all(|rank| ranks.contains(&rank)));
        assert!(ranks.contains(&1) && ranks.contains(&500));
        assert_eq!(ranks.len(), 129);
    }

    #[test]
    fn a_small_sample_is_complete_and_a_large_one_is_thinned() {
        assert_eq!(drawn_ranks(0).len(), 0);
        assert_eq!(drawn_ranks(150).len(), 150);
        for count in [151, 400, 5_000, 1_000_000] {
            let ranks = drawn_ranks(count);
            assert!(ranks.len() <= 150, "{count}: {}", ranks.len());
            let p95 = (count * 95).div_ceil(100);
            let slowest = (p95 + 1).max(count - 24)..=count;
            for rank in slowest.chain([1, count.div_ceil(2), (count * 99).div_ceil(100)]) {
                assert!(ranks.contains(&rank), "{rank} of {count}");
            }
        }
    }

    #[test]
    fn neighbours_are_steps() {
        let x = Scale::fitted((10.0, 20.0), Side::Horizontal(0.0, 100.0));
        let y = Scale::from_zero(1.0, Side::Vertical(100.0, 0.0));
        assert_eq!(
            outline(&[10.0, 15.0, 15.0, 20.0], &x, &y),
            "M0 100V75H50V50H50V25H100V0"
        );
    }
}
