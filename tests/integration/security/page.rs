//! `docs/security.md` names tests that exist.

use std::path::Path;

use super::texts_in;

#[test]
fn every_test_that_the_page_names_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("docs/security.md")).unwrap();
    let sources: String = ["src", "tests"]
        .iter()
        .flat_map(|folder| texts_in(&root.join(folder)))
        .filter(|(name, _)| Path::new(name).extension().is_some_and(|it| it == "rs"))
        .map(|(_, text)| text)
        .collect();
    let spans = page.split('`').skip(1).step_by(2);
    let tests: Vec<&str> = spans.filter(|it| it.contains("::")).collect();
    assert!(tests.len() > 10, "{tests:?}");
    for test in tests {
        let name = test.rsplit("::").next().unwrap();
        assert!(
            sources.contains(&format!("fn {name}(")),
            "docs/security.md: there is no test `{test}`"
        );
    }
}

#[test]
fn files_are_opened_in_one_place() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    // The simulator, the facts of this machine and the list of ignored signals read what no pull
    // request names; the runner names its own files. A folder of model data is checked before it is
    // sent to a container: its symlinks are sent as symlinks.
    let exempt = [
        "files/",
        "simulator/",
        "benchmark/runner.rs",
        "engine/archive.rs",
        "engine/limits.rs",
        "engine/ticks.rs",
        "process/signals.rs",
        "github/runner_files.rs",
    ];
    let opening = [
        "fs::read(",
        "fs::read_to_string(",
        "read_to_string))",
        "File::open(",
        "File::create(",
        "fs::write(",
        "OpenOptions",
        "fs::read_dir(",
        "fs::copy(",
    ];
    let mut found = Vec::new();
    for (path, text) in texts_in(&root) {
        let name = Path::new(&path).strip_prefix(&root).unwrap();
        let name = name.display().to_string();
        let is_test = name.ends_with("/tests.rs") || name.contains("/tests/");
        if is_test || exempt.iter().any(|it| name.starts_with(it)) {
            continue;
        }
        let (code, _) = text.split_once("#[cfg(test)]").unwrap_or((&text, ""));
        for words in opening.iter().filter(|it| code.contains(**it)) {
            found.push(format!("{name}: {words}"));
        }
    }
    // The lock of a baseline's folder.
    found.retain(|it| !it.ends_with("baseline/file.rs: File::open("));
    assert_eq!(found, Vec::<String>::new());
}
