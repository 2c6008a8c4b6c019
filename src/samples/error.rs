//! Why samples cannot be used, with suggested fixes.

use std::fmt;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::foreign::{Encoding, Pointer};
use crate::text::shell_word;

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
    /// A folder without a file that can be a sample.
    #[error(
        "samples `{path}` holds no file that can be a sample{}",
        and_no_more(left_out)
    )]
    NoFile {
        /// The folder.
        path: PathBuf,
        /// Names of what was left out.
        left_out: Vec<String>,
        /// Folders in it.
        folders: Vec<PathBuf>,
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
    /// What the model should get, instead of arguments of a call.
    #[error(
        "samples `{path}`{place} is {payload}: it looks like what the model gets, not like arguments of InvokeEndpoint"
    )]
    LooksLikePayload {
        /// The file.
        path: PathBuf,
        /// Where in it.
        place: Position,
        /// What is there.
        payload: &'static str,
    },
    /// A file that a sample names cannot be its body.
    #[error("samples `{path}`{place}: BodyFile: {error}")]
    BodyFile {
        /// The file of samples.
        path: PathBuf,
        /// Where in it.
        place: Position,
        /// What is wrong with the other file.
        error: Box<SamplesError>,
    },
    /// A pointer in place of a file that is kept elsewhere.
    #[error("`{path}` is {}, not the file itself", tool.name())]
    Pointer {
        /// The file.
        path: PathBuf,
        /// Who made it.
        tool: Pointer,
    },
    /// An archive, or compressed.
    #[error("`{path}` is {kind}")]
    Archive {
        /// The file.
        path: PathBuf,
        /// What it is.
        kind: &'static str,
    },
    /// Text in another encoding than UTF-8, or none.
    #[error("`{path}`{place} is {}", encoding.name())]
    Encoding {
        /// The file.
        path: PathBuf,
        /// Where in it.
        place: Position,
        /// What it is.
        encoding: Encoding,
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
    /// A column that is to be dropped is not there.
    #[error("--drop-column {column}: `{path}`{place} {reason}")]
    Column {
        /// Its name or number.
        column: String,
        /// The file.
        path: PathBuf,
        /// Where in it.
        place: Position,
        /// What is there instead.
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

/// `: Thumbs.db and readme.md are left out`.
fn and_no_more(left_out: &[String]) -> String {
    if left_out.is_empty() {
        String::new()
    } else {
        format!(": left out are {}", left_out.join(", "))
    }
}

const EXAMPLE: &str =
    r#"one JSON object per line, for example {"Body": "1,2,3", "ContentType": "text/csv"}"#;

impl SamplesError {
    /// A suggested fix.
    pub fn hint(&self) -> Option<String> {
        let pickle = r#"pickle.dump a list of dicts, for example {"Body": b"…", "ContentType": "image/png"}; JSON Lines with BodyBase64 does the same"#;
        let payloads = "a CSV file gives a sample per row, a JSON array one per element, JSON Lines one per line; any other file is one sample";
        let hint = match self {
            Self::Io { .. } => format!("--samples takes a JSON Lines file: {EXAMPLE}"),
            Self::Empty { .. } | Self::Malformed { .. } => EXAMPLE.to_owned(),
            Self::NoFile { folders, .. } if folders.is_empty() => {
                "a folder's files are one sample each: images, audio, payloads".to_owned()
            }
            Self::NoFile { folders, .. } => format!(
                "folders in a folder are not read: {}",
                making(folders.iter().map(PathBuf::as_path))
            ),
            Self::LooksLikePayload { path, .. } => {
                format!("pass what {} makes of it", making([path.as_path()]))
            }
            Self::BodyFile { error, .. } => return error.hint(),
            Self::Pointer { tool, .. } => tool.hint().to_owned(),
            Self::Archive { .. } => {
                "unpack it and pass the files or their folder; a model that takes archives gets it by `sagegate samples \
                 FILE --whole --content-type TYPE`"
                    .to_owned()
            }
            Self::Encoding { path, encoding, .. } => match encoding.iconv() {
                Some(name) => {
                    let file = shell_word(&path.display().to_string());
                    format!("models get UTF-8: `iconv -f {name} -t UTF-8 {file} > utf8-file` converts it")
                }
                None => "bytes go into BodyBase64 or BodyFile".to_owned(),
            },
            Self::Pickle { .. } => pickle.to_owned(),
            Self::Payload { .. } => payloads.to_owned(),
            Self::Column { .. } => {
                "give the name that the header has, or the number, the first column being 1".to_owned()
            }
            Self::TooLarge { .. } => {
                "send a smaller sample; a larger payload needs a real-time endpoint".to_owned()
            }
        };
        Some(hint)
    }
}

/// The command that makes samples of these files.
fn making<'a>(files: impl IntoIterator<Item = &'a Path>) -> String {
    let mut out = "samples.jsonl";
    let mut words = Vec::new();
    for path in files {
        if path.ends_with(out) {
            out = "made.jsonl";
        }
        words.push(shell_word(&path.display().to_string()));
    }
    format!("`sagegate samples {} --out {out}`", words.join(" "))
}
