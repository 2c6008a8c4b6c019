//! Shows the events of a benchmark: bars on a terminal, plain lines elsewhere.

mod bars;
mod lines;

use std::io::Write;
use std::sync::Arc;

use crate::benchmark::{EndpointLabel, Event, Observer, PlannedEndpoint};
use crate::text::aligned_line;

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Display {
    /// One bar per endpoint, redrawn in place.
    Bars,
    /// A line per stage, and one every ten seconds.
    Lines,
    /// Nothing.
    Quiet,
}

/// The facts that decide the [`Display`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TerminalFacts {
    /// Whether stderr is a terminal.
    pub is_terminal: bool,
    /// Whether a CI system runs us: some pretend to be terminals.
    pub is_ci: bool,
    /// Whether the user asked for silence.
    pub quiet: bool,
}

/// Chooses a [`Display`].
///
/// | quiet | CI | terminal | shown |
/// |---|---|---|---|
/// | yes | – | – | nothing |
/// | no | yes | – | lines |
/// | no | no | yes | bars |
/// | no | no | no | lines |
pub const fn resolve(facts: TerminalFacts) -> Display {
    match facts {
        TerminalFacts { quiet: true, .. } => Display::Quiet,
        TerminalFacts {
            is_ci: false,
            is_terminal: true,
            ..
        } => Display::Bars,
        TerminalFacts { .. } => Display::Lines,
    }
}

/// An observer that shows events as `display` says; lines go to `output`.
pub fn observer(display: Display, output: Box<dyn Write + Send>) -> Arc<dyn Observer> {
    match display {
        Display::Bars => Arc::new(bars::Bars::default()),
        Display::Lines => Arc::new(lines::Lines::new(output)),
        Display::Quiet => Arc::new(Silent),
    }
}

struct Silent;

impl Observer for Silent {
    fn on_event(&self, _: &Event) {}
}

/// What a container wrote last, a bar in front of each line: none of it can be a command.
fn container_log(endpoint: EndpointLabel, lines: &[String]) -> String {
    let heading = format!("{endpoint}: the last lines of its container:");
    let lines = lines
        .iter()
        .map(|line| format!("  | {}", aligned_line(line)));
    std::iter::once(heading)
        .chain(lines)
        .collect::<Vec<_>>()
        .join("\n")
}

/// `1024, 2048 MB` or `MaxConcurrency 2, 4`.
fn list(endpoints: &[PlannedEndpoint]) -> String {
    let number = |it: &PlannedEndpoint| match it.endpoint {
        EndpointLabel::Memory(size) => size.get().to_string(),
        EndpointLabel::MaxConcurrency(workers) => workers.to_string(),
    };
    let numbers = endpoints.iter().map(number).collect::<Vec<_>>().join(", ");
    match endpoints.first().map(|it| it.endpoint) {
        Some(EndpointLabel::MaxConcurrency(_)) => format!("MaxConcurrency {numbers}"),
        Some(EndpointLabel::Memory(_)) | None => format!("{numbers} MB"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_displays_holds() {
        let cases = [
            (true, true, true, Display::Quiet),
            (true, false, false, Display::Quiet),
            (false, true, true, Display::Lines),
            (false, true, false, Display::Lines),
            (false, false, true, Display::Bars),
            (false, false, false, Display::Lines),
        ];
        for (quiet, is_ci, is_terminal, display) in cases {
            assert_eq!(
                resolve(TerminalFacts {
                    is_terminal,
                    is_ci,
                    quiet
                }),
                display
            );
        }
    }
}
