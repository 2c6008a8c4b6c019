//! PURE: workflow commands. Nothing else in the program writes a line that begins with `::`.
//!
//! The runner reads commands from both output streams: `::name …::text` at the start of a line, and
//! `##[name]text` anywhere in one. Source: `ActionCommand.cs` of the runner.

use std::fmt::Write as _;

use crate::redact::published;
use crate::text::{aligned_line, one_line};

/// Ends a [`group`].
pub const END_GROUP: &str = "::endgroup::";

/// Annotations of one level that the runner keeps for a step; this many are written in all.
///
/// Source: `ExecutionContext.cs` of the runner.
const MAX_ANNOTATIONS: usize = 10;
/// Characters of a message: the runner cuts after 4096.
const MAX_MESSAGE: usize = 4000;
/// Characters of a title.
const MAX_TITLE: usize = 255;

/// How an annotation looks, the gravest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// A red one.
    Error,
    /// A yellow one.
    Warning,
    /// A blue one.
    Notice,
}

impl Level {
    const fn command(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Notice => "notice",
        }
    }
}

/// An annotation of the run. All of it may be untrusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Annotation {
    /// How it looks.
    pub level: Level,
    /// The line in bold.
    pub title: Option<String>,
    /// The text below it; line ends are kept.
    pub message: String,
}

/// The commands that show annotations, one a line, at most ten: the gravest first, otherwise as
/// given. The last one says how many are left out.
pub fn annotations(list: &[Annotation]) -> String {
    let mut list: Vec<&Annotation> = list.iter().collect();
    list.sort_by_key(|it| it.level);
    let left_out = list.len().saturating_sub(MAX_ANNOTATIONS);
    list.truncate(MAX_ANNOTATIONS);
    let mut out = String::new();
    for (index, annotation) in list.iter().enumerate() {
        let note = match left_out {
            more if more > 0 && index + 1 == list.len() => format!(" ({more} more are not shown)"),
            _ => String::new(),
        };
        let message = published(&annotation.message);
        let message = format!("{}{note}", lines(&message, MAX_MESSAGE));
        let command = annotation.level.command();
        let _ = writeln!(
            out,
            "::{command}{}::{}",
            properties(annotation),
            data(&message)
        );
    }
    out
}

fn properties(annotation: &Annotation) -> String {
    let Some(title) = &annotation.title else {
        return String::new();
    };
    let title: String = one_line(&published(title))
        .chars()
        .take(MAX_TITLE)
        .collect();
    format!(" title={}", property(&title))
}

/// The command that begins a folded part of the log. [`END_GROUP`] ends it.
pub fn group(title: &str) -> String {
    format!("::group::{}", data(&one_line(title)))
}

/// Untrusted text for the log: each line begins with `| `, so that none is a command, `##[` is
/// broken up, and there are no control characters. Columns stay aligned.
pub fn neutralise(untrusted: &str) -> String {
    let mut out = String::new();
    for line in untrusted.lines().flat_map(|line| line.split('\r')) {
        let _ = writeln!(out, "| {}", aligned_line(line));
    }
    out
}

/// One line of our own, which may hold untrusted words, for the log: as [`neutralise`], but without
/// the `| ` where the line begins with a letter or a digit of ASCII. No command does, even
/// after characters that the runner may skip.
pub fn neutral_line(line: &str) -> String {
    let line = aligned_line(line);
    if line.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        line
    } else {
        format!("| {line}")
    }
}

/// Several lines without control characters and without `##[`.
fn lines(text: &str, max: usize) -> String {
    let lines: Vec<String> = text.lines().map(one_line).collect();
    lines.join("\n").chars().take(max).collect()
}

/// Text after the second `::`. Source: `ActionCommand.cs` of the runner.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// A value between the name of the command and the second `::`.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOSTILE: &str = "x|y<img src=x onerror=1>@team\n::error::\r##[warning]100%,a:b";

    fn annotation(level: Level, message: &str) -> Annotation {
        Annotation {
            level,
            title: None,
            message: message.to_owned(),
        }
    }

    #[test]
    fn hostile_words_stay_in_their_field() {
        let hostile = Annotation {
            level: Level::Error,
            title: Some(HOSTILE.to_owned()),
            message: HOSTILE.to_owned(),
        };
        insta::assert_snapshot!(annotations(&[hostile]), @"::error title=x|y<img src=x onerror=1>@team %3A%3Aerror%3A%3A ## [warning]100%25%2Ca%3Ab::x|y<img src=x onerror=1>@team%0A::error:: ## [warning]100%25,a:b");
        assert_eq!(
            group(HOSTILE),
            "::group::x|y<img src=x onerror=1>@team ::error:: ## [warning]100%25,a:b"
        );
        insta::assert_snapshot!(neutralise(HOSTILE), @r"
        | x|y<img src=x onerror=1>@team
        | ::error::
        | ## [warning]100%,a:b
        ");
    }

    #[test]
    fn the_ten_gravest_are_shown_and_the_rest_is_counted() {
        let mut list: Vec<_> = (0..11).map(|_| annotation(Level::Notice, "n")).collect();
        list.push(annotation(Level::Warning, "w"));
        list.push(annotation(Level::Error, "e"));
        let out = annotations(&list);
        let lines: Vec<&str> = out.lines().collect();
        assert_eq!(lines.len(), 10);
        assert_eq!(lines[..3], ["::error::e", "::warning::w", "::notice::n"]);
        assert_eq!(lines[9], "::notice::n (3 more are not shown)");
        assert_eq!(annotations(&[]), "");
    }

    /// What the runner would take for a command in a line, as its `ActionCommand.cs` finds them.
    fn is_command(line: &str) -> bool {
        line.trim_start().starts_with("::") || line.contains("##[")
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn no_text_starts_a_command(text in "(::|##|\\[|%0A|\r|\n|\u{2028}|.){0,40}") {
            prop_assert!(!neutralise(&text).split(['\r', '\n']).any(is_command));
            prop_assert!(!is_command(&neutral_line(&text)));
            let one = Annotation { title: Some(text.clone()), ..annotation(Level::Error, &text) };
            let out = annotations(&[one]);
            prop_assert_eq!(out.trim_end_matches('\n').split(['\r', '\n']).count(), 1);
            let after = out.strip_prefix("::error").unwrap();
            prop_assert!(!after.contains("##["));
            let (properties, _) = after.split_once("::").unwrap();
            prop_assert!(!properties.contains([',', ':']));
            prop_assert_eq!(group(&text).split(['\r', '\n']).count(), 1);
        }
    }
}
