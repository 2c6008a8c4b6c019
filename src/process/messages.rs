//! What the process prints: results on standard output; notes, warnings and errors on standard
//! error, in Actions as annotations.

use std::io::{self, Write as _};

use super::handle::{Output, Process};
use crate::github::{Annotation, END_GROUP, Level, annotations, group, neutralise};
use crate::progress::Display;
use crate::redact::{published, redacted};
use crate::text::one_line;

impl Process {
    /// Prints the final text of a command on stdout; colours are taken out where they cannot be
    /// shown. In Actions no line of it is a workflow command.
    pub(crate) fn print(&self, text: &str) {
        if self.output == Output::Suppressed {
            return;
        }
        let text = text.trim_end();
        // A closed pipe is the reader's choice, not an error.
        let _ = if self.in_actions() {
            let plain = anstream::adapter::strip_str(text).to_string();
            write!(io::stdout(), "{}", neutralise(&plain))
        } else {
            writeln!(anstream::stdout(), "{}", redacted(text))
        };
    }

    /// Prints JSON on stdout for another program, also in Actions: no line of JSON begins like a
    /// workflow command, and `##[` is written in another way that means the same.
    pub(crate) fn print_json(&self, json: &str) {
        if self.output == Output::Printed {
            let _ = writeln!(
                io::stdout(),
                "{}",
                redacted(json.trim_end()).replace("##[", "##\\u005b")
            );
        }
    }

    /// Prints a note on stderr.
    pub fn note(&self, text: &str) {
        let text = self.in_the_users_words(text);
        let _ = writeln!(self.log(), "{}", one_line(&text));
    }

    /// Prints a note that nothing depends on: not with `--quiet`.
    pub(crate) fn remark(&self, text: &str) {
        if self.display() != Display::Quiet {
            self.note(text);
        }
    }

    /// Prints a warning on stderr; in Actions as an annotation.
    pub fn warn(&self, text: &str) {
        if self.in_actions() {
            self.announce(Level::Warning, text);
        } else {
            self.note(&format!("warning: {text}"));
        }
    }

    /// Prints a notice; in Actions as an annotation.
    pub(crate) fn notice(&self, text: &str) {
        if self.in_actions() {
            self.announce(Level::Notice, text);
        } else {
            self.note(text);
        }
    }

    /// Prints an error on stderr; in Actions as an annotation.
    pub fn complain(&self, text: &str) {
        if self.in_actions() {
            self.announce(Level::Error, text);
            return;
        }
        let style = anstyle::Style::new()
            .bold()
            .fg_color(Some(anstyle::AnsiColor::Red.into()));
        let text = redacted(text);
        let _ = writeln!(anstream::stderr(), "{style}error{style:#}: {text}");
    }

    /// Shows an annotation; what it hides is whole in the log.
    fn announce(&self, level: Level, text: &str) {
        let text = self.in_the_users_words(text);
        if published(&text) != text {
            self.note(&text);
        }
        self.annotate(&[annotation(level, &text)]);
    }

    /// Shows annotations. Only in Actions.
    pub(crate) fn annotate(&self, list: &[Annotation]) {
        if self.in_actions() {
            let _ = write!(io::stderr(), "{}", annotations(list));
        }
    }

    /// Begins a part of the log that Actions folds; it lasts until the guard is dropped.
    pub(crate) fn group(&self, title: &str) -> Group {
        let is_open = self.in_actions();
        if is_open {
            let _ = writeln!(io::stderr(), "{}", group(title));
        }
        Group { is_open }
    }
}

/// A folded part of the log.
#[must_use]
pub(crate) struct Group {
    is_open: bool,
}

impl Drop for Group {
    fn drop(&mut self) {
        if self.is_open {
            let _ = writeln!(io::stderr(), "{END_GROUP}");
        }
    }
}

fn annotation(level: Level, message: &str) -> Annotation {
    Annotation {
        level,
        title: None,
        message: message.to_owned(),
    }
}
