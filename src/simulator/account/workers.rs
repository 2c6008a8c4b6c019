//! The concurrent workers of an endpoint: free or busy, warm or cold.

use super::Serverless;
use crate::simulator::latency::Draws;

/// The concurrent workers of an endpoint.
#[derive(Debug)]
pub(super) struct Workers {
    pub(super) draws: Draws,
    started: Vec<Worker>,
    max: usize,
    /// The first so many are provisioned: warm from the start, and however long they idle.
    provisioned: usize,
}

#[derive(Debug, Clone, Copy)]
struct Worker {
    busy: bool,
    last_used: f64,
}

impl Workers {
    pub(super) fn new(serverless: Serverless, draws: Draws, now: f64) -> Self {
        let whole = |count: u32| usize::try_from(count).unwrap_or(usize::MAX);
        let worker = Worker {
            busy: false,
            last_used: now,
        };
        Self {
            draws,
            started: vec![worker; whole(serverless.provisioned)],
            max: whole(serverless.max_concurrency),
            provisioned: whole(serverless.provisioned),
        }
    }

    /// Takes a free worker: its number, and whether it starts cold. `None` when all are busy.
    pub(super) fn take(&mut self, now: f64, idle_seconds: f64) -> Option<(usize, bool)> {
        let warm = |(number, worker): (usize, &Worker)| {
            let is_warm = number < self.provisioned || now - worker.last_used <= idle_seconds;
            !worker.busy && is_warm
        };
        let number = match self.started.iter().enumerate().position(warm) {
            Some(number) => (number, false),
            None => match self.started.iter().position(|worker| !worker.busy) {
                Some(number) => (number, true),
                None if self.started.len() < self.max => {
                    self.started.push(Worker {
                        busy: false,
                        last_used: now,
                    });
                    (self.started.len() - 1, true)
                }
                None => return None,
            },
        };
        if let Some(worker) = self.started.get_mut(number.0) {
            worker.busy = true;
        }
        Some(number)
    }

    pub(super) fn release(&mut self, number: usize, now: f64) {
        if let Some(worker) = self.started.get_mut(number) {
            worker.busy = false;
            worker.last_used = now;
        }
    }
}
