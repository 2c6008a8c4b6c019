//! What a container uses of this machine.

use std::time::Duration;

use bollard::models::ContainerStatsResponse;
use bollard::query_parameters::StatsOptions;
use futures_util::StreamExt as _;

use super::Engine;

/// What a container uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// Memory in use without what the kernel only caches.
    pub memory_bytes: u64,
    /// Processor time since its start; `None` where the engine does not count it.
    pub cpu: Option<Duration>,
}

impl Usage {
    fn of(stats: ContainerStatsResponse) -> Option<Self> {
        let memory = stats.memory_stats?;
        let used = memory.usage?;
        let details = memory.stats.unwrap_or_default();
        // The first is of cgroup v1, the second of v2; as `docker stats` counts.
        let cached = details
            .get("total_inactive_file")
            .or_else(|| details.get("inactive_file"));
        let cpu = stats.cpu_stats.and_then(|it| it.cpu_usage);
        // An engine without the controller says 0, and a container that answers has used some.
        let cpu_ns = cpu.and_then(|it| it.total_usage).filter(|it| *it > 0);
        Some(Self {
            memory_bytes: used.saturating_sub(cached.copied().unwrap_or_default()),
            cpu: cpu_ns.map(Duration::from_nanos),
        })
    }
}

impl Engine {
    /// What a container uses now; `None` when it does not run.
    pub(super) async fn usage(&self, id: &str) -> Option<Usage> {
        let options = StatsOptions {
            stream: false,
            one_shot: true,
        };
        let stats = self.docker.stats(id, Some(options)).next().await?;
        Usage::of(stats.ok()?)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn usage(stats: Value) -> Option<Usage> {
        Usage::of(serde_json::from_value(stats).unwrap())
    }

    #[test]
    fn what_is_only_cached_is_not_used() {
        for name in ["total_inactive_file", "inactive_file"] {
            let memory = json!({ "usage": 300, "stats": { name: 44 } });
            let cpu = json!({ "cpu_usage": { "total_usage": 5_000 } });
            assert_eq!(
                usage(json!({ "memory_stats": memory, "cpu_stats": cpu })),
                Some(Usage {
                    memory_bytes: 256,
                    cpu: Some(Duration::from_micros(5))
                })
            );
        }
        // One that has ended.
        assert_eq!(usage(json!({ "memory_stats": {} })), None);
    }

    #[test]
    fn an_engine_may_not_count_processor_time() {
        for cpu in [json!({}), json!({ "cpu_usage": { "total_usage": 0 } })] {
            let stats = json!({ "memory_stats": { "usage": 1 }, "cpu_stats": cpu });
            assert_eq!(usage(stats).unwrap().cpu, None);
        }
    }
}
