//! What a container wrote before it failed.

use serde::{Deserialize, Serialize};

/// The last lines that the container of an endpoint wrote, oldest first: hostile words like all
/// others. Bounded, also when read from a file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<String>", into = "Vec<String>")]
pub struct ContainerLog(Vec<String>);

impl ContainerLog {
    /// Most lines that are kept.
    pub const MAX_LINES: u8 = 30;

    /// Most characters of a line that are kept.
    const MAX_CHARACTERS: usize = 1000;

    /// The last of `lines`, each as far as anybody reads.
    pub fn new(mut lines: Vec<String>) -> Self {
        let extra = lines.len().saturating_sub(Self::MAX_LINES.into());
        lines.drain(..extra);
        for line in &mut lines {
            if line.chars().count() > Self::MAX_CHARACTERS {
                let kept = line.chars().take(Self::MAX_CHARACTERS - 1);
                *line = kept.chain(['…']).collect();
            }
        }
        Self(lines)
    }

    /// The lines, oldest first.
    pub fn lines(&self) -> &[String] {
        &self.0
    }

    /// Whether nothing was read.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<Vec<String>> for ContainerLog {
    fn from(lines: Vec<String>) -> Self {
        Self::new(lines)
    }
}

impl From<ContainerLog> for Vec<String> {
    fn from(log: ContainerLog) -> Self {
        log.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_kept_and_none_is_endless() {
        let mut lines: Vec<String> = (0..50).map(|number| number.to_string()).collect();
        lines.push("ä".repeat(5000));
        let log = ContainerLog::new(lines);
        assert_eq!(log.lines().len(), 30);
        assert_eq!(log.lines()[0], "21");
        assert_eq!(log.lines()[29].chars().count(), 1000);
        assert!(log.lines()[29].ends_with("ä…"));
    }

    #[test]
    fn a_file_cannot_hold_more_either_and_a_kept_line_is_not_cut_again() {
        let json = serde_json::to_string(&vec!["x".repeat(5000); 99]).unwrap();
        let log: ContainerLog = serde_json::from_str(&json).unwrap();
        assert_eq!(log.lines().len(), 30);
        let written = serde_json::to_string(&log).unwrap();
        assert!(written.len() < 31 * 1010, "{}", written.len());
        let again: ContainerLog = serde_json::from_str(&written).unwrap();
        assert_eq!(again.lines().len(), 30);
        assert_eq!(again, log);
    }
}
