//! Bars over memory sizes: mermaid for GitHub, plain HTML for the page. Numbers and our own words only.

use std::fmt::Write as _;

use crate::units::MemoryMb;

/// A chart over memory sizes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Chart {
    /// What is shown, with the unit.
    pub(super) title: &'static str,
    /// The unit, for the axis.
    pub(super) unit: &'static str,
    /// The sizes, ascending.
    pub(super) sizes: Vec<MemoryMb>,
    /// One bar or line per series.
    pub(super) series: Vec<Series>,
}

/// One value per size.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Series {
    /// What it is.
    pub(super) name: &'static str,
    /// The values, in the unit of the chart.
    pub(super) values: Vec<f64>,
    /// The values as people read them.
    pub(super) labels: Vec<String>,
}

impl Chart {
    /// The largest value; 1 when there is none, so that it can divide.
    fn largest(&self) -> f64 {
        let largest = self
            .series
            .iter()
            .flat_map(|series| &series.values)
            .copied()
            .fold(0.0, f64::max);
        if largest > 0.0 { largest } else { 1.0 }
    }

    /// Mermaid's `xychart-beta`: bars for one series, lines for several.
    pub(super) fn mermaid_lines(&self) -> Vec<String> {
        let sizes: Vec<String> = self
            .sizes
            .iter()
            .map(|size| format!("\"{}\"", size.get()))
            .collect();
        let kind = if self.series.len() == 1 {
            "bar"
        } else {
            "line"
        };
        let mut lines = vec![
            "xychart-beta".to_owned(),
            format!("title \"{}\"", self.title),
            format!("x-axis \"Memory (MB)\" [{}]", sizes.join(", ")),
            format!("y-axis \"{}\" 0 --> {:.6}", self.unit, self.largest() * 1.1),
        ];
        lines.extend(self.series.iter().map(|series| {
            let values: Vec<String> = series
                .values
                .iter()
                .map(|value| format!("{value:.6}"))
                .collect();
            format!("{kind} [{}]", values.join(", "))
        }));
        lines
    }

    /// A figure of horizontal bars, each with its value beside it: readable on a phone and without colours.
    pub(super) fn html(&self) -> String {
        let mut out = format!(
            "<figure class=\"chart\">\n<figcaption>{}</figcaption>\n",
            self.title
        );
        for (index, size) in self.sizes.iter().enumerate() {
            let _ = writeln!(
                out,
                "<div class=\"group\"><span class=\"size\">{size}</span><div class=\"bars\">"
            );
            for (place, series) in self.series.iter().enumerate() {
                self.bar(&mut out, series, place, index);
            }
            out.push_str("</div></div>\n");
        }
        out.push_str("</figure>\n");
        out
    }

    fn bar(&self, out: &mut String, series: &Series, place: usize, index: usize) {
        let (Some(value), Some(label)) = (series.values.get(index), series.labels.get(index))
        else {
            return;
        };
        let width = 100.0 * value.max(0.0) / self.largest();
        let name = if self.series.len() > 1 {
            format!("{} ", series.name)
        } else {
            String::new()
        };
        let _ = writeln!(
            out,
            "<div class=\"bar series{place}\"><span class=\"track\"><i style=\"width:{width:.1}%\"></i></span>\
             <span class=\"value\">{name}{label}</span></div>"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(series: &[(&'static str, [f64; 2])]) -> Chart {
        Chart {
            title: "Latency (ms)",
            unit: "ms",
            sizes: MemoryMb::OFFERED[..2].to_vec(),
            series: series
                .iter()
                .map(|(name, values)| Series {
                    name,
                    values: values.to_vec(),
                    labels: values.iter().map(|value| format!("{value} ms")).collect(),
                })
                .collect(),
        }
    }

    #[test]
    fn one_series_is_bars_and_two_are_lines() {
        insta::assert_snapshot!(chart(&[("p99", [200.0, 100.0])]).mermaid_lines().join("\n"), @r#"
        xychart-beta
        title "Latency (ms)"
        x-axis "Memory (MB)" ["1024", "2048"]
        y-axis "ms" 0 --> 220.000000
        bar [200.000000, 100.000000]
        "#);
        let two = chart(&[("p99", [200.0, 100.0]), ("mean", [150.0, 90.0])]);
        assert_eq!(
            two.mermaid_lines()
                .iter()
                .filter(|line| line.starts_with("line "))
                .count(),
            2
        );
    }

    #[test]
    fn bars_are_relative_to_the_largest_value() {
        let html = chart(&[("p99", [200.0, 100.0])]).html();
        assert!(html.contains("width:100.0%") && html.contains("width:50.0%"));
        assert!(!html.contains("NaN"));
        assert!(chart(&[("p99", [0.0, 0.0])]).html().contains("width:0.0%"));
    }
}
