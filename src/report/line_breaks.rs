//! Where no line may break.

/// Units that stay with their number.
const UNITS: [&str; 9] = ["ms", "s", "min", "h", "B", "kB", "MB", "GB", "USD"];
const NO_BREAK_SPACE: char = '\u{a0}';
/// Invisible and without width: no line breaks there.
const WORD_JOINER: char = '\u{2060}';

/// Words in which no line breaks within a value: between a number and its unit, behind `≤` and
/// between a sign and `$`. The one rule for every cell of the comment and the page.
pub(super) fn unbreakable(words: &str) -> String {
    let mut out = String::with_capacity(words.len());
    let mut last = ' ';
    for (at, c) in words.char_indices() {
        let rest = words.get(at + c.len_utf8()..).unwrap_or_default();
        match (last, c) {
            ('0'..='9', ' ') if starts_with_unit(rest) => out.push(NO_BREAK_SPACE),
            ('≤' | '≥', ' ') => out.push(NO_BREAK_SPACE),
            ('+' | '−', '$') => out.extend([WORD_JOINER, c]),
            _ => out.push(c),
        }
        last = c;
    }
    out
}

fn starts_with_unit(words: &str) -> bool {
    let end = words.find(|c: char| !c.is_alphanumeric());
    let word = words.get(..end.unwrap_or(words.len()));
    word.is_some_and(|word| UNITS.contains(&word))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn no_line_breaks_within_a_value() {
        let shown = |words: &str| {
            let out = unbreakable(words);
            out.replace(NO_BREAK_SPACE, "~").replace(WORD_JOINER, "^")
        };
        for (words, expected) in [
            ("≤ 15.4 ms (+41%)", "≤~15.4~ms (+41%)"),
            ("−$0.08 (−2.4%)", "−^$0.08 (−2.4%)"),
            ("at 2048 MB, 3.42 USD", "at 2048~MB, 3.42~USD"),
            ("1 h 5 min of 3 metrics", "1~h 5~min of 3 metrics"),
            ("1,000 calls, 5 seconds", "1,000 calls, 5 seconds"),
            ("≤ $4.88 (ceiling)", "≤~$4.88 (ceiling)"),
        ] {
            assert_eq!(shown(words), expected);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn what_is_unbreakable_says_the_same(words in "[ -~≤−$0-9a-z ]{0,60}") {
            let plain = unbreakable(&words).replace(NO_BREAK_SPACE, " ").replace(WORD_JOINER, "");
            prop_assert_eq!(plain, words);
        }
    }
}
