//! What readers copy is true: commands parse, workflows are examples that CI lints, tables are made
//! of `action.yml` and of the command line.

mod tables;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::CommandFactory as _;
use comrak::nodes::NodeValue;
use comrak::{Arena, Options, parse_document};
use sagegate::config::{Cli, Command, parse};
use saphyr::{LoadableYamlNode as _, YamlOwned};

use crate::documentation::{add_files, pages, read, root};
use crate::support::github::GitHub;
use crate::support::runner::{Runner, comments};

/// README has no more lines.
const README_LINES: usize = 200;
/// Flags of other programs that pages show.
const OF_OTHERS: [&str; 38] = [
    "--all",
    "--alone",
    "--allow",
    "--assume-role-policy-document",
    "--bench",
    "--build-arg",
    "--cap-drop",
    "--client-id-list",
    "--cpus",
    "--entrypoint",
    "--ignored",
    "--jq",
    "--lib",
    "--locked",
    "--memory",
    "--memory-swap",
    "--nocapture",
    "--path",
    "--policy-document",
    "--policy-name",
    "--profile",
    "--pull-requests",
    "--side-by-side",
    "--first-seed",
    "--release",
    "--review",
    "--rm",
    "--role-name",
    "--shm-size",
    "--tag",
    "--test",
    "--test-threads",
    "--trees",
    "--url",
    "--user",
    "--volume",
    "--write",
    "--read-only",
];

/// A fenced block of a page.
struct Block {
    page: String,
    language: String,
    text: String,
}

fn blocks() -> Vec<Block> {
    let of_page = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).unwrap();
        let arena = Arena::new();
        let nodes = parse_document(&arena, &text, &Options::default()).descendants();
        let blocks = nodes.filter_map(|node| {
            let value = &node.data.borrow().value;
            let NodeValue::CodeBlock(block) = value else {
                return None;
            };
            Some(Block {
                page: path.display().to_string(),
                language: block.info.clone(),
                text: block.literal.clone(),
            })
        });
        blocks.collect::<Vec<_>>()
    };
    pages().into_iter().flat_map(of_page).collect()
}

/// Workflows that readers copy.
pub(crate) fn examples() -> Vec<PathBuf> {
    let mut files = Vec::new();
    add_files(&root().join("docs/examples"), "yml", &mut files);
    assert!(files.len() >= 13, "{files:?}");
    files
}

/// A workflow without the comment that stands before it.
fn body(text: &str) -> String {
    let lines = text.split_inclusive('\n');
    lines.skip_while(|it| it.starts_with('#')).collect()
}

fn without_margin(text: &str) -> String {
    let lines = || text.lines().filter(|it| !it.trim().is_empty());
    let margin = lines()
        .map(|it| it.len() - it.trim_start().len())
        .min()
        .unwrap_or(0);
    let lines = lines().map(|it| format!("{}\n", &it[margin..]));
    lines.collect()
}

/// Whether lines of a workflow, one after the other, are this text.
fn is_part_of(part: &str, workflow: &str) -> bool {
    let part = without_margin(part);
    let lines: Vec<&str> = workflow
        .lines()
        .filter(|it| !it.trim().is_empty())
        .collect();
    let mut windows = lines.windows(part.lines().count());
    windows.any(|window| without_margin(&window.join("\n")) == part)
}

#[test]
fn every_workflow_of_a_page_is_an_example_or_lines_of_one() {
    let examples: Vec<String> = examples()
        .iter()
        .map(|it| std::fs::read_to_string(it).unwrap())
        .collect();
    let workflows: Vec<Block> = blocks()
        .into_iter()
        .filter(|it| it.language == "yaml")
        .collect();
    assert!(workflows.len() >= 4, "{}", workflows.len());
    for block in workflows {
        let is_whole = block.text.starts_with("name:");
        let known = examples.iter().any(|it| {
            let is_same = body(it) == block.text;
            is_same || (!is_whole && is_part_of(&block.text, it))
        });
        assert!(
            known,
            "{}: not in docs/examples:\n{}",
            block.page, block.text
        );
    }
}

#[test]
fn examples_name_the_tag_that_a_release_moves() {
    let tag = format!("OWNER/sagegate@v{}", env!("CARGO_PKG_VERSION_MAJOR"));
    for path in examples() {
        let text = std::fs::read_to_string(&path).unwrap();
        for line in text.lines().filter(|it| it.contains("OWNER/sagegate@")) {
            let uses = line.split_once("uses: ").unwrap().1;
            let uses = uses.split(' ').next().unwrap();
            assert_eq!(uses, tag, "{}", path.display());
        }
    }
}

/// Command lines of sagegate in a block of shell.
fn commands(shell: &str) -> Vec<Vec<String>> {
    let joined = shell.replace("\\\n", " ");
    let lines = joined.lines().filter_map(|line| {
        let line = line.split_once(" #").map_or(line, |it| it.0).trim();
        let rest = line.strip_prefix("sagegate ");
        rest.or_else(|| line.strip_prefix("cargo run -- "))
    });
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect();
    lines.map(words).collect()
}

#[test]
fn every_command_of_a_page_is_one_that_the_program_takes() {
    let shell = blocks().into_iter().filter(|it| it.language == "sh");
    let mut seen = 0;
    for block in shell {
        for words in commands(&block.text) {
            let line = std::iter::once("sagegate").chain(words.iter().map(String::as_str));
            let arguments: Vec<OsString> = line.map(OsString::from).collect();
            let typed = parse(&arguments).unwrap_or_else(|error| panic!("{}: {error}", block.page));
            if let Err(rejected) = Command::try_from(typed.command) {
                panic!("{}: {words:?}: {}", block.page, rejected.error);
            }
            seen += 1;
        }
    }
    assert!(seen >= 15, "{seen}");
}

#[test]
fn every_flag_of_a_page_is_one_of_a_command() {
    let cli = Cli::command();
    let known = |flag: &str| {
        let name = flag.trim_start_matches('-');
        let commands = cli.get_subcommands().chain([&cli]);
        let mut arguments = commands.flat_map(clap::Command::get_arguments);
        arguments.any(|it| it.get_long() == Some(name))
            || ["help", "version"].contains(&name)
            || OF_OTHERS.contains(&flag)
    };
    for path in pages() {
        let text = std::fs::read_to_string(&path).unwrap();
        let words = text.split(|it: char| !(it.is_ascii_alphanumeric() || it == '-'));
        let is_flag = |it: &&str| it.starts_with("--") && it.trim_matches('-').len() > 1;
        for flag in words.filter(is_flag) {
            let is_rest = flag.ends_with('-'); // `--on-…`
            assert!(is_rest || known(flag), "{}: {flag}", path.display());
        }
    }
}

#[test]
fn the_readme_is_short_and_keeps_the_commands_of_a_fresh_machine() {
    let readme = read("README.md");
    let lines = readme.lines().count();
    assert!(lines <= README_LINES, "{lines} lines");
    assert!(readme.contains("```sh\ncargo run -- demo "), "{readme}");
    assert!(readme.contains("\ncargo test "), "{readme}");
    for name in ["dry-run", "local", "gate"] {
        let example = body(&read(&format!("docs/examples/{name}.yml")));
        assert!(
            readme.contains(&format!("```yaml\n{example}```\n")),
            "{name}"
        );
    }
}

#[test]
fn every_page_of_the_folder_is_in_its_index() {
    let index = read("docs/README.md");
    let mut files = Vec::new();
    add_files(&root().join("docs"), "md", &mut files);
    for file in files {
        let name = file.strip_prefix(root().join("docs")).unwrap();
        let is_linked = index.contains(&format!("]({})", name.display()));
        assert!(
            is_linked || name.ends_with("README.md"),
            "{}",
            name.display()
        );
    }
}

/// The inputs of each step of an example that uses the action.
fn steps(example: &str) -> Vec<Vec<(String, String)>> {
    let workflow = YamlOwned::load_from_str(&read(example)).unwrap().remove(0);
    let get = |of: &YamlOwned, name: &str| of.as_mapping_get(name).cloned();
    let job = get(&get(&workflow, "jobs").unwrap(), "sagegate").unwrap();
    let steps = get(&job, "steps").unwrap();
    let steps = steps.as_vec().unwrap().iter().filter(|step| {
        let uses = step.as_mapping_get("uses").and_then(|it| it.as_str());
        uses.is_some_and(|it| it.starts_with("OWNER/sagegate@"))
    });
    let word = |it: &YamlOwned| it.as_str().unwrap().to_owned();
    let inputs = steps.map(|step| {
        let with = get(step, "with").unwrap();
        let with = with.as_mapping().unwrap().iter();
        with.map(|(name, value)| (word(name), word(value)))
            .collect()
    });
    inputs.collect()
}

/// With fewer sizes and calls than the example, and otherwise as it is.
#[test]
fn the_first_way_in_records_then_fails_the_slower_model_with_one_comment() {
    let github = GitHub::start();
    let mut runner = Runner::new(&github)
        .input("memory-sizes", "1024,2048")
        .input("invocations", "120");
    let mut verdicts = Vec::new();
    for inputs in steps("docs/examples/dry-run.yml") {
        runner = inputs
            .iter()
            .fold(runner, |runner, (name, value)| runner.input(name, value));
        let judged = runner.step();
        verdicts.push((judged.output("verdict").to_owned(), judged.outcome.code));
        let names = inputs.iter().map(|it| it.0.to_uppercase());
        runner = names.fold(runner, |runner, name| {
            runner.without(&format!("INPUT_{name}"))
        });
    }
    let expected = [("no-baseline", Some(0)), ("fail", Some(1))];
    assert_eq!(
        verdicts,
        expected.map(|(verdict, code)| (verdict.to_owned(), code))
    );
    let comments = comments(&github);
    assert_eq!(comments.len(), 1, "{comments:?}");
    assert!(comments[0].contains("❌ xgboost failed"), "{comments:?}");
}

#[test]
fn troubleshooting_explains_texts_that_the_program_prints() {
    let mut files = Vec::new();
    add_files(&root().join("src"), "rs", &mut files);
    let sources = files.iter().map(|it| std::fs::read_to_string(it).unwrap());
    let sources: String = sources.collect();
    let page = read("docs/troubleshooting.md");
    let (_, table) = page.split_once("| The log says |").unwrap();
    let texts = table.lines().skip(2).map(|line| {
        let (_, rest) = line.split_once("| `").unwrap();
        rest.split_once("` |").unwrap().0
    });
    let texts: Vec<&str> = texts.collect();
    assert!(texts.len() >= 31, "{}", texts.len());
    for text in texts {
        let text = text.strip_prefix("no comment: ").unwrap_or(text);
        assert!(sources.contains(text), "{text}");
    }
}
