//! Files that are never half written, and never written through a symlink.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Write as _};
use std::path::Path;

use crate::redact::redacted_bytes;

/// Writes `bytes` to `path` so that a crash leaves the old file or the new one: temporary file in
/// the same folder, fsync, rename. Missing parent folders are created. Secrets of the process are
/// taken out of text. A symlink at `path` is replaced.
///
/// # Errors
/// Any I/O error; the old file is then untouched.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path
        .parent()
        .filter(|p| !p.as_os_str().is_empty())
        .unwrap_or_else(|| Path::new("."));
    super::fence().check_output(path)?;
    std::fs::create_dir_all(folder)?;
    let mut file = tempfile::Builder::new()
        .permissions(readable())
        .tempfile_in(folder)?;
    file.write_all(&redacted_bytes(bytes))?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// Creates an empty file to write to, in place of what is at `path`.
///
/// # Errors
/// Any I/O error.
pub fn create(path: &Path) -> io::Result<File> {
    super::fence().check_output(path)?;
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    OpenOptions::new().write(true).create_new(true).open(path)
}

// Later steps of a workflow run as another user than a Docker action, so the default 0600 will not
// do.
#[cfg(unix)]
fn readable() -> Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(0o644)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_in_a_new_folder_is_written_and_replaced_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b.json");
        write_atomically(&path, b"first").unwrap();
        write_atomically(&path, b"2").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "2");
        let left: Vec<_> = std::fs::read_dir(path.parent().unwrap()).unwrap().collect();
        assert_eq!(left.len(), 1, "no temporary file stays behind");
    }

    #[test]
    fn a_symlink_is_replaced_and_what_it_points_to_stays() {
        let folder = tempfile::tempdir().unwrap();
        let victim = folder.path().join("victim");
        std::fs::write(&victim, "kept").unwrap();
        for name in ["atomically", "journal"] {
            let path = folder.path().join(name);
            std::os::unix::fs::symlink(&victim, &path).unwrap();
            if name == "journal" {
                create(&path).unwrap().write_all(b"x").unwrap();
            } else {
                write_atomically(&path, b"x").unwrap();
            }
            assert_eq!(std::fs::read_to_string(&path).unwrap(), "x");
            assert!(!path.is_symlink());
        }
        assert_eq!(std::fs::read_to_string(&victim).unwrap(), "kept");
    }

    #[test]
    fn other_users_may_read_the_file() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("result.json");
        write_atomically(&path, b"{}").unwrap();
        assert_eq!(
            std::fs::metadata(&path).unwrap().permissions().mode() & 0o044,
            0o044
        );
    }

    #[test]
    fn an_unwritable_place_is_an_error_that_leaves_the_old_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "kept").unwrap();
        assert!(write_atomically(&file.join("below"), b"x").is_err());
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "kept");
    }
}
