//! One bar per endpoint on a terminal.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::remaining::{Remaining, words};
use super::{Reasons, container_log, waiting_for_role};
use crate::benchmark::{EndpointLabel, Event, Observer};
use crate::result::Leftover;
use crate::sync::lock;
use crate::text::one_line;

const SPINNER_TICK: Duration = Duration::from_millis(120);

/// Draws on stderr.
#[derive(Default)]
pub(super) struct Bars(Mutex<State>);

#[derive(Default)]
struct State {
    screen: MultiProgress,
    endpoints: BTreeMap<EndpointLabel, ProgressBar>,
    stage: Option<ProgressBar>,
    remaining: Remaining,
    reasons: Reasons,
}

impl Observer for Bars {
    fn on_event(&self, event: &Event) {
        lock(&self.0).show(event);
    }
}

impl State {
    fn show(&mut self, event: &Event) {
        match event {
            Event::Started { endpoints, .. } => {
                self.remaining.start(endpoints);
                for planned in endpoints {
                    let invocations = u64::from(planned.invocations);
                    // A later round of the same size.
                    if let Some(bar) = self.endpoints.get(&planned.endpoint) {
                        bar.reset();
                        bar.set_length(invocations);
                        bar.set_message("waiting");
                        continue;
                    }
                    let bar = self.screen.add(ProgressBar::new(invocations));
                    bar.set_style(style("{prefix:>18} {bar:28} {pos:>5}/{len}  {wide_msg}"));
                    bar.set_prefix(planned.endpoint.to_string());
                    bar.set_message("waiting");
                    self.endpoints.insert(planned.endpoint, bar);
                }
            }
            Event::Extended {
                endpoint,
                invocations,
            } => {
                self.remaining.plan(*endpoint, *invocations);
                if let Some(bar) = self.endpoints.get(endpoint) {
                    bar.set_length(u64::from(*invocations));
                }
            }
            Event::Deploying { endpoint } => {
                // The role could be assumed in the end.
                if let Some(waiting) = self.stage.take() {
                    waiting.finish_and_clear();
                }
                self.message(*endpoint, "deploying");
            }
            Event::DeployingAgain { endpoint, .. } => {
                self.message(*endpoint, "failed by AWS: deploying once more");
            }
            Event::Deployed { endpoint, took } => {
                self.message(
                    *endpoint,
                    &format!("in service after {:.0} s", took.as_secs_f64()),
                );
            }
            Event::WaitingForRole { longest } => self.stage(&waiting_for_role(*longest)),
            Event::Invoked {
                endpoint,
                done,
                errors,
                latency_ms,
            } => {
                self.progress(*endpoint, *done, *errors, *latency_ms);
            }
            Event::Measured { endpoint } => self.finish(*endpoint, "measured"),
            Event::LeftOut { endpoint, reason } => {
                let words = self.reasons.left_out(*endpoint, reason);
                self.finish(*endpoint, &words);
            }
            Event::ContainerLog { endpoint, lines } => self.print(&container_log(*endpoint, lines)),
            Event::Noted { note } => self.print(&one_line(note)),
            Event::Cancelled => self.stage("cancelled: deleting what was created"),
            Event::CleaningUp { .. } => self.stage("deleting endpoints"),
            Event::CleanedUp { deleted, left } => self.cleaned_up(*deleted, left),
            Event::CollectingMetrics { seen, sent } => {
                self.stage(&format!(
                    "waiting for CloudWatch: {seen} of {sent} calls so far"
                ));
            }
            Event::MetricsCollected { incomplete } => match incomplete {
                None => self.end_stage("CloudWatch metrics are complete"),
                Some(reason) => {
                    self.end_stage(&format!(
                        "without complete CloudWatch metrics: {}",
                        one_line(reason)
                    ));
                }
            },
        }
    }

    fn message(&self, endpoint: EndpointLabel, text: &str) {
        if let Some(bar) = self.endpoints.get(&endpoint) {
            bar.set_message(text.to_owned());
        }
    }

    fn progress(
        &mut self,
        endpoint: EndpointLabel,
        done: u32,
        errors: u32,
        latency_ms: Option<f64>,
    ) {
        self.remaining.invoked(endpoint, done, Instant::now());
        let left = words(self.remaining.of(endpoint));
        let Some(bar) = self.endpoints.get(&endpoint) else {
            return;
        };
        bar.set_position(u64::from(done));
        let errors = if errors == 0 {
            String::new()
        } else {
            format!(", {errors} errors")
        };
        if let Some(latency_ms) = latency_ms {
            bar.set_message(format!("{latency_ms:.1} ms{errors}{left}"));
        }
    }

    /// Above the bars.
    fn print(&self, text: &str) {
        // A terminal that has gone is no reason to stop.
        let _ = self.screen.println(text);
    }

    fn finish(&self, endpoint: EndpointLabel, text: &str) {
        if let Some(bar) = self.endpoints.get(&endpoint) {
            bar.abandon_with_message(text.to_owned());
        }
    }

    fn stage(&mut self, text: &str) {
        let screen = &self.screen;
        let bar = self.stage.get_or_insert_with(|| {
            let bar = screen.add(ProgressBar::new_spinner());
            bar.enable_steady_tick(SPINNER_TICK);
            bar
        });
        bar.set_message(text.to_owned());
    }

    fn end_stage(&mut self, text: &str) {
        self.stage(text);
        if let Some(bar) = self.stage.take() {
            bar.finish_with_message(text.to_owned());
        }
    }

    fn cleaned_up(&mut self, deleted: u32, left: &[Leftover]) {
        let text = match left {
            [] => format!("deleted {deleted} resources"),
            left => format!(
                "deleted {deleted} resources, NOT deleted: {}",
                one_line(&Leftover::list(left))
            ),
        };
        self.end_stage(&text);
    }
}

/// A template that indicatif accepts, or its default: the look is not worth an error.
fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
