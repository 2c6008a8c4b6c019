//! What a pull request brings cannot hurt: files, secrets, artifacts, old comments.
//! `docs/security.md` names these tests.

mod artifacts;
mod evasion;
mod files;
mod page;
mod secrets;

use crate::support::Workspace;

/// What no text that leaves the program may hold.
pub(crate) const CANARY: &str = "CANARY0123456789";

/// Everything in a folder as text: name and content.
pub(crate) fn texts_in(folder: &std::path::Path) -> Vec<(String, String)> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut texts = Vec::new();
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            texts.extend(texts_in(&path));
        } else if let Ok(bytes) = std::fs::read(&path) {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            texts.push((path.display().to_string(), text));
        }
    }
    texts
}

/// A symlink of the workspace, as git brings one.
pub(crate) fn link(workspace: &Workspace, target: &str, name: &str) {
    let path = workspace.path(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let _ = std::fs::remove_file(&path);
    std::os::unix::fs::symlink(target, path).unwrap();
}
