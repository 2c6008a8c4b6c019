//! Parts of pages that are made of `action.yml` and of the command line.

use clap::CommandFactory as _;
use sagegate::config::Cli;

use crate::action_yml::section;
use crate::documentation::{read, root};

/// Inputs in README's table, in its order.
const NEEDED: [&str; 16] = [
    "model-name",
    "image-uri",
    "model-data-url",
    "execution-role-arn",
    "name",
    "samples",
    "region",
    "role-to-assume",
    "local",
    "memory-sizes",
    "max-memory-increase",
    "max-p99-increase",
    "max-p99",
    "max-cost-increase",
    "strict",
    "comment",
];
/// What ends a part of a page that is generated.
const END: &str = "<!-- End of what is generated. -->\n";

/// Holds a part of a page, or writes it: `INSTA_UPDATE=always`.
fn assert_generated(file: &str, begin: &str, expected: &str) {
    let page = read(file);
    let (before, rest) = page.split_once(begin).unwrap();
    let (shown, after) = rest.split_once(END).unwrap();
    let expected = format!("\n{expected}\n");
    #[expect(
        clippy::disallowed_methods,
        reason = "the switch of insta, which updates the snapshots beside"
    )]
    let is_update = std::env::var("INSTA_UPDATE").is_ok_and(|it| it == "always");
    if is_update {
        let text = format!("{before}{begin}{expected}{END}{after}");
        std::fs::write(root().join(file), text).unwrap();
    } else {
        assert_eq!(shown, expected, "INSTA_UPDATE=always writes {file} anew");
    }
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn code(text: &str) -> String {
    match text {
        "" => String::new(),
        text => format!("`{}`", cell(text)),
    }
}

const HEAD_OF_INPUTS: &str = "| Input | Default | |\n| :-- | :-- | :-- |\n";

fn row_of_input(name: &str) -> String {
    let inputs = section("inputs");
    let (_, entry) = inputs.iter().find(|it| it.0 == name).unwrap();
    let (default, words) = (code(&entry["default"]), cell(&entry["description"]));
    format!("| `{name}` | {default} | {words} |\n")
}

/// The inputs below the comments that divide them in `action.yml`.
fn groups() -> Vec<(String, Vec<String>)> {
    let action = read("action.yml");
    let (_, inputs) = action.split_once("\ninputs:\n").unwrap();
    let (inputs, _) = inputs.split_once("\noutputs:\n").unwrap();
    let mut groups = vec![("What to do".to_owned(), Vec::new())];
    for line in inputs.lines() {
        if let Some(title) = line.strip_prefix("  # ") {
            groups.push((title.to_owned(), Vec::new()));
        } else if let Some(name) = line.strip_prefix("  ").and_then(|it| it.strip_suffix(':'))
            && !name.starts_with(' ')
        {
            groups.last_mut().unwrap().1.push(name.to_owned());
        }
    }
    groups
}

#[test]
fn the_page_of_inputs_has_all_of_them_in_groups_and_the_outputs() {
    let groups = groups();
    let named: Vec<&String> = groups.iter().flat_map(|it| &it.1).collect();
    let inputs = section("inputs");
    assert_eq!(named, inputs.iter().map(|it| &it.0).collect::<Vec<_>>());
    let tables = groups.iter().map(|(title, names)| {
        let rows: String = names.iter().map(|it| row_of_input(it)).collect();
        format!("## {title}\n\n{HEAD_OF_INPUTS}{rows}\n")
    });
    let outputs = section("outputs").into_iter().map(|(name, entry)| {
        let words = cell(&entry["description"]);
        format!("| `{name}` | {words} |\n")
    });
    let outputs: String = outputs.collect();
    let text = format!(
        "{}## Outputs\n\n| Output | |\n| :-- | :-- |\n{outputs}",
        tables.collect::<String>()
    );
    assert_generated(
        "docs/inputs.md",
        "<!-- Generated from action.yml. -->\n",
        &text,
    );
}

#[test]
fn the_readme_has_the_inputs_that_most_people_need() {
    let rows: String = NEEDED.iter().map(|it| row_of_input(it)).collect();
    let begin = "<!-- Generated from action.yml: the inputs that most people need. -->\n";
    assert_generated("README.md", begin, &format!("{HEAD_OF_INPUTS}{rows}"));
}

#[test]
fn the_page_of_commands_lists_all_of_them() {
    let cli = Cli::command();
    let shown = cli.get_subcommands().filter(|it| !it.is_hide_set());
    let rows = shown.map(|it| {
        let about = it.get_about().unwrap().to_string();
        format!("| `{}` | {} |\n", it.get_name(), cell(&about))
    });
    let text = format!("| Command | |\n| :-- | :-- |\n{}", rows.collect::<String>());
    let begin = "<!-- Generated from the command line. -->\n";
    assert_generated("docs/commands.md", begin, &text);
}
