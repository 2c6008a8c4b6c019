//! The pages of the repository are true: links lead somewhere, and the files that they name exist.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use comrak::nodes::{AstNode, NodeValue};
use comrak::{Anchorizer, Arena, Options, parse_document};

/// Code that begins with one of these names something of the repository.
const FOLDERS: [&str; 7] = [
    "src/", "tests/", "docs/", "benches/", ".ci/", ".github/", ".config/",
];
/// Stands for the name that a new file gets.
const PLACEHOLDER: &str = "NAME";
/// Files that a page asks its reader to write.
const OF_THE_READER: [&str; 1] = [".github/workflows/model.yml"];

/// What a page refers to.
#[derive(Default)]
struct Page {
    links: Vec<String>,
    /// Words in code spans.
    words: Vec<String>,
    /// What a link to a heading ends with.
    anchors: BTreeSet<String>,
}

impl Page {
    fn parse(markdown: &str) -> Self {
        let mut options = Options::default();
        options.extension.table = true;
        let arena = Arena::new();
        let mut page = Self::default();
        let mut anchorizer = Anchorizer::new();
        for node in parse_document(&arena, markdown, &options).descendants() {
            let value = &node.data.borrow().value;
            if let NodeValue::Link(link) | NodeValue::Image(link) = value {
                page.links.push(link.url.clone());
            } else if let NodeValue::Code(code) = value {
                let words = code.literal.split_whitespace();
                page.words.extend(words.map(str::to_owned));
            } else if let NodeValue::Heading(_) = value {
                page.anchors.insert(anchorizer.anchorize(&words_of(node)));
            }
        }
        page
    }

    fn read(file: &Path) -> Self {
        Self::parse(&std::fs::read_to_string(file).unwrap())
    }

    /// Links to nothing. `file` is where the page is.
    fn dead_links(&self, file: &Path) -> Vec<String> {
        let is_dead = |url: &&String| {
            let (path, anchor) = url.split_once('#').unwrap_or((url, ""));
            let target = match path {
                "" => file.to_owned(),
                path => file.parent().unwrap().join(path),
            };
            let is_page = target.extension().is_some_and(|it| it == "md");
            let leads = match anchor {
                "" => target.exists(),
                anchor => {
                    is_page && target.exists() && Self::read(&target).anchors.contains(anchor)
                }
            };
            !leads
        };
        let relative = self.links.iter().filter(|url| !url.contains(':'));
        relative.filter(is_dead).cloned().collect()
    }

    /// Paths of the repository that do not exist.
    fn missing_paths(&self) -> Vec<String> {
        let is_missing = |path: &&String| {
            let path = root().join(path.as_str());
            match path.file_stem() {
                Some(stem) if stem == PLACEHOLDER => !path.parent().unwrap().is_dir(),
                Some(_) | None => !path.exists(),
            }
        };
        self.paths().filter(is_missing).cloned().collect()
    }

    fn paths(&self) -> impl Iterator<Item = &String> {
        let named = |word: &&String| FOLDERS.iter().any(|folder| word.starts_with(folder));
        let of_the_reader = |word: &&String| OF_THE_READER.contains(&word.as_str());
        let words = self.words.iter().filter(named);
        words.filter(move |word| !of_the_reader(word))
    }
}

fn words_of<'a>(node: &'a AstNode<'a>) -> String {
    let mut words = String::new();
    for node in node.descendants() {
        let value = &node.data.borrow().value;
        if let NodeValue::Text(text) = value {
            words.push_str(text);
        } else if let NodeValue::Code(code) = value {
            words.push_str(&code.literal);
        }
    }
    words
}

pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

pub(crate) fn read(file: &str) -> String {
    std::fs::read_to_string(root().join(file)).unwrap()
}

/// Adds all files of the folder whose name ends so.
pub(crate) fn add_files(folder: &Path, extension: &str, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            add_files(&path, extension, files);
        } else if path.extension().is_some_and(|it| it == extension) {
            files.push(path);
        }
    }
}

pub(crate) fn pages() -> Vec<PathBuf> {
    let mut pages = ["README.md", "CHANGELOG.md"]
        .map(|it| root().join(it))
        .to_vec();
    for folder in ["docs", ".github"] {
        add_files(&root().join(folder), "md", &mut pages);
    }
    assert!(pages.len() > 10, "{pages:?}");
    pages
}

/// What is wrong on each page.
fn problems(of: impl Fn(&Page, &Path) -> Vec<String>) -> Vec<String> {
    let pages = pages().into_iter();
    let found = pages.flat_map(|file| {
        let problems = of(&Page::read(&file), &file).into_iter();
        problems.map(move |problem| format!("{}: {problem}", file.display()))
    });
    found.collect()
}

#[test]
fn every_relative_link_leads_to_a_file_or_a_heading() {
    assert_eq!(problems(Page::dead_links), Vec::<String>::new());
}

#[test]
fn every_path_that_a_page_names_is_in_the_repository() {
    assert_eq!(
        problems(|page, _| page.missing_paths()),
        Vec::<String>::new()
    );
    let recipes = Page::read(&root().join(".github/CONTRIBUTING.md"));
    assert!(recipes.paths().count() > 100);
}

#[test]
fn a_dead_link_and_a_path_that_is_gone_are_found() {
    let page = Page::parse(
        "## A word, `code`\n\n[a](gate.md) [b](gone.md) [c](#a-word-code) [d](#gone) \
         [e](gate.md#gone) [f](../src/lib.rs#gone) [g](https://example.com/gone)\n\n\
         | `src/gone.rs` | `src/lib.rs` |\n| -- | -- |\n| [h](gone.png) | `bash .ci/gone now` |\n\n\
         `src/commands/NAME.rs`, `src/gone/NAME.rs`, `gone.rs`\n",
    );
    assert!(page.anchors.contains("a-word-code"), "{:?}", page.anchors);
    let here = root().join("docs/performance.md");
    let dead = ["gone.md", "#a-word-code", "#gone", "gate.md#gone"];
    let dead = dead.iter().chain(&["../src/lib.rs#gone", "gone.png"]);
    assert_eq!(page.dead_links(&here), dead.copied().collect::<Vec<_>>());
    let missing = ["src/gone.rs", ".ci/gone", "src/gone/NAME.rs"];
    assert_eq!(page.missing_paths(), missing);
}

/// The picture between the marks of a code block.
fn picture(text: &str) -> &str {
    let (_, after) = text.split_once("```text\n").unwrap();
    after.split_once("```").unwrap().0
}

#[test]
fn the_architecture_has_the_picture_and_the_modules_of_the_crate() {
    let (page, library) = (read("docs/architecture.md"), read("src/lib.rs"));
    let comment = library.lines().filter_map(|line| line.strip_prefix("//!"));
    let comment: Vec<&str> = comment
        .map(|line| line.strip_prefix(' ').unwrap_or(line))
        .collect();
    assert_eq!(picture(&page), picture(&comment.join("\n")));

    let (_, rooms) = page.split_once("## Modules\n").unwrap();
    let rooms = rooms.split("\n## ").next().unwrap();
    let rooms = rooms.lines().filter_map(|line| line.strip_prefix("| `"));
    let rooms = rooms.map(|line| line.split('`').next().unwrap());
    let modules = library.lines().filter_map(|line| line.strip_suffix(';'));
    let modules = modules.filter_map(|line| line.trim_start_matches("pub ").strip_prefix("mod "));
    let (rooms, modules): (Vec<&str>, Vec<&str>) = (rooms.collect(), modules.collect());
    assert_eq!(rooms, modules);
}

/// Numbers of the lines that are comments and go beyond the margin of the code, which `rustfmt`
/// keeps for all but comments.
fn wide_comments(source: &str) -> Vec<usize> {
    const MARGIN: usize = 100;
    let wide = |line: &str| line.trim_start().starts_with("//") && line.chars().count() > MARGIN;
    let lines = source.lines().enumerate();
    let lines = lines.filter(|(_, line)| wide(line));
    lines.map(|(index, _)| index + 1).collect()
}

#[test]
fn no_comment_goes_beyond_column_100() {
    let words = "é".repeat(97);
    let source = format!("// {words}\n // {words}\nlet x = \"{words}{words}\";\n//! {words}");
    assert_eq!(wide_comments(&source), [2, 4]);

    let mut files = Vec::new();
    for folder in ["src", "tests", "benches"] {
        add_files(&root().join(folder), "rs", &mut files);
    }
    assert!(files.len() > 300, "{}", files.len());
    let wide = files.iter().flat_map(|file| {
        let lines = wide_comments(&std::fs::read_to_string(file).unwrap()).into_iter();
        lines.map(move |line| format!("{}:{line}", file.display()))
    });
    assert_eq!(wide.collect::<Vec<_>>(), Vec::<String>::new());
}
