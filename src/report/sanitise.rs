//! Untrusted words, made harmless for each place they can end up in.

use std::fmt::Write as _;

use crate::text::{aligned_line, one_line};

/// Invisible and without width: keeps two characters from being read together.
const WORD_JOINER: char = '\u{2060}';
/// What an empty code span shows: comrak cannot write one, and it would be invisible.
const EMPTY: &str = "–";

/// Most characters of one piece of text: more is unreadable, and GitHub refuses a comment of
/// 65,536.
const LONGEST: usize = 1000;

/// One line, cut to [`LONGEST`].
fn line(untrusted: &str) -> String {
    cut(one_line(untrusted))
}

fn cut(line: String) -> String {
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}

/// Words for running text: one line, edge spaces kept. Markdown's own characters are escaped by the
/// renderer.
pub(super) fn text(untrusted: &str) -> String {
    let inner = line(untrusted);
    let edge = |is_there: bool| {
        if is_there && !inner.is_empty() {
            " "
        } else {
            ""
        }
    };
    let (before, after) = (untrusted.starts_with(' '), untrusted.ends_with(' '));
    format!("{}{inner}{}", edge(before), edge(after))
}

/// Text in which GitHub finds no mention, issue number or address: those are recognised after
/// rendering, where no markdown escape helps.
pub(super) fn without_references(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut last = ' ';
    for c in text.chars() {
        let joins = match last {
            '@' => true,
            '#' => c.is_ascii_digit(),
            // The first breaks up addresses, the second `::commands::` at the start of a printed
            // line.
            ':' => c == '/' || c == ':',
            'w' | 'W' => c == '.',
            _ => false,
        };
        if joins {
            out.push(WORD_JOINER);
        }
        out.push(c);
        last = c;
    }
    out
}

/// Words for a code span. A backslash before a pipe would not survive a table cell.
pub(super) fn code(untrusted: &str) -> String {
    let line = line(untrusted).replace("\\|", "\\ |");
    if line.is_empty() {
        EMPTY.to_owned()
    } else {
        line
    }
}

/// One line of a code block, which must not start a workflow command when the file is printed to a
/// log.
pub(super) fn code_line(untrusted: &str) -> String {
    let line = line(untrusted);
    if line.starts_with("::") {
        format!("| {line}")
    } else {
        line
    }
}

/// One line of a log with its indentation, cut to [`LONGEST`]. It must not start a workflow
/// command either, which the runner finds behind spaces, too.
pub(super) fn log_line(untrusted: &str) -> String {
    let line = cut(aligned_line(untrusted));
    if line.trim_start().starts_with("::") {
        format!("| {line}")
    } else {
        line
    }
}

/// Whether a name can stand in running text: letters, digits and `-_.`, nothing that GitHub turns
/// into a link.
pub(super) fn is_plain_name(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let is_word = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    !name.is_empty()
        && name.chars().all(is_word)
        && !lower.contains("www.")
        && !lower.starts_with("gh-")
}

/// Words in raw HTML: all but letters, digits, spaces and a few marks become numeric entities.
pub(super) fn html(untrusted: &str) -> String {
    let mut out = String::with_capacity(untrusted.len());
    for c in one_line(untrusted).chars() {
        if c.is_alphanumeric() || " ,.?-:".contains(c) {
            out.push(c);
        } else {
            let _ = write!(out, "&#{};", u32::from(c));
        }
    }
    out
}

/// At most `max` characters of the one-line form, with `…` where something is missing.
pub(super) fn shortened(untrusted: &str, max: usize) -> String {
    let line = one_line(untrusted);
    if line.chars().count() <= max {
        return line;
    }
    let kept: String = line.chars().take(max.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// An address that can be linked: http or https, and only characters that end no link.
pub(super) fn address(url: &str) -> Option<&str> {
    let is_safe = |c: char| c.is_ascii_alphanumeric() || "-._~:/?#@!$&*+,;=%".contains(c);
    let has_host = ["https://", "http://"]
        .iter()
        .any(|scheme| url.len() > scheme.len() && url.starts_with(scheme));
    (has_host && url.chars().all(is_safe)).then_some(url)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_very_long_text_is_cut() {
        let long = "ä".repeat(1 << 20);
        for cut in [text(&long), code(&long), code_line(&long)] {
            assert_eq!(cut.chars().count(), 1001, "{}", cut.len());
            assert!(cut.ends_with("ä…"));
        }
    }

    #[test]
    fn a_line_of_a_log_keeps_its_indentation_and_starts_no_command() {
        assert_eq!(log_line("    x = 1\t# y\r"), "    x = 1 # y ");
        assert_eq!(log_line("  ::error::x"), "|   ::error::x");
        assert_eq!(log_line("a\n::stop-commands::"), "a ::stop-commands::");
        assert_eq!(log_line("\u{1b}[2J ##[error]"), " [2J ## [error]");
        assert_eq!(log_line(&" ".repeat(5000)).chars().count(), 1001);
    }

    #[test]
    fn text_keeps_its_edge_spaces_and_loses_line_breaks() {
        assert_eq!(text(" a\n b\u{202e} "), " a b ");
        assert_eq!(text("\n"), "");
    }

    #[test]
    fn mentions_issues_and_addresses_are_broken_up() {
        let visible = |text: &str| without_references(text).replace(WORD_JOINER, "~");
        assert_eq!(visible("@team a@b.c"), "@~team a@~b.c");
        assert_eq!(visible("#12 # 12 #a"), "#~12 # 12 #a");
        assert_eq!(visible("https://x www.x WWW.x"), "https:~//x www~.x WWW~.x");
    }

    #[test]
    fn names_with_anything_special_are_not_plain() {
        assert!(
            ["churn-xgb", "a.b_C9"]
                .iter()
                .all(|name| is_plain_name(name))
        );
        for name in [
            "", "a b", "@team", "a|b", "www.x", "GH-12", "x$y", "<b>", "`", "#1", "ü",
        ] {
            assert!(!is_plain_name(name), "{name}");
        }
    }

    #[test]
    fn long_text_is_cut_with_an_ellipsis() {
        assert_eq!(shortened("abcdef", 6), "abcdef");
        assert_eq!(shortened("abc defg", 5), "abc…");
    }

    #[test]
    fn only_plain_web_addresses_are_linked() {
        assert!(address("https://github.com/a/b/actions/runs/1?x=1#y").is_some());
        for bad in [
            "javascript:alert(1)",
            "https://",
            "https://a b",
            "https://a\"b",
            "https://a)b",
            "https://a|b",
        ] {
            assert_eq!(address(bad), None, "{bad}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn raw_html_has_no_markup(value in ".*") {
            prop_assert!(!html(&value).contains(['<', '>', '"', '\'', '@', '$', '`', '|']));
        }

        #[test]
        fn shortened_text_has_at_most_the_length_asked_for(value in ".*", max in 1_usize..40) {
            prop_assert!(shortened(&value, max).chars().count() <= max);
        }
    }
}
