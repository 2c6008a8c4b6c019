//! Waiting precisely without keeping a core busy.

use std::time::{Duration, Instant};

/// The last part of a wait is left to the operating system's timer: Tokio's own rounds up to whole
/// milliseconds.
const PRECISE_PART: Duration = Duration::from_millis(4);

/// Waits until a moment: on an idle machine to within some ten microseconds.
pub(super) async fn wait_until(deadline: Instant) {
    let left = deadline.saturating_duration_since(Instant::now());
    if let Some(coarse) = left.checked_sub(PRECISE_PART) {
        tokio::time::sleep(coarse).await;
    }
    let precise = move || std::thread::sleep(deadline.saturating_duration_since(Instant::now()));
    // Only a cancelled runtime makes this fail, and then nothing waits for the answer.
    let _ = tokio::task::spawn_blocking(precise).await;
}
