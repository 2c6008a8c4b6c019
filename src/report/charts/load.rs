//! Latency over the number of clients, per `MaxConcurrency`.

use super::axes::{self, BOTTOM, LEFT, RIGHT, TOP, UP};
use super::labels::LabelLayout;
use super::scale::{self, Scale, Side};
use super::svg::{Anchor, Look, Svg, polyline};
use super::{MOST_SERIES, first_of};
use crate::report::numbers;
use crate::units::{LatencyMs, Ratio};

/// More points of a series than this are thinned.
const MOST_POINTS: usize = 16;
/// More numbers of clients than this get round ticks.
const MOST_TICKS: usize = 9;
/// Dashes of p50 and p99, see the style.
const P50: usize = 4;
const P99: usize = 0;
/// The lines of each series.
const QUANTILES: [(usize, Quantile); 2] = [(P50, |it| it.p50), (P99, |it| it.p99)];

type Quantile = fn(LoadLatency) -> LatencyMs;

/// Latencies under closed-loop load.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::report) struct LatencyUnderLoad {
    /// What is shown, without a full stop: `Latency under load at 2048 MB`.
    pub(in crate::report) title: String,
    /// One per `MaxConcurrency`, in the order of the legend. The first twelve are drawn.
    pub(in crate::report) series: Vec<LoadSeries>,
}

/// One endpoint.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::report) struct LoadSeries {
    /// Its `MaxConcurrency`.
    pub(in crate::report) max_concurrency: u32,
    /// The loads, in any order.
    pub(in crate::report) points: Vec<LoadPoint>,
}

/// One load.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::report) struct LoadPoint {
    /// Number of clients.
    pub(in crate::report) clients: u32,
    /// Latencies of the calls that succeeded; `None` when none did.
    pub(in crate::report) latency: Option<LoadLatency>,
    /// Share of calls that were throttled.
    pub(in crate::report) throttled: Ratio,
}

/// Quantiles under one load.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::report) struct LoadLatency {
    /// Median.
    pub(in crate::report) p50: LatencyMs,
    /// 99th percentile.
    pub(in crate::report) p99: LatencyMs,
}

/// Two lines per series, and the throttled share beside points where it is above 0. `None` without
/// a latency, or when a number cannot be drawn.
pub(in crate::report) fn latency_under_load(data: &LatencyUnderLoad) -> Option<String> {
    let series: Vec<LoadSeries> = data.series.iter().take(MOST_SERIES).map(prepared).collect();
    let points = || series.iter().flat_map(|it| &it.points);
    scale::range(points().map(|point| point.throttled.get()))?;
    let latencies = points().filter_map(|point| point.latency);
    let y = scale::range(latencies.flat_map(|it| [it.p50.get(), it.p99.get()]))?;
    let y = Scale::fitted_or_from_zero(y, UP);
    let x = clients_scale(points().map(|point| point.clients))?;
    let title = first_of(&data.title, series.len(), data.series.len());

    let mut svg = Svg::default();
    axes::heading(&mut svg, &title);
    axes::left(
        &mut svg,
        &y.labels(),
        &axes::titled("Latency (ms)", &y),
        RIGHT,
    );
    axes::horizontal(&mut svg, &x, "Clients", RIGHT);
    for (index, series) in series.iter().enumerate() {
        lines(&mut svg, Look::of(index), series, &x, &y);
    }
    let throttles = throttled(&mut svg, &series, &x, &y);
    let rows = legend(&mut svg, &series, throttles);
    Some(svg.document(axes::height(rows), &title, &description(&series)))
}

/// In the order of the number of clients, thinned when there are too many.
fn prepared(series: &LoadSeries) -> LoadSeries {
    let mut points = series.points.clone();
    points.sort_by_key(|point| point.clients);
    let every = points.len().div_ceil(MOST_POINTS).max(1);
    let points = points.into_iter().rev().step_by(every).collect::<Vec<_>>();
    LoadSeries {
        max_concurrency: series.max_concurrency,
        points: points.into_iter().rev().collect(),
    }
}

/// With a tick at each number of clients where that fits.
fn clients_scale(clients: impl Iterator<Item = u32>) -> Option<Scale> {
    let mut clients: Vec<f64> = clients.map(f64::from).collect();
    clients.sort_by(f64::total_cmp);
    clients.dedup();
    let range = scale::range(clients.iter().copied())?;
    let side = Side::Horizontal(LEFT + 24.0, RIGHT - 24.0);
    let each = Scale::at(clients, side);
    Some(if each.ticks().len() <= MOST_TICKS && each.has_room() {
        each
    } else {
        Scale::fitted(range, side)
    })
}

/// The places of one quantile, broken where no call succeeded.
fn runs(series: &LoadSeries, of: Quantile, x: &Scale, y: &Scale) -> Vec<Vec<(f64, f64)>> {
    let place = |point: &LoadPoint| {
        let latency = of(point.latency?);
        Some((x.place(f64::from(point.clients)), y.place(latency.get())))
    };
    let unbroken = series.points.split(|point| point.latency.is_none());
    unbroken
        .map(|points| points.iter().filter_map(place).collect())
        .collect()
}

fn lines(svg: &mut Svg, look: Look, series: &LoadSeries, x: &Scale, y: &Scale) {
    let mut marks = String::new();
    for (dash, of) in QUANTILES {
        let runs = runs(series, of, x, y);
        let curve: String = runs
            .iter()
            .map(|run| polyline(run.iter().copied()))
            .collect();
        svg.path(&look.curve_with_dash(dash), &curve);
        marks.extend(
            runs.into_iter()
                .flatten()
                .map(|place| look.shape().path(place)),
        );
    }
    svg.path(&look.mark(), &marks);
}

/// Writes the throttled shares; returns whether there is one.
fn throttled(svg: &mut Svg, series: &[LoadSeries], x: &Scale, y: &Scale) -> bool {
    let mut places = LabelLayout::within((LEFT + 2.0, TOP - 8.0), (RIGHT + 24.0, BOTTOM - 4.0));
    for (series, (_, of)) in series.iter().flat_map(|it| QUANTILES.map(|of| (it, of))) {
        for run in runs(series, of, x, y) {
            places.avoid(&run);
        }
    }
    let mut any = false;
    let points = series.iter().flat_map(|series| &series.points);
    for point in points.filter(|point| point.throttled.get() > 0.0) {
        let height = point.latency.map_or(BOTTOM, |it| y.place(it.p99.get()));
        let words = share(point.throttled);
        let beside = (x.place(f64::from(point.clients)), height);
        let place = places.beside(beside, scale::width(&words));
        svg.text("halo", Anchor::Middle, place, &words);
        any = true;
    }
    any
}

/// `12 %`, `0.5 %`; a share that would print as nothing is `<0.1 %`.
fn share(throttled: Ratio) -> String {
    match numbers::share(throttled).as_str() {
        "0%" => "<0.1%".to_owned(),
        words => words.to_owned(),
    }
}

/// What lines and percentages mean, then the series; the number of rows.
fn legend(svg: &mut Svg, series: &[LoadSeries], throttles: bool) -> usize {
    let columns = 2;
    let rows = series.len().div_ceil(columns) + 1;
    let count = rows * columns;
    for (column, dash, words) in [(0, P99, "p99"), (1, P50, "p50")] {
        let start = axes::legend_place(0, 1, 1);
        let start = (start.0 + 100.0 * axes::units(column), start.1);
        let curve = format!("curve plain d{dash}");
        axes::legend_row(svg, start, &curve, None, words);
    }
    if throttles {
        let (x, y) = axes::legend_place(0, 1, 1);
        svg.text(
            "soft",
            Anchor::Start,
            (x + 210.0, y),
            "12%: share of calls throttled",
        );
    }
    for (index, series) in series.iter().enumerate() {
        let look = Look::of(index);
        let row = index / columns + 1;
        let start = axes::legend_place(row + (index % columns) * rows, count, columns);
        let words = format!("MaxConcurrency {}", series.max_concurrency);
        axes::legend_row(svg, start, &look.curve_with_dash(P99), Some(look), &words);
    }
    rows
}

fn description(series: &[LoadSeries]) -> String {
    let words: Vec<String> = series.iter().filter_map(series_in_words).collect();
    format!("{}.", words.join(". "))
}

/// `MaxConcurrency 4: p99 180 ms with 2 clients, 1.20 s with 8; up to 12 % of calls throttled`.
fn series_in_words(series: &LoadSeries) -> Option<String> {
    let answered = |point: &&LoadPoint| point.latency.is_some();
    let one = |point: &LoadPoint| {
        let latency = point.latency?;
        let clients = match point.clients {
            1 => "1 client".to_owned(),
            clients => format!("{clients} clients"),
        };
        Some(format!(
            "with {clients} p50 {}, p99 {}",
            numbers::latency(latency.p50),
            numbers::latency(latency.p99)
        ))
    };
    let first = series.points.iter().find(answered)?;
    let last = series.points.iter().rfind(answered)?;
    let mut parts = vec![one(first)?];
    if last.clients > first.clients {
        parts.push(one(last)?);
    }
    let most = series
        .points
        .iter()
        .map(|point| point.throttled.get())
        .fold(0.0, f64::max);
    if most > 0.0 {
        parts.push(format!("up to {} of calls throttled", share(Ratio(most))));
    }
    Some(format!(
        "MaxConcurrency {}: {}",
        series.max_concurrency,
        parts.join("; ")
    ))
}
