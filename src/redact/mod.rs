//! Secrets of the process, taken out of everything that leaves it.
//!
//! What is secret is known at the start ([`start`]) or once it is there ([`learn`]). Where words
//! are shortened they pass through [`redacted`] before (all of `text` does that), and once more
//! where they leave: log, terminal, files, outputs, summary, annotations and comment. What
//! everybody can read goes through [`published`] there.

mod environment;
mod identifiers;
mod matching;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::sync::{PoisonError, RwLock};

pub use self::identifiers::learn_accounts;
use self::matching::{Needle, is_escape};

/// What stands for a secret: GitHub's own mask.
pub const MASK: &str = "***";
/// Shortest text that is taken for a secret: a shorter one is in too many words.
const SHORTEST: usize = 8;

static KNOWN: RwLock<Redactor> = RwLock::new(Redactor::new());

/// Learns the secrets of the environment and of the command line.
pub fn start(environment: &BTreeMap<String, String>, arguments: &[OsString]) {
    let mut known = KNOWN.write().unwrap_or_else(PoisonError::into_inner);
    known.learn_all(environment, arguments);
}

/// Learns one more secret.
pub fn learn(secret: &str) {
    let mut known = KNOWN.write().unwrap_or_else(PoisonError::into_inner);
    known.learn(secret);
}

/// Says that a text is public, for example the commit: also where it is the value of something
/// that is secret as a rule.
pub fn allow(text: &str) {
    let mut known = KNOWN.write().unwrap_or_else(PoisonError::into_inner);
    known.allow(text);
}

/// `text` without the secrets of the process.
pub fn redacted(text: &str) -> Cow<'_, str> {
    let known = KNOWN.read().unwrap_or_else(PoisonError::into_inner);
    known.redact(text)
}

/// [`redacted`] for bytes that may be text: others stay as they are.
pub fn redacted_bytes(bytes: &[u8]) -> Cow<'_, [u8]> {
    match std::str::from_utf8(bytes).map(redacted) {
        Ok(Cow::Owned(text)) => Cow::Owned(text.into_bytes()),
        Ok(Cow::Borrowed(_)) | Err(_) => Cow::Borrowed(bytes),
    }
}

/// `text` as everybody may read it: comment, summary, annotations, outputs, and the files of the
/// report: without the secrets of the process, AWS accounts and credentials of any kind. The log
/// shows accounts.
pub fn published(text: &str) -> Cow<'_, str> {
    match redacted(text) {
        Cow::Borrowed(text) => identifiers::without_identifiers(text),
        Cow::Owned(text) => Cow::Owned(identifiers::without_identifiers(&text).into_owned()),
    }
}

/// Finds secrets in any case, and in every encoding that the program writes: Markdown, HTML, JSON,
/// percent-encoded, Base64, with line breaks inside, and cut short.
pub struct Redactor {
    needles: Vec<Needle>,
    /// For each byte the needles that may begin with it.
    by_first: [Vec<usize>; 256],
    /// Texts that are no secret although they look like one, in lower case.
    public: Vec<String>,
}

impl Default for Redactor {
    fn default() -> Self {
        Self::new()
    }
}

/// Prints no secret.
impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redactor")
            .field("needles", &self.needles.len())
            .finish_non_exhaustive()
    }
}

impl Redactor {
    /// Knows no secret.
    pub const fn new() -> Self {
        Self {
            needles: Vec::new(),
            by_first: [const { Vec::new() }; 256],
            public: Vec::new(),
        }
    }

    /// Learns a secret, each of its lines, and how it looks in Base64. What is too short or too
    /// common for a secret is passed over.
    pub fn learn(&mut self, secret: &str) {
        let lines = secret.lines().filter(|line| *line != secret);
        for part in std::iter::once(secret).chain(lines).map(str::trim) {
            if !is_secret(part) || self.is_public(part) {
                continue;
            }
            let forms = std::iter::once(part.to_owned()).chain(matching::in_base64(part));
            for needle in forms.map(|form| Needle::new(&form)) {
                if needle.len() >= SHORTEST && !self.needles.contains(&needle) {
                    self.needles.push(needle);
                }
            }
        }
        self.index();
    }

    /// Says that a text is public.
    pub fn allow(&mut self, text: &str) {
        self.public.push(text.to_ascii_lowercase());
        let needle = Needle::new(text);
        self.needles.retain(|it| !needle.holds(it));
        self.index();
    }

    fn is_public(&self, text: &str) -> bool {
        let text = text.to_ascii_lowercase();
        self.public.iter().any(|public| public.contains(&text))
    }

    fn index(&mut self) {
        for byte in 0..=u8::MAX {
            // Any of them may begin with an escape.
            let may_begin = |it: &Needle| b"&%\\".contains(&byte) || it.begins_with(byte);
            let needles = self.needles.iter().enumerate();
            let found = needles.filter(|(_, it)| may_begin(it));
            if let Some(list) = self.by_first.get_mut(usize::from(byte)) {
                *list = found.map(|(index, _)| index).collect();
            }
        }
    }

    /// `text` with [`MASK`] in place of each secret.
    pub fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.needles.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut out = String::new();
        let (mut kept, mut at) = (0, 0);
        while let Some(byte) = text.as_bytes().get(at) {
            match self.longest(*byte, text, at) {
                Some(length) => {
                    let begin = before_escape(text, at).max(kept);
                    out.push_str(text.get(kept..begin).unwrap_or_default());
                    out.push_str(MASK);
                    at += length;
                    kept = at;
                }
                None => at += 1,
            }
        }
        if kept == 0 {
            return Cow::Borrowed(text);
        }
        out.push_str(text.get(kept..).unwrap_or_default());
        Cow::Owned(out)
    }

    /// Bytes of the longest secret at `at`, where `first` stands.
    fn longest(&self, first: u8, text: &str, at: usize) -> Option<usize> {
        let list = self.by_first.get(usize::from(first))?;
        let mut needles = list.iter().filter_map(|it| self.needles.get(*it));
        let one = needles.next()?;
        // A byte within a character begins nothing.
        let rest = text.get(at..)?;
        let all = std::iter::once(one).chain(needles);
        all.filter_map(|it| it.matches(rest)).max()
    }
}

/// Where a secret that is found at `at` begins: the backslash of an escape of JSON belongs to it,
/// as one alone would spoil the text.
fn before_escape(text: &str, at: usize) -> usize {
    let before = text.get(..at).unwrap_or_default();
    let slashes = before.len() - before.trim_end_matches('\\').len();
    let is_odd = slashes % 2 == 1;
    if is_odd && text.get(at..).is_some_and(is_escape) {
        at - 1
    } else {
        at
    }
}

/// Whether a text can be told from common words: not a short word of lower-case letters, not a
/// number or a time.
fn is_secret(text: &str) -> bool {
    let is_word = |c: char| c.is_ascii_lowercase() || c == '_';
    let is_number = |c: char| c.is_ascii_digit() || ".,:+-TZ ".contains(c);
    let length = text.chars().count();
    length >= SHORTEST
        && !(length < 2 * SHORTEST && text.chars().all(is_word))
        && !text.chars().all(is_number)
}

#[cfg(test)]
mod tests;
