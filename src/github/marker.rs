//! The hidden first line of a comment: whose it is, and which run wrote it.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use jiff::Timestamp;

const START: &str = "<!-- sagegate ";
const END: &str = " -->";
/// Longest line and most fields that are read.
const MAX_LINE: usize = 16_384;
const MAX_FIELDS: usize = 64;

/// The fields of `<!-- sagegate key=… sha=… run=… at=… -->`. Values stay as they are written: without spaces, with `%`
/// and hexadecimal digits for what is not a letter, a digit or one of `._/:-`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marker(BTreeMap<String, String>);

impl Marker {
    /// The marker on the first line of a comment; `None` when there is none, or one without a key.
    pub fn of(body: &str) -> Option<Self> {
        let line = body.lines().next()?.trim_end();
        let fields = line.strip_prefix(START)?.strip_suffix(END)?;
        if line.len() > MAX_LINE || fields.contains("--") {
            return None;
        }
        let fields: BTreeMap<_, _> = fields
            .split_ascii_whitespace()
            .take(MAX_FIELDS)
            .filter_map(|field| field.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        fields.contains_key("key").then_some(Self(fields))
    }

    /// The value of a field, as it is written.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The value of a field as it was before it was written; `None` also when it is not one that was.
    pub fn text(&self, name: &str) -> Option<String> {
        let mut bytes = Vec::new();
        let mut rest = self.get(name)?.bytes();
        while let Some(byte) = rest.next() {
            if byte == b'%' {
                let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
                let (high, low) = (digit(rest.next())?, digit(rest.next())?);
                bytes.push(u8::try_from(high * 16 + low).ok()?);
            } else {
                bytes.push(byte);
            }
        }
        String::from_utf8(bytes).ok()
    }

    /// Which gate the comment belongs to.
    pub fn key(&self) -> &str {
        self.get("key").unwrap_or_default()
    }

    /// Whether this one was written by a later run. Runs of CI are in the order of their numbers, whatever the clocks
    /// and the waiting times say; attempts of one run, and everything outside CI, by time.
    pub fn is_newer_than(&self, other: &Self) -> bool {
        let runs = match (self.run(), other.run()) {
            (Some(own), Some(others)) => own.cmp(&others),
            (Some(_) | None, _) => Ordering::Equal,
        };
        let times = match (self.at(), other.at()) {
            (Some(own), Some(others)) => own.cmp(&others),
            (Some(_) | None, _) => Ordering::Equal,
        };
        runs.then(times).is_gt()
    }

    /// Number and attempt of the CI run: `1842-1` or `1842/1`.
    fn run(&self) -> Option<(u64, u64)> {
        let (run, attempt) = self.get("run")?.split_once(['-', '/'])?;
        Some((run.parse().ok()?, attempt.parse().ok()?))
    }

    fn at(&self) -> Option<Timestamp> {
        self.get("at")?.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn marker(run: &str, at: &str) -> Marker {
        Marker::of(&format!("<!-- sagegate key=k run={run} at={at} -->\nx")).unwrap()
    }

    #[test]
    fn the_first_line_is_read_and_nothing_else() {
        let marker = Marker::of("<!-- sagegate key=ci/a%20b sha=8f31 p99=1.2 -->\r\n\r\n### x");
        let marker = marker.unwrap();
        assert_eq!(
            (marker.key(), marker.get("p99"), marker.get("run")),
            ("ci/a%20b", Some("1.2"), None)
        );
        for other in [
            "",
            "\n<!-- sagegate key=k -->",
            "> <!-- sagegate key=k -->",
            "<!-- sagegate sha=1 -->",
            "<!-- sagegate key=k --> <!-- x -->",
            "<!-- other key=k -->",
            "<!-- sagegate key=k",
        ] {
            assert_eq!(Marker::of(other), None, "{other}");
        }
    }

    #[test]
    fn escaped_values_are_read_back() {
        let marker =
            Marker::of("<!-- sagegate key=k by=%5Bbot%5D%20x bad=%5 also=%FF -->").unwrap();
        assert_eq!(marker.text("by").as_deref(), Some("[bot] x"));
        assert_eq!(marker.text("key").as_deref(), Some("k"));
        for name in ["bad", "also", "none"] {
            assert_eq!(marker.text(name), None, "{name}");
        }
    }

    #[test]
    fn the_later_run_is_newer_whenever_it_ended() {
        let (early, late) = ("2026-11-22T10:00:00Z", "2026-11-22T11:00:00Z");
        let newer =
            |a: (&str, &str), b: (&str, &str)| marker(a.0, a.1).is_newer_than(&marker(b.0, b.1));
        assert!(newer(("1843-1", early), ("1842-1", late)));
        assert!(!newer(("1842-2", late), ("1843-1", early)));
        assert!(newer(("1842-2", early), ("1842-1", late)));
        assert!(newer(("10000-1", early), ("9999-1", early)));
        assert!(newer(("1842/1", late), ("1842-1", early)));
        assert!(newer(("local1", late), ("local2", early)));
        assert!(newer(("local1", late), ("1842-1", early)));
        assert!(!newer(("1842-1", early), ("1842-1", early)));
        assert!(!newer(("x", "soon"), ("y", "later")));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn no_text_breaks_it_and_no_marker_is_newer_than_itself(text in "(<!-- sagegate )?.{0,80}( -->)?") {
            if let Some(marker) = Marker::of(&text) {
                prop_assert!(!marker.is_newer_than(&marker));
            }
        }
    }
}
