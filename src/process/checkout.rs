//! The branch that is checked out in the working folder, as git's files say it.

use std::path::Path;

use crate::files::Fence;
use crate::gate::BranchName;

/// Largest file of git that is read: a reference is one line.
const MAX_BYTES: u64 = 4096;

/// A branch that is checked out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Checkout {
    pub(super) branch: BranchName,
    /// Its commit, where that is in a file of its own: hexadecimal.
    pub(super) commit: Option<String>,
}

impl Checkout {
    /// That of `folder`; `None` where there is no repository, or no branch is checked out.
    pub(super) fn read(folder: &Path) -> Option<Self> {
        let git = folder.join(".git");
        let read = |path: &Path| Fence::anywhere().read_text(path, MAX_BYTES).ok();
        let head = read(&git.join("HEAD"))?;
        let reference = head.strip_prefix("ref: ")?.trim_end();
        let branch: BranchName = reference.strip_prefix("refs/heads/")?.parse().ok()?;
        let commit = read(&git.join(reference));
        let is_hash =
            |text: &String| text.len() >= 40 && text.chars().all(|c| c.is_ascii_hexdigit());
        Some(Self {
            branch,
            commit: commit.map(|it| it.trim_end().to_owned()).filter(is_hash),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_branch_and_its_commit_are_read_and_a_single_commit_is_no_branch() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(".git").join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        let read = || Checkout::read(folder.path());
        assert_eq!(read(), None);
        let commit = "8f31c2e0aa558f31c2e0aa558f31c2e0aa558f31";
        write("HEAD", &format!("{commit}\n"));
        assert_eq!(read(), None);
        write("HEAD", "ref: refs/heads/release/1\n");
        let expected = |commit: Option<&str>| Checkout {
            branch: "release/1".parse().unwrap(),
            commit: commit.map(str::to_owned),
        };
        assert_eq!(read(), Some(expected(None)));
        write("refs/heads/release/1", &format!("{commit}\n"));
        assert_eq!(read(), Some(expected(Some(commit))));
        write("HEAD", "ref: refs/heads/../../secret\n");
        assert_eq!(read(), None);
    }
}
