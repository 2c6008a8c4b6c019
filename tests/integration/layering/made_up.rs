//! The rules on made-up sources: each is broken once, and reported.

use std::collections::BTreeMap;

use super::graph::Graph;
use super::rules::{Arrow, away_from_home, between_commands, beyond, circles, upward};

fn graph(files: &[(&str, &str)]) -> Graph {
    let files = files.iter().map(|(file, text)| {
        let text = text.lines().map(str::trim).collect::<Vec<_>>().join("\n");
        (format!("src/{file}"), text)
    });
    Graph::new(&files.collect::<BTreeMap<_, _>>()).unwrap()
}

fn shown(arrows: &[Arrow]) -> Vec<String> {
    arrows.iter().map(ToString::to_string).collect()
}

fn circles_of(files: &[(&str, &str)]) -> Vec<Vec<String>> {
    let circles = circles(&graph(files));
    circles.iter().map(|it| shown(it)).collect()
}

const LIB: (&str, &str) = ("lib.rs", "pub mod low; pub mod middle; pub mod high;");
const HIGH: (&str, &str) = ("high.rs", "pub fn f() {}");

#[test]
fn what_a_lower_module_takes_from_a_higher_one_is_found_wherever_it_stands() {
    let low = "mod part;
        // crate::high in a comment
        const TEXT: &str = \"crate::high\";
        #[cfg(test)]
        mod tests {
            use crate::high::f;
        }
        fn g() { crate::high::f() }";
    let part = "use super::super::high as above;";
    let middle = "use crate::{low::{self, part}, high::{f as _}};";
    let files = [
        LIB,
        ("low/mod.rs", low),
        ("low/part.rs", part),
        ("middle.rs", middle),
        HIGH,
    ];
    assert_eq!(
        shown(&upward(&graph(&files))),
        [
            "src/low/mod.rs:8 -> src/high.rs",
            "src/low/part.rs:1 -> src/high.rs",
            "src/middle.rs:1 -> src/high.rs",
        ]
    );
}

#[test]
fn a_name_re_exported_from_above_is_no_excuse_and_an_unknown_module_is_found() {
    let files = [
        LIB,
        (
            "low.rs",
            "fn g() { crate::middle::f(); crate::elsewhere::g(); }",
        ),
        ("middle.rs", "pub use crate::high::f;"),
        HIGH,
    ];
    assert_eq!(
        shown(&upward(&graph(&files))),
        [
            "src/low.rs:1 -> src/high.rs",
            "src/low.rs:1 -> src/lib.rs",
            "src/middle.rs:1 -> src/high.rs",
        ]
    );
}

#[test]
fn files_and_items_of_tests_may_use_everything_and_nothing_behind_them_may() {
    let low = "#[cfg(test)]
        mod tests;
        #[cfg(test)]
        #[expect(dead_code, reason = \"x\")]
        pub(crate) use crate::high::f;
        #[cfg(test)]
        const N: [u8; 2] = { crate::high::N };
        #[cfg(test)]
        impl T { fn f() { crate::high::f() } }
        #[cfg(test)]
        const fn c() { crate::high::f() }
        fn g<'a>() -> char { crate::high::f(); '\"' }";
    let tests = "use crate::high::f; mod more;";
    let files = [
        LIB,
        ("low/mod.rs", low),
        ("low/tests/mod.rs", tests),
        ("low/tests/more.rs", tests),
        ("middle.rs", ""),
        HIGH,
    ];
    assert_eq!(
        shown(&upward(&graph(&files))),
        ["src/low/mod.rs:12 -> src/high.rs"]
    );
}

#[test]
fn a_command_that_uses_another_is_found_and_the_dispatcher_may_use_all() {
    let commands = "mod job; mod run; mod post;
        pub use self::run::gate;
        pub fn execute() { run::run(); post::post(); job::submit() }
        pub struct Shared;";
    let files = [
        ("lib.rs", "pub mod commands;"),
        ("commands/mod.rs", commands),
        ("commands/run.rs", "pub fn run() {} pub fn gate() {}"),
        (
            "commands/post.rs",
            "use super::Shared; fn post() { super::gate() }",
        ),
        (
            "commands/job/mod.rs",
            "mod submit; pub use self::submit::submit;",
        ),
        (
            "commands/job/submit.rs",
            "use super::super::run;\nuse super::submit as own;",
        ),
    ];
    assert_eq!(
        shown(&between_commands(&graph(&files))),
        [
            "src/commands/job/submit.rs:1 -> src/commands/run.rs",
            "src/commands/post.rs:1 -> src/commands/run.rs",
        ]
    );
}

#[test]
fn two_files_that_use_each_other_are_a_circle() {
    let files = [
        LIB,
        ("low.rs", "\nuse crate::middle::M;\nuse crate::high;"),
        ("middle.rs", "struct M; fn f() { crate::low::g() }"),
        ("high.rs", "#[cfg(test)] mod tests { use crate::low; }"),
    ];
    let expected = [
        "src/low.rs:2 -> src/middle.rs",
        "src/middle.rs:1 -> src/low.rs",
    ];
    assert_eq!(circles_of(&files), [expected]);
}

#[test]
fn a_circle_through_re_exports_and_globs_is_found() {
    let whole = "mod a; mod b; mod c; pub use self::a::A; pub use self::c::*;";
    let files = [
        ("lib.rs", "pub mod whole;"),
        ("whole/mod.rs", whole),
        ("whole/a.rs", "pub struct A(super::b::B);"),
        (
            "whole/b.rs",
            "use crate::whole as all;\npub struct B(all::C);",
        ),
        ("whole/c.rs", "use super::A;\npub struct C(Box<A>);"),
    ];
    let expected = [
        "src/whole/a.rs:1 -> src/whole/b.rs",
        "src/whole/b.rs:2 -> src/whole/c.rs",
        "src/whole/c.rs:1 -> src/whole/a.rs",
    ];
    assert_eq!(circles_of(&files), [expected]);
}

#[test]
fn a_module_and_its_parts_are_one_whole_and_what_goes_out_and_back_in_is_not() {
    let whole = "mod part; pub use self::part::Part; pub struct Whole(part::Part);";
    let within = [
        ("lib.rs", "pub mod whole; pub mod other;"),
        ("whole/mod.rs", whole),
        ("whole/part.rs", "use super::Whole; pub struct Part;"),
        ("other.rs", ""),
    ];
    assert_eq!(circles_of(&within), Vec::<Vec<String>>::new());
    let mut out = within;
    out[2].1 = "use super::Whole; pub struct Part(crate::other::Other);";
    out[3].1 = "pub struct Other(Box<crate::whole::Whole>);";
    let expected = [
        "src/other.rs:1 -> src/whole/mod.rs",
        "src/whole/mod.rs:1 -> src/whole/part.rs",
        "src/whole/part.rs:1 -> src/other.rs",
    ];
    assert_eq!(circles_of(&out), [expected]);
    // The table of contents alone needs nothing.
    out[1].1 = "mod part; pub use self::part::Part; pub struct Whole;";
    assert_eq!(circles_of(&out), Vec::<Vec<String>>::new());
}

#[test]
fn a_module_in_a_file_has_its_own_parent() {
    let files = [
        LIB,
        (
            "low.rs",
            "mod inner { fn f() { super::super::middle::m() } }",
        ),
        ("middle.rs", "pub fn m() {}"),
        HIGH,
    ];
    let graph = graph(&files);
    assert_eq!(shown(&upward(&graph)), ["src/low.rs:1 -> src/middle.rs"]);
}

#[test]
fn a_library_away_from_home_and_a_module_beyond_are_found() {
    let files = [
        LIB,
        ("low.rs", "use library_one::X;\nfn f() { home::f() }"),
        (
            "middle.rs",
            "fn f(home: u8) { ::home::g(); crate::low::f() }",
        ),
        (
            "high.rs",
            "fn f() { self.home::<u8>(); crate::middle::f() }",
        ),
    ];
    let graph = graph(&files);
    let away = |library: &str| shown(&away_from_home(&graph, library, &["src/middle.rs"]));
    assert_eq!(away("library_"), ["src/low.rs:1 -> library_one"]);
    assert_eq!(away("home"), ["src/low.rs:2 -> home"]);
    let beyond = beyond(&graph, "src/high.rs", &["high", "low"]);
    assert_eq!(shown(&beyond), ["src/high.rs:1 -> src/middle.rs"]);
}

#[test]
fn what_cannot_be_read_is_an_error_and_not_passed_over() {
    let error = |low: &str| {
        let files = [("src/lib.rs", "mod low;"), ("src/low.rs", low)];
        let files = files.map(|(file, text)| (file.to_owned(), text.to_owned()));
        Graph::new(&BTreeMap::from(files)).err()
    };
    assert_eq!(error("mod none;").unwrap(), "no file src/low/none/mod.rs");
    assert_eq!(
        error("struct S {\n#[cfg(test)] field: u8 }").unwrap(),
        "src/low.rs: line 2: `field` behind #[cfg(test)]"
    );
}
