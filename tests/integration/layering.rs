//! The order of `pub mod` lines in `src/lib.rs` is the import order: each module uses only those above it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A library that only one place may know, so that it can be replaced there.
const HOMES: &[(&str, &[&str])] = &[
    ("aws_config", &["src/aws/"]),
    ("aws_sdk_", &["src/aws/"]),
    ("aws_smithy_", &["src/aws/"]),
    ("axum", &["src/simulator/"]),
    // The second place spoils answers, for a test.
    ("ciborium", &["src/simulator/", "src/aws/answers/"]),
    ("octocrab", &["src/github/"]),
    (
        "comrak",
        &["src/report/document.rs", "src/report/document/"],
    ),
    ("indicatif", &["src/progress/"]),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// Whether a file is part of a module `tests`, which is under `#[cfg(test)]`.
fn is_test(path: &Path) -> bool {
    path.ends_with("tests.rs") || path.iter().any(|part| part == "tests")
}

/// Lines of code before the tests, comments left out.
fn code(path: &Path) -> Vec<String> {
    if is_test(path.strip_prefix(root()).unwrap()) {
        return Vec::new();
    }
    let text = std::fs::read_to_string(path).unwrap();
    let lines = text
        .lines()
        .take_while(|line| !line.trim_start().starts_with("#[cfg(test)]"));
    lines
        .filter(|line| !line.trim_start().starts_with("//"))
        .map(str::to_owned)
        .collect()
}

fn module_order() -> Vec<String> {
    let lib = std::fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let names = lib.lines().filter_map(|line| line.strip_prefix("pub mod "));
    names
        .map(|name| name.trim_end_matches(';').to_owned())
        .collect()
}

fn relative(path: &Path) -> String {
    path.strip_prefix(root()).unwrap().display().to_string()
}

/// The module of the crate that a source file belongs to; `None` for `lib.rs` and `main.rs`.
fn module_of(path: &Path, order: &[String]) -> Option<usize> {
    let inside = relative(path);
    let name = inside
        .trim_start_matches("src/")
        .split(['/', '.'])
        .next()?
        .to_owned();
    order.iter().position(|module| *module == name)
}

/// Names after `crate::` in a line.
fn crate_imports(line: &str) -> BTreeSet<String> {
    let parts = line.split("crate::").skip(1);
    parts
        .map(|rest| {
            rest.chars()
                .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
                .collect()
        })
        .collect()
}

#[test]
fn every_module_uses_only_the_modules_above_it() {
    let order = module_order();
    let mut checked = 0;
    for path in sources(&root().join("src")) {
        let Some(own) = module_of(&path, &order) else {
            continue;
        };
        for line in code(&path) {
            for import in crate_imports(&line) {
                let Some(used) = order.iter().position(|module| *module == import) else {
                    panic!(
                        "{}: `crate::{import}` is not a module of lib.rs: {line}",
                        relative(&path)
                    );
                };
                assert!(
                    used <= own,
                    "{}: {} may not use {import}",
                    relative(&path),
                    order[own]
                );
                checked += 1;
            }
        }
    }
    assert!(
        checked > 50,
        "only {checked} imports were found: the test no longer sees the code"
    );
}

#[test]
fn every_large_library_has_one_home() {
    for path in sources(&root().join("src")) {
        let place = relative(&path);
        for line in code(&path) {
            for (library, homes) in HOMES {
                let used = line.contains(&format!("{library}::"))
                    || (library.ends_with('_') && line.contains(library));
                let at_home = homes.iter().any(|home| place.starts_with(home));
                assert!(
                    !used || at_home,
                    "{place} uses {library}, whose home is {homes:?}: {line}"
                );
            }
        }
    }
}

#[test]
fn the_simulator_knows_nothing_of_the_program_but_the_units() {
    for path in sources(&root().join("src/simulator")) {
        for line in code(&path) {
            for import in crate_imports(&line) {
                assert!(
                    ["units", "simulator"].contains(&import.as_str()),
                    "{}: {line}",
                    relative(&path)
                );
            }
        }
    }
}
