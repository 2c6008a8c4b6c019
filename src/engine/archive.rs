//! A folder as a tar archive, as the engine takes it; written on the way, never held as a whole.

use std::fs::{self, File, Metadata};
use std::io::{self, Read as _, Write};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

const BLOCK: usize = 512;
/// Longest name that a header holds.
const NAME: usize = 100;

/// Writes the files, folders and symbolic links below `folder`; anything else (a socket, a device)
/// is left out.
///
/// # Errors
/// Any of reading or writing, with the path.
pub(super) fn write_folder(folder: &Path, out: &mut impl Write) -> io::Result<()> {
    let mut open: Vec<PathBuf> = vec![folder.to_owned()];
    while let Some(current) = open.pop() {
        let mut entries: Vec<PathBuf> = fs::read_dir(&current)
            .and_then(|entries| entries.map(|it| Ok(it?.path())).collect())
            .map_err(|error| at(&current, &error))?;
        entries.sort();
        for path in entries {
            let metadata = fs::symlink_metadata(&path).map_err(|error| at(&path, &error))?;
            let name = path.strip_prefix(folder).unwrap_or(&path).to_owned();
            write_entry(&name, &path, &metadata, out).map_err(|error| at(&path, &error))?;
            if metadata.is_dir() {
                open.push(path);
            }
        }
    }
    // Two empty blocks end an archive.
    out.write_all(&[0; 2 * BLOCK])
}

fn at(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("`{}`: {error}", path.display()))
}

fn write_entry(
    name: &Path,
    path: &Path,
    metadata: &Metadata,
    out: &mut impl Write,
) -> io::Result<()> {
    let kind = metadata.file_type();
    let mut name = name.as_os_str().as_bytes().to_vec();
    if kind.is_dir() {
        name.push(b'/');
        return write_header(&name, b'5', metadata, 0, &[], out);
    }
    if kind.is_symlink() {
        let target = fs::read_link(path)?;
        return write_header(&name, b'2', metadata, 0, target.as_os_str().as_bytes(), out);
    }
    if !kind.is_file() {
        return Ok(());
    }
    let bytes = metadata.len();
    write_header(&name, b'0', metadata, bytes, &[], out)?;
    let copied = io::copy(&mut File::open(path)?.take(bytes), out)?;
    if copied != bytes {
        return Err(io::Error::other("the file has become shorter"));
    }
    pad(bytes, out)
}

/// Fills the last block.
fn pad(bytes: u64, out: &mut impl Write) -> io::Result<()> {
    let over = usize::try_from(bytes % 512).unwrap_or_default();
    if over == 0 {
        return Ok(());
    }
    out.write_all([0; BLOCK].split_at(over).1)
}

/// A header, with GNU's records for what is too long for it.
fn write_header(
    name: &[u8],
    kind: u8,
    metadata: &Metadata,
    bytes: u64,
    target: &[u8],
    out: &mut impl Write,
) -> io::Result<()> {
    for (long, kind) in [(name, b'L'), (target, b'K')] {
        if long.len() > NAME {
            let size = u64::try_from(long.len()).unwrap_or(u64::MAX) + 1;
            out.write_all(&header(b"././@LongLink", kind, 0, size, b""))?;
            out.write_all(long)?;
            out.write_all(&[0])?;
            pad(size, out)?;
        }
    }
    let mode = metadata.permissions().mode() & 0o7777;
    out.write_all(&header(name, kind, mode, bytes, target))
}

fn header(name: &[u8], kind: u8, mode: u32, bytes: u64, target: &[u8]) -> [u8; BLOCK] {
    let mut header = [0; BLOCK];
    let mut put = |at: usize, value: &[u8]| {
        for (place, byte) in header.iter_mut().skip(at).zip(value) {
            *place = *byte;
        }
    };
    put(0, name.get(..NAME).unwrap_or(name));
    put(100, format!("{mode:07o}\0").as_bytes());
    // Owner and group are root's, and nothing depends on the time.
    put(108, b"0000000\0");
    put(116, b"0000000\0");
    put(124, &size_field(bytes));
    put(136, b"00000000000\0");
    put(148, b"        ");
    put(156, &[kind]);
    put(157, target.get(..NAME).unwrap_or(target));
    put(257, b"ustar  \0");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    let sum = format!("{sum:06o}\0 ");
    for (place, byte) in header.iter_mut().skip(148).zip(sum.as_bytes()) {
        *place = *byte;
    }
    header
}

/// Octal digits; from 8 GB on, GNU's binary form.
fn size_field(bytes: u64) -> [u8; 12] {
    let mut field = [0; 12];
    if bytes < 1 << 33 {
        for (place, byte) in field.iter_mut().zip(format!("{bytes:011o}").bytes()) {
            *place = byte;
        }
    } else {
        for (place, byte) in field.iter_mut().skip(4).zip(bytes.to_be_bytes()) {
            *place = byte;
        }
        if let Some(first) = field.first_mut() {
            *first = 0x80;
        }
    }
    field
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn tar_reads_what_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let from = folder.path().join("from");
        let long = format!("{}/{}", "d".repeat(90), "f".repeat(120));
        fs::create_dir_all(from.join("d".repeat(90))).unwrap();
        for (name, size) in [("empty", 0), ("block", 512), ("more", 700), (&long, 3)] {
            fs::write(from.join(name), vec![b'x'; size]).unwrap();
        }
        std::os::unix::fs::symlink("more", from.join("link")).unwrap();
        fs::set_permissions(from.join("more"), fs::Permissions::from_mode(0o750)).unwrap();
        let archive = folder.path().join("a.tar");
        let mut out = File::create(&archive).unwrap();
        write_folder(&from, &mut out).unwrap();
        let to = folder.path().join("to");
        fs::create_dir(&to).unwrap();
        let unpacked = Command::new("tar")
            .arg("-xpf")
            .arg(&archive)
            .arg("-C")
            .arg(&to)
            .status();
        assert!(unpacked.unwrap().success());
        let same = Command::new("diff").arg("-r").arg(&from).arg(&to).status();
        assert!(same.unwrap().success());
        let mode = fs::metadata(to.join("more")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o750);
        assert_eq!(fs::read_link(to.join("link")).unwrap(), Path::new("more"));
    }

    #[test]
    fn sizes_of_files_have_room() {
        assert_eq!(&size_field(8), b"00000000010\0");
        assert_eq!(size_field(1 << 33), [0x80, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0]);
    }
}
