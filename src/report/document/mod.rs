//! A document of headings, paragraphs, tables and folded sections; the only file that knows comrak.
//!
//! Each rendering makes untrusted words harmless for where it goes (`sanitise`). Raw HTML nodes
//! hold our own literals, or text reduced to entities.

mod cells;

use comrak::html::format_document_with_formatter;
use comrak::nodes::{
    AstNode, NodeCode, NodeCodeBlock, NodeHeading, NodeHtmlBlock, NodeLink, NodeTable, NodeValue,
    TableAlignment,
};
use comrak::options::Plugins;
use comrak::{Arena, Options, format_commonmark};

use self::cells::format_node;
use super::inline::Kind;
pub(super) use super::inline::{Inline, code, link, name, plain, space, strong, text};
use super::line_breaks::unbreakable;
use super::mermaid::Chart;
use super::sanitise;
use super::table::{Align, Cell, Table};
use crate::marker::Marker;

type Node<'a> = &'a AstNode<'a>;

/// Tables with more columns than this become cards on a phone.
const NARROW_COLUMNS: usize = 4;

/// A part of the document.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Block {
    /// The hidden first line of the comment. Not on the page.
    Marker(Box<Marker>),
    /// The headline.
    Heading(Vec<Inline>),
    /// A paragraph.
    Paragraph(Vec<Inline>),
    /// A paragraph in small print.
    SmallPrint(Vec<Inline>),
    /// A table.
    Table(Table),
    /// Lines shown verbatim.
    Lines(Vec<String>),
    /// Lines of a log, with their indentation. On the page only.
    Log(Vec<String>),
    /// A chart in the comment; the page has figures.
    Chart(Chart),
    /// A drawing on the page, as SVG of our own; the comment has charts.
    Figure(String),
    /// A folded section: on the page it is open.
    Details {
        /// The line that is always visible.
        summary: String,
        /// What is folded.
        blocks: Vec<Block>,
    },
}

/// GitHub-flavoured Markdown, for a comment.
pub(super) fn markdown(blocks: &[Block]) -> String {
    let arena = Arena::new();
    let root = Builder {
        arena: &arena,
        target: Target::Comment,
        tables: std::cell::Cell::default(),
    }
    .document(blocks);
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = format_commonmark(root, &options(), &mut out);
    out
}

/// The body of a page. Header cells name their scope.
pub(super) fn html(blocks: &[Block]) -> String {
    let arena = Arena::new();
    let root = Builder {
        arena: &arena,
        target: Target::Page,
        tables: std::cell::Cell::default(),
    }
    .document(blocks);
    let mut out = String::new();
    let plugins = Plugins::default();
    // Writing to a string cannot fail.
    let _ = format_document_with_formatter(root, &options(), &mut out, &plugins, format_node, ());
    out
}

fn options() -> Options<'static> {
    let mut options = Options::default();
    options.extension.table = true;
    options.render.prefer_fenced = true;
    options.render.width = 0;
    // Raw HTML nodes hold nothing untrusted, see the module's comment.
    options.render.r#unsafe = true;
    options
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Target {
    Comment,
    Page,
}

/// Builds comrak's nodes.
struct Builder<'a> {
    arena: &'a Arena<'a>,
    target: Target,
    /// Tables so far: each is a landmark with its own name.
    tables: std::cell::Cell<usize>,
}

impl<'a> Builder<'a> {
    fn node(&self, value: NodeValue) -> Node<'a> {
        self.arena.alloc(value.into())
    }

    fn document(&self, blocks: &[Block]) -> Node<'a> {
        let root = self.node(NodeValue::Document);
        self.append(root, blocks);
        root
    }

    fn append(&self, parent: Node<'a>, blocks: &[Block]) {
        for block in blocks {
            self.block(parent, block);
        }
    }

    fn block(&self, parent: Node<'a>, block: &Block) {
        match block {
            Block::Marker(marker) => {
                if self.target == Target::Comment {
                    parent.append(self.raw(format!("{marker}\n")));
                }
            }
            Block::Heading(words) => {
                let level = if self.target == Target::Page { 1 } else { 3 };
                let heading = NodeHeading {
                    level,
                    setext: false,
                    closed: false,
                };
                parent.append(self.filled(NodeValue::Heading(heading), words));
            }
            Block::Paragraph(words) => parent.append(self.filled(NodeValue::Paragraph, words)),
            Block::SmallPrint(words) => parent.append(self.small_print(words)),
            Block::Table(table) => self.table(parent, table),
            Block::Lines(lines) => parent.append(self.lines("", lines)),
            Block::Log(lines) => {
                if self.target == Target::Page {
                    let lines = lines.iter().map(|line| sanitise::log_line(line));
                    parent.append(self.code_block("", &lines.collect::<Vec<_>>()));
                }
            }
            Block::Chart(chart) => {
                if self.target == Target::Comment {
                    parent.append(self.lines("mermaid", &chart.mermaid_lines()));
                }
            }
            Block::Figure(svg) => {
                if self.target == Target::Page {
                    parent.append(self.raw(format!("<figure class=\"chart\">\n{svg}</figure>\n")));
                }
            }
            Block::Details { summary, blocks } => self.details(parent, summary, blocks),
        }
    }

    fn raw(&self, literal: String) -> Node<'a> {
        self.node(NodeValue::HtmlBlock(NodeHtmlBlock {
            block_type: 6,
            literal,
        }))
    }

    fn details(&self, parent: Node<'a>, summary: &str, blocks: &[Block]) {
        let open = if self.target == Target::Page {
            " open"
        } else {
            ""
        };
        let summary = sanitise::html(summary);
        parent.append(self.raw(format!("<details{open}><summary>{summary}</summary>\n")));
        self.append(parent, blocks);
        parent.append(self.raw("</details>\n".to_owned()));
    }

    fn lines(&self, info: &'static str, lines: &[String]) -> Node<'a> {
        let lines: Vec<String> = lines.iter().map(|line| sanitise::code_line(line)).collect();
        self.code_block(info, &lines)
    }

    /// Of lines that are harmless.
    fn code_block(&self, info: &'static str, lines: &[String]) -> Node<'a> {
        self.node(NodeValue::CodeBlock(Box::new(NodeCodeBlock {
            fenced: true,
            fence_char: b'`',
            fence_length: 3,
            fence_offset: 0,
            info: info.to_owned(),
            literal: lines.join("\n") + "\n",
            closed: true,
        })))
    }

    fn table(&self, parent: Node<'a>, table: &Table) {
        let alignments = table.columns().iter().map(|(_, align)| match align {
            Align::Left => TableAlignment::Left,
            Align::Right => TableAlignment::Right,
        });
        let node = self.node(NodeValue::Table(Box::new(NodeTable {
            alignments: alignments.collect(),
            num_columns: table.columns().len(),
            num_rows: table.rows().len(),
            num_nonempty_cells: 0,
        })));
        let head: Vec<Cell> = table
            .columns()
            .iter()
            .map(|(heading, _)| vec![text(heading)])
            .collect();
        node.append(self.row(true, &head));
        for row in table.rows() {
            node.append(self.row(false, &row.cells));
        }
        let scrolls = self.target == Target::Page;
        if scrolls {
            let class = if table.columns().len() > NARROW_COLUMNS {
                "scroll wide"
            } else {
                "scroll"
            };
            self.tables.set(self.tables.get() + 1);
            let first = table.columns().first().map_or("", |(heading, _)| heading);
            parent.append(self.raw(format!(
                "<div class=\"{class}\" role=\"region\" aria-label=\"Table {}: {}\" tabindex=\"0\">\n",
                self.tables.get(),
                sanitise::html(first)
            )));
        }
        parent.append(node);
        if scrolls {
            parent.append(self.raw("</div>\n".to_owned()));
        }
    }

    fn row(&self, is_head: bool, cells: &[Cell]) -> Node<'a> {
        let row = self.node(NodeValue::TableRow(is_head));
        for cell in cells {
            row.append(self.filled(NodeValue::TableCell, cell));
        }
        row
    }

    fn small_print(&self, words: &[Inline]) -> Node<'a> {
        let node = self.node(NodeValue::Paragraph);
        node.append(self.inline_html("<sub>"));
        self.fill(node, words);
        node.append(self.inline_html("</sub>"));
        node
    }

    fn inline_html(&self, literal: &'static str) -> Node<'a> {
        self.node(NodeValue::HtmlInline(literal.to_owned()))
    }

    fn filled(&self, value: NodeValue, words: &[Inline]) -> Node<'a> {
        let node = self.node(value);
        self.fill(node, words);
        node
    }

    /// GitHub reads what stands between two `$` of a block as mathematics: with more than one, each
    /// gets its own element, as GitHub's documentation advises.
    fn fill(&self, node: Node<'a>, words: &[Inline]) {
        let hide_dollars = self.target == Target::Comment && dollars(words) > 1;
        let mut at_start = true;
        for word in words {
            match word.kind() {
                // comrak escapes a list marker at the start of a line, but not behind a space.
                Kind::Text(text) if at_start => {
                    let text = text.trim_start();
                    at_start = text.is_empty();
                    self.text(node, text, hide_dollars);
                }
                Kind::Text(_) | Kind::Code(_) | Kind::Strong(_) | Kind::Link { .. } => {
                    at_start = false;
                    self.inline(node, word, hide_dollars);
                }
            }
        }
    }

    fn inline(&self, parent: Node<'a>, word: &Inline, hide_dollars: bool) {
        match word.kind() {
            Kind::Text(text) => self.text(parent, text, hide_dollars),
            Kind::Code(literal) => {
                parent.append(self.node(NodeValue::Code(NodeCode {
                    num_backticks: 1,
                    literal: literal.clone(),
                })));
            }
            Kind::Strong(words) => {
                let strong = self.node(NodeValue::Strong);
                for word in words {
                    self.inline(strong, word, hide_dollars);
                }
                parent.append(strong);
            }
            Kind::Link { label, address } => {
                let link = NodeLink {
                    url: address.clone(),
                    title: String::new(),
                };
                let link = self.node(NodeValue::Link(Box::new(link)));
                self.text(link, label, hide_dollars);
                parent.append(link);
            }
        }
    }

    fn text(&self, parent: Node<'a>, text: &str, hide_dollars: bool) {
        let text = unbreakable(text);
        let text = match self.target {
            Target::Comment => sanitise::without_references(&text),
            Target::Page => text,
        };
        if !hide_dollars {
            parent.append(self.node(NodeValue::Text(text.into())));
            return;
        }
        for (index, piece) in text.split('$').enumerate() {
            if index > 0 {
                parent.append(self.inline_html("<span>"));
                parent.append(self.node(NodeValue::Text("$".into())));
                parent.append(self.inline_html("</span>"));
            }
            if !piece.is_empty() {
                parent.append(self.node(NodeValue::Text(piece.to_owned().into())));
            }
        }
    }
}

fn dollars(words: &[Inline]) -> usize {
    let one = |word: &Inline| match word.kind() {
        Kind::Text(text) | Kind::Link { label: text, .. } => text.matches('$').count(),
        Kind::Code(_) => 0,
        Kind::Strong(inner) => dollars(inner),
    };
    words.iter().map(one).sum()
}

#[cfg(test)]
mod tests;
