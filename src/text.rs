//! Untrusted words made safe for a terminal or a CI log, and sentences about errors.

use std::fmt::Display;

/// `text` as one line that can neither move a terminal's cursor nor start a workflow command:
/// control and direction characters become spaces, runs of spaces one, and `##[` (which GitHub's
/// runner obeys anywhere in a line) is broken up. The caller puts visible text in front, so a
/// leading `::` is harmless too.
pub fn one_line(text: &str) -> String {
    let spaced: String = text
        .chars()
        .map(|c| if is_unsafe(c) { ' ' } else { c })
        .collect();
    spaced
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .replace("##[", "## [")
}

/// An error in a sentence, with its suggested fix behind a semicolon.
pub fn with_hint(error: &impl Display, hint: Option<String>) -> String {
    match hint {
        Some(hint) => format!("{error}; {hint}"),
        None => error.to_string(),
    }
}

/// One line that keeps its spaces, for columns: each control or direction character becomes a
/// space, and `##[` is broken up.
pub fn aligned_line(text: &str) -> String {
    let spaced = text.chars().map(|c| if is_unsafe(c) { ' ' } else { c });
    spaced.collect::<String>().replace("##[", "## [")
}

/// A word of a shell command: quoted unless it needs no quotes.
pub fn shell_word(untrusted: &str) -> String {
    let line = one_line(untrusted);
    let is_safe = |c: char| c.is_ascii_alphanumeric() || "-_./:=,".contains(c);
    if !line.is_empty() && line.chars().all(is_safe) {
        line
    } else {
        format!("'{}'", line.replace('\'', r"'\''"))
    }
}

/// `1 error`, `2 errors`.
pub fn plural(number: u32, one: &str) -> String {
    format!("{number} {one}{}", if number == 1 { "" } else { "s" })
}

/// Two lower-case hexadecimal digits per byte.
pub fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

/// Control characters, and the invisible ones that reorder or hide text.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn escape_sequences_line_breaks_and_commands_are_taken_out() {
        assert_eq!(
            one_line("a\n::error::b\r\u{1b}[31mred"),
            "a ::error::b [31mred"
        );
        assert_eq!(one_line("x ##[error]y"), "x ## [error]y");
        assert_eq!(one_line("\u{202e}evil"), "evil");
    }

    #[test]
    fn a_hint_follows_its_error() {
        let hint = Some("try again".to_owned());
        assert_eq!(with_hint(&"no answer", hint), "no answer; try again");
        assert_eq!(with_hint(&"no answer", None), "no answer");
    }

    #[test]
    fn a_shell_word_cannot_leave_its_quotes() {
        assert_eq!(shell_word("a/b-c.jsonl"), "a/b-c.jsonl");
        assert_eq!(shell_word("$(rm -rf ~)"), "'$(rm -rf ~)'");
        assert_eq!(shell_word("a'; rm b"), r"'a'\''; rm b'");
        assert_eq!(shell_word(""), "''");
    }

    #[test]
    fn one_is_singular() {
        assert_eq!(
            [0, 1, 2].map(|number| plural(number, "error")),
            ["0 errors", "1 error", "2 errors"]
        );
    }

    #[test]
    fn bytes_become_two_digits_each() {
        assert_eq!(hex(&[0, 10, 255]), "000aff");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn no_text_keeps_a_control_character_or_a_command(text in ".*", hash in "#{0,5}\\[?") {
            let line = one_line(&format!("{text}{hash}[{text}"));
            prop_assert!(!line.chars().any(char::is_control));
            prop_assert!(!line.contains("##["));
            let aligned = aligned_line(&text);
            prop_assert!(!aligned.chars().any(char::is_control) && !aligned.contains("##["));
            prop_assert_eq!(aligned.replace("## [", "##[").chars().count(), text.replace("## [", "##[").chars().count());
        }
    }
}
