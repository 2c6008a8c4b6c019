//! What every chart has: a heading, axes with grid lines, and a legend.

use super::scale::{Scale, Side};
use super::svg::{Anchor, Look, Svg, WIDTH, polyline};

/// Edges of the plot.
pub(super) const LEFT: f64 = 70.0;
pub(super) const TOP: f64 = 70.0;
pub(super) const BOTTOM: f64 = 310.0;
/// Right edge, and the same where there is a second axis.
pub(super) const RIGHT: f64 = WIDTH - 28.0;
pub(super) const RIGHT_OF_TWO: f64 = WIDTH - 62.0;
/// Base lines of the heading, of the titles of vertical axes, and of labels and title of the
/// horizontal one.
const HEADING: f64 = 22.0;
const AXIS_TITLE: f64 = TOP - 16.0;
const TICK_LABEL: f64 = BOTTOM + 21.0;
/// Base line of what stands below the labels.
pub(super) const BELOW_LABELS: f64 = BOTTOM + 43.0;
/// Base line of the first row of a legend, and the distance of rows.
const LEGEND: f64 = BOTTOM + 76.0;
const ROW: f64 = 24.0;
/// Free room below the last row.
const MARGIN: f64 = 12.0;
/// From the base line of a text to the middle of its small letters.
pub(super) const HALF_LETTER: f64 = 4.5;
/// Length of the line in a legend.
const SAMPLE: f64 = 28.0;

/// The vertical side of the plot.
pub(super) const UP: Side = Side::Vertical(BOTTOM, TOP);

/// What the chart shows.
pub(super) fn heading(svg: &mut Svg, words: &str) {
    svg.text("heading", Anchor::Start, (2.0, HEADING), words);
}

/// A horizontal axis with a vertical line at each tick. `title` names it, with its unit.
pub(super) fn horizontal(svg: &mut Svg, scale: &Scale, title: &str, right: f64) {
    for x in scale.places_between_ticks() {
        svg.line("grid faint", (x, TOP), (x, BOTTOM));
    }
    for (x, label) in scale.labels() {
        svg.line("grid", (x, TOP), (x, BOTTOM));
        tick_label(svg, "soft", x, &label);
    }
    base_line(svg, right);
    let place = (f64::midpoint(LEFT, right), BELOW_LABELS);
    svg.text("soft", Anchor::Middle, place, &titled(title, scale));
}

/// The line at the bottom of the plot.
pub(super) fn base_line(svg: &mut Svg, right: f64) {
    svg.line("axis", (LEFT, BOTTOM), (right, BOTTOM));
}

/// The name of an axis, and whether it is logarithmic.
pub(super) fn titled(title: &str, scale: &Scale) -> String {
    if scale.is_logarithmic() {
        format!("{title}, logarithmic")
    } else {
        title.to_owned()
    }
}

/// The label of a value of the horizontal axis.
pub(super) fn tick_label(svg: &mut Svg, class: &str, x: f64, label: &str) {
    svg.text(class, Anchor::Middle, (x, TICK_LABEL), label);
}

/// The axis on the left with a horizontal line at each tick. `labels` are those of the scale, or
/// words for them.
pub(super) fn left(svg: &mut Svg, labels: &[(f64, String)], title: &str, right: f64) {
    for (y, label) in labels {
        svg.line("grid", (LEFT, *y), (right, *y));
        let place = (LEFT - 9.0, y + HALF_LETTER);
        svg.text("soft", Anchor::End, place, label);
    }
    svg.text("soft", Anchor::Start, (2.0, AXIS_TITLE), title);
}

/// The axis on the right: its lines are those of the left one.
pub(super) fn right(svg: &mut Svg, scale: &Scale, title: &str) {
    for (y, label) in scale.labels() {
        let place = (RIGHT_OF_TWO + 9.0, y + HALF_LETTER);
        svg.text("soft", Anchor::Start, place, &label);
    }
    svg.text("soft", Anchor::End, (WIDTH - 2.0, AXIS_TITLE), title);
}

/// Where the row of a legend begins: rows fill `columns` from top to bottom.
pub(super) fn legend_place(index: usize, count: usize, columns: usize) -> (f64, f64) {
    let columns = columns.max(1);
    let rows = count.div_ceil(columns).max(1);
    let (column, row) = (units(index / rows), units(index % rows));
    (
        2.0 + column * (WIDTH - 4.0) / units(columns),
        LEGEND + row * ROW,
    )
}

/// Height of a drawing with so many rows below the plot.
pub(super) fn height(rows: usize) -> f64 {
    LEGEND + units(rows.saturating_sub(1)) * ROW + MARGIN
}

/// Height of a drawing without a legend.
pub(super) const fn height_without_legend() -> f64 {
    BELOW_LABELS + MARGIN
}

/// A row of a legend: a piece of line as in the chart, with its point, and the words behind it.
pub(super) fn legend_row(
    svg: &mut Svg,
    (x, y): (f64, f64),
    curve: &str,
    point: Option<Look>,
    words: &str,
) {
    let middle = y - HALF_LETTER;
    svg.path(curve, &polyline([(x, middle), (x + SAMPLE, middle)]));
    if let Some(look) = point {
        svg.path(&look.mark(), &look.shape().path((x + SAMPLE / 2.0, middle)));
    }
    svg.text("", Anchor::Start, (x + SAMPLE + 7.0, y), words);
}

/// A small number as a coordinate.
#[expect(clippy::cast_precision_loss, reason = "rows and columns are few")]
pub(super) const fn units(count: usize) -> f64 {
    count as f64
}
