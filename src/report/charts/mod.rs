//! PURE: charts as SVG documents of less than 40 kB: numbers in, one `String` out.
//!
//! Each document stands alone and inside the page: its style follows the reader's light or dark
//! colours, and takes over the page's own where the page defines them (`--text`, `--muted`,
//! `--page`, `--line`). There is no script and no id, so that several can share a page. Colour is
//! never the only key: lines differ in dashes or points as well. Numbers that cannot be drawn give
//! no chart, never half of one.

mod axes;
mod break_even;
mod cost_latency;
mod distribution;
mod labels;
mod load;
mod scale;
mod svg;
mod tick_label;

pub(super) use self::break_even::{BreakEvenCurve, break_even};
pub(super) use self::cost_latency::{Beside, CostLatency, SizePoint, cost_latency};
pub(super) use self::distribution::{Distribution, LatencyDistribution, latency_distribution};
pub(super) use self::load::{
    LatencyUnderLoad, LoadLatency, LoadPoint, LoadSeries, latency_under_load,
};

use super::sanitise;

/// More lines than this cannot be distinguished.
const MOST_SERIES: usize = 12;
/// Characters of a title that fit on a phone.
const LONG_TITLE: usize = 40;

/// The title, and how many series are drawn when not all are.
fn first_of(title: &str, drawn: usize, all: usize) -> String {
    let title = sanitise::shortened(title, LONG_TITLE);
    if drawn < all {
        format!("{title} (first {drawn} of {all})")
    } else {
        title
    }
}

#[cfg(test)]
mod tests;
