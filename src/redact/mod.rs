//! What is taken out of texts before everybody can read them.

mod identifiers;

use std::borrow::Cow;

pub use self::identifiers::learn_accounts;

/// What stands for what is taken out: GitHub's own mask.
pub const MASK: &str = "***";

/// `text` as everybody may read it: comment, summary, annotations, outputs, and the files of the
/// report. The log has the whole.
pub fn published(text: &str) -> Cow<'_, str> {
    identifiers::without_identifiers(text)
}
