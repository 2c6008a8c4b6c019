//! Files that are never half written, never written through a symlink, and that belong to whom
//! their folder belongs to.
//!
//! A container action runs as root in a folder of the runner's user: a file of root's there would
//! keep the next checkout on the same machine from cleaning up.

use std::fs::{File, Metadata, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::{MetadataExt as _, fchown, lchown};
use std::path::Path;

use crate::redact::redacted_bytes;

/// Writes `bytes` to `path` so that a crash leaves the old file or the new one: temporary file in
/// the same folder, fsync, rename. Missing parent folders are created. Secrets of the process
/// are taken out of text. A symlink at `path` is replaced.
///
/// # Errors
/// Any I/O error; the old file is then untouched.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = folder_of(path);
    super::fence().check_output(path)?;
    create_folders(folder)?;
    let mut file = tempfile::Builder::new()
        .permissions(readable())
        .tempfile_in(folder)?;
    file.write_all(&redacted_bytes(bytes))?;
    give_to_owner_of(folder, |user, group| fchown(file.as_file(), user, group));
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// Creates an empty file to write to, in place of what is at `path`.
///
/// # Errors
/// Any I/O error, also when the folder is missing.
pub fn create(path: &Path) -> io::Result<File> {
    super::fence().check_output(path)?;
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let file = OpenOptions::new().write(true).create_new(true).open(path)?;
    give_to_owner_of(folder_of(path), |user, group| fchown(&file, user, group));
    Ok(file)
}

/// Creates a folder and those above it, as far as they are missing.
///
/// # Errors
/// Any I/O error.
pub fn create_folders(folder: &Path) -> io::Result<()> {
    let above = folder.ancestors();
    let missing = above.take_while(|it| !it.as_os_str().is_empty() && !it.exists());
    let missing: Vec<&Path> = missing.collect();
    std::fs::create_dir_all(folder)?;
    for created in missing.into_iter().rev() {
        give_to_owner_of(folder_of(created), |user, group| {
            lchown(created, user, group)
        });
    }
    Ok(())
}

fn folder_of(path: &Path) -> &Path {
    let parent = path.parent().filter(|it| !it.as_os_str().is_empty());
    parent.unwrap_or_else(|| Path::new("."))
}

/// Gives what root has made to the owner of its folder. Where even root may not, as on some
/// network drives, it stays as it is.
fn give_to_owner_of(
    folder: &Path,
    change: impl FnOnce(Option<u32>, Option<u32>) -> io::Result<()>,
) {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let is_of_another = |it: &Metadata| it.uid() != 0 || it.gid() != 0;
    if let Some(owner) = folder.metadata().ok().filter(is_of_another)
        && let Err(error) = change(Some(owner.uid()), Some(owner.gid()))
    {
        tracing::debug!(%error, folder = %folder.display(), "the owner cannot be changed");
    }
}

// Later steps of a workflow run as another user than a Docker action, so the default 0600 will not
// do.
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

    #[test]
    fn what_root_makes_belongs_to_the_owner_of_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        let own = folder.path().metadata().unwrap();
        let is_root = rustix::process::geteuid().is_root();
        let owner = if is_root {
            (1234, 2345)
        } else {
            (own.uid(), own.gid())
        };
        std::os::unix::fs::chown(folder.path(), Some(owner.0), Some(owner.1)).unwrap();
        write_atomically(&folder.path().join("a/b/c.json"), b"{}").unwrap();
        create(&folder.path().join("a/journal")).unwrap();
        for name in ["a", "a/b", "a/b/c.json", "a/journal"] {
            let made = folder.path().join(name).metadata().unwrap();
            assert_eq!((made.uid(), made.gid()), owner, "{name}");
        }
    }
}
