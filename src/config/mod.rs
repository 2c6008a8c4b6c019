//! The command line: what may be typed.
//!
//! Every stage owns its option types; this module only assembles them, so no stage ever sees the command line.

mod args;
mod measure;
mod values;

pub use self::args::{
    BaselineArgs, BenchmarkArgs, CalibrateArgs, CleanupArgs, Cli, Command, CompareArgs, DemoArgs,
    GateArgs, Mode, OutputArgs, PricesArgs, RecommendArgs, RecordArgs, ReportArgs, RunArgs,
    SamplesArgs, SimulateArgs,
};
pub use self::measure::{LoadArgs, MeasureArgs, MeasurementArgs, ModelArgs};

/// clap's message without usage and advice: what is wrong with which flag, on one line.
pub fn usage_error(message: &str) -> String {
    let kept = message.lines().map(str::trim).take_while(|line| {
        !line.starts_with("Usage:") && !line.starts_with("For more information")
    });
    let words: Vec<&str> = kept.filter(|line| !line.is_empty()).collect();
    format!(
        "{}; see `sagegate --help`",
        crate::text::one_line(&words.join(" "))
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_is_one_line() {
        let text = "error: invalid value '9' for '--x <X>': no\n\n  tip: try 10\n\nUsage: a b\n\nFor more information, x";
        assert_eq!(
            usage_error(text),
            "error: invalid value '9' for '--x <X>': no tip: try 10; see `sagegate --help`"
        );
    }
}
