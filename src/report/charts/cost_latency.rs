//! Cost and latency over memory sizes: two axes that share their grid lines.

use super::axes::{self, LEFT, RIGHT_OF_TWO, TOP, UP};
use super::scale::{self, Scale, Side};
use super::svg::{Anchor, Look, Svg, polyline};
use crate::report::{numbers, sanitise};
use crate::units::{LatencyMs, MemoryMb, Usd};

/// From the axes to the first and the last size.
const INSET: f64 = 56.0;
/// Half of the band behind the recommended size.
const HALF_BAND: f64 = 26.0;
/// Series in the order drawn: cost below latency.
const COST: usize = 1;
const MEAN: usize = 2;
const P99: usize = 0;
/// The series of the reference follow: the same colours in other dashes, with hollow points.
const OF_REFERENCE: usize = 6;
/// Characters of a reference's name that fit into a column of the legend.
const LONG_NAME: usize = 18;

/// What each size costs and how fast it is.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::report) struct CostLatency {
    /// The measured sizes, in any order.
    pub(in crate::report) sizes: Vec<SizePoint>,
    /// The same of a reference.
    pub(in crate::report) reference: Option<Beside>,
    /// The size to mark.
    pub(in crate::report) recommended: Option<MemoryMb>,
}

/// A reference beside the model.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::report) struct Beside {
    /// What it is called. Untrusted.
    pub(in crate::report) name: String,
    /// Its measured sizes, in any order: those that the model has are drawn.
    pub(in crate::report) sizes: Vec<SizePoint>,
}

/// One memory size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::report) struct SizePoint {
    /// The size.
    pub(in crate::report) memory_mb: MemoryMb,
    /// Mean latency.
    pub(in crate::report) mean: LatencyMs,
    /// 99th percentile.
    pub(in crate::report) p99: LatencyMs,
    /// Cost of a million invocations.
    pub(in crate::report) cost_per_million: Usd,
}

/// Latency on the left axis, cost on the right one, both from 0. `None` with fewer than two
/// different sizes, or when a number cannot be drawn.
pub(in crate::report) fn cost_latency(data: &CostLatency) -> Option<String> {
    let mut sizes = data.sizes.clone();
    sizes.sort_by_key(|size| size.memory_mb);
    sizes.dedup_by_key(|size| size.memory_mb);
    if sizes.len() < 2 {
        return None;
    }
    let others = others(data, &sizes);
    let all = || sizes.iter().chain(&others);
    let of = |value: fn(&SizePoint) -> f64| scale::range(all().map(value));
    let (mean, p99) = (of(|it| it.mean.get())?, of(|it| it.p99.get())?);
    let cost = of(|it| it.cost_per_million.get())?;
    let x = Scale::at(
        sizes
            .iter()
            .map(|it| f64::from(it.memory_mb.get()))
            .collect(),
        Side::Horizontal(LEFT + INSET, RIGHT_OF_TWO - INSET),
    );
    let left = Scale::from_zero(mean.1.max(p99.1), UP);
    let right = Scale::from_zero_beside(cost.1, &left, UP);
    let recommended = sizes
        .iter()
        .find(|it| Some(it.memory_mb) == data.recommended);

    let title = "Cost and latency by memory size";
    let mut svg = Svg::default();
    axes::heading(&mut svg, title);
    if let Some(size) = recommended {
        let from = x.place(f64::from(size.memory_mb.get())) - HALF_BAND;
        svg.rectangle("band", (from, TOP), (2.0 * HALF_BAND, axes::BOTTOM - TOP));
    }
    axes::left(&mut svg, &left.labels(), "Latency (ms)", RIGHT_OF_TWO);
    axes::right(&mut svg, &right, "$ per million");
    bottom(&mut svg, &sizes, &x, recommended);
    for (first, sizes) in [(OF_REFERENCE, &others), (0, &sizes)] {
        draw(&mut svg, first + COST, sizes, |it| {
            (
                x.place(megabytes(it)),
                right.place(it.cost_per_million.get()),
            )
        });
        draw(&mut svg, first + MEAN, sizes, |it| {
            (x.place(megabytes(it)), left.place(it.mean.get()))
        });
        draw(&mut svg, first + P99, sizes, |it| {
            (x.place(megabytes(it)), left.place(it.p99.get()))
        });
    }
    let reference = data.reference.as_ref().filter(|_| !others.is_empty());
    let rows = legend(&mut svg, reference);
    let mut words = description(&sizes, recommended);
    if let Some(reference) = reference {
        let name = sanitise::shortened(&reference.name, LONG_NAME);
        words = format!("{words} {name}: {}", description(&others, None));
    }
    Some(svg.document(axes::height(rows), title, &words))
}

/// The sizes of the reference that the model has, too.
fn others(data: &CostLatency, sizes: &[SizePoint]) -> Vec<SizePoint> {
    let reference = data.reference.iter().flat_map(|it| &it.sizes);
    let has = |other: &&SizePoint| sizes.iter().any(|it| it.memory_mb == other.memory_mb);
    let mut others: Vec<SizePoint> = reference.filter(has).copied().collect();
    others.sort_by_key(|size| size.memory_mb);
    others.dedup_by_key(|size| size.memory_mb);
    others
}

fn megabytes(size: &SizePoint) -> f64 {
    f64::from(size.memory_mb.get())
}

fn draw(
    svg: &mut Svg,
    series: usize,
    sizes: &[SizePoint],
    place: impl Fn(&SizePoint) -> (f64, f64),
) {
    let look = Look::of(series);
    svg.path(&look.curve(), &polyline(sizes.iter().map(&place)));
    let marks: String = sizes
        .iter()
        .map(|size| look.shape().path(place(size)))
        .collect();
    svg.path(&look.mark(), &marks);
}

/// The sizes below the plot, and the word below the recommended one.
fn bottom(svg: &mut Svg, sizes: &[SizePoint], x: &Scale, recommended: Option<&SizePoint>) {
    axes::base_line(svg, RIGHT_OF_TWO);
    for size in sizes {
        let place = x.place(megabytes(size));
        let is_recommended = recommended.is_some_and(|it| it.memory_mb == size.memory_mb);
        let class = if is_recommended { "strong" } else { "soft" };
        axes::tick_label(svg, class, place, &size.memory_mb.get().to_string());
        if is_recommended {
            let below = (place, axes::BELOW_LABELS);
            svg.text("strong", Anchor::Middle, below, "recommended");
        }
    }
    svg.text(
        "soft",
        Anchor::End,
        (LEFT + 4.0, axes::BELOW_LABELS - 22.0),
        "MB",
    );
}

/// The number of rows: one, and one below it for the reference.
fn legend(svg: &mut Svg, reference: Option<&Beside>) -> usize {
    let rows = 1 + usize::from(reference.is_some());
    for (column, series, words) in [
        (0, P99, "p99 (left)"),
        (1, MEAN, "mean (left)"),
        (2, COST, "cost (right)"),
    ] {
        let look = Look::of(series);
        let start = axes::legend_place(column * rows, 3 * rows, 3);
        axes::legend_row(svg, start, &look.curve(), Some(look), words);
        if let Some(reference) = reference {
            let look = Look::of(OF_REFERENCE + series);
            let start = axes::legend_place(column * rows + 1, 3 * rows, 3);
            let name = sanitise::shortened(&reference.name, LONG_NAME);
            axes::legend_row(svg, start, &look.curve(), Some(look), &name);
        }
    }
    rows
}

fn description(sizes: &[SizePoint], recommended: Option<&SizePoint>) -> String {
    let words: Vec<String> = sizes
        .iter()
        .map(|size| {
            format!(
                "{}: mean {}, p99 {}, {} per million",
                size.memory_mb,
                numbers::latency(size.mean),
                numbers::latency(size.p99),
                numbers::usd(size.cost_per_million)
            )
        })
        .collect();
    let recommended = recommended.map_or_else(String::new, |size| {
        format!(" Recommended: {}.", size.memory_mb)
    });
    format!("{}.{recommended}", words.join("; "))
}
