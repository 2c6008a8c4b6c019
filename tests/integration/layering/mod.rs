//! Which file may know which, checked on whole files without their `#[cfg(test)]` items.

mod graph;
mod made_up;
mod rules;
mod source;
mod tokens;

use std::collections::BTreeMap;
use std::path::Path;

use self::graph::Graph;
use self::rules::{Arrow, away_from_home, between_commands, beyond, circles, upward};

/// A library that only one place may know, so that it can be replaced there.
const HOMES: [(&str, &[&str]); 9] = [
    ("aws_config", &["src/aws/"]),
    ("aws_sdk_", &["src/aws/"]),
    ("aws_smithy_", &["src/aws/", "src/network/"]),
    ("axum", &["src/simulator/"]),
    ("bollard", &["src/engine/"]),
    ("ciborium", &["src/simulator/"]),
    ("octocrab", &["src/github/"]),
    ("comrak", &["src/report/document/"]),
    ("indicatif", &["src/progress/"]),
];

/// The sources of the program by their path from the root of the repository.
fn sources() -> BTreeMap<String, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = BTreeMap::new();
    let mut folders = vec![root.join("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(root).unwrap().display().to_string();
                files.insert(name, std::fs::read_to_string(path).unwrap());
            }
        }
    }
    files
}

fn graph() -> Graph {
    let graph = Graph::new(&sources()).unwrap();
    let found = graph.references().len();
    assert!(found > 2000, "only {found}: the code is no longer read");
    graph
}

fn lines(arrows: &[Arrow]) -> String {
    let lines: Vec<String> = arrows.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

fn assert_none(arrows: &[Arrow]) {
    assert!(arrows.is_empty(), "\n{}", lines(arrows));
}

#[test]
fn every_module_uses_only_the_modules_above_it() {
    assert_none(&upward(&graph()));
}

#[test]
fn no_command_uses_another() {
    assert_none(&between_commands(&graph()));
}

#[test]
fn no_files_use_each_other_in_a_circle() {
    let circles: Vec<String> = circles(&graph())
        .iter()
        .map(|circle| lines(circle))
        .collect();
    assert!(circles.is_empty(), "\n{}", circles.join("\n\n"));
}

#[test]
fn every_large_library_has_one_home() {
    let graph = graph();
    for (library, homes) in HOMES {
        assert_none(&away_from_home(&graph, library, homes));
        let anywhere = away_from_home(&graph, library, &[]);
        assert!(!anywhere.is_empty(), "{library} is not used");
    }
}

#[test]
fn the_simulator_knows_nothing_of_how_the_program_talks_to_aws() {
    let arrows = beyond(
        &graph(),
        "src/simulator/",
        &["simulator", "units", "sync", "stamps", "engine"],
    );
    assert_none(&arrows);
}
