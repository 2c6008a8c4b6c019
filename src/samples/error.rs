//! Why samples cannot be used, with suggested fixes.

use std::fmt;
use std::path::PathBuf;

use thiserror::Error;

/// Where in a file something is. Prints with a space in front, ` line 3`, or nothing for the whole
/// file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Position {
    /// The file as a whole.
    Whole,
    /// Line of a text file, from 1.
    Line(usize),
    /// Row of a CSV file, from 1, the header and blank lines included.
    Row(usize),
    /// Element of a JSON array, from 1.
    Element(usize),
    /// Sample of a pickle, from 1.
    Sample(usize),
    /// Offset in a pickle, from 0, as `python -m pickletools` prints it.
    Byte(usize),
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole => Ok(()),
            Self::Line(number) => write!(f, " line {number}"),
            Self::Row(number) => write!(f, " row {number}"),
            Self::Element(number) => write!(f, " element {number}"),
            Self::Sample(number) => write!(f, " sample {number}"),
            Self::Byte(offset) => write!(f, " byte {offset}"),
        }
    }
}

/// Why samples cannot be used.
#[derive(Debug, Error)]
pub enum SamplesError {
    /// The file cannot be read.
    #[error("cannot read samples `{path}`: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// The file holds no sample.
    #[error("samples `{path}` is empty")]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// A line is not one JSON object with known members.
    #[error("samples `{path}`{place}: {reason}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Where in it.
        place: Position,
        /// What is wrong there.
        reason: String,
    },
    /// A pickle is not a list of dicts of text and bytes.
    #[error("samples `{path}`{place}: {reason}")]
    Pickle {
        /// The file.
        path: PathBuf,
        /// Where in it.
        place: Position,
        /// What is wrong there.
        reason: String,
    },
    /// A file cannot be split into samples.
    #[error("`{path}`{place}: {reason}")]
    Payload {
        /// The file.
        path: PathBuf,
        /// Where in it.
        place: Position,
        /// What is wrong there.
        reason: String,
    },
    /// A body is larger than [`MAX_BODY_BYTES`](super::MAX_BODY_BYTES).
    #[error(
        "samples `{path}`{place}: body of {bytes} bytes is over SageMaker Serverless's limit of 4 MB (4194304 bytes)"
    )]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Where in it.
        place: Position,
        /// Bytes of the body.
        bytes: usize,
    },
}

impl SamplesError {
    /// A suggested fix.
    pub fn hint(&self) -> Option<String> {
        let example =
            r#"one JSON object per line, for example {"Body": "1,2,3", "ContentType": "text/csv"}"#;
        let pickle = r#"pickle.dump a list of dicts, for example {"Body": b"…", "ContentType": "image/png"}; JSON Lines with BodyBase64 does the same"#;
        let payloads = "a CSV file gives a sample per row, a JSON array one per element, JSON Lines one per line; any other file is one sample";
        let hint = match self {
            Self::Io { .. } => format!("--samples takes a JSON Lines file: {example}"),
            Self::Empty { .. } | Self::Malformed { .. } => example.to_owned(),
            Self::Pickle { .. } => pickle.to_owned(),
            Self::Payload { .. } => payloads.to_owned(),
            Self::TooLarge { .. } => {
                "send a smaller sample; a larger payload needs a real-time endpoint".to_owned()
            }
        };
        Some(hint)
    }
}
