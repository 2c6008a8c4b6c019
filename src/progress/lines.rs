//! Plain lines for logs: no escape codes, one line per stage and endpoint, a summary every ten seconds.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::list;
use crate::benchmark::{Event, Observer};
use crate::text::one_line;
use crate::units::MemoryMb;

const SUMMARY_EVERY: Duration = Duration::from_secs(10);

/// Writes a line for each event that is worth one.
pub(super) struct Lines(Mutex<State>);

struct State {
    output: Box<dyn Write + Send>,
    planned: u32,
    done: BTreeMap<MemoryMb, (u32, u32)>,
    last_summary: Instant,
}

impl Lines {
    pub(super) fn new(output: Box<dyn Write + Send>) -> Self {
        Self(Mutex::new(State {
            output,
            planned: 0,
            done: BTreeMap::new(),
            last_summary: Instant::now(),
        }))
    }
}

impl Observer for Lines {
    fn on_event(&self, event: &Event) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Event::Invoked {
            memory_mb,
            done,
            errors,
            ..
        } = event
        {
            state.done.insert(*memory_mb, (*done, *errors));
        }
        if let Event::Started { invocations, .. } = event {
            state.planned = *invocations;
        }
        let Some(line) = line_of(event).or_else(|| state.summary_when_due(event)) else {
            return;
        };
        // A log that cannot be written to must not stop a measurement.
        let _ = writeln!(state.output, "{line}");
    }
}

impl State {
    fn summary_when_due(&mut self, event: &Event) -> Option<String> {
        if self.last_summary.elapsed() < SUMMARY_EVERY {
            return None;
        }
        let line = match event {
            Event::Invoked { .. } => summary(&self.done, self.planned),
            Event::CollectingMetrics { seen, sent } => {
                format!("waiting for CloudWatch: {seen} of {sent} calls so far")
            }
            Event::Started { .. }
            | Event::Deploying { .. }
            | Event::Deployed { .. }
            | Event::Measured { .. }
            | Event::LeftOut { .. }
            | Event::Cancelled
            | Event::CleaningUp { .. }
            | Event::CleanedUp { .. }
            | Event::MetricsCollected { .. } => return None,
        };
        self.last_summary = Instant::now();
        Some(line)
    }
}

fn summary(done: &BTreeMap<MemoryMb, (u32, u32)>, planned: u32) -> String {
    let sizes: Vec<String> = done
        .iter()
        .map(|(size, (done, errors))| match errors {
            0 => format!("{} MB {done}/{planned}", size.get()),
            errors => format!("{} MB {done}/{planned} ({errors} errors)", size.get()),
        })
        .collect();
    format!("measuring: {}", sizes.join(" · "))
}

/// The line of a stage; `None` for events that come too often.
fn line_of(event: &Event) -> Option<String> {
    Some(match event {
        Event::Started {
            memory_sizes,
            invocations,
        } => {
            format!(
                "deploying {} and sending {invocations} invocations to each",
                list(memory_sizes)
            )
        }
        Event::Deployed { memory_mb, took } => {
            format!("{memory_mb}: in service after {:.0} s", took.as_secs_f64())
        }
        Event::Measured { memory_mb } => format!("{memory_mb}: measured"),
        Event::LeftOut { memory_mb, reason } => {
            format!("{memory_mb}: left out: {}", one_line(reason))
        }
        Event::Cancelled => "cancelled: deleting what was created".to_owned(),
        Event::CleanedUp { deleted, left } if left.is_empty() => {
            format!("deleted {deleted} resources")
        }
        Event::CleanedUp { deleted, left } => {
            format!(
                "deleted {deleted} resources, NOT deleted: {}",
                one_line(&left.join("; "))
            )
        }
        Event::MetricsCollected { incomplete: None } => {
            "CloudWatch metrics are complete".to_owned()
        }
        Event::MetricsCollected {
            incomplete: Some(reason),
        } => {
            format!("without complete CloudWatch metrics: {}", one_line(reason))
        }
        Event::Deploying { .. }
        | Event::Invoked { .. }
        | Event::CleaningUp { .. }
        | Event::CollectingMetrics { .. } => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_stage_has_a_line_and_a_hostile_reason_stays_on_it() {
        let size = MemoryMb::OFFERED[0];
        let events = [
            Event::Started {
                memory_sizes: vec![size, MemoryMb::OFFERED[1]],
                invocations: 1020,
            },
            Event::Deployed {
                memory_mb: size,
                took: Duration::from_secs(95),
            },
            Event::Measured { memory_mb: size },
            Event::LeftOut {
                memory_mb: size,
                reason: "ping\n::error::x\u{1b}[2J".to_owned(),
            },
            Event::CleanedUp {
                deleted: 3,
                left: vec!["endpoint x: denied".to_owned()],
            },
            Event::MetricsCollected { incomplete: None },
        ];
        let lines: Vec<String> = events.iter().filter_map(line_of).collect();
        insta::assert_snapshot!(lines.join("\n"), @r"
        deploying 1024, 2048 MB and sending 1020 invocations to each
        1024 MB: in service after 95 s
        1024 MB: measured
        1024 MB: left out: ping ::error::x [2J
        deleted 3 resources, NOT deleted: endpoint x: denied
        CloudWatch metrics are complete
        ");
    }

    #[test]
    fn the_summary_counts_every_size() {
        let done = BTreeMap::from([
            (MemoryMb::OFFERED[0], (340, 0)),
            (MemoryMb::OFFERED[1], (12, 2)),
        ]);
        assert_eq!(
            summary(&done, 1020),
            "measuring: 1024 MB 340/1020 · 2048 MB 12/1020 (2 errors)"
        );
    }
}
