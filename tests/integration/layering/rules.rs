//! The three rules. Each gives what breaks it, arrow by arrow: `src/a.rs:7 -> src/b.rs`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::graph::{Graph, Reference};

/// One file refers to another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Arrow {
    pub(super) file: String,
    line: usize,
    to: String,
}

impl fmt::Display for Arrow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{} -> {}", self.file, self.line, self.to)
    }
}

/// One arrow from file to file, at the first line.
fn arrows<'a>(references: impl Iterator<Item = &'a Reference>) -> Vec<Arrow> {
    let mut arrows = BTreeMap::new();
    for Reference { file, line, to, .. } in references {
        let first = arrows.entry((file, to)).or_insert(*line);
        *first = *line.min(first);
    }
    let arrows = arrows.into_iter().map(|((file, to), line)| Arrow {
        file: file.clone(),
        line,
        to: to.clone(),
    });
    arrows.collect()
}

/// Arrows from a module to one that stands below it in `lib.rs`, or that is no module of it.
pub(super) fn upward(graph: &Graph) -> Vec<Arrow> {
    let order = graph.order();
    let place = |name: &str| order.iter().position(|it| *it == name);
    let references = graph.references();
    let breaks = |reference: &&Reference| {
        let Some(own) = place(in_folder(&reference.file, "src/").unwrap_or_default()) else {
            return false;
        };
        let mut tops = reference.through.iter().filter_map(|path| path.first());
        reference.to == "src/lib.rs" || tops.any(|top| place(top).is_none_or(|top| top > own))
    };
    arrows(references.iter().filter(breaks))
}

/// The module that a file is or belongs to, among those of a folder.
fn in_folder<'a>(file: &'a str, folder: &str) -> Option<&'a str> {
    file.strip_prefix(folder)?.split(['/', '.']).next()
}

/// Arrows from one command to another. `commands/mod.rs` calls all of them.
pub(super) fn between_commands(graph: &Graph) -> Vec<Arrow> {
    let references = graph.references();
    let breaks = |reference: &&Reference| {
        let own = in_folder(&reference.file, "src/commands/");
        let mut others = reference.through.iter().filter_map(|path| match &path[..] {
            [commands, other, ..] if commands == "commands" => Some(other),
            _ => None,
        });
        own.is_some_and(|own| own != "mod" && others.any(|other| other != own))
    };
    arrows(references.iter().filter(breaks))
}

/// The circles: sets of files each of which reaches every other, as the arrows between them.
///
/// A module and what lies in its folder are one whole, which two rules follow:
/// * `mod x;` and `pub use x::Y` are no arrows: the `mod.rs` is a table of contents there. It needs
///   `x` only where its code names `x` or `Y`, and that is an arrow.
/// * What a file takes from a `mod.rs` above it in the tree is no arrow, since it is a part of that
///   module. What the `mod.rs` only re-exports is: to the file that defines it.
pub(super) fn circles(graph: &Graph) -> Vec<Vec<Arrow>> {
    let references = graph.references();
    let needs =
        |it: &&Reference| !it.is_re_export && it.file != it.to && !is_part(&it.file, &it.to);
    let arrows = arrows(references.iter().filter(needs));
    let reached = arrows.iter().map(|it| {
        let file = it.file.as_str();
        (file, reachable(file, &arrows))
    });
    let reached: BTreeMap<&str, BTreeSet<&str>> = reached.collect();
    let leads = |from: &str, to: &str| reached.get(from).is_some_and(|it| it.contains(to));
    let mut circles: BTreeMap<Vec<&str>, Vec<Arrow>> = BTreeMap::new();
    for arrow in arrows.iter().filter(|it| leads(&it.to, &it.file)) {
        let files = reached.keys().copied();
        let members = files.filter(|it| leads(&arrow.file, it) && leads(it, &arrow.file));
        let circle = circles.entry(members.collect()).or_default();
        circle.push(arrow.clone());
    }
    circles.into_values().collect()
}

/// Whether `file` belongs to the module whose `mod.rs` is `whole`.
fn is_part(file: &str, whole: &str) -> bool {
    whole
        .strip_suffix("mod.rs")
        .is_some_and(|folder| file.starts_with(folder))
}

fn reachable<'a>(from: &'a str, arrows: &'a [Arrow]) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut open = vec![from];
    while let Some(file) = open.pop() {
        for arrow in arrows.iter().filter(|it| it.file == file) {
            if reached.insert(arrow.to.as_str()) {
                open.push(&arrow.to);
            }
        }
    }
    reached
}

/// Arrows from the files of `folder` to other modules of the root than `allowed`.
pub(super) fn beyond(graph: &Graph, folder: &str, allowed: &[&str]) -> Vec<Arrow> {
    let references = graph.references();
    let breaks = |reference: &&Reference| {
        let mut tops = reference.through.iter().filter_map(|path| path.first());
        reference.file.starts_with(folder) && tops.any(|top| !allowed.contains(&top.as_str()))
    };
    arrows(references.iter().filter(breaks))
}

/// Uses of a library outside its homes: `src/a.rs:7 -> library`. A name that ends with `_` stands
/// for all libraries that begin so.
pub(super) fn away_from_home(graph: &Graph, library: &str, homes: &[&str]) -> Vec<Arrow> {
    let is_used =
        |name: &str| name == library || library.ends_with('_') && name.starts_with(library);
    let uses = graph.named().filter(|(file, named)| {
        is_used(&named.path[0]) && !homes.iter().any(|home| file.starts_with(home))
    });
    let uses = uses.map(|(file, named)| Arrow {
        file: file.to_owned(),
        line: named.line,
        to: named.path[0].clone(),
    });
    uses.collect()
}
