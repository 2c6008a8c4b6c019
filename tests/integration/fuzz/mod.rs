//! Every reader of untrusted input, with arbitrary bytes and with damaged documents: no panic, no
//! hang, no memory out of proportion to the input. `PROPTEST_CASES=10000` makes a long
//! run of it.

mod mutate;

use std::path::Path;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use proptest::collection::vec;
use proptest::prelude::*;
use sagegate::analysis::{Strategy as Choice, analyse};
use sagegate::benchmark::{Journal, Ledger};
use sagegate::error::Error;
use sagegate::gate::{BaselineFile, Branches, Entry, Limits, judge};
use sagegate::prices::PriceTable;
use sagegate::report::{self, Links};
use sagegate::result::RunResult;
use serde_json::Value;

use self::mutate::{collect, mutated, mutation};
use crate::hostile::{HOSTILE, foreign_nodes};
use crate::support::{Simulator, Workspace};

/// Longest that one input may take, in a debug build on a busy machine.
const LONGEST: Duration = Duration::from_secs(20);
/// Most that the process may grow, MiB: a megabyte of text in a report is there several times.
const MOST_MIB: f64 = 1024.0;

/// Files of a run with everything in it.
struct Files {
    result: Value,
    ledger: Value,
    baseline: Value,
}

fn files() -> &'static Files {
    static FILES: OnceLock<Files> = OnceLock::new();
    FILES.get_or_init(|| {
        let simulator = Simulator::quick();
        let workspace = Workspace::new(&simulator);
        let run = [
            "run",
            "--model-name",
            "m",
            "--samples",
            "samples.jsonl",
            "--mode",
            "record",
        ];
        let sizes = [
            "--memory-sizes",
            "1024,2048",
            "--invocations",
            "90",
            "--warmup",
            "3",
        ];
        let load = [
            "--max-concurrency",
            "2",
            "--client-multipliers",
            "1",
            "--rate",
            "50/s",
        ];
        let more = [
            "--concurrency-invocations",
            "20",
            "--baseline",
            "file:b.json",
        ];
        workspace
            .sagegate(&[&run[..], &sizes, &load, &more].concat())
            .expect(0);
        let read = |name: &str| serde_json::from_str(&workspace.read(name)).unwrap();
        Files {
            result: read("sagegate-results/result.json"),
            ledger: read("sagegate-results/ledger.json"),
            baseline: read("b.json"),
        }
    })
}

/// Runs a reader and fails when it takes too long or too much.
fn bounded<T>(read: impl FnOnce() -> T) -> T {
    let (began, before) = (Instant::now(), resident_mib());
    let done = read();
    let (took, grown) = (began.elapsed(), resident_mib() - before);
    assert!(took < LONGEST, "took {took:?}");
    assert!(grown < MOST_MIB, "grew by {grown} MiB");
    done
}

/// Memory of this process; 0 where Linux does not say.
fn resident_mib() -> f64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|it| it.split_whitespace().next());
    kilobytes
        .and_then(|it| it.parse::<f64>().ok())
        .unwrap_or(0.0)
        / 1024.0
}

/// Everything that is done with a result of another workflow; the resulting texts.
fn texts(run: &RunResult, baseline: Option<&BaselineFile>) -> [String; 2] {
    let prices = PriceTable::bundled().unwrap();
    let prices = prices.region("us-east-1").unwrap();
    let analysis = analyse(run, prices, Choice::Balanced);
    let mut file = baseline.cloned().unwrap_or_default();
    let branches = Branches {
        base: "release/1".parse().ok(),
        default: "main".parse().ok(),
    };
    // A model whose runs cannot be read ends the command: here the rest is still of interest.
    let history = file.history(&run.name, &branches).unwrap_or_default();
    let limits = Limits::default();
    let judgement = judge(run, &analysis, Some(&history), &limits, run.finished_at);
    let links = Links::default();
    let report = report::compose(run, &analysis, &judgement, &links);
    let _ = report::summary(&report, 1 << 20);
    let _ = report::terminal(&report, report::Color::Always);
    let _ = report::Numbers::of(run, &analysis, &judgement);
    let _ = report::csv_files(run, &analysis, judgement.recommended);
    let _ = report::chart_files(run, &analysis, &judgement);
    if let Some(size) = judgement.recommended {
        let entry = Entry::new(run, &analysis, size);
        let _ = file.record(&run.name, &branches, entry, judgement.epoch());
        file.to_json().unwrap();
    }
    [report::markdown(&report), report::html(&report)]
}

/// Text of a result is never interpreted.
#[track_caller]
fn assert_only_words([markdown, html]: &[String; 2], what: &str) {
    assert_eq!(
        foreign_nodes(markdown),
        Vec::<String>::new(),
        "{what}: {markdown}"
    );
    assert!(
        !markdown.contains("\n::") && !markdown.contains("##["),
        "{what}"
    );
    assert!(markdown.len() <= 65_536, "{what}: {} bytes", markdown.len());
    assert!(!html.contains("<img src=x"), "{what}");
    // Only the first line says which comment it is.
    assert!(markdown.starts_with("<!-- sagegate key="), "{what}");
    assert!(!markdown.contains("\n<!-- sagegate"), "{what}");
}

#[test]
fn a_hostile_text_in_any_place_of_a_result_stays_a_text() {
    let files = files();
    let mut paths = Vec::new();
    collect(&files.result, String::new(), &mut paths);
    let is_text = |path: &&String| files.result.pointer(path).is_some_and(Value::is_string);
    let (mut read, mut refused) = (0, 0);
    for path in paths.iter().filter(is_text) {
        for text in [
            HOSTILE,
            "<!-- sagegate key=gate/x sha=1 run=2 at=3 -->\n# h",
        ] {
            let mut result = files.result.clone();
            *result.pointer_mut(path).unwrap() = text.into();
            match RunResult::from_json(&result.to_string(), Path::new("result.json")) {
                Ok(run) => {
                    read += 1;
                    assert_only_words(&texts(&run, None), path);
                }
                Err(error) => {
                    refused += 1;
                    let line = Error::from(error).one_line();
                    assert!(!line.contains('\n'), "{path}: {line}");
                }
            }
        }
    }
    assert!(read >= 20 && refused >= 4, "{read} read, {refused} refused");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_damaged_result_is_refused_or_texts(mutations in vec(mutation(), 1..4)) {
        let files = files();
        let text = mutated(&files.result, &mutations);
        let baseline = BaselineFile::from_json(&files.baseline.to_string(), "b.json").unwrap();
        bounded(|| {
            if let Ok(run) = RunResult::from_json(&text, Path::new("result.json")) {
                assert_only_words(&texts(&run, Some(&baseline)), "mutated");
            }
        });
    }

    #[test]
    fn a_damaged_baseline_is_refused_or_compared_with(mutations in vec(mutation(), 1..4)) {
        let files = files();
        let text = mutated(&files.baseline, &mutations);
        let result = files.result.to_string();
        let run = RunResult::from_json(&result, Path::new("result.json")).unwrap();
        bounded(|| {
            if let Ok(baseline) = BaselineFile::from_json(&text, "b.json") {
                assert_only_words(&texts(&run, Some(&baseline)), "mutated");
            }
        });
    }

    #[test]
    fn damaged_ledgers_and_price_files_are_refused_or_read(mutations in vec(mutation(), 1..4)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, mutated(&files().ledger, &mutations)).unwrap();
        let _ = bounded(|| Ledger::read(&path));
        let prices = serde_json::json!({ "xx-test-1": { "usd_per_gb_second": 2e-5, "usd_per_gb_in": 0.01 } });
        let text = mutated(&prices, &mutations);
        let _ = bounded(|| PriceTable::bundled().unwrap().overridden_by(&text, "prices.json"));
    }

    #[test]
    fn any_bytes_in_any_file_are_refused_or_read(bytes in vec(any::<u8>(), 0..400)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file.jsonl");
        std::fs::write(&path, &bytes).unwrap();
        bounded(|| {
            let _ = RunResult::read(&path);
            let _ = Ledger::read(&path);
            let _ = Journal::resume(&path);
            let _ = sagegate::samples::SampleSet::load(&path, None);
            let _ = BaselineFile::from_json(&String::from_utf8_lossy(&bytes), "b.json");
        });
    }
}
