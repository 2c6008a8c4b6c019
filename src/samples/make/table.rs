//! PURE: rows of CSV and how they become bodies: with or without their header and some columns.

use super::{Header, Position};

/// Rows of a table that decide whether its first one names the columns, at most.
const LOOKED_AT: usize = 100;
/// Columns that the CSV decoder of Hugging Face's container looks for: it refuses a body whose
/// first line has none of them. Source: aws/sagemaker-huggingface-inference-toolkit, `decode_csv`.
const HUGGING_FACE: [&str; 3] = ["inputs", "question", "context"];

/// Bodies with where they come from.
pub(super) type Bodies = Vec<(Position, String)>;

/// Where a reader of CSV is within a row.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Field {
    Start,
    Plain,
    Quoted,
    /// After a quote in a quoted field: its end, or the first of two quotes that stand for one.
    Closed,
}

impl Field {
    /// The state after one more character, by RFC 4180.
    fn after(self, c: char, delimiter: char) -> Self {
        match (self, c) {
            (Self::Quoted, '"') => Self::Closed,
            (Self::Quoted, _) | (Self::Start | Self::Closed, '"') => Self::Quoted,
            (_, c) if c == delimiter || c == '\n' => Self::Start,
            (Self::Start | Self::Plain | Self::Closed, _) => Self::Plain,
        }
    }
}

/// Rows that are not blank, without their line ends. A quoted field may hold line ends.
///
/// # Errors
/// The number of the row whose last quote is not closed.
pub(super) fn split_rows(text: &str, delimiter: char) -> Result<Bodies, usize> {
    let mut field = Field::Start;
    let ends_row = |c: char| {
        field = field.after(c, delimiter);
        c == '\n' && field == Field::Start
    };
    let rows: Vec<&str> = text.split(ends_row).collect();
    if field == Field::Quoted {
        return Err(rows.len());
    }
    let rows = rows.into_iter().enumerate();
    Ok(rows
        .filter(|(_, row)| !row.trim().is_empty())
        .map(|(index, row)| {
            let row = row.strip_suffix('\r').unwrap_or(row);
            (Position::Row(index + 1), row.to_owned())
        })
        .collect())
}

/// The fields of a row as they are written, with their quotes.
fn fields(row: &str, delimiter: char) -> Vec<&str> {
    let mut field = Field::Start;
    let ends_field = |c: char| {
        field = field.after(c, delimiter);
        c == delimiter && field == Field::Start
    };
    row.split(ends_field).collect()
}

/// What a field says.
fn value(field: &str) -> String {
    let field = field.trim();
    match field.strip_prefix('"').and_then(|it| it.strip_suffix('"')) {
        Some(quoted) => quoted.replace("\"\"", "\""),
        None => field.to_owned(),
    }
}

/// What the first row of a table seems to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FirstRow {
    /// Names of columns that Hugging Face's container needs in every body.
    NeededNames,
    /// Names: nothing in it is a number, below it a column has nothing else.
    Names,
    /// A row like the others.
    Row,
    /// One or the other: no column is of numbers.
    Unknown,
}

/// Looks at the first rows.
pub(super) fn first_row(rows: &Bodies, delimiter: char) -> FirstRow {
    let mut rows = rows
        .iter()
        .take(LOOKED_AT)
        .map(|(_, row)| fields(row, delimiter));
    let first = rows.next().unwrap_or_default();
    let names: Vec<String> = first.iter().map(|field| value(field)).collect();
    if names
        .iter()
        .any(|name| HUGGING_FACE.contains(&&*name.to_lowercase()))
    {
        return FirstRow::NeededNames;
    }
    if names.iter().any(|name| is_number(name)) {
        return FirstRow::Row;
    }
    let others: Vec<Vec<&str>> = rows.collect();
    let is_numeric = |column: usize| {
        let values = others.iter().filter_map(|row| row.get(column));
        let values: Vec<String> = values.map(|field| value(field)).collect();
        let (missing, present): (Vec<&String>, Vec<&String>) =
            values.iter().partition(|it| is_missing(it));
        present.iter().all(|it| is_number(it))
            && !present.is_empty()
            && missing.len() < others.len()
    };
    if (0..first.len()).any(is_numeric) {
        FirstRow::Names
    } else {
        FirstRow::Unknown
    }
}

fn is_missing(value: &str) -> bool {
    ["", "na", "n/a", "nan", "null", "none"].contains(&&*value.to_lowercase())
}

/// A number as tables hold them: `inf` and `nan` could be names.
fn is_number(value: &str) -> bool {
    value.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c))
        && value.parse::<f64>().is_ok_and(f64::is_finite)
}

/// How a table becomes bodies.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape<'a> {
    pub(super) delimiter: char,
    pub(super) header: Header,
    /// Rows of each body, at least 1; the last may have fewer.
    pub(super) rows: usize,
    /// Names or numbers of columns that are left out.
    pub(super) drop_columns: &'a [String],
}

/// A column that is not there: which, where, and what is there instead.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NoColumn {
    pub(super) column: String,
    pub(super) place: Position,
    pub(super) reason: String,
}

impl Shape<'_> {
    /// The bodies. `header` is one of repeated, dropped and absent by now.
    pub(super) fn bodies(&self, mut rows: Bodies) -> Result<Bodies, NoColumn> {
        let has_header = matches!(self.header, Header::Repeated | Header::Dropped);
        let names = rows.first().filter(|_| has_header).cloned();
        let dropped = self.dropped(&rows, names.as_ref())?;
        if !dropped.is_empty() {
            for (place, row) in &mut rows {
                *row = self.without(&dropped, row, *place)?;
            }
        }
        let header = rows.first().filter(|_| self.header == Header::Repeated);
        let header = header.map(|(_, row)| row.clone());
        let body = |chunk: &[(Position, String)]| {
            let lines = header.iter().chain(chunk.iter().map(|(_, row)| row));
            let lines: Vec<&str> = lines.map(String::as_str).collect();
            let place = chunk.first().map_or(Position::Whole, |(place, _)| *place);
            (place, lines.join("\n"))
        };
        let data = rows.get(usize::from(has_header)..).unwrap_or_default();
        Ok(data.chunks(self.rows.max(1)).map(body).collect())
    }

    /// The indices of the columns that are left out, each with what it was called.
    fn dropped(
        &self,
        rows: &Bodies,
        names: Option<&(Position, String)>,
    ) -> Result<Vec<(usize, String)>, NoColumn> {
        let Some((place, first)) = names.or_else(|| rows.first()) else {
            return Ok(Vec::new());
        };
        let first: Vec<String> = fields(first, self.delimiter)
            .into_iter()
            .map(value)
            .collect();
        let index = |column: &String| {
            let by_name = first.iter().position(|it| it == column);
            let by_name = by_name.filter(|_| names.is_some());
            let number: Option<usize> = column.parse().ok();
            let by_number = number
                .and_then(|it| it.checked_sub(1))
                .filter(|it| *it < first.len());
            let found = by_name.or(by_number).ok_or_else(|| NoColumn {
                column: column.clone(),
                place: *place,
                reason: match names {
                    Some(_) => format!("names {}", first.join(", ")),
                    None => format!("names no columns and has {}", first.len()),
                },
            });
            found.map(|index| (index, column.clone()))
        };
        self.drop_columns.iter().map(index).collect()
    }

    fn without(
        &self,
        dropped: &[(usize, String)],
        row: &str,
        place: Position,
    ) -> Result<String, NoColumn> {
        let fields = fields(row, self.delimiter);
        if let Some((_, column)) = dropped.iter().find(|(index, _)| *index >= fields.len()) {
            return Err(NoColumn {
                column: column.clone(),
                place,
                reason: format!("has only {} columns", fields.len()),
            });
        }
        let is_kept = |index: &usize| !dropped.iter().any(|(it, _)| it == index);
        let kept = fields.iter().enumerate();
        let kept: Vec<&str> = kept
            .filter(|(index, _)| is_kept(index))
            .map(|(_, field)| *field)
            .collect();
        Ok(kept.join(&self.delimiter.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rows(text: &str) -> Bodies {
        split_rows(text, ',').unwrap()
    }

    #[test]
    fn a_header_is_known_by_a_column_of_numbers_below_a_name() {
        for (text, expected) in [
            ("age,income\n34,2\n51,9\n", FirstRow::Names),
            ("name,age\nann,34\nbob,\n", FirstRow::Names),
            ("\"a\",\"b\"\n1,x\n", FirstRow::Names),
            ("34,2\n51,9\n", FirstRow::Row),
            ("-1.5e3,x\n2,y\n", FirstRow::Row),
            (".5,x\n2,y\n", FirstRow::Row),
            ("a,b\nc,d\n", FirstRow::Unknown),
            ("a,b\n", FirstRow::Unknown),
            ("a\n\n", FirstRow::Unknown),
            ("x,y\nnan,\n,NA\n", FirstRow::Unknown),
            ("", FirstRow::Unknown),
            ("inputs\nI like you\n", FirstRow::NeededNames),
            ("id,Question,Context\n1,a,b\n", FirstRow::NeededNames),
            ("inf,nan\n1,2\n", FirstRow::Names),
        ] {
            assert_eq!(first_row(&rows(text), ','), expected, "{text:?}");
        }
    }

    fn bodies(
        text: &str,
        header: Header,
        rows: usize,
        drop: &[&str],
    ) -> Result<Vec<String>, String> {
        let drop: Vec<String> = drop.iter().map(|it| (*it).to_owned()).collect();
        let shape = Shape {
            delimiter: ',',
            header,
            rows,
            drop_columns: &drop,
        };
        let made = shape.bodies(self::rows(text));
        let made = made.map_err(|it| format!("{}{} {}", it.column, it.place, it.reason))?;
        Ok(made.into_iter().map(|(_, body)| body).collect())
    }

    #[test]
    fn rows_share_a_body_and_the_header_is_in_each_or_in_none() {
        let text = "x,y\n1,2\n3,4\n5,6\n";
        assert_eq!(bodies(text, Header::Absent, 1, &[]).unwrap().len(), 4);
        assert_eq!(
            bodies(text, Header::Repeated, 2, &[]).unwrap(),
            ["x,y\n1,2\n3,4", "x,y\n5,6"]
        );
        assert_eq!(
            bodies(text, Header::Dropped, 2, &[]).unwrap(),
            ["1,2\n3,4", "5,6"]
        );
    }

    #[test]
    fn columns_are_dropped_by_name_or_number() {
        let text = "label,\"a,b\",2\n0,\"x,\"\"y\",7\n";
        assert_eq!(
            bodies(text, Header::Repeated, 1, &["label"]).unwrap(),
            ["\"a,b\",2\n\"x,\"\"y\",7"]
        );
        assert_eq!(
            bodies(text, Header::Dropped, 1, &["a,b", "1"]).unwrap(),
            ["7"]
        );
        // A name goes before a number.
        assert_eq!(
            bodies(text, Header::Dropped, 1, &["2"]).unwrap(),
            ["0,\"x,\"\"y\""]
        );
        assert_eq!(
            bodies("1,2\n3,4\n", Header::Absent, 1, &["1"]).unwrap(),
            ["2", "4"]
        );
        for (text, header, column, words) in [
            (
                text,
                Header::Dropped,
                "lable",
                "lable row 1 names label, a,b, 2",
            ),
            (
                "1,2\n",
                Header::Absent,
                "x",
                "x row 1 names no columns and has 2",
            ),
            (
                "1,2\n",
                Header::Absent,
                "3",
                "3 row 1 names no columns and has 2",
            ),
            (
                "1,2\n",
                Header::Absent,
                "0",
                "0 row 1 names no columns and has 2",
            ),
            (
                "1,2\n\n3\n",
                Header::Absent,
                "2",
                "2 row 3 has only 1 columns",
            ),
        ] {
            assert_eq!(bodies(text, header, 1, &[column]).unwrap_err(), words);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn rows_hold_every_character_but_line_ends(text in "[a,\"\r\n ]{0,40}") {
            if let Ok(rows) = split_rows(&text, ',') {
                let kept: String = rows.into_iter().map(|(_, row)| row).collect();
                let visible = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
                prop_assert_eq!(visible(&kept), visible(&text));
            }
        }

        #[test]
        fn quoted_fields_come_out_as_one_row_each(fields in proptest::collection::vec("[a,\"\n]{1,8}", 1..5)) {
            let rows: Vec<String> = fields.iter().map(|it| format!("1,\"{}\"", it.replace('"', "\"\""))).collect();
            let split = split_rows(&rows.join("\n"), ',').unwrap();
            let split: Vec<String> = split.into_iter().map(|(_, row)| row).collect();
            prop_assert_eq!(&split, &rows);
            for (row, field) in split.iter().zip(&fields) {
                let values: Vec<String> = super::fields(row, ',').into_iter().map(value).collect();
                prop_assert_eq!(&values[..], &["1".to_owned(), field.clone()][..]);
            }
        }

        #[test]
        fn a_table_without_dropped_columns_keeps_its_rows(
            table in proptest::collection::vec("[a-c0-9][a-c0-9,]{0,5}", 1..12),
            each in 1_usize..5,
        ) {
            let text = table.join("\n");
            let made = bodies(&text, Header::Absent, each, &[]).unwrap();
            prop_assert_eq!(made.len(), table.len().div_ceil(each));
            prop_assert_eq!(made.join("\n"), text);
        }
    }
}
