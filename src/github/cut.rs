//! PURE: Markdown that fits GitHub's limits.

/// Most characters of a comment; GitHub refuses more with 422 "body is too long". Counted in UTF-16 units, the largest
/// of the possible readings that is still accepted.
const COMMENT: usize = 65_536;

/// What stands below the part that is left.
const NOTE: &str = "_The rest did not fit here; the report files of the run have everything._\n";

/// Room for what closes folded parts and a code block.
const CLOSING: usize = 256;

/// A comment of at most 65 536 characters.
pub(super) fn comment(body: &str) -> String {
    cut(body, COMMENT, char::len_utf16)
}

/// A summary of at most `bytes`; empty when not even the note fits.
pub(super) fn summary(markdown: &str, bytes: usize) -> String {
    cut(markdown, bytes, char::len_utf8)
}

/// Whole lines from the start as far as they fit, what they left open closed, and a note.
fn cut(text: &str, limit: usize, size: fn(char) -> usize) -> String {
    let length = |part: &str| part.chars().map(size).sum::<usize>();
    if length(text) <= limit {
        return text.to_owned();
    }
    let Some(room) = limit.checked_sub(length(NOTE) + CLOSING) else {
        return String::new();
    };
    let mut used = 0;
    let mut kept = String::new();
    let mut open = Open::default();
    for line in text.split_inclusive('\n') {
        used += length(line);
        if used > room {
            break;
        }
        kept.push_str(line);
        open.read(line);
    }
    kept.push_str(&open.closing());
    kept.push_str(NOTE);
    kept
}

/// What the lines so far have opened.
#[derive(Default)]
struct Open {
    /// The backticks of an open code block; none when it is closed.
    fence: String,
    details: usize,
}

/// Deepest nesting that is closed: our own documents fold once.
const MAX_DETAILS: usize = 8;

impl Open {
    fn read(&mut self, line: &str) {
        let line = line.trim();
        let ticks: String = line.chars().take_while(|c| *c == '`').collect();
        if self.fence.is_empty() {
            if ticks.len() >= 3 {
                self.fence = ticks;
                return;
            }
            self.details += line.matches("<details").count();
            let closed = line.matches("</details>").count();
            self.details = self.details.saturating_sub(closed);
        } else if ticks.len() >= self.fence.len() && ticks == line {
            self.fence.clear();
        }
    }

    fn closing(&self) -> String {
        let fence = match self.fence.chars().count() {
            0 => String::new(),
            ticks => format!("{}\n", "`".repeat(ticks.min(CLOSING / 2))),
        };
        let details = "</details>\n".repeat(self.details.min(MAX_DETAILS));
        format!("{fence}{details}\n")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_fits_is_not_touched() {
        let body = "é".repeat(COMMENT);
        assert_eq!(comment(&body), body);
        assert_eq!(summary("é", 2), "é");
    }

    #[test]
    fn a_long_text_ends_at_a_line_with_everything_closed_and_a_note() {
        let body = format!(
            "### x\n<details><summary>s</summary>\n\n````text\n```\n{}",
            "<details> line\n".repeat(100)
        );
        let cut = summary(&body, 600);
        assert!(cut.len() <= 600, "{}", cut.len());
        assert!(
            cut.ends_with(&format!("<details> line\n````\n</details>\n\n{NOTE}")),
            "{cut}"
        );
    }

    #[test]
    fn a_wide_character_counts_as_two_and_is_never_halved() {
        let body = format!("head\n{}", "🦀\n".repeat(COMMENT / 2));
        let cut = comment(&body);
        let units = cut.encode_utf16().count();
        assert!(
            (COMMENT - CLOSING - 4..=COMMENT).contains(&units),
            "{units}"
        );
        assert!(cut.ends_with(NOTE));
    }

    #[test]
    fn no_room_is_nothing() {
        assert_eq!(summary("abc", 2), "");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn nothing_is_longer_than_the_limit(text in "(<details>|```+\n|é|\n|x){0,400}", limit in 0_usize..1200) {
            prop_assert!(summary(&text, limit).len() <= limit);
        }
    }
}
