//! The one place where files are read for samples. What stands in place of a file, and what only
//! looks like text, is named for what it is.

use std::io::Read as _;
use std::path::Path;

use super::foreign::{Encoding, Pointer};
use super::{MAX_BODY_BYTES, MAX_FILE, Position, SamplesError, extension};
use crate::files::{self, Fence, FileError};

/// The bytes of a file of samples, which is at most [`MAX_FILE`] long.
///
/// # Errors
/// [`SamplesError::Io`], and [`SamplesError::Pointer`] where the file itself is kept elsewhere.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, SamplesError> {
    read_within(files::fence(), path, MAX_FILE).map_err(|error| failed(path, error))
}

/// The bytes of a file inside `fence` that is one body. A little more than a body is read, as a
/// byte order mark does not count.
///
/// # Errors
/// Those of [`read`], and [`SamplesError::TooLarge`].
pub(super) fn body(path: &Path, fence: &Fence) -> Result<Vec<u8>, SamplesError> {
    let most = MAX_BODY_BYTES + '\u{feff}'.len_utf8();
    read_within(fence, path, most as u64).map_err(|unread| match unread {
        Unread::File(FileError::TooLarge { bytes, .. }) => SamplesError::TooLarge {
            path: path.to_owned(),
            place: Position::Whole,
            bytes: usize::try_from(bytes).unwrap_or(usize::MAX),
        },
        unread @ (Unread::Pointer(_) | Unread::File(_)) => failed(path, unread),
    })
}

/// Why a file is not read.
enum Unread {
    Pointer(Pointer),
    File(FileError),
}

fn read_within(fence: &Fence, path: &Path, most: u64) -> Result<Vec<u8>, Unread> {
    if extension(path) == "dvc" {
        return Err(Unread::Pointer(Pointer::Dvc));
    }
    let bytes = fence
        .read(path, most)
        .map_err(|error| match pointed_at(path) {
            Some(tool) if error.is_not_found() => Unread::Pointer(tool),
            Some(_) | None => Unread::File(error),
        })?;
    match pointer_in(&bytes) {
        Some(tool) => Err(Unread::Pointer(tool)),
        None => Ok(bytes),
    }
}

fn failed(path: &Path, unread: Unread) -> SamplesError {
    match unread {
        Unread::Pointer(tool) => SamplesError::Pointer {
            path: path.to_owned(),
            tool,
        },
        Unread::File(error) => io(path, error),
    }
}

/// A file that is not read, by its name.
pub(super) fn io(path: &Path, error: FileError) -> SamplesError {
    SamplesError::Io {
        path: path.to_owned(),
        source: error.into(),
    }
}

/// Which archive a file inside `fence` is, by its first bytes: it may be larger than a body.
///
/// # Errors
/// [`SamplesError::Io`].
pub(super) fn archive_in(path: &Path, fence: &Fence) -> Result<Option<&'static str>, SamplesError> {
    let mut start = Vec::new();
    let file = fence.open(path).map_err(|error| io(path, error))?;
    file.take(ARCHIVE_START)
        .read_to_end(&mut start)
        .map_err(|error| io(path, error.into()))?;
    Ok(archive(&start))
}

/// Which tool keeps a file that is not there.
pub(super) fn pointed_at(path: &Path) -> Option<Pointer> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".dvc");
    if Path::new(&beside).exists() {
        return Some(Pointer::Dvc);
    }
    let target = std::fs::read_link(path).ok()?;
    let target = target.to_string_lossy();
    [
        (".git/annex/", Pointer::GitAnnex),
        (".dvc/cache/", Pointer::Dvc),
    ]
    .into_iter()
    .find(|(folder, _)| target.contains(folder))
    .map(|(_, tool)| tool)
}

/// Pointers are this small: the limit of Git LFS's own reader.
const MAX_POINTER_BYTES: usize = 1024;

fn pointer_in(bytes: &[u8]) -> Option<Pointer> {
    if bytes.len() > MAX_POINTER_BYTES {
        return None;
    }
    let begins = |words: &str| bytes.starts_with(words.as_bytes());
    if begins("version https://git-lfs.github.com/spec/")
        || begins("version https://hawser.github.com/spec/")
    {
        Some(Pointer::GitLfs)
    } else if begins("/annex/objects/") {
        Some(Pointer::GitAnnex)
    } else {
        None
    }
}

/// A file as text, without a byte order mark. Other encodings would reach the model changed.
///
/// # Errors
/// Those of [`read`], [`SamplesError::Archive`] and [`SamplesError::Encoding`].
pub(super) fn text(path: &Path) -> Result<String, SamplesError> {
    decode(read(path)?, path)
}

/// Bytes as text, without a byte order mark.
///
/// # Errors
/// [`SamplesError::Archive`] and [`SamplesError::Encoding`].
pub(super) fn decode(bytes: Vec<u8>, path: &Path) -> Result<String, SamplesError> {
    if let Some(kind) = archive(&bytes) {
        return Err(SamplesError::Archive {
            path: path.to_owned(),
            kind,
        });
    }
    let wrong = |encoding, place| SamplesError::Encoding {
        path: path.to_owned(),
        place,
        encoding,
    };
    if let Some(encoding) = wide(&bytes) {
        return Err(wrong(encoding, Position::Whole));
    }
    let mut text = String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let before = error.as_bytes().iter().take(valid);
        let line = before.filter(|byte| **byte == b'\n').count() + 1;
        if error.as_bytes().contains(&0) {
            wrong(Encoding::Binary, Position::Whole)
        } else {
            wrong(Encoding::OneByte, Position::Line(line))
        }
    })?;
    if text.starts_with('\u{feff}') {
        text.drain(..'\u{feff}'.len_utf8());
    }
    Ok(text)
}

/// UTF-32 and UTF-16, by their byte order mark or by the zero bytes of ASCII.
fn wide(bytes: &[u8]) -> Option<Encoding> {
    let begins = |mark: &[u8]| bytes.starts_with(mark);
    if begins(&[0xff, 0xfe, 0, 0]) || begins(&[0, 0, 0xfe, 0xff]) {
        return Some(Encoding::Utf32);
    }
    if begins(&[0xff, 0xfe]) || begins(&[0xfe, 0xff]) {
        return Some(Encoding::Utf16);
    }
    let zeros = |start: usize| {
        let half = bytes.iter().skip(start).step_by(2);
        half.filter(|byte| **byte == 0).count()
    };
    let is_mostly_zero = |start| bytes.len() >= 4 && zeros(start) * 4 > bytes.len();
    (is_mostly_zero(0) || is_mostly_zero(1)).then_some(Encoding::Utf16)
}

/// First bytes of archives and compressed files.
const ARCHIVES: [(&[u8], &str); 7] = [
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "gzip data"),
    (b"BZh", "bzip2 data"),
    (b"\xfd7zXZ\0", "xz data"),
    (b"\x28\xb5\x2f\xfd", "zstd data"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
];
/// Where a tar archive has its name.
const TAR_MAGIC: usize = 257;
/// Bytes of a file in which all of them show.
const ARCHIVE_START: u64 = 512;

/// Which archive or compressed file begins like this.
fn archive(bytes: &[u8]) -> Option<&'static str> {
    let is_tar = bytes
        .get(TAR_MAGIC..)
        .is_some_and(|rest| rest.starts_with(b"ustar"));
    let known = ARCHIVES.iter().find(|(magic, _)| bytes.starts_with(magic));
    known
        .map(|(_, kind)| *kind)
        .or_else(|| is_tar.then_some("a tar archive"))
}

/// Extensions of archives and compressed files. ZIP is also how other formats are stored (NPZ,
/// `PyTorch`): a file that is not called an archive is none.
pub(super) fn is_called_archive(path: &Path) -> bool {
    let extension = extension(path);
    ["zip", "gz", "tgz", "bz2", "xz", "zst", "7z", "rar", "tar"].contains(&extension.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(bytes: &[u8]) -> Result<String, String> {
        decode(bytes.to_vec(), Path::new("f")).map_err(|error| error.to_string())
    }

    #[test]
    fn a_byte_order_mark_is_stripped_and_other_encodings_are_named() {
        assert_eq!(decoded("\u{feff}a".as_bytes()).unwrap(), "a");
        for (bytes, words) in [
            (b"\xff\xfea\0b\0".as_slice(), "`f` is UTF-16"),
            (b"\xfe\xff\0a\0b", "`f` is UTF-16"),
            (b"a\0,\0b\0\n\0", "`f` is UTF-16"),
            (b"\xff\xfe\0\0a\0\0\0", "`f` is UTF-32"),
            (
                b"a\nM\xfcnchen",
                "`f` line 2 is not UTF-8, probably Latin-1 or Windows-1252",
            ),
            (b"\x89PNG\0\0\0\r", "`f` is binary data, no text"),
            (b"PK\x03\x04abc", "`f` is a ZIP archive"),
            (b"\x1f\x8b\x08\0", "`f` is gzip data"),
        ] {
            assert_eq!(decoded(bytes).unwrap_err(), words, "{bytes:?}");
        }
        let mut tar = vec![b'a'; TAR_MAGIC];
        tar.extend(b"ustar\x0000");
        assert_eq!(decoded(&tar).unwrap_err(), "`f` is a tar archive");
    }

    #[test]
    fn pointers_are_named_by_their_tool() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let tool = |path: &Path| match read(path).unwrap_err() {
            SamplesError::Pointer { tool, .. } => tool,
            other => panic!("{other}"),
        };
        let lfs = include_str!("../../tests/fixtures/field/lfs/cat.jpg");
        assert_eq!(tool(&write("a.jpg", lfs)), Pointer::GitLfs);
        assert_eq!(
            tool(&write("b.jpg", "/annex/objects/SHA256E-s5--x.jpg\n")),
            Pointer::GitAnnex
        );
        let dvc = write(
            "c.jpg.dvc",
            "outs:\n- md5: a304afb96060aad90176268345e10355\n  path: c.jpg\n",
        );
        assert_eq!(tool(&dvc), Pointer::Dvc);
        assert_eq!(tool(&folder.path().join("c.jpg")), Pointer::Dvc);
        let missing = read(&folder.path().join("d.jpg")).unwrap_err();
        assert!(matches!(missing, SamplesError::Io { .. }), "{missing}");
        let annexed = folder.path().join("e.jpg");
        std::os::unix::fs::symlink("../.git/annex/objects/x", &annexed).unwrap();
        assert_eq!(tool(&annexed), Pointer::GitAnnex);
        let long = format!("{lfs}{}", "x".repeat(MAX_POINTER_BYTES));
        assert!(
            read(&write("f.txt", &long)).is_ok(),
            "a text about Git LFS is none"
        );
    }
}
