//! Standard error, as a log that GitHub's runner reads line by line.

use std::io::{self, Write};

use crate::github::neutral_line;

/// Writes to standard error. In Actions every line passes through [`neutral_line`], so that nothing that is printed,
/// whatever it repeats, is a workflow command.
#[derive(Debug)]
pub struct LogWriter {
    in_actions: bool,
    /// The line that has no end yet.
    begun: Vec<u8>,
}

impl LogWriter {
    /// `in_actions` is whether GitHub's runner reads the lines.
    pub const fn new(in_actions: bool) -> Self {
        Self {
            in_actions,
            begun: Vec::new(),
        }
    }

    fn write_line(line: &[u8]) -> io::Result<()> {
        let text = String::from_utf8_lossy(line);
        let mut stderr = io::stderr().lock();
        text.split(['\n', '\r'])
            .try_for_each(|line| writeln!(stderr, "{}", neutral_line(line)))
    }
}

impl Write for LogWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !self.in_actions {
            return io::stderr().write(bytes);
        }
        self.begun.extend_from_slice(bytes);
        while let Some(end) = self.begun.iter().position(|byte| *byte == b'\n') {
            let rest = self.begun.split_off(end + 1);
            let line = std::mem::replace(&mut self.begun, rest);
            Self::write_line(line.strip_suffix(b"\n").unwrap_or(&line))?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

impl Drop for LogWriter {
    fn drop(&mut self) {
        if !self.begun.is_empty() {
            // A log that cannot be written to must not stop anything.
            let _ = Self::write_line(&std::mem::take(&mut self.begun));
        }
    }
}
