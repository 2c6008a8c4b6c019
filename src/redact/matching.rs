//! PURE: one secret in a text, however the text is encoded.

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};

/// Characters of the start of a secret that give it away where the rest is cut off.
const LEAST_PART: usize = 8;
/// Shortest secret that is also looked for in Base64.
const LEAST_BASE64: usize = 12;
/// Bytes of the longest entity of HTML that is read.
const LONGEST_ENTITY: usize = 10;

/// A secret to look for: in lower case, with one space for every run of them.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Needle(Vec<char>);

impl Needle {
    pub(super) fn new(secret: &str) -> Self {
        let mut normal: Vec<char> = Vec::new();
        for c in secret.trim().chars() {
            let is_gap = c.is_whitespace() || c.is_control();
            if !is_gap {
                normal.push(c.to_ascii_lowercase());
            } else if normal.last() != Some(&' ') {
                normal.push(' ');
            }
        }
        Self(normal)
    }

    /// Characters.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether another one is part of it.
    pub(super) fn holds(&self, other: &Self) -> bool {
        !other.0.is_empty() && self.0.windows(other.0.len()).any(|part| part == other.0)
    }

    /// Whether its first character as it is, in either case, begins with a byte.
    pub(super) fn begins_with(&self, byte: u8) -> bool {
        let first = self.0.first().into_iter();
        let mut cases = first.flat_map(|c| [*c, c.to_ascii_uppercase()]);
        cases.any(|c| c.encode_utf8(&mut [0; 4]).bytes().next() == Some(byte))
    }

    /// Bytes of `text` that are this secret, from its start; also where the text ends, or is cut
    /// short, within it.
    pub(super) fn matches(&self, text: &str) -> Option<usize> {
        let mut rest = text;
        for (index, c) in self.0.iter().enumerate() {
            let inside = (index > 0).then_some(rest).map(without_breaks);
            // A log puts a bar in front of a line.
            let quoted = inside.and_then(|it| it.strip_prefix("| "));
            // An element of ours comes first: it may begin like the rest of the secret.
            let is_element = ["<span>", "</span>"].iter().any(|it| rest.starts_with(it));
            let first = inside.filter(|_| is_element);
            let found = first
                .and_then(|it| after(it, *c))
                .or_else(|| after(rest, *c))
                .or_else(|| after(inside?, *c))
                .or_else(|| after(quoted?, *c));
            match found {
                Some(next) => rest = next,
                None if index >= LEAST_PART && is_cut(rest) => break,
                None => return None,
            }
        }
        Some(text.len() - rest.len())
    }
}

/// Whether a text goes on no further.
fn is_cut(rest: &str) -> bool {
    let rest = without_breaks(rest);
    rest.is_empty() || rest.starts_with('…')
}

/// Without what the program itself puts between two characters: a line break with the indentation
/// of the next line, an invisible joiner, the element around a dollar sign.
fn without_breaks(text: &str) -> &str {
    let mut rest = text;
    loop {
        let line = rest.strip_prefix("\r\n").or(rest.strip_prefix('\n'));
        let line = line.map(|it| it.trim_start_matches([' ', '\t']));
        let stripped = line
            .or_else(|| rest.strip_prefix('\u{2060}'))
            .or_else(|| rest.strip_prefix("<span>"))
            .or_else(|| rest.strip_prefix("</span>"));
        match stripped {
            Some(shorter) => rest = shorter,
            None => return rest,
        }
    }
}

/// The text after one character in any encoding; the longest comes first, as half of one would
/// spoil the text.
fn after(text: &str, wanted: char) -> Option<&str> {
    let encoded = match text.chars().next()? {
        '&' => after_entity(text, wanted),
        '%' => after_percent(text, wanted),
        '\\' => after_backslash(text, wanted),
        _ => None,
    };
    encoded.or_else(|| after_raw(text, wanted))
}

fn after_raw(text: &str, wanted: char) -> Option<&str> {
    if wanted == ' ' {
        let is_gap = |c: char| c.is_whitespace() || c.is_control();
        let rest = text.trim_start_matches(is_gap);
        return (rest.len() < text.len())
            .then_some(rest)
            .or_else(|| text.strip_prefix('+'));
    }
    text.strip_prefix(|c: char| is_same(c, wanted))
}

fn is_same(c: char, wanted: char) -> bool {
    c.to_ascii_lowercase() == wanted || (wanted == ' ' && (c.is_whitespace() || c.is_control()))
}

/// `&amp;`, `&#38;`, `&#x26;`.
fn after_entity(text: &str, wanted: char) -> Option<&str> {
    let (name, rest) = text.strip_prefix('&')?.split_once(';')?;
    if name.len() > LONGEST_ENTITY {
        return None;
    }
    let c = match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => ' ',
        _ => {
            let number = name.strip_prefix('#')?;
            let number = match number.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(number)?
        }
    };
    is_same(c, wanted).then_some(rest)
}

/// `%26`, and for other characters than those of ASCII several of them.
fn after_percent(text: &str, wanted: char) -> Option<&str> {
    if wanted.is_ascii() {
        let (byte, rest) = percent_byte(text)?;
        return is_same(char::from(byte), wanted).then_some(rest);
    }
    let mut rest = text;
    for expected in wanted.encode_utf8(&mut [0; 4]).bytes() {
        let (byte, next) = percent_byte(rest)?;
        if byte != expected {
            return None;
        }
        rest = next;
    }
    Some(rest)
}

fn percent_byte(text: &str) -> Option<(u8, &str)> {
    let rest = text.strip_prefix('%')?;
    let (digits, rest) = rest.split_at_checked(2)?;
    let is_hex = digits.bytes().all(|it| it.is_ascii_hexdigit());
    let byte = u8::from_str_radix(digits, 16).ok().filter(|_| is_hex)?;
    Some((byte, rest))
}

/// `\&` of Markdown, `\"` and `\u0026` of JSON, `\u{26}` of Rust.
fn after_backslash(text: &str, wanted: char) -> Option<&str> {
    let rest = text.strip_prefix('\\')?;
    let c = rest.chars().next()?;
    if c.is_ascii_punctuation() {
        return is_same(c, wanted).then(|| rest.strip_prefix(c))?;
    }
    if wanted == ' ' && "nrtbf0".contains(c) {
        return rest.strip_prefix(c);
    }
    let rest = rest.strip_prefix('u')?;
    let (digits, rest) = match rest.strip_prefix('{') {
        Some(rest) => rest.split_once('}')?,
        None => rest.split_at_checked(4)?,
    };
    let c = char::from_u32(u32::from_str_radix(digits, 16).ok()?)?;
    is_same(c, wanted).then_some(rest)
}

/// Whether a text can be the second half of an escape whose backslash comes before it.
pub(super) fn is_escape(text: &str) -> bool {
    text.starts_with(['b', 'f', 'n', 'r', 't', 'u', '"', '\\', '/'])
}

/// The characters that a secret has in Base64 wherever it stands in what is encoded: those that
/// depend on its neighbours are left out.
pub(super) fn in_base64(secret: &str) -> Vec<String> {
    if secret.len() < LEAST_BASE64 {
        return Vec::new();
    }
    let mut forms = Vec::new();
    for before in 0..3_usize {
        let bytes = [&vec![0; before], secret.as_bytes()].concat();
        let first = (before * 8).div_ceil(6);
        let last = bytes.len() * 8 / 6;
        for encoded in [
            BASE64_STANDARD_NO_PAD.encode(&bytes),
            BASE64_URL_SAFE_NO_PAD.encode(&bytes),
        ] {
            let kept = encoded.get(first..last).unwrap_or_default().to_owned();
            if !forms.contains(&kept) {
                forms.push(kept);
            }
        }
    }
    forms
}
