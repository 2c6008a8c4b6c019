//! Standard error, as a log that GitHub's runner reads line by line.

use std::io::{self, Stderr, Write};

use crate::github::neutral_line;
use crate::redact::redacted_bytes;

/// Writes to standard error. In Actions every line passes through [`neutral_line`], so that nothing
/// that is printed can be a workflow command, whatever text it quotes. Secrets are taken out
/// everywhere.
pub type LogWriter = WholeLines<Stderr>;

/// Hands whole lines on.
#[derive(Debug)]
pub struct WholeLines<W: Write> {
    output: W,
    in_actions: bool,
    /// The line that has no end yet.
    begun: Vec<u8>,
}

impl LogWriter {
    /// `in_actions` is whether GitHub's runner reads the lines.
    pub fn new(in_actions: bool) -> Self {
        Self::to(io::stderr(), in_actions)
    }
}

impl<W: Write> WholeLines<W> {
    const fn to(output: W, in_actions: bool) -> Self {
        Self {
            output,
            in_actions,
            begun: Vec::new(),
        }
    }

    /// Writes the lines that are complete; a carriage return ends one, too.
    fn hand_on(&mut self, line: &[u8]) -> io::Result<()> {
        let text = String::from_utf8_lossy(line);
        let lines: String = text
            .trim_end_matches('\r')
            .split('\r')
            .map(|line| neutral_line(line) + "\n")
            .collect();
        self.output.write_all(lines.as_bytes())
    }
}

impl<W: Write> Write for WholeLines<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !self.in_actions {
            self.output.write_all(&redacted_bytes(bytes))?;
            return Ok(bytes.len());
        }
        self.begun.extend_from_slice(bytes);
        while let Some(end) = self.begun.iter().position(|byte| *byte == b'\n') {
            let rest = self.begun.split_off(end + 1);
            let line = std::mem::replace(&mut self.begun, rest);
            self.hand_on(line.strip_suffix(b"\n").unwrap_or(&line))?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}

impl<W: Write> Drop for WholeLines<W> {
    fn drop(&mut self) {
        if !self.begun.is_empty() {
            let line = std::mem::take(&mut self.begun);
            // A log that cannot be written to must not stop anything.
            let _ = self.hand_on(&line);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(pieces: &[&str], in_actions: bool) -> String {
        let mut out = Vec::new();
        let mut writer = WholeLines::to(&mut out, in_actions);
        for piece in pieces {
            writer.write_all(piece.as_bytes()).unwrap();
        }
        drop(writer);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_command_in_pieces_is_none_and_outside_actions_nothing_is_changed() {
        let pieces = [
            "1024 MB: done\n:",
            ":error::a\r\n  ::warning::b\r##[error]",
            "c\n\nend",
        ];
        assert_eq!(
            written(&pieces, true),
            "1024 MB: done\n| ::error::a\n|   ::warning::b\n| ## [error]c\n| \nend\n"
        );
        assert_eq!(written(&pieces, false), pieces.concat());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn no_text_in_no_pieces_is_a_command(pieces in prop::collection::vec("(::|##|\\[|\r|\n| |.){0,8}", 0..6)) {
            let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
            let out = written(&pieces, true);
            let mut lines = out.split(['\r', '\n']);
            prop_assert!(!lines.any(|line| line.trim_start().starts_with("::") || line.contains("##[")), "{}", out);
        }
    }
}
