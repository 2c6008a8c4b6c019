//! Words inside a block or a table cell.
//!
//! Untrusted words enter through [`text`], [`code`] and [`name`] only.

use super::sanitise;
use crate::text::one_line;

/// A few words inside a block.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Inline(Kind);

/// What a piece is. Its words are sanitised.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    /// Running text.
    Text(String),
    /// A code span.
    Code(String),
    /// Bold words.
    Strong(Vec<Inline>),
    /// A link to a plain web address.
    Link { label: String, address: String },
}

impl Inline {
    pub(super) const fn kind(&self) -> &Kind {
        &self.0
    }
}

/// Running text. Untrusted words are better off in [`code`], where GitHub looks for nothing.
pub(super) fn text(words: impl AsRef<str>) -> Inline {
    Inline(Kind::Text(sanitise::text(words.as_ref())))
}

/// A space between two pieces.
pub(super) fn space() -> Inline {
    Inline(Kind::Text(" ".to_owned()))
}

/// A code span: the place for untrusted words.
pub(super) fn code(words: impl AsRef<str>) -> Inline {
    Inline(Kind::Code(sanitise::code(words.as_ref())))
}

/// A name: running text where that is safe, else a code span.
pub(super) fn name(words: &str) -> Inline {
    if sanitise::is_plain_name(words) {
        text(words)
    } else {
        code(words)
    }
}

/// Bold words.
pub(super) fn strong(words: Vec<Inline>) -> Inline {
    Inline(Kind::Strong(words))
}

/// A link, or only its label when the address is not a plain web address.
pub(super) fn link(label: &str, address: &str) -> Inline {
    match sanitise::address(address) {
        Some(address) => Inline(Kind::Link {
            label: sanitise::text(label),
            address: address.to_owned(),
        }),
        None => text(label),
    }
}

/// The words without markup, on one line.
pub(super) fn plain(words: &[Inline]) -> String {
    let one = |word: &Inline| match &word.0 {
        Kind::Text(text) | Kind::Code(text) | Kind::Link { label: text, .. } => text.clone(),
        Kind::Strong(inner) => plain(inner),
    };
    // Pieces that are harmless alone could form a workflow command together.
    one_line(&words.iter().map(one).collect::<String>())
}
