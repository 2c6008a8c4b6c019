//! Charts over memory sizes in mermaid, which GitHub draws inside a comment. Numbers and our own
//! words only.

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
}
