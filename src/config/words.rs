//! PURE: suggestions for misspelled words, and the spellings of booleans.

/// Names less similar than this are not taken for misspellings. Between 0 and 1.
const SIMILAR: f64 = 0.8;

/// The name most similar to `word`; `None` when none is similar.
pub(super) fn nearest<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let rated = names
        .into_iter()
        .map(|name| (strsim::jaro_winkler(word, name), name));
    let likely = rated.filter(|(similarity, _)| *similarity >= SIMILAR);
    likely
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name.to_owned())
}

/// `true`, `yes`, `on`, `1` and their opposites, in any case.
pub(super) fn truth(word: &str) -> Option<bool> {
    match word.to_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Some(true),
        "false" | "no" | "off" | "0" => Some(false),
        _ => None,
    }
}
