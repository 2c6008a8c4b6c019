//! What a container writes, line by line as it comes.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bollard::query_parameters::LogsOptions;
use futures_util::StreamExt as _;
use tokio::task::JoinHandle;

use super::Engine;
use crate::sync::lock;

/// Lines that are kept.
const MAX_LINES: usize = 100;
/// Longest line, bytes: the rest of it is another one.
const MAX_LINE: usize = 4096;
/// How long the last lines of a container that has ended may take to arrive.
const LAST_LINES: Duration = Duration::from_secs(2);

/// Gets lines as they come.
#[derive(Clone)]
pub struct LogSink(pub Arc<TakeLines>);

/// Takes new lines, oldest first.
pub type TakeLines = dyn Fn(&[String]) + Send + Sync;

impl fmt::Debug for LogSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LogSink")
    }
}

/// Follows the log of one container until it ends.
#[derive(Debug)]
pub(super) struct LogTail {
    lines: Arc<Mutex<Lines>>,
    task: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Lines {
    kept: VecDeque<String>,
    /// Bytes of a line whose end has not come.
    begun: Vec<u8>,
}

impl Lines {
    /// Takes what has come; returns the lines that are complete.
    fn take(&mut self, bytes: &[u8]) -> Vec<String> {
        let mut complete = Vec::new();
        for byte in bytes {
            if *byte == b'\n' || self.begun.len() >= MAX_LINE {
                complete.push(self.end());
            }
            if *byte != b'\n' {
                self.begun.push(*byte);
            }
        }
        self.keep(&complete);
        complete
    }

    fn end(&mut self) -> String {
        let line = std::mem::take(&mut self.begun);
        let line = String::from_utf8_lossy(&line);
        line.trim_end_matches('\r').to_owned()
    }

    fn keep(&mut self, lines: &[String]) {
        self.kept.extend(lines.iter().cloned());
        let extra = self.kept.len().saturating_sub(MAX_LINES);
        self.kept.drain(..extra);
    }

    /// The line that nothing ends, where there is one.
    fn rest(&mut self) -> Vec<String> {
        if self.begun.is_empty() {
            return Vec::new();
        }
        let rest = vec![self.end()];
        self.keep(&rest);
        rest
    }
}

impl LogTail {
    pub(super) fn follow(engine: &Engine, id: &str, sink: Option<LogSink>) -> Self {
        let lines = Arc::new(Mutex::new(Lines::default()));
        let (docker, id) = (engine.docker.clone(), id.to_owned());
        let task = tokio::spawn({
            let lines = Arc::clone(&lines);
            async move {
                let options = LogsOptions {
                    follow: true,
                    stdout: true,
                    stderr: true,
                    tail: "all".to_owned(),
                    ..LogsOptions::default()
                };
                let tell = |new: &[String]| {
                    if let (Some(LogSink(sink)), false) = (&sink, new.is_empty()) {
                        sink(new);
                    }
                };
                let mut output = docker.logs(&id, Some(options));
                while let Some(Ok(chunk)) = output.next().await {
                    let new = lock(&lines).take(&chunk.into_bytes());
                    tell(&new);
                }
                let rest = lock(&lines).rest();
                tell(&rest);
            }
        });
        Self { lines, task }
    }

    /// The last lines so far, oldest first.
    pub(super) fn so_far(&self) -> Vec<String> {
        lock(&self.lines).kept.iter().cloned().collect()
    }

    /// The last lines of a container that has ended, once all have come.
    pub(super) async fn last(mut self) -> Vec<String> {
        if tokio::time::timeout(LAST_LINES, &mut self.task)
            .await
            .is_err()
        {
            self.task.abort();
        }
        self.so_far()
    }
}

impl Drop for LogTail {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_put_together_bounded_and_the_last_are_kept() {
        let mut lines = Lines::default();
        assert_eq!(lines.take(b"one\r\ntw"), ["one"]);
        assert_eq!(lines.take(b"o\n\xff"), ["two"]);
        assert_eq!(lines.rest(), ["\u{fffd}"]);
        assert_eq!(lines.rest(), Vec::<String>::new());
        let endless = lines.take(&vec![b'x'; 3 * MAX_LINE]);
        assert!(endless.len() >= 2 && endless.iter().all(|it| it.len() <= MAX_LINE));
        lines.take(b"y\n".repeat(500).as_slice());
        assert_eq!(lines.kept.len(), MAX_LINES);
    }
}
