//! PURE: JSON as Python writes it, in which `NaN` and `Infinity` are numbers: whether a model takes
//! them is the model's business.

use std::borrow::Cow;

/// Words of Python's `json` that are no JSON, and zeros of the same length.
const WORDS: [(&str, &str); 3] = [
    ("-Infinity", "-0.000000"),
    ("Infinity", "0.000000"),
    ("NaN", "0.0"),
];

/// `text` with every such word outside a string as a zero of the same length, so that a strict
/// parser reads it and every offset is that of `text`.
pub(super) fn masked(text: &str) -> Cow<'_, str> {
    if WORDS.iter().all(|(word, _)| !text.contains(word)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let (mut is_string, mut is_escaped) = (false, false);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let word = WORDS
            .iter()
            .find(|(word, _)| !is_string && rest.starts_with(word));
        if let Some((word, zero)) = word {
            out.push_str(zero);
            rest = rest.strip_prefix(word).unwrap_or_default();
            continue;
        }
        if c == '"' && !is_escaped {
            is_string = !is_string;
        }
        is_escaped = is_string && c == '\\' && !is_escaped;
        out.push(c);
        rest = rest.strip_prefix(c).unwrap_or_default();
    }
    Cow::Owned(out)
}

/// The part of `text` at the place that `part` has in `masked`, which is [`masked`] of `text`.
pub(super) fn unmasked<'a>(text: &'a str, masked: &str, part: &str) -> &'a str {
    let start = part.as_ptr().addr().wrapping_sub(masked.as_ptr().addr());
    text.get(start..start.saturating_add(part.len()))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::value::RawValue;

    use super::*;

    #[test]
    fn only_words_outside_strings_become_zeros() {
        let text = r#"{"NaN":[NaN,-Infinity,Infinity],"a\"NaN":"\\",x:NaN}"#;
        assert_eq!(
            masked(text),
            r#"{"NaN":[0.0,-0.000000,0.000000],"a\"NaN":"\\",x:0.0}"#
        );
        assert!(matches!(masked("[1,2]"), Cow::Borrowed(_)));
    }

    #[test]
    fn a_part_is_found_in_the_text() {
        let text = r#"[1, [NaN, "é"], 2]"#;
        let masked = masked(text);
        let elements: Vec<&RawValue> = serde_json::from_str(&masked).unwrap();
        let parts: Vec<&str> = elements
            .iter()
            .map(|it| unmasked(text, &masked, it.get()))
            .collect();
        assert_eq!(parts, ["1", r#"[NaN, "é"]"#, "2"]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn any_text_keeps_its_length_and_its_strings(text in r#"(NaN|-?Infinity|"|\\|é|[a-z{\[,: ]){0,30}"#) {
            let masked = masked(&text);
            prop_assert_eq!(masked.len(), text.len());
            prop_assert_eq!(unmasked(&text, &masked, &masked), &*text);
        }

        #[test]
        fn json_stays_as_it_is(text in ".*") {
            let json = serde_json::Value::String(text).to_string();
            prop_assert_eq!(masked(&json), json.clone());
        }
    }
}
