//! Makes samples from CSV rows, JSON arrays, JSON Lines of payloads, folders and single files.

mod table;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use self::table::{Bodies, FirstRow, NoColumn, Shape, first_row, split_rows};
use super::directory::{Folder, read_one};
use super::json_lines::{explain, write};
use super::lenient::{masked, unmasked};
use super::{Position, Sample, SamplesError, check_size, content_type, extension, input};
use crate::files;
use crate::text::{json_error, one_line, plural};
use crate::units::saturating_u32;

/// What the first row of a table is, and what becomes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Header {
    /// Looked at: names of columns are left out, or repeated where they are those that a container
    /// of Hugging Face needs.
    #[default]
    Detected,
    /// Names of columns: the first line of every body.
    Repeated,
    /// Names of columns: left out.
    Dropped,
    /// A row like every other.
    Absent,
}

/// How samples are made.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MakeOptions {
    /// The first row of tables.
    pub header: Header,
    /// Rows, lines or elements of a sample; `None` for one, by itself.
    pub rows: Option<NonZeroUsize>,
    /// Names or numbers, from 1, of columns of tables that are left out.
    pub drop_columns: Vec<String>,
    /// Whether each file is one sample, whatever it holds.
    pub whole: bool,
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
    /// What was decided about the files, a sentence each. Holds names of files.
    pub notes: Vec<String>,
}

/// Makes samples from files and folders, in the order given. What a file becomes depends on its
/// extension:
///
/// | file | samples | content type |
/// |---|---|---|
/// | `.csv`, `.tsv` | one per row that is not blank, header by [`Header`] | `text/csv` |
/// | `.libsvm`, `.svm` | one per line that is not blank | `text/x-libsvm` |
/// | `.json` that is an array | one per element, verbatim | `application/json` |
/// | `.jsonl`, `.ndjson` | one per line that is not blank: the payload | `application/json` |
/// | any other | one | by extension |
/// | folder | one per file, see [`Made::notes`] | by extension |
///
/// # Errors
/// Any [`SamplesError`], with the file and its row, element or line; [`SamplesError::Empty`] when
/// one of `from` gives no sample. Files beyond the limit are not read.
pub fn make(from: &[PathBuf], options: &MakeOptions) -> Result<Made, SamplesError> {
    let limit = options.limit.map_or(usize::MAX, NonZeroUsize::get);
    let (mut samples, mut notes) = (Vec::new(), Vec::new());
    for path in from {
        let left = limit.saturating_sub(samples.len());
        if left == 0 {
            break;
        }
        let piece = piece_of(path, options, left)?;
        if piece.samples.is_empty() {
            return Err(SamplesError::Empty {
                path: path.to_owned(),
            });
        }
        samples.extend(piece.samples);
        notes.extend(piece.note);
    }
    Ok(Made {
        json_lines: write(&samples),
        count: samples.len(),
        notes,
    })
}

/// What one file or folder became.
struct Piece {
    samples: Vec<Sample>,
    /// What was decided about it.
    note: Option<String>,
}

/// At most `limit` samples of a file or folder.
fn piece_of(path: &Path, options: &MakeOptions, limit: usize) -> Result<Piece, SamplesError> {
    let given = options.content_type.as_deref();
    if path.is_dir() {
        let folder = Folder::list(path)?;
        return Ok(Piece {
            samples: folder.read(path, limit, given)?,
            note: folder.note(path),
        });
    }
    let parts = match extension(path).as_str() {
        _ if options.whole => None,
        "csv" => Some(rows(path, ',', content_type::CSV, options)?),
        "tsv" => Some(rows(path, '\t', content_type::CSV, options)?),
        "libsvm" | "svm" => Some(rows(path, '\n', content_type::LIBSVM, options)?),
        "jsonl" | "ndjson" | "jsonlines" => Some(lines(path, options)?),
        "json" => elements(path, options)?,
        _ => None,
    };
    let Some(parts) = parts else {
        return Ok(Piece {
            samples: vec![read_one(path, files::fence(), given)?],
            note: None,
        });
    };
    let content_type = given.unwrap_or(parts.content_type);
    let sample = |(place, body): (Position, String)| {
        check_size(body.as_bytes(), path, place)?;
        Ok(Sample {
            body: body.into_bytes(),
            content_type: Some(content_type.to_owned()),
            ..Sample::default()
        })
    };
    let samples = parts.bodies.into_iter().take(limit).map(sample);
    Ok(Piece {
        samples: samples.collect::<Result<_, _>>()?,
        note: parts
            .note
            .map(|note| one_line(&format!("`{}`: {note}", path.display()))),
    })
}

/// A file that was taken apart.
struct Parts {
    bodies: Bodies,
    content_type: &'static str,
    note: Option<String>,
}

/// The rows of a table, a row of LIBSVM having no columns and no header.
fn rows(
    path: &Path,
    delimiter: char,
    content_type: &'static str,
    options: &MakeOptions,
) -> Result<Parts, SamplesError> {
    let rows = split_rows(&input::text(path)?, delimiter).map_err(|row| SamplesError::Payload {
        path: path.to_owned(),
        place: Position::Row(row),
        reason: "a quote is opened and not closed".to_owned(),
    })?;
    let (header, note) = if content_type == content_type::CSV {
        decided(options.header, first_row(&rows, delimiter), rows.len())
    } else {
        (Header::Absent, None)
    };
    let shape = Shape {
        delimiter,
        header,
        rows: options.rows.map_or(1, NonZeroUsize::get),
        drop_columns: if content_type == content_type::CSV {
            &options.drop_columns
        } else {
            &[]
        },
    };
    let missing = |it: NoColumn| SamplesError::Column {
        column: it.column,
        path: path.to_owned(),
        place: it.place,
        reason: it.reason,
    };
    Ok(Parts {
        bodies: shape.bodies(rows).map_err(missing)?,
        content_type,
        note: note.map(str::to_owned),
    })
}

/// What becomes of the first row of a table of `count` rows, and what is said about that.
fn decided(wanted: Header, found: FirstRow, count: usize) -> (Header, Option<&'static str>) {
    match (wanted, found) {
        (Header::Detected, FirstRow::NeededNames) => (
            Header::Repeated,
            Some(
                "the first row names columns that a container of Hugging Face needs, and is repeated in every body \
                 (--header drop leaves it out)",
            ),
        ),
        (Header::Detected, FirstRow::Names) => (
            Header::Dropped,
            Some(
                "the first row names the columns and is left out (--header repeat puts it into every body, --header none \
                 makes it a row)",
            ),
        ),
        (Header::Detected, FirstRow::Unknown) if count > 1 => (
            Header::Absent,
            Some(
                "the first row is taken for a row like the others, as nothing shows that it names the columns (--header \
                 drop leaves it out, --header repeat puts it into every body)",
            ),
        ),
        (Header::Detected, FirstRow::Row | FirstRow::Unknown) => (Header::Absent, None),
        (given, _) => (given, None),
    }
}

/// The lines of a file of payloads; several of them are JSON Lines again.
fn lines(path: &Path, options: &MakeOptions) -> Result<Parts, SamplesError> {
    let body = |(index, line): (usize, &str)| {
        let place = Position::Line(index + 1);
        serde_json::from_str::<IgnoredAny>(&masked(line)).map_err(|error| {
            SamplesError::Payload {
                path: path.to_owned(),
                place,
                reason: explain(&error),
            }
        })?;
        Ok((place, line.trim().to_owned()))
    };
    let text = input::text(path)?;
    let lines = text.lines().enumerate();
    let lines: Result<Bodies, SamplesError> = lines
        .filter(|(_, line)| !line.trim().is_empty())
        .map(body)
        .collect();
    Ok(match options.rows {
        None => Parts {
            bodies: lines?,
            content_type: content_type::JSON,
            note: None,
        },
        Some(each) => Parts {
            bodies: grouped(&lines?, each, |lines| lines.join("\n")),
            content_type: content_type::JSON_LINES,
            note: None,
        },
    })
}

/// The elements of a file that is an array, with numbers and the order of members as written;
/// several of them are an array again. `None` for another JSON value, which is one payload.
fn elements(path: &Path, options: &MakeOptions) -> Result<Option<Parts>, SamplesError> {
    let malformed = |error: serde_json::Error| SamplesError::Payload {
        path: path.to_owned(),
        place: Position::Whole,
        reason: json_error(&error),
    };
    let text = input::text(path)?;
    let strict = masked(&text);
    if !text.trim_start().starts_with('[') {
        serde_json::from_str::<IgnoredAny>(&strict).map_err(malformed)?;
        return Ok(None);
    }
    let elements: Vec<&RawValue> = serde_json::from_str(&strict).map_err(malformed)?;
    let elements = elements.iter().enumerate();
    let elements: Bodies = elements
        .map(|(index, element)| {
            let written = unmasked(&text, &strict, element.get());
            (Position::Element(index + 1), written.to_owned())
        })
        .collect();
    let count = plural(saturating_u32(elements.len()), "element");
    let (bodies, each) = match options.rows {
        None => (elements, "each is a sample".to_owned()),
        Some(each) => {
            let bodies = grouped(&elements, each, |parts| format!("[{}]", parts.join(",")));
            (bodies, format!("{each} of them are a sample, as an array"))
        }
    };
    Ok(Some(Parts {
        bodies,
        content_type: content_type::JSON,
        note: Some(format!(
            "an array of {count}, {each} (--whole sends the file as one body)"
        )),
    }))
}

/// Every `each` parts as one body.
fn grouped(parts: &Bodies, each: NonZeroUsize, join: impl Fn(&[&str]) -> String) -> Bodies {
    let body = |chunk: &[(Position, String)]| {
        let words: Vec<&str> = chunk.iter().map(|(_, part)| part.as_str()).collect();
        let place = chunk.first().map_or(Position::Whole, |(place, _)| *place);
        (place, join(&words))
    };
    parts.chunks(each.get()).map(body).collect()
}

#[cfg(test)]
mod tests;
