//! A table, independent of how it is rendered.

use comfy_table::{
    CellAlignment, ColumnConstraint, ContentArrangement, LineStyle, Table as TerminalTable,
    TableStyle, Width,
};

use super::inline::{Inline, plain};

/// Columns of a terminal that every table fits into.
pub(super) const WIDTH: u16 = 80;
/// Where cells may be wrapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Breaks {
    Anywhere,
    BetweenWords,
}

/// Begins the second and later lines of a row.
const CONTINUED: char = '╎';
/// Marks the end of a row; sanitised words hold no control character.
const BETWEEN: char = '\u{1}';

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

    /// Lines for a terminal of [`WIDTH`] columns: those of the heading with its rule, then those of
    /// each row, whose cells are wrapped where it would be wider.
    pub(super) fn terminal_lines(&self) -> Vec<Vec<String>> {
        let text = self.laid_out(Breaks::Anywhere);
        let words = self
            .rows
            .iter()
            .flat_map(|row| row.cells.iter().map(|cell| plain(cell)));
        let is_whole = |cell: String| cell.split(' ').all(|word| text.contains(word));
        if words.into_iter().all(is_whole) {
            groups(&text, self.rows.len())
        } else {
            groups(&self.laid_out(Breaks::BetweenWords), self.rows.len())
        }
    }

    /// All lines, with one of [`BETWEEN`] after each row but the last.
    fn laid_out(&self, breaks: Breaks) -> String {
        let mut table = TerminalTable::new();
        let rule = LineStyle::none().fill('─').junction('─');
        let between = LineStyle::none().fill(BETWEEN).junction(BETWEEN);
        let style = TableStyle::new()
            .header_separator(rule)
            .row_separator(between);
        table.load_style(style);
        table.set_content_arrangement(ContentArrangement::Dynamic);
        table.set_width(WIDTH);
        table.set_header(self.columns.iter().map(|(heading, _)| *heading));
        for row in &self.rows {
            table.add_row(row.cells.iter().map(|cell| plain(cell)));
        }
        let widest = self.widest_words();
        let has_room = widest.iter().sum::<u16>() <= WIDTH;
        let columns = table.column_iter_mut().zip(&self.columns);
        for ((column, (_, align)), width) in columns.zip(widest) {
            column.set_cell_alignment(match align {
                Align::Left => CellAlignment::Left,
                Align::Right => CellAlignment::Right,
            });
            if has_room && breaks == Breaks::BetweenWords {
                column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(width)));
            }
        }
        table.to_string()
    }

    /// Columns that the longest word of each column takes, with the space around it.
    fn widest_words(&self) -> Vec<u16> {
        let width = |words: &str| {
            let words = words.split(' ').map(|word| word.chars().count());
            u16::try_from(words.max().unwrap_or_default()).unwrap_or(u16::MAX / 100)
        };
        let columns = self.columns.iter().enumerate();
        let widest = columns.map(|(index, (heading, _))| {
            let cells = self.rows.iter().filter_map(|row| row.cells.get(index));
            let cells = cells.map(|cell| width(&plain(cell))).max();
            width(heading).max(cells.unwrap_or_default()) + 2
        });
        widest.collect()
    }

    /// The table without these columns, by their headings.
    pub(super) fn without(&self, headings: &[&str]) -> Self {
        let is_kept: Vec<bool> = self
            .columns
            .iter()
            .map(|(heading, _)| !headings.contains(heading))
            .collect();
        let rows = self.rows.iter().map(|row| Row {
            cells: kept(&row.cells, &is_kept),
            mark: row.mark,
        });
        Self {
            columns: kept(&self.columns, &is_kept),
            rows: rows.collect(),
        }
    }
}

/// The lines of the heading with its rule, then those of each row.
fn groups(text: &str, rows: usize) -> Vec<Vec<String>> {
    let is_rule = |line: &str| line.starts_with('─');
    let heading = text.lines().position(is_rule).map_or(0, |at| at + 1);
    let trimmed = |line: &str| line.trim_end().to_owned();
    let mut groups = vec![text.lines().take(heading).map(trimmed).collect()];
    let mut group = Vec::new();
    for line in text.lines().skip(heading) {
        if line.starts_with(BETWEEN) {
            groups.push(std::mem::take(&mut group));
        } else if group.is_empty() {
            group.push(trimmed(line));
        } else {
            // No line begins with words of somebody else.
            let line = line.strip_prefix(' ').unwrap_or(line);
            group.push(trimmed(&format!("{CONTINUED}{line}")));
        }
    }
    if rows > 0 {
        groups.push(group);
    }
    groups
}

fn kept<T: Clone>(items: &[T], is_kept: &[bool]) -> Vec<T> {
    let items = items.iter().zip(is_kept);
    items
        .filter(|(_, is_kept)| **is_kept)
        .map(|(item, _)| item.clone())
        .collect()
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
        let groups = table.terminal_lines();
        assert_eq!(groups.len(), 1 + table.rows().len());
        insta::assert_snapshot!(groups.concat().join("\n"));
    }

    #[test]
    fn a_wide_table_is_wrapped_within_its_rows() {
        let mut table = Table::new(&[
            ("Metric", Align::Left),
            ("Left out", Align::Right),
            ("Why", Align::Left),
        ]);
        let long = "words ".repeat(20);
        table.push(vec![
            vec![text("p99")],
            vec![text("8 ms")],
            vec![text(&long)],
        ]);
        table.push(vec![
            vec![text("cost")],
            vec![text("1")],
            vec![text("short")],
        ]);
        let groups = table.without(&["Left out"]).terminal_lines();
        assert_eq!(groups.len(), 3);
        assert!(groups[1].len() > 1 && groups[2].len() == 1, "{groups:?}");
        assert!(
            groups[1].iter().skip(1).all(|line| line.starts_with('╎')),
            "{groups:?}"
        );
        assert!(
            groups
                .iter()
                .flatten()
                .all(|line| line.chars().count() <= 80)
        );
        assert!(!groups.concat().concat().contains("8 ms"));
    }
}
