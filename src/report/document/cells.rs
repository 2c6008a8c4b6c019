//! Table cells of the page: header cells name their scope, values their column.

use std::fmt::{self, Write as _};

use comrak::html::{ChildRendering, Context, format_node_default};
use comrak::nodes::{NodeValue, TableAlignment};

use super::Node;
use crate::report::sanitise;

/// comrak's rendering of every node but table cells.
pub(super) fn format_node(
    context: &mut Context<'_, '_, ()>,
    node: Node<'_>,
    entering: bool,
) -> Result<ChildRendering, fmt::Error> {
    if !matches!(node.data().value, NodeValue::TableCell) {
        return format_node_default(context, node, entering);
    }
    let in_head = node
        .parent()
        .is_some_and(|row| matches!(row.data().value, NodeValue::TableRow(true)));
    let (element, scope) = match (in_head, node.previous_sibling().is_none()) {
        (true, _) => ("th", " scope=\"col\""),
        (false, true) => ("th", " scope=\"row\""),
        (false, false) => ("td", ""),
    };
    if entering {
        let class = if is_right_aligned(node) {
            " class=\"number\""
        } else {
            ""
        };
        write!(context, "<{element}{scope}{class}{}>", label(node, in_head))?;
    } else {
        writeln!(context, "</{element}>")?;
    }
    Ok(ChildRendering::HTML)
}

/// On a phone a row is a card: each value then shows the heading of its column.
fn label(cell: Node<'_>, in_head: bool) -> String {
    let words = heading(cell).filter(|_| !in_head);
    words
        .map(|words| format!(" data-label=\"{words}\""))
        .unwrap_or_default()
}

/// The heading above a cell, for an attribute.
fn heading(cell: Node<'_>) -> Option<String> {
    let head = cell.parent()?.parent()?.first_child()?;
    let words = head.children().nth(column(cell))?.first_child()?;
    words.data().value.text().map(sanitise::html)
}

/// Position of a cell in its row.
fn column(cell: Node<'_>) -> usize {
    // The iterator starts with the cell itself.
    cell.preceding_siblings().count().saturating_sub(1)
}

fn is_right_aligned(cell: Node<'_>) -> bool {
    let Some(table) = cell.parent().and_then(comrak::arena_tree::Node::parent) else {
        return false;
    };
    if let NodeValue::Table(table) = &table.data().value {
        table.alignments.get(column(cell)) == Some(&TableAlignment::Right)
    } else {
        false
    }
}
