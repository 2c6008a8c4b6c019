//! What a simulated container writes to its log.

use super::logs::Writer;
use super::{Account, Deployment, Endpoint};
use crate::simulator::scenario::ContainerProfile;

/// A server that starts, in the words of gunicorn.
const START: [&str; 3] = [
    "[1] [INFO] Starting gunicorn 23.0.0",
    "[1] [INFO] Listening at: http://0.0.0.0:8080 (1)",
    "[7] [INFO] Booting worker with pid: 7",
];
/// The kernel has killed the worker, in the words of gunicorn.
const OUT_OF_MEMORY: [&str; 2] = [
    "[1] [ERROR] Worker (pid:7) was sent SIGKILL! Perhaps out of memory?",
    "[8] [INFO] Booting worker with pid: 8",
];

/// What happens to a container that it writes about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    Started,
    Failed,
    RanOutOfMemory,
}

impl Moment {
    fn lines(self, container: &ContainerProfile) -> Vec<String> {
        let owned = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect();
        match self {
            Self::Started => owned(&START),
            Self::Failed => container.error_log.clone(),
            Self::RanOutOfMemory => owned(&OUT_OF_MEMORY),
        }
    }
}

impl Account {
    /// Containers of deployments that have failed by now write why, once.
    pub(super) fn write_failures(&mut self, now: f64) {
        let Self {
            endpoints,
            logs,
            scenario,
            ..
        } = self;
        for endpoint in endpoints.values_mut() {
            let is_timed = matches!(endpoint.deployment, Deployment::Timed { .. });
            let Some((at, Some(_))) = endpoint.deployed(now).filter(|_| is_timed) else {
                continue;
            };
            if endpoint.has_written {
                continue;
            }
            endpoint.has_written = true;
            let written = lines([Moment::Started, Moment::Failed], &scenario.model);
            logs.write(endpoint.writer(0), &written, at);
        }
    }
}

impl Endpoint {
    pub(super) fn writer(&self, worker: usize) -> Writer<'_> {
        Writer {
            endpoint: &self.name,
            variant: &self.config.variant,
            worker,
        }
    }
}

/// What a container writes at these moments.
pub(super) fn lines(
    moments: impl IntoIterator<Item = Moment>,
    container: &ContainerProfile,
) -> Vec<String> {
    let moments = moments.into_iter();
    moments.flat_map(|moment| moment.lines(container)).collect()
}
