//! A folder of images, audio or other files: each file is the body of one sample.

use std::path::{Path, PathBuf};

use super::{MAX_BODY_BYTES, MAX_FILE, Position, Sample, SamplesError, extension, io};
use crate::files::{self, Fence, FileError};

/// Content types by file extension, for the payloads that models take.
const CONTENT_TYPES: [(&str, &str); 12] = [
    ("csv", "text/csv"),
    ("flac", "audio/flac"),
    ("gif", "image/gif"),
    ("jpeg", "image/jpeg"),
    ("jpg", "image/jpeg"),
    ("json", "application/json"),
    ("mp3", "audio/mpeg"),
    ("npy", "application/x-npy"),
    ("png", "image/png"),
    ("txt", "text/plain"),
    ("wav", "audio/wav"),
    ("webp", "image/webp"),
];
const OTHER: &str = "application/octet-stream";

/// Every file that is not hidden, in the order of names. Folders inside are left out. The content
/// type is `content_type`, else what the extension says.
pub(super) fn read_all(
    path: &Path,
    content_type: Option<&str>,
) -> Result<Vec<Sample>, SamplesError> {
    let mut left = MAX_FILE;
    let mut samples = Vec::new();
    for file in files(path)? {
        let sample = read_one(&file, &files::within(path), content_type)?;
        let bytes = sample.body.len() as u64;
        left = left.checked_sub(bytes).ok_or_else(|| {
            let bytes = MAX_FILE - left + bytes;
            io(
                path,
                FileError::TooLarge {
                    bytes,
                    most: MAX_FILE,
                },
            )
        })?;
        samples.push(sample);
    }
    Ok(samples)
}

/// A file as the body of one sample.
pub(super) fn read_one(
    file: &Path,
    fence: &Fence,
    content_type: Option<&str>,
) -> Result<Sample, SamplesError> {
    let body = match fence.read(file, MAX_BODY_BYTES as u64) {
        Ok(body) => body,
        Err(FileError::TooLarge { bytes, .. }) => {
            return Err(SamplesError::TooLarge {
                path: file.to_owned(),
                place: Position::Whole,
                bytes: usize::try_from(bytes).unwrap_or(usize::MAX),
            });
        }
        Err(error) => return Err(io(file, error)),
    };
    let content_type = content_type.unwrap_or_else(|| content_type_of(file));
    Ok(Sample {
        body,
        content_type: Some(content_type.to_owned()),
        ..Sample::default()
    })
}

/// Files of the folder `path` that are not hidden, in the order of names.
pub(super) fn files(path: &Path) -> Result<Vec<PathBuf>, SamplesError> {
    let mut files = files::list(path).map_err(|error| io(path, error))?;
    let is_hidden = |it: &Path| {
        let name = it.file_name().unwrap_or_default();
        name.to_string_lossy().starts_with('.')
    };
    files.retain(|it| !is_hidden(it));
    Ok(files)
}

fn content_type_of(file: &Path) -> &'static str {
    let extension = extension(file);
    CONTENT_TYPES
        .iter()
        .find(|(known, _)| *known == extension)
        .map_or(OTHER, |(_, content_type)| content_type)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in files {
            std::fs::write(folder.path().join(name), bytes).unwrap();
        }
        folder
    }

    #[test]
    fn a_symlink_out_of_the_folder_is_refused_by_name() {
        let folder = folder(&[("a.csv", b"1"), ("outside.txt", b"canary")]);
        let inner = folder.path().join("inner");
        std::fs::create_dir(&inner).unwrap();
        std::os::unix::fs::symlink("../outside.txt", inner.join("b.csv")).unwrap();
        let error = read_all(&inner, None).unwrap_err().to_string();
        assert!(error.contains("b.csv`: a symlink leads out of"), "{error}");
    }

    #[test]
    fn files_are_sent_in_the_order_of_their_names_with_their_content_type() {
        let folder = folder(&[
            ("b.PNG", &[0, 255]),
            ("a.jpg", b"x"),
            ("c.bin", b""),
            (".hidden", b"no"),
        ]);
        std::fs::create_dir(folder.path().join("inner")).unwrap();
        let samples = read_all(folder.path(), None).unwrap();
        let types: Vec<&str> = samples
            .iter()
            .filter_map(|it| it.content_type.as_deref())
            .collect();
        assert_eq!(
            types,
            ["image/jpeg", "image/png", "application/octet-stream"]
        );
        assert_eq!(samples[1].body, [0, 255], "bytes stay as they are");
    }

    #[test]
    fn one_content_type_can_be_given_for_all() {
        let folder = folder(&[("a.jpg", b"x")]);
        let samples = read_all(folder.path(), Some("application/x-image")).unwrap();
        assert_eq!(
            samples[0].content_type.as_deref(),
            Some("application/x-image")
        );
    }

    #[test]
    fn a_file_that_is_too_large_is_named() {
        let folder = folder(&[("big.png", &vec![0; MAX_BODY_BYTES + 1])]);
        let error = read_all(folder.path(), None).unwrap_err().to_string();
        assert!(error.contains("big.png`: body of 4194305 bytes"), "{error}");
    }
}
