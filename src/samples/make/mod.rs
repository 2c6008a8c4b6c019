//! Makes samples from CSV rows, JSON arrays, JSON Lines of payloads, folders and single files.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::json_lines::{explain, write};
use super::{Position, Sample, SamplesError, check_size, directory, extension, text};
use crate::files;
use crate::text::json_error;

/// What the first row of a CSV file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Header {
    /// A sample like every other row.
    #[default]
    Absent,
    /// Names of columns: left out.
    Skipped,
}

/// How samples are made.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MakeOptions {
    /// The first row of CSV files.
    pub header: Header,
    /// Content type of every sample, in place of what the extension says.
    pub content_type: Option<String>,
    /// Most samples, over all files together.
    pub limit: Option<NonZeroUsize>,
}

/// A file of samples, not yet written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// Its text: JSON Lines for `--samples`.
    pub json_lines: String,
    /// Number of samples, at least 1.
    pub count: usize,
}

/// Makes samples from files and folders, in the order given. What a file becomes depends on its
/// extension:
///
/// | file | samples | content type |
/// |---|---|---|
/// | `.csv` | one per row that is not blank | `text/csv` |
/// | `.json` that is an array | one per element, verbatim | `application/json` |
/// | `.jsonl`, `.ndjson` | one per line that is not blank: the payload | `application/json` |
/// | any other | one | by extension |
/// | folder | one per file that is not hidden, in the order of names | by extension |
///
/// # Errors
/// Any [`SamplesError`], with the file and its row, element or line; [`SamplesError::Empty`] when
/// one of `from` gives no sample. Files beyond the limit are not read.
pub fn make(from: &[PathBuf], options: &MakeOptions) -> Result<Made, SamplesError> {
    let limit = options.limit.map_or(usize::MAX, NonZeroUsize::get);
    let mut samples = Vec::new();
    for path in from {
        let left = limit.saturating_sub(samples.len());
        if left == 0 {
            break;
        }
        let more = samples_of(path, options, left)?;
        if more.is_empty() {
            return Err(SamplesError::Empty {
                path: path.to_owned(),
            });
        }
        samples.extend(more);
    }
    Ok(Made {
        json_lines: write(&samples),
        count: samples.len(),
    })
}

/// At most `limit` samples of a file or folder.
fn samples_of(
    path: &Path,
    options: &MakeOptions,
    limit: usize,
) -> Result<Vec<Sample>, SamplesError> {
    let content_type = options.content_type.as_deref();
    if path.is_dir() {
        let files = directory::files(path)?;
        let files = files.iter().take(limit);
        let one = |file: &PathBuf| directory::read_one(file, &files::within(path), content_type);
        return files.map(one).collect();
    }
    let whole = |file: &Path| directory::read_one(file, files::fence(), content_type);
    let extension = extension(path);
    let (bodies, content_type) = match extension.as_str() {
        "csv" => (rows(path, options.header)?, "text/csv"),
        "jsonl" | "ndjson" => (lines(path)?, "application/json"),
        "json" => match elements(path)? {
            Some(bodies) => (bodies, "application/json"),
            None => return Ok(vec![whole(path)?]),
        },
        _ => return Ok(vec![whole(path)?]),
    };
    let content_type = options.content_type.as_deref().unwrap_or(content_type);
    let sample = |(place, body): (Position, String)| {
        check_size(body.as_bytes(), path, place)?;
        Ok(Sample {
            body: body.into_bytes(),
            content_type: Some(content_type.to_owned()),
            ..Sample::default()
        })
    };
    bodies.into_iter().take(limit).map(sample).collect()
}

/// Bodies with where they come from.
type Bodies = Vec<(Position, String)>;

fn rows(path: &Path, header: Header) -> Result<Bodies, SamplesError> {
    let rows = split_rows(&text_of(path)?).map_err(|row| SamplesError::Payload {
        path: path.to_owned(),
        place: Position::Row(row),
        reason: "a quote is opened and not closed".to_owned(),
    })?;
    let skipped = match header {
        Header::Absent => 0,
        Header::Skipped => 1,
    };
    Ok(rows.into_iter().skip(skipped).collect())
}

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
    const fn after(self, c: char) -> Self {
        match (self, c) {
            (Self::Quoted, '"') => Self::Closed,
            (Self::Quoted, _) | (Self::Start | Self::Closed, '"') => Self::Quoted,
            (Self::Start | Self::Plain | Self::Closed, ',' | '\n') => Self::Start,
            (Self::Start | Self::Plain | Self::Closed, _) => Self::Plain,
        }
    }
}

/// Rows that are not blank, without their line ends. A quoted field may hold line ends.
///
/// # Errors
/// The number of the row whose last quote is not closed.
fn split_rows(text: &str) -> Result<Bodies, usize> {
    let mut field = Field::Start;
    let ends_row = |c: char| {
        field = field.after(c);
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

fn lines(path: &Path) -> Result<Bodies, SamplesError> {
    let body = |(index, line): (usize, &str)| {
        let place = Position::Line(index + 1);
        serde_json::from_str::<IgnoredAny>(line).map_err(|error| SamplesError::Payload {
            path: path.to_owned(),
            place,
            reason: explain(&error),
        })?;
        Ok((place, line.trim().to_owned()))
    };
    text_of(path)?
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
        .map(body)
        .collect()
}

/// The elements of a file that is an array, with numbers and the order of members as written;
/// `None` for another JSON value, which is one payload.
fn elements(path: &Path) -> Result<Option<Bodies>, SamplesError> {
    let malformed = |error: serde_json::Error| SamplesError::Payload {
        path: path.to_owned(),
        place: Position::Whole,
        reason: json_error(&error),
    };
    let text = text_of(path)?;
    if !text.trim_start().starts_with('[') {
        serde_json::from_str::<IgnoredAny>(&text).map_err(malformed)?;
        return Ok(None);
    }
    let elements: Vec<&RawValue> = serde_json::from_str(&text).map_err(malformed)?;
    let elements = elements.iter().enumerate();
    Ok(Some(
        elements
            .map(|(index, element)| (Position::Element(index + 1), element.get().to_owned()))
            .collect(),
    ))
}

fn text_of(path: &Path) -> Result<String, SamplesError> {
    let text = text(path)?;
    Ok(match text.strip_prefix('\u{feff}') {
        Some(text) => text.to_owned(),
        None => text,
    })
}

#[cfg(test)]
mod tests;
