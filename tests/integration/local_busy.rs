//! `--local` on a machine that other programs keep busy.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::local::local;
use crate::support::engine::Engine;
use crate::support::{Outcome, Workspace};

/// Keeps half of the processors busy until it is dropped.
pub(crate) struct OtherPrograms(Arc<AtomicBool>);

impl OtherPrograms {
    pub(crate) fn start() -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        for _ in 0..cores.div_ceil(2) {
            let over = Arc::clone(&over);
            std::thread::spawn(move || {
                while !over.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            });
        }
        Self(over)
    }
}

impl Drop for OtherPrograms {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A short run of an image in containers.
fn gate(workspace: &Workspace, image: &str, mode: &str) -> Outcome {
    let once = ["--memory-sizes", "2048", "--name", "churn", "--mode", mode];
    local(workspace, image, &once)
}

#[test]
fn a_machine_that_other_programs_keep_busy_decides_nothing() {
    for (engine, code) in [(Engine::start().idle(), 0), (Engine::start(), 1)] {
        let workspace = engine.workspace();
        gate(&workspace, "churn", "record").expect(0);
        let busy = OtherPrograms::start();
        let slow = gate(&workspace, "slow", "gate").expect(code);
        drop(busy);
        engine.assert_nothing_is_left();
        let result = workspace.result();
        let others = result.runner.unwrap().other_programs.unwrap();
        if code == 0 {
            assert!(others > 0.1, "{others}");
            let comment = workspace.read("sagegate-results/comment.md");
            assert!(
                slow.stdout.contains("kept this machine busy"),
                "{}",
                slow.stdout
            );
            assert!(comment.contains("other programs had "), "{comment}");
            // Not measured a second time: it would be as busy.
            assert!(result.confirmation.is_none());
        } else {
            assert!(others == 0.0 && result.confirmation.is_some(), "{others}");
        }
    }
}
