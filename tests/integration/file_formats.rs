//! `docs/file-formats.md` shows what the program reads and writes, and explains every member of it.

use std::collections::BTreeSet;
use std::path::Path;

use sagegate::benchmark::Ledger;
use sagegate::gate::BaselineFile;
use sagegate::result::RunResult;
use serde_json::Value;

fn page() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/file-formats.md");
    std::fs::read_to_string(path).unwrap()
}

/// The JSON under a comment that names it.
fn example(name: &str) -> String {
    let page = page();
    let (_, after) = page
        .split_once(&format!("<!-- example: {name} -->\n```json\n"))
        .unwrap();
    after.split_once("\n```").unwrap().0.to_owned()
}

/// Names in the first column of the tables of members under a heading.
fn explained(heading: &str) -> BTreeSet<String> {
    let page = page();
    let (_, section) = page.split_once(&format!("\n## {heading}\n")).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let tables = section.split("| Member | Is |\n|---|---|\n").skip(1);
    let rows = tables.flat_map(|table| table.lines().take_while(|line| line.starts_with("| `")));
    let first_cells = rows.map(|row| row.split('|').nth(1).unwrap());
    first_cells
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .map(str::to_owned)
        .collect()
}

/// Names of every member at any depth.
fn members(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members_of) => {
            for (name, value) in members_of {
                found.insert(name.clone());
                members(value, found);
            }
        }
        Value::Array(elements) => elements.iter().for_each(|it| members(it, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The example is what the program writes, and its members are the ones that are explained.
/// `others` are names that are no members: of models, or in a row.
fn assert_explained(heading: &str, example: &str, written: &Value, others: &[&str]) {
    let shown: Value = serde_json::from_str(example).unwrap();
    assert_eq!(&shown, written, "{heading}");
    let mut names = BTreeSet::new();
    members(&shown, &mut names);
    for other in others {
        assert!(names.remove(*other), "{other}");
    }
    assert_eq!(explained(heading), names, "{heading}");
}

#[test]
fn the_result_is_explained_as_it_is_written() {
    let text = example("result");
    let result = RunResult::from_json(&text, Path::new("result.json")).unwrap();
    let written = serde_json::to_value(&result).unwrap();
    assert_explained(
        "`result.json`",
        &text,
        &written,
        &["due_ms", "failure", "ml.t2.medium", "model_error"],
    );
}

#[test]
fn the_baseline_is_explained_as_it_is_written() {
    let text = example("baseline");
    let baseline = BaselineFile::from_json(&text, "baseline").unwrap();
    let written = serde_json::from_str(&baseline.to_json().unwrap()).unwrap();
    assert_explained("Baseline", &text, &written, &["churn"]);
}

#[test]
fn the_ledger_is_explained_as_it_is_written() {
    let text = example("ledger");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.json");
    std::fs::write(&path, &text).unwrap();
    let written = serde_json::to_value(Ledger::read(&path).unwrap()).unwrap();
    assert_explained("Ledger", &text, &written, &[]);
}
