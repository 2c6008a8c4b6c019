//! What the performance benches share: the machine they ran on, and their part of
//! `docs/performance.md`.

use std::path::Path;

/// Root of the repository.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// `NAME N`; `cargo bench` adds `--bench`, which means nothing here.
pub(crate) fn wanted(name: &str) -> Option<u32> {
    let arguments: Vec<String> = std::env::args().collect();
    let place = arguments.iter().position(|it| it == name)?;
    arguments.get(place + 1)?.parse().ok()
}

/// What the figures depend on besides the code.
pub(crate) struct Machine {
    cores: usize,
    load_before: String,
}

impl Machine {
    /// To be called before anything is measured: the load average should be near zero.
    pub(crate) fn look() -> Self {
        Self {
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            load_before: load_average(),
        }
    }

    /// Processor, date, and how busy the machine was with other things.
    pub(crate) fn describe(&self) -> String {
        let processors = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = processors
            .lines()
            .find_map(|line| line.strip_prefix("model name"))
            .map_or("unknown processor", |it| it.trim_matches(['\t', ':', ' ']));
        format!(
            "{model}, {} cores, {}, {}; load average {} before, {} after (1 min; the bench itself counts in the second)",
            self.cores,
            std::env::consts::OS,
            today(),
            self.load_before,
            load_average()
        )
    }
}

/// Of the last minute.
fn load_average() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ')
        .next()
        .filter(|it| !it.is_empty())
        .unwrap_or("unknown")
        .to_owned()
}

#[expect(clippy::disallowed_methods, reason = "the date of the figures")]
fn today() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%d").to_string()
}

/// Prints a section; with `--write` it also takes the place of the old one in
/// `docs/performance.md`.
pub(crate) fn publish(section: &str, text: &str) {
    println!("{text}");
    if !std::env::args().any(|it| it == "--write") {
        return;
    }
    let path = root().join("docs/performance.md");
    let old = std::fs::read_to_string(&path).unwrap();
    let new = replaced(&old, section, text).unwrap();
    std::fs::write(path, new).unwrap();
}

/// `None` where a text has no such section.
fn replaced(old: &str, section: &str, text: &str) -> Option<String> {
    let begin = format!("<!-- {section} -->\n");
    let end = format!("<!-- end of {section} -->\n");
    let (before, rest) = old.split_once(&begin)?;
    let (_, after) = rest.split_once(&end)?;
    let text = text.trim();
    Some(format!("{before}{begin}\n{text}\n\n{end}{after}"))
}

/// `met` or `MISSED`.
pub(crate) fn mark(met: bool) -> &'static str {
    if met { "met" } else { "MISSED" }
}
