//! The machine, and the share of it that a memory size has.

use std::fmt;

use bollard::Docker;

use super::error::EngineError;
use crate::result;
use crate::units::MemoryMb;

/// Memory that goes with one CPU, MB. AWS does not say it of serverless endpoints; of Lambda, on
/// which their price and limits rest, it does:
/// <https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html>.
const MB_PER_CPU: f64 = 1769.0;

/// The period in which a container may use up its quota, microseconds. With the engine's default of
/// 100 ms a container runs freely for a while and is then stopped for long: latencies of twice the
/// work. 20 ms is Lambda's.
pub(super) const PERIOD_US: i64 = 20_000;

/// How many CPUs a container may use.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct CpuShare(f64);

impl CpuShare {
    /// The share of one worker of a size.
    pub fn of(memory_mb: MemoryMb) -> Self {
        Self(f64::from(memory_mb.get()) / MB_PER_CPU)
    }

    /// The share of several workers.
    #[must_use]
    pub fn times(self, workers: u32) -> Self {
        Self(self.0 * f64::from(workers))
    }

    /// The quota per [`PERIOD_US`], microseconds.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "at most 200 workers of 3.5 CPUs: far below 2^63"
    )]
    pub(super) fn quota_us(self) -> i64 {
        (self.0 * 20_000.0).round() as i64
    }
}

/// `1.16`.
impl fmt::Display for CpuShare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2}", self.0)
    }
}

/// What the engine runs on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    /// Of which processor, where that is known.
    pub cpu_model: String,
    /// CPUs that containers may use.
    pub cpus: u32,
    /// Memory, bytes.
    pub memory_bytes: u64,
    /// `amd64`, `arm64`, …
    pub architecture: String,
    /// For example `Docker 28.2.2`.
    pub engine: String,
}

impl Machine {
    pub(super) async fn of(docker: &Docker) -> Result<Self, EngineError> {
        let info = docker.info().await;
        let info = info.map_err(|error| EngineError::failed("say what it is", &error))?;
        let system = info.os_type.unwrap_or_else(|| "linux".to_owned());
        if system != "linux" {
            return Err(EngineError::NotLinux { system });
        }
        let positive = |value: Option<i64>| value.and_then(|it| u64::try_from(it).ok());
        let cpus = positive(info.ncpu).and_then(|it| u32::try_from(it).ok());
        let architecture = info.architecture.unwrap_or_default();
        let version = info.server_version.unwrap_or_default();
        Ok(Self {
            cpu_model: cpu_model_of_this_machine().unwrap_or_else(|| architecture.clone()),
            cpus: cpus.unwrap_or(1).max(1),
            memory_bytes: positive(info.mem_total).unwrap_or(u64::MAX),
            architecture: canonical(&architecture).to_owned(),
            engine: format!("engine {version}"),
        })
    }

    /// Why a size, or several workers of it, are too large; `None` when they fit.
    pub fn too_small_for(&self, memory_mb: MemoryMb, workers: u32) -> Option<String> {
        let share = CpuShare::of(memory_mb).times(workers);
        if share.0 > f64::from(self.cpus) {
            let cpus = crate::text::plural(self.cpus, "CPU");
            return Some(format!(
                "it needs {share} CPUs, and this machine has {cpus}"
            ));
        }
        let bytes = (u64::from(memory_mb.get()) * u64::from(workers)) << 20;
        if bytes > self.memory_bytes {
            let has = self.memory_bytes >> 20;
            return Some(format!("this machine has {has} MB of memory"));
        }
        None
    }

    /// Why two containers of a size are too large of which one works at a time; `None` when they
    /// fit.
    pub fn too_small_for_two_in_turn(&self, memory_mb: MemoryMb) -> Option<String> {
        let bytes = u64::from(memory_mb.get()) << 21;
        let one = self.too_small_for(memory_mb, 1);
        one.or_else(|| {
            (bytes > self.memory_bytes).then(|| {
                let has = self.memory_bytes >> 20;
                format!("this machine has {has} MB of memory, and the two models need it twice")
            })
        })
    }

    /// What of it is part of a result.
    pub fn described(&self) -> result::Machine {
        result::Machine {
            cpu_model: self.cpu_model.clone(),
            cpus: self.cpus,
        }
    }
}

/// The name of this machine's processor, where that is known.
pub fn cpu_model_of_this_machine() -> Option<String> {
    cpu_model(&std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default())
}

/// The processor's name, without what makes it long.
fn cpu_model(text: &str) -> Option<String> {
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    let (_, name) = line.split_once(':')?;
    let name = name.replace("(R)", "").replace("(TM)", "");
    let words: Vec<&str> = name
        .split_whitespace()
        .filter(|word| !matches!(*word, "CPU" | "Processor"))
        .take_while(|word| *word != "@")
        .collect();
    (!words.is_empty()).then(|| words.join(" "))
}

/// An architecture as images name it.
pub(super) fn canonical(architecture: &str) -> &str {
    match architecture {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(cpus: u32, memory_gb: u64) -> Machine {
        Machine {
            cpu_model: "EPYC".to_owned(),
            cpus,
            memory_bytes: memory_gb << 30,
            architecture: "amd64".to_owned(),
            engine: "engine 28".to_owned(),
        }
    }

    #[test]
    fn shares_are_lambdas() {
        let shares = MemoryMb::OFFERED.map(|it| CpuShare::of(it).to_string());
        assert_eq!(shares, ["0.58", "1.16", "1.74", "2.32", "2.89", "3.47"]);
        assert_eq!(CpuShare::of(MemoryMb::OFFERED[0]).quota_us(), 11_577);
    }

    #[test]
    fn what_is_larger_than_the_machine_does_not_fit() {
        let fits = |machine: &Machine| {
            MemoryMb::OFFERED.map(|size| machine.too_small_for(size, 1).is_none())
        };
        let small = machine(2, 7);
        assert_eq!(fits(&small), [true, true, true, false, false, false]);
        assert_eq!(fits(&machine(4, 16)), [true; 6]);
        assert_eq!(
            small.too_small_for(MemoryMb::OFFERED[3], 1).unwrap(),
            "it needs 2.32 CPUs, and this machine has 2 CPUs"
        );
        assert_eq!(
            machine(4, 2)
                .too_small_for(MemoryMb::OFFERED[2], 1)
                .unwrap(),
            "this machine has 2048 MB of memory"
        );
        assert!(small.too_small_for(MemoryMb::OFFERED[1], 2).is_some());
        let pairs = MemoryMb::OFFERED.map(|it| machine(4, 7).too_small_for_two_in_turn(it));
        assert_eq!(
            pairs.map(|it| it.is_none()),
            [true, true, true, false, false, false]
        );
    }

    #[test]
    fn a_processor_is_called_by_what_tells_it_from_others() {
        let model = |name: &str| cpu_model(&format!("processor\t: 0\nmodel name\t: {name}\n"));
        assert_eq!(
            model("Intel(R) Xeon(R) Platinum 8370C CPU @ 2.80GHz").unwrap(),
            "Intel Xeon Platinum 8370C"
        );
        assert_eq!(
            model("AMD EPYC 7763 64-Core Processor").unwrap(),
            "AMD EPYC 7763 64-Core"
        );
        assert_eq!(cpu_model("BogoMIPS : 48.00\n"), None);
    }
}
