//! Open loop: calls are sent when they are due and do not wait for answers.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;

use super::round::Round;

/// Calls on their way at once: each holds a connection. A call that waits for one is sent late.
const MOST_AT_ONCE: usize = 1000;
/// How soon a cancellation is noticed between two calls.
const LONGEST_SLEEP: Duration = Duration::from_millis(100);

/// Sends one call at each offset and keeps the time it was due: latency counts from then, so that
/// neither a slow answer nor a lack of connections can hide those that wait behind it (no
/// coordinated omission).
pub(super) async fn drive(round: &Arc<Round>, offsets: &[Duration]) {
    let calls = TaskTracker::new();
    let clock = {
        let (round, calls, offsets) = (Arc::clone(round), calls.clone(), offsets.to_vec());
        let runtime = Handle::current();
        // The operating system's timer is a tenth of a millisecond late, Tokio's up to a whole one:
        // as lateness is part of the latency, a dedicated thread keeps the time.
        tokio::task::spawn_blocking(move || keep_time(&round, &calls, &offsets, &runtime))
    };
    if let Err(error) = clock.await {
        tracing::error!(%error, "the clock of an open loop stopped");
    }
    calls.close();
    calls.wait().await;
}

fn keep_time(round: &Arc<Round>, calls: &TaskTracker, offsets: &[Duration], runtime: &Handle) {
    let slots = Arc::new(Semaphore::new(MOST_AT_ONCE));
    let began = Instant::now();
    for (call, offset) in (0_u32..).zip(offsets) {
        let due = began + *offset;
        while let Some(left) = due.checked_duration_since(Instant::now()) {
            if round.is_hopeless() || round.context.environment.cancel.is_cancelled() {
                return;
            }
            std::thread::sleep(left.min(LONGEST_SLEEP));
        }
        calls.spawn_on(
            send(Arc::clone(round), call, due, Arc::clone(&slots)),
            runtime,
        );
    }
}

async fn send(round: Arc<Round>, call: u32, due: Instant, slots: Arc<Semaphore>) {
    // Never closed, so there always is a permit in the end.
    let _slot = slots.acquire().await;
    let cancel = round.context.environment.cancel.clone();
    let Some(mut invocation) = cancel.run_until_cancelled(round.invoke(call)).await else {
        return;
    };
    invocation.due_ms = Some(round.since_start_ms(due));
    round.record(invocation);
}
