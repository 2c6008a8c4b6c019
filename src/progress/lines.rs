//! Plain lines for logs: no escape codes, one line per stage and endpoint, a summary every ten
//! seconds and, in a long run, less often.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::remaining::{Remaining, words};
use super::{Reasons, container_log, in_rounds, list, waiting_for_role};
use crate::benchmark::{EndpointLabel, Event, Observer, PlannedEndpoint};
use crate::result::Leftover;
use crate::sync::lock;
use crate::text::one_line;
use crate::units::MemoryMb;

/// Between two summaries at first.
const SHORTEST_PAUSE: Duration = Duration::from_secs(10);
/// Some systems of CI end a job that stays silent.
const LONGEST_PAUSE: Duration = Duration::from_mins(2);
/// A pause is this part of the time so far: a log of hours has not thousands of lines.
const PART: u32 = 30;

/// Writes a line for each event that is worth one.
pub(super) struct Lines(Mutex<State>);

struct State {
    output: Box<dyn Write + Send>,
    planned: BTreeMap<EndpointLabel, u32>,
    /// Answered and failed calls of the endpoints being measured.
    done: BTreeMap<EndpointLabel, (u32, u32)>,
    remaining: Remaining,
    reasons: Reasons,
    now: fn() -> Instant,
    began: Instant,
    last_summary: Instant,
}

impl Lines {
    pub(super) fn new(output: Box<dyn Write + Send>, now: fn() -> Instant) -> Self {
        let began = now();
        Self(Mutex::new(State {
            output,
            planned: BTreeMap::new(),
            done: BTreeMap::new(),
            remaining: Remaining::default(),
            reasons: Reasons::default(),
            now,
            began,
            last_summary: began,
        }))
    }
}

impl Observer for Lines {
    fn on_event(&self, event: &Event) {
        let mut state = lock(&self.0);
        state.note(event);
        let line = line_of(event, &mut state.reasons);
        let Some(line) = line.or_else(|| state.summary_when_due(event)) else {
            return;
        };
        // A log that cannot be written to must not stop a measurement.
        let _ = writeln!(state.output, "{line}");
    }
}

impl State {
    fn note(&mut self, event: &Event) {
        if let Event::Started { endpoints, .. } = event {
            self.done.clear();
            let planned = endpoints.iter().map(|it| (it.endpoint, it.invocations));
            self.planned = planned.collect();
            self.remaining.start(endpoints);
        }
        if let Event::Extended {
            endpoint,
            invocations,
        } = event
        {
            self.planned.insert(*endpoint, *invocations);
            self.remaining.plan(*endpoint, *invocations);
        }
        if let Event::Measured { endpoint } | Event::LeftOut { endpoint, .. } = event {
            self.remaining.ended(*endpoint);
        }
        if let Event::Invoked {
            endpoint,
            done,
            errors,
            ..
        } = event
        {
            self.done.insert(*endpoint, (*done, *errors));
            self.remaining.invoked(*endpoint, *done, (self.now)());
        }
    }

    fn summary_when_due(&mut self, event: &Event) -> Option<String> {
        let now = (self.now)();
        let so_far = now.duration_since(self.began);
        let pause = (so_far / PART).clamp(SHORTEST_PAUSE, LONGEST_PAUSE);
        if now.duration_since(self.last_summary) < pause {
            return None;
        }
        let line = match event {
            Event::Invoked { .. } => {
                let left = words(self.remaining.of_all());
                format!("{}{left}", summary(&self.done, &self.planned))
            }
            Event::CollectingMetrics { seen, sent } => {
                format!("waiting for CloudWatch: {seen} of {sent} calls so far")
            }
            Event::Started { .. }
            | Event::Deploying { .. }
            | Event::DeployingAgain { .. }
            | Event::WaitingForRole { .. }
            | Event::Extended { .. }
            | Event::Deployed { .. }
            | Event::Measured { .. }
            | Event::LeftOut { .. }
            | Event::ContainerLog { .. }
            | Event::Noted { .. }
            | Event::Cancelled
            | Event::CleaningUp { .. }
            | Event::CleanedUp { .. }
            | Event::MetricsCollected { .. } => return None,
        };
        self.last_summary = now;
        Some(line)
    }
}

fn summary(
    done: &BTreeMap<EndpointLabel, (u32, u32)>,
    planned: &BTreeMap<EndpointLabel, u32>,
) -> String {
    let words = done.iter().map(|(endpoint, (done, errors))| {
        let planned = planned.get(endpoint).copied().unwrap_or_default();
        match errors {
            0 => format!("{endpoint} {done}/{planned}"),
            errors => format!("{endpoint} {done}/{planned} ({errors} errors)"),
        }
    });
    format!("measuring: {}", words.collect::<Vec<_>>().join(" · "))
}

fn started(
    endpoints: &[PlannedEndpoint],
    load_at: Option<MemoryMb>,
    round: Option<(u32, u32)>,
) -> String {
    let calls = endpoints.iter().map(|it| it.invocations);
    let (least, most) = (calls.clone().min(), calls.max());
    let calls = match (least, most) {
        (Some(least), Some(most)) if least != most => format!("{least} to {most}"),
        (_, most) => most.unwrap_or_default().to_string(),
    };
    let what = match load_at {
        None => format!("deploying {}", list(endpoints)),
        Some(size) => format!("concurrency at {size}: deploying {}", list(endpoints)),
    };
    format!(
        "{what} and sending {calls} invocations to each{}",
        in_rounds(round)
    )
}

/// The line of a stage; `None` for events that come too often.
fn line_of(event: &Event, reasons: &mut Reasons) -> Option<String> {
    Some(match event {
        Event::Started {
            endpoints,
            load_at,
            round,
        } => started(endpoints, *load_at, *round),
        Event::Deployed { endpoint, took } => {
            format!("{endpoint}: in service after {:.0} s", took.as_secs_f64())
        }
        Event::DeployingAgain { endpoint, reason } => format!(
            "{endpoint}: AWS failed the deployment, deploying once more: {}",
            one_line(reason)
        ),
        Event::WaitingForRole { longest } => waiting_for_role(*longest),
        Event::Extended {
            endpoint,
            invocations,
        } => format!(
            "{endpoint}: identical calls vary too much for p99, going on to {invocations} invocations"
        ),
        Event::Measured { endpoint } => format!("{endpoint}: measured"),
        Event::LeftOut { endpoint, reason } => {
            format!("{endpoint}: {}", reasons.left_out(*endpoint, reason))
        }
        Event::ContainerLog { endpoint, lines } => container_log(*endpoint, lines),
        Event::Noted { note } => one_line(note),
        Event::Cancelled => "cancelled: deleting what was created".to_owned(),
        Event::CleanedUp { deleted, left } if left.is_empty() => {
            format!("deleted {deleted} resources")
        }
        Event::CleanedUp { deleted, left } => {
            format!(
                "deleted {deleted} resources, NOT deleted: {}",
                one_line(&Leftover::list(left))
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
    use crate::result::ResourceKind;

    std::thread_local! {
        static AT: std::cell::Cell<Instant> = std::cell::Cell::new(Instant::now());
    }

    /// Milliseconds pass.
    fn later(milliseconds: u64) {
        AT.set(AT.get() + Duration::from_millis(milliseconds));
    }

    /// What was written.
    #[derive(Clone, Default)]
    struct Log(std::sync::Arc<Mutex<Vec<u8>>>);

    impl Write for Log {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            lock(&self.0).extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// Six sizes, deployed in two minutes, measured in six, then CloudWatch for two.
    fn run_of_ten_minutes(lines: &Lines) {
        let sizes = MemoryMb::OFFERED.map(EndpointLabel::Memory);
        let endpoints = sizes.map(|endpoint| PlannedEndpoint {
            endpoint,
            invocations: 1022,
        });
        lines.on_event(&Event::Started {
            endpoints: endpoints.to_vec(),
            load_at: None,
            round: None,
        });
        for endpoint in sizes {
            later(20_000);
            let took = Duration::from_mins(2);
            lines.on_event(&Event::Deployed { endpoint, took });
        }
        for done in 1..=1022 {
            later(352);
            for endpoint in sizes {
                lines.on_event(&Event::Invoked {
                    endpoint,
                    done,
                    errors: 0,
                    latency_ms: Some(350.0),
                });
            }
        }
        for endpoint in sizes {
            lines.on_event(&Event::Measured { endpoint });
        }
        for _ in 0..120 {
            later(1000);
            let (seen, sent) = (6000, 6132);
            lines.on_event(&Event::CollectingMetrics { seen, sent });
        }
        lines.on_event(&Event::MetricsCollected { incomplete: None });
    }

    #[test]
    fn the_log_of_ten_minutes_is_short_and_says_how_long_it_still_takes() {
        let log = Log::default();
        let lines = Lines::new(Box::new(log.clone()), || AT.get());
        run_of_ten_minutes(&lines);
        let text = String::from_utf8(lock(&log.0).clone()).unwrap();
        let count = text.lines().count();
        assert!((40..80).contains(&count), "{count} lines:\n{text}");
        let left: Vec<&str> = text
            .lines()
            .filter_map(|it| it.split_once(", about "))
            .map(|(_, left)| left)
            .collect();
        assert!(left.contains(&"5 min left"), "{left:?}");
        assert_eq!(left.last(), Some(&"30 s left"), "{left:?}");
    }

    #[test]
    fn each_stage_has_a_line_and_a_hostile_reason_stays_on_it() {
        let label = |index: usize| EndpointLabel::Memory(MemoryMb::OFFERED[index]);
        let planned = |endpoint, invocations| PlannedEndpoint {
            endpoint,
            invocations,
        };
        let endpoint = label(0);
        let load =
            [2, 8].map(|workers| planned(EndpointLabel::MaxConcurrency(workers), 3000 + workers));
        let events = [
            Event::Started {
                endpoints: vec![planned(label(0), 1020), planned(label(1), 1020)],
                load_at: None,
                round: None,
            },
            Event::Deployed {
                endpoint,
                took: Duration::from_secs(95),
            },
            Event::Extended {
                endpoint,
                invocations: 2020,
            },
            Event::Measured { endpoint },
            Event::LeftOut {
                endpoint,
                reason: "ping\n::error::x\u{1b}[2J".to_owned(),
            },
            Event::ContainerLog {
                endpoint,
                lines: ["::error::x", "  ::x\n::y ##[z]", "\u{1b}[2J"]
                    .map(str::to_owned)
                    .to_vec(),
            },
            Event::Noted {
                note: "log groups stay\n::error::x".to_owned(),
            },
            Event::CleanedUp {
                deleted: 3,
                left: vec![Leftover {
                    kind: ResourceKind::Endpoint,
                    name: "x".to_owned(),
                    reason: "denied".to_owned(),
                }],
            },
            Event::MetricsCollected { incomplete: None },
            Event::Started {
                endpoints: load.to_vec(),
                load_at: Some(MemoryMb::OFFERED[1]),
                round: None,
            },
        ];
        let mut reasons = Reasons::default();
        let lines = events.iter().filter_map(|it| line_of(it, &mut reasons));
        let lines: Vec<String> = lines.collect();
        insta::assert_snapshot!(lines.join("\n"), @r"
        deploying 1024, 2048 MB and sending 1020 invocations to each
        1024 MB: in service after 95 s
        1024 MB: identical calls vary too much for p99, going on to 2020 invocations
        1024 MB: measured
        1024 MB: left out: ping ::error::x [2J
        1024 MB: the last lines of its container:
          | ::error::x
          |   ::x ::y ## [z]
          |  [2J
        log groups stay ::error::x
        deleted 3 resources, NOT deleted: endpoint x: denied
        CloudWatch metrics are complete
        concurrency at 2048 MB: deploying MaxConcurrency 2, 8 and sending 3002 to 3008 invocations to each
        ");
    }

    #[test]
    fn the_summary_counts_every_size() {
        let label = |index: usize| EndpointLabel::Memory(MemoryMb::OFFERED[index]);
        let done = BTreeMap::from([(label(0), (340, 0)), (label(1), (12, 2))]);
        let planned = BTreeMap::from([(label(0), 1020), (label(1), 1020)]);
        assert_eq!(
            summary(&done, &planned),
            "measuring: 1024 MB 340/1020 · 2048 MB 12/1020 (2 errors)"
        );
    }
}
