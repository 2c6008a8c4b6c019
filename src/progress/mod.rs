//! Shows the events of a benchmark: bars on a terminal, plain lines elsewhere.

mod bars;
mod lines;
mod remaining;

use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::benchmark::{EndpointLabel, Event, Observer, PlannedEndpoint};
use crate::text::{aligned_line, one_line};

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Display {
    /// One bar per endpoint, redrawn in place.
    Bars,
    /// A line per stage, and one every ten seconds, in long runs less often.
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
        Display::Lines => Arc::new(lines::Lines::new(output, Instant::now)),
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

/// Why endpoints were left out, as far as it has been shown: what hits several alike is said once.
#[derive(Default)]
struct Reasons(Vec<(String, EndpointLabel)>);

impl Reasons {
    /// `left out: REASON`, or `left out, as 1024 MB`.
    fn left_out(&mut self, endpoint: EndpointLabel, reason: &str) -> String {
        if let Some((_, first)) = self.0.iter().find(|(shown, _)| shown == reason) {
            return format!("left out, as {first}");
        }
        self.0.push((reason.to_owned(), endpoint));
        format!("left out: {}", one_line(reason))
    }
}

fn waiting_for_role(longest: Duration) -> String {
    format!(
        "AWS cannot assume the model's role, which may be new: trying again for up to {} s",
        longest.as_secs()
    )
}

/// `1024, 2048 MB` or `MaxConcurrency 2, 4`; `of the reference` where none is the model's.
fn list(endpoints: &[PlannedEndpoint]) -> String {
    let is_of_reference = |it: &PlannedEndpoint| {
        matches!(
            it.endpoint,
            EndpointLabel::ReferenceMemory(_) | EndpointLabel::ReferenceMaxConcurrency(_)
        )
    };
    let all_of_reference = endpoints.iter().all(is_of_reference);
    let shown = endpoints
        .iter()
        .filter(|it| all_of_reference || !is_of_reference(it));
    let number = |it: &PlannedEndpoint| match it.endpoint {
        EndpointLabel::Memory(size) | EndpointLabel::ReferenceMemory(size) => {
            size.get().to_string()
        }
        EndpointLabel::MaxConcurrency(workers)
        | EndpointLabel::ReferenceMaxConcurrency(workers) => workers.to_string(),
    };
    let numbers = shown.map(number).collect::<Vec<_>>().join(", ");
    let listed = match endpoints.first().map(|it| it.endpoint) {
        Some(EndpointLabel::MaxConcurrency(_) | EndpointLabel::ReferenceMaxConcurrency(_)) => {
            format!("MaxConcurrency {numbers}")
        }
        Some(EndpointLabel::Memory(_) | EndpointLabel::ReferenceMemory(_)) | None => {
            format!("{numbers} MB")
        }
    };
    if all_of_reference && !endpoints.is_empty() {
        format!("{listed} of the reference")
    } else {
        listed
    }
}

/// `, in turn with the reference (round 1 of 4)`; nothing without a reference.
fn in_rounds(round: Option<(u32, u32)>) -> String {
    match round {
        None => String::new(),
        Some((_, 1)) => ", in turn with the reference".to_owned(),
        Some((round, of)) => format!(", in turn with the reference (round {round} of {of})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_that_hits_several_endpoints_is_said_once() {
        let mut reasons = Reasons::default();
        let label = EndpointLabel::MaxConcurrency;
        let said = [
            (1, "no\nrole"),
            (2, "no\nrole"),
            (4, "other"),
            (8, "no\nrole"),
        ]
        .map(|(endpoint, reason)| reasons.left_out(label(endpoint), reason));
        assert_eq!(
            said,
            [
                "left out: no role",
                "left out, as MaxConcurrency 1",
                "left out: other",
                "left out, as MaxConcurrency 1",
            ]
        );
    }

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
