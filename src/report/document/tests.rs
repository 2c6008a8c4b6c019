//! Nothing escapes: the Markdown reads back as the document that was built.

use std::collections::BTreeMap;

use comrak::parse_document;
use proptest::prelude::*;

use super::*;
use crate::marker::Key;

/// GitHub's extensions, and more: what could be recognised is switched on.
fn github() -> Options<'static> {
    let mut options = options();
    options.extension.autolink = true;
    options.extension.strikethrough = true;
    options.extension.tasklist = true;
    options.extension.footnotes = true;
    options.extension.alerts = true;
    options.extension.math_code = true;
    options
}

fn parsed_html(markdown: &str) -> String {
    let arena = Arena::new();
    let root = parse_document(&arena, markdown, &github());
    let mut out = String::new();
    let plugins = Plugins::default();
    format_document_with_formatter(root, &github(), &mut out, &plugins, format_node, ()).unwrap();
    out
}

/// The document as it was built for the comment, as HTML.
fn built_html(blocks: &[Block]) -> String {
    let arena = Arena::new();
    let root = Builder {
        arena: &arena,
        target: Target::Comment,
        tables: std::cell::Cell::default(),
    }
    .document(blocks);
    let mut out = String::new();
    let plugins = Plugins::default();
    format_document_with_formatter(root, &options(), &mut out, &plugins, format_node, ()).unwrap();
    out
}

/// Without the spaces at the edges of elements, which Markdown does not keep.
fn trimmed(html: &str) -> String {
    html.replace("> ", ">").replace(" <", "<")
}

/// How often each kind of node occurs, text aside: neighbouring texts are joined when they are
/// read.
fn kinds(markdown: &str) -> BTreeMap<&'static str, usize> {
    let arena = Arena::new();
    let root = parse_document(&arena, markdown, &github());
    let mut kinds = BTreeMap::new();
    for node in root.descendants() {
        let kind = node.data().value.xml_node_name();
        // Every further dollar gets its own element: their number may differ.
        if kind != "text" && kind != "html_inline" {
            *kinds.entry(kind).or_default() += 1;
        }
    }
    kinds
}

/// A hostile text in every place that takes one.
fn everywhere(hostile: &str) -> Vec<Block> {
    let mut table = Table::new(&[("Name", Align::Left), ("Value", Align::Right)]);
    table.push(vec![vec![text(hostile)], vec![code(hostile)]]);
    table.push(vec![
        vec![name(hostile), text(" and "), code(hostile)],
        vec![strong(vec![text("$1")]), text("$2")],
    ]);
    vec![
        Block::Marker(Box::new(Marker {
            key: Key::new(hostile, None),
            commit: Some(hostile.to_owned()),
            run: None,
            at: None,
            shown: None,
            acceptance: None,
        })),
        Block::Heading(vec![
            text("❌ "),
            code(hostile),
            text(" failed "),
            text(hostile),
        ]),
        Block::Paragraph(vec![text(hostile)]),
        Block::Paragraph(vec![
            strong(vec![text("Why:")]),
            space(),
            text(hostile),
            text(" $3 and $4."),
        ]),
        Block::Table(table),
        Block::Details {
            summary: hostile.to_owned(),
            blocks: vec![
                Block::Paragraph(vec![
                    code(hostile),
                    text(" then "),
                    link(hostile, "https://example.com/run"),
                ]),
                Block::Lines(vec![hostile.to_owned(), "second".to_owned()]),
            ],
        },
        Block::SmallPrint(vec![
            text("Commit "),
            code(hostile),
            text(" · "),
            link("run", hostile),
        ]),
    ]
}

/// Text outside code spans and blocks, one string per block of the document.
fn running_text(markdown: &str) -> Vec<String> {
    let arena = Arena::new();
    let root = parse_document(&arena, markdown, &options());
    let is_block = |node: &&AstNode<'_>| {
        matches!(
            node.data().value,
            NodeValue::Paragraph | NodeValue::Heading(_) | NodeValue::TableCell
        )
    };
    let blocks = root.descendants().filter(is_block);
    let mut texts = Vec::new();
    for block in blocks {
        // Elements separate texts, as GitHub sees them.
        let pieces = block.descendants().map(|node| {
            let data = node.data();
            let separates = matches!(data.value, NodeValue::HtmlInline(_) | NodeValue::Code(_));
            let text = if separates {
                Some("\n")
            } else {
                data.value.text()
            };
            text.unwrap_or_default().to_owned()
        });
        texts.push(pieces.collect());
    }
    texts
}

fn assert_harmless(hostile: &str) -> Result<(), TestCaseError> {
    let blocks = everywhere(hostile);
    let markdown = markdown(&blocks);
    if !crate::text::one_line(hostile).is_empty() {
        prop_assert_eq!(
            trimmed(&parsed_html(&markdown)),
            trimmed(&built_html(&blocks)),
            "{}",
            &markdown
        );
    }
    for line in markdown.lines() {
        prop_assert!(!line.trim_start().starts_with("::"), "{}", line);
        prop_assert!(!line.contains("##["), "{}", line);
        prop_assert!(!line.chars().any(char::is_control), "{:?}", line);
    }
    for text in running_text(&markdown) {
        let mentions = text
            .split('@')
            .skip(1)
            .any(|rest| rest.starts_with(|c: char| c.is_ascii_alphanumeric()));
        prop_assert!(!mentions, "a mention in {:?}", text);
        let together = text
            .split('\n')
            .map(|piece| piece.matches('$').count())
            .max()
            .unwrap_or(0);
        prop_assert!(together <= 1, "mathematics in {:?}", text);
    }
    let page = html(&blocks);
    for element in ["<img", "<script", "onerror=\"", "javascript:\""] {
        prop_assert!(!page.contains(element), "{}", page);
    }
    Ok(())
}

const HOSTILE: [&str; 25] = [
    "x|y<img src=x onerror=1>@team\n::error::",
    "::error::a",
    "##[error]b",
    "# heading",
    "- [ ] task",
    "1. one",
    "> quote",
    "[a](https://evil.example) ![b](https://evil.example/c.png)",
    "<https://evil.example> www.evil.example a@evil.example",
    "</summary></details><script>alert(1)</script>",
    "--> <b>out</b> <!--",
    "```\nout",
    "`a\\|b` | c \\",
    "\\",
    "`",
    "| --- | --- |",
    "$a$ $`b`$ $$c$$",
    "&lt;b&gt; &#64;team",
    "\u{202e}\u{1b}[31mred",
    "",
    "   ",
    "#12 GH-13 org/repo#14",
    "[^1] ~~gone~~ **bold** _em_",
    "===\n---",
    " - item",
];

#[test]
fn known_attacks_are_only_text() {
    for hostile in HOSTILE {
        assert_harmless(hostile).unwrap_or_else(|error| panic!("{hostile:?}: {error}"));
    }
}

#[test]
fn no_text_adds_a_node() {
    let expected = kinds(&markdown(&everywhere("a b")));
    for hostile in HOSTILE.into_iter().filter(|it| !it.trim().is_empty()) {
        assert_eq!(
            kinds(&markdown(&everywhere(hostile))),
            expected,
            "{hostile:?}"
        );
    }
}

#[test]
fn an_empty_code_span_shows_a_dash() {
    assert_eq!(markdown(&[Block::Paragraph(vec![code("\n")])]), "`–`\n");
}

#[test]
fn one_dollar_stays_and_two_are_kept_apart() {
    assert_eq!(
        markdown(&[Block::Paragraph(vec![text("$3.42")])]),
        "$3.42\n"
    );
    assert_eq!(
        markdown(&[Block::Paragraph(vec![text("$1 or $2")])]),
        "<span>$</span>1 or <span>$</span>2\n"
    );
    assert_eq!(
        html(&[Block::Paragraph(vec![text("$1 or $2")])]),
        "<p>$1 or $2</p>\n"
    );
}

#[test]
fn plain_names_are_text_and_others_are_code() {
    let shown = |it: &str| markdown(&[Block::Paragraph(vec![name(it)])]);
    assert_eq!(shown("churn-xgb"), "churn-xgb\n");
    assert_eq!(shown("@team"), "`@team`\n");
}

#[test]
fn cells_of_a_page_name_their_scope() {
    let mut table = Table::new(&[("Metric", Align::Left), ("Now", Align::Right)]);
    table.push(vec![vec![text("p99")], vec![text("8 ms")]]);
    insta::assert_snapshot!(html(&[Block::Table(table)]), @r#"
    <div class="scroll" role="region" aria-label="Table 1: Metric" tabindex="0">
    <table>
    <thead>
    <tr><th scope="col">Metric</th>
    <th scope="col" class="number">Now</th>
    </tr>
    </thead>
    <tbody>
    <tr><th scope="row" data-label="Metric">p99</th>
    <td class="number" data-label="Now">8 ms</td>
    </tr>
    </tbody>
    </table>
    </div>
    "#);
}

#[test]
fn pieces_that_make_a_command_together_are_broken_up() {
    assert_eq!(plain(&[text("a ##"), text("[error]")]), "a ## [error]");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn no_text_escapes(hostile in prop_oneof![
        ".{0,40}",
        "[-|`\\\\<>\\[\\]()!#*_~&;:@$^{}=+.\"' a1w/\n]{0,24}",
        prop::collection::vec(prop::sample::select(HOSTILE.to_vec()), 1..4).prop_map(|parts| parts.concat()),
    ]) {
        assert_harmless(&hostile)?;
    }
}
