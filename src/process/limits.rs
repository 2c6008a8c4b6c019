//! Limits of the operating system.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Files and connections that are enough: 200 clients of six endpoints, many times over.
const ENOUGH: u64 = 65_536;
/// The most that macOS gives, where it says that there is no limit.
const MAC: u64 = 10_240;

/// Raises the limit of open files and connections as far as the system allows. Shells give 1024,
/// macOS gives 256: fewer than a load has clients.
pub fn raise_open_files() {
    let limit = getrlimit(Resource::Nofile);
    let Some(current) = limit.current else {
        return;
    };
    let highest = limit.maximum.unwrap_or(ENOUGH).min(ENOUGH);
    for wanted in [highest, MAC.min(highest)] {
        let raised = Rlimit {
            current: Some(wanted),
            maximum: limit.maximum,
        };
        if wanted > current && setrlimit(Resource::Nofile, raised).is_ok() {
            return;
        }
    }
}
