//! A table, independent of how it is rendered.

use comfy_table::{
    CellAlignment, ContentArrangement, LineStyle, Table as TerminalTable, TableStyle,
};

use super::inline::{Inline, plain};

/// Alignment of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Align {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// One column: its heading and alignment.
pub(super) type Column = (&'static str, Align);

/// A cell: a few words.
pub(super) type Cell = Vec<Inline>;

/// What a row is marked as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// A metric that fails.
    Failing,
    /// The recommended size.
    Recommended,
}

/// A row, possibly marked.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    /// As many as there are columns, once it is part of a table.
    pub(super) cells: Vec<Cell>,
    /// What it is marked as.
    pub(super) mark: Option<Mark>,
}

impl From<Vec<Cell>> for Row {
    fn from(cells: Vec<Cell>) -> Self {
        Self { cells, mark: None }
    }
}

/// Columns and rows. Every row has as many cells as there are columns; the first cell names the
/// row.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Table {
    columns: Vec<Column>,
    rows: Vec<Row>,
}

impl Table {
    /// A table without rows.
    pub(super) fn new(columns: &[Column]) -> Self {
        Self {
            columns: columns.to_vec(),
            rows: Vec::new(),
        }
    }

    /// Adds a row: missing cells are empty, surplus ones are left out.
    pub(super) fn push(&mut self, row: impl Into<Row>) {
        let mut row = row.into();
        row.cells.resize(self.columns.len(), Vec::new());
        self.rows.push(row);
    }

    /// The columns.
    pub(super) fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The rows.
    pub(super) fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Lines for a terminal: heading, rule, then exactly one line per row, as wide as the content.
    pub(super) fn terminal_lines(&self) -> Vec<String> {
        let mut table = TerminalTable::new();
        let rule = LineStyle::none().fill('─').junction('─');
        table.load_style(TableStyle::new().header_separator(rule));
        table.set_content_arrangement(ContentArrangement::Disabled);
        table.set_header(self.columns.iter().map(|(heading, _)| *heading));
        for row in &self.rows {
            table.add_row(row.cells.iter().map(|cell| plain(cell)));
        }
        for (column, (_, align)) in table.column_iter_mut().zip(&self.columns) {
            column.set_cell_alignment(match align {
                Align::Left => CellAlignment::Left,
                Align::Right => CellAlignment::Right,
            });
        }
        table
            .to_string()
            .lines()
            .map(|line| line.trim_end().to_owned())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::inline::text;
    use super::*;

    #[test]
    fn columns_line_up_and_rows_are_complete() {
        let mut table = Table::new(&[("Metric", Align::Left), ("Now", Align::Right)]);
        table.push(vec![vec![text("p99")], vec![text("8 ms")]]);
        table.push(vec![vec![text("Cost per million")]]);
        table.push(vec![
            vec![text("x")],
            vec![text("y")],
            vec![text("surplus")],
        ]);
        insta::assert_snapshot!(table.terminal_lines().join("\n"));
    }
}
