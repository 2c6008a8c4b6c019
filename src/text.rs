//! Untrusted words made safe for a terminal or a CI log, and sentences about errors. All of them
//! come out without the secrets of the process.

use std::fmt::Display;

use crate::redact::redacted;

/// Characters of a file's content that a message quotes.
const MAX_QUOTE: usize = 60;

/// `text` as one line that can neither move a terminal's cursor nor start a workflow command:
/// control and direction characters become spaces, runs of spaces one, and `##[` (which GitHub's
/// runner obeys anywhere in a line) is broken up. The caller puts visible text in front, so a
/// leading `::` is harmless too.
pub fn one_line(text: &str) -> String {
    let spaced: String = redacted(text)
        .chars()
        .map(|c| if is_unsafe(c) { ' ' } else { c })
        .collect();
    spaced
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .replace("##[", "## [")
}

/// One line that keeps its spaces, for columns: each control or direction character becomes a
/// space, and `##[` is broken up.
pub fn aligned_line(text: &str) -> String {
    let text = redacted(text);
    let spaced = text.chars().map(|c| if is_unsafe(c) { ' ' } else { c });
    spaced.collect::<String>().replace("##[", "## [")
}

/// What a file says, as a message may quote it: one line, at most 60 characters.
pub fn quoted(content: &str) -> String {
    let line = one_line(content);
    match line.char_indices().nth(MAX_QUOTE) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}

/// What is wrong with JSON of a file, without its strings. Names of members are quoted.
pub fn json_error(error: &serde_json::Error) -> String {
    without_strings(&error.to_string())
}

/// A message of serde without the strings of the file, which it quotes.
pub fn without_strings(message: &str) -> String {
    let unquoted = match (message.split_once('"'), message.rsplit_once('"')) {
        // One quote alone ends nothing.
        (Some((before, _)), Some((_, after))) if before.len() + after.len() + 1 < message.len() => {
            format!("{before}\"…\"{after}")
        }
        _ => message.to_owned(),
    };
    for (kind, shows) in [("unknown variant `", false), ("unknown field `", true)] {
        let Some((before, rest)) = unquoted.split_once(kind) else {
            continue;
        };
        // The names that are expected are our own.
        if let Some((name, expected)) = rest.rsplit_once("`, expected ") {
            let name = if shows {
                quoted(name)
            } else {
                "…".to_owned()
            };
            return one_line(&format!("{before}{kind}{name}`, expected {expected}"));
        }
    }
    one_line(&unquoted)
}

/// An error in a sentence, with its suggested fix behind a semicolon.
pub fn with_hint(error: &impl Display, hint: Option<String>) -> String {
    match hint {
        Some(hint) => format!("{error}; {hint}"),
        None => error.to_string(),
    }
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

    #[test]
    fn a_message_of_serde_keeps_no_string_and_short_names_of_members() {
        #[derive(Debug, serde::Deserialize)]
        #[serde(deny_unknown_fields, rename_all = "snake_case")]
        enum Kind {
            One,
        }
        #[derive(Debug, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Known {
            #[expect(dead_code, reason = "only read")]
            number: Option<u32>,
            #[expect(dead_code, reason = "only read")]
            kind: Option<Kind>,
        }
        let error = |json: &str| json_error(&serde_json::from_str::<Known>(json).unwrap_err());
        assert_eq!(
            error(r#"{"number": "TOP\"SECRET"}"#),
            "invalid type: string \"…\", expected u32 at line 1 column 24"
        );
        assert_eq!(
            error(r#"{"kind": "TOPSECRET`, expected x"}"#),
            "unknown variant `…`, expected `one` at line 1 column 33"
        );
        let long = "x".repeat(100);
        let expected = format!(
            "unknown field `{}…`, expected `number` or `kind`",
            "x".repeat(60)
        );
        let of_name = error(&format!("{{\"{long}\": 1}}"));
        assert!(of_name.starts_with(&expected), "{of_name}");
    }

    #[test]
    fn a_quote_is_short_and_printable() {
        assert_eq!(quoted("a\u{1b}[31m\nb"), "a [31m b");
        assert_eq!(quoted(&"ä".repeat(100)), format!("{}…", "ä".repeat(60)));
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
