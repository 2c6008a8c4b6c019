//! Where files may lie, and how they are opened.

use std::collections::BTreeMap;
use std::fs::{File, FileType, OpenOptions};
use std::io::Read as _;
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _};
use std::path::{Component, Path, PathBuf};

use rustix::fs::OFlags;

use super::FileError;

/// Where the kernel and devices show themselves as files.
const SYSTEM: [&str; 3] = ["/proc", "/sys", "/dev"];
/// Folder of git: a checkout keeps its token there.
const GIT: &str = ".git";
/// Where git-annex and DVC keep the files of a repository, with symlinks in their places.
const STORES: [&str; 2] = [".git/annex/objects", ".dvc/cache"];

/// The folders that files may lie in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fence {
    /// A path that names a place in one of them does not lead out of it.
    roots: Vec<Root>,
    /// Whether a path may name no other place.
    is_closed: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Root {
    /// As it was named, absolute.
    given: PathBuf,
    /// Without symlinks.
    canonical: PathBuf,
}

impl Root {
    /// `None` for a folder that is not there.
    fn new(folder: &Path) -> Option<Self> {
        let folder = if folder.as_os_str().is_empty() {
            Path::new(".")
        } else {
            folder
        };
        Some(Self {
            given: normal(folder)?,
            canonical: folder.canonicalize().ok()?,
        })
    }

    fn names(&self, path: &Path) -> bool {
        path.starts_with(&self.given) || path.starts_with(&self.canonical)
    }

    /// Whether a place without symlinks is in a store of the repository that the folder is in.
    fn has_in_store(&self, place: &Path) -> bool {
        let mut above = self.canonical.ancestors();
        above.any(|it| STORES.iter().any(|store| place.starts_with(it.join(store))))
    }
}

impl Fence {
    /// Files may lie anywhere.
    pub const fn anywhere() -> Self {
        Self {
            roots: Vec::new(),
            is_closed: false,
        }
    }

    /// Around one folder. Around one that is not there no file lies.
    pub fn around(folder: &Path) -> Self {
        Self {
            roots: Root::new(folder).into_iter().collect(),
            is_closed: true,
        }
    }

    /// In a workflow: the workspace, and beside it the folder that the runner empties after a job,
    /// where artifacts are downloaded to. Inputs of the action are inside; an argument that a
    /// script types may name another place, and no symlink may. Anywhere outside a workflow.
    pub fn of_environment(environment: &BTreeMap<String, String>, from_inputs: bool) -> Self {
        let variable = |name: &str| environment.get(name).filter(|value| !value.is_empty());
        if variable("GITHUB_ACTIONS").is_none_or(|it| it != "true") {
            return Self::anywhere();
        }
        let workspace = variable("GITHUB_WORKSPACE").and_then(|it| Root::new(Path::new(it)));
        let workspace = workspace.or_else(|| Root::new(Path::new(".")));
        let temporary = variable("RUNNER_TEMP").and_then(|it| Root::new(Path::new(it)));
        Self {
            roots: workspace.into_iter().chain(temporary).collect(),
            is_closed: from_inputs,
        }
    }

    /// The fence around what a file in `folder` names: nothing else than this fence and that
    /// folder.
    #[must_use]
    pub fn or_within(&self, folder: &Path) -> Self {
        if self.is_closed {
            return self.clone();
        }
        let roots = self.roots.iter().cloned().chain(Root::new(folder));
        Self {
            roots: roots.collect(),
            is_closed: true,
        }
    }

    /// Whether there is a fence, and the path names a place inside it.
    pub fn holds(&self, path: &Path) -> bool {
        normal(path).is_some_and(|path| self.root_of(&path).is_some())
    }

    /// Reads a regular file of at most `most` bytes.
    ///
    /// # Errors
    /// Any [`FileError`].
    pub fn read(&self, path: &Path, most: u64) -> Result<Vec<u8>, FileError> {
        let file = self.open(path)?;
        let bytes = file.metadata()?.len();
        if bytes > most {
            return Err(FileError::TooLarge { bytes, most });
        }
        let mut read = Vec::new();
        file.take(most.saturating_add(1)).read_to_end(&mut read)?;
        // It may have grown.
        let bytes = read.len() as u64;
        if bytes > most {
            return Err(FileError::TooLarge { bytes, most });
        }
        Ok(read)
    }

    /// The same for a file of text.
    ///
    /// # Errors
    /// Any [`FileError`].
    pub fn read_text(&self, path: &Path, most: u64) -> Result<String, FileError> {
        String::from_utf8(self.read(path, most)?).map_err(|error| FileError::NotText {
            valid_up_to: error.utf8_error().valid_up_to(),
            bytes: error.into_bytes(),
        })
    }

    /// Opens a regular file to read.
    ///
    /// # Errors
    /// Any [`FileError`].
    pub fn open(&self, path: &Path) -> Result<File, FileError> {
        self.open_with(path, OpenOptions::new().read(true))
    }

    /// Opens a regular file to add to its end.
    ///
    /// # Errors
    /// Any [`FileError`].
    pub fn append(&self, path: &Path) -> Result<File, FileError> {
        self.open_with(path, OpenOptions::new().append(true))
    }

    fn open_with(&self, path: &Path, options: &mut OpenOptions) -> Result<File, FileError> {
        let place = self.place(path)?;
        // Opening a pipe or a device may have an effect, so it is looked at before, and again when
        // it is open, as it may be another file by then.
        expect_file(std::fs::metadata(&place)?.file_type())?;
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
        let flags = i32::try_from(flags.bits()).unwrap_or_default();
        let file = options.custom_flags(flags).open(&place)?;
        expect_file(file.metadata()?.file_type())?;
        Ok(file)
    }

    /// Everything in a folder, in the order of names.
    ///
    /// # Errors
    /// Any [`FileError`].
    pub fn list(&self, folder: &Path) -> Result<Vec<PathBuf>, FileError> {
        self.place(folder)?;
        let mut files = Vec::new();
        for entry in std::fs::read_dir(folder)? {
            files.push(entry?.path());
        }
        files.sort();
        Ok(files)
    }

    /// Where a path leads, symlinks followed.
    fn place(&self, path: &Path) -> Result<PathBuf, FileError> {
        let named = normal(path).unwrap_or_else(|| path.to_owned());
        if is_of_the_system(&named) {
            return Err(FileError::OfTheSystem);
        }
        let root = self.root_of(&named);
        if root.is_none() && self.is_closed {
            let first = self.roots.first().map(|it| it.given.clone());
            return Err(FileError::Outside(first.unwrap_or_default()));
        }
        let place = path.canonicalize()?;
        if is_of_the_system(&place) {
            return Err(FileError::OfTheSystem);
        }
        if let Some(root) = root.filter(|it| !it.has_in_store(&place)) {
            let Ok(inside) = place.strip_prefix(&root.canonical) else {
                return Err(FileError::LeadsOut(root.given.clone()));
            };
            if inside.components().any(|part| part.as_os_str() == GIT) {
                return Err(FileError::OfGit);
            }
        }
        Ok(place)
    }

    /// Makes sure that what is written to `path` stays where the path says: no folder on the way
    /// leads out of the fence.
    ///
    /// # Errors
    /// [`FileError::LeadsOut`] or [`FileError::OfGit`].
    pub(super) fn check_output(&self, path: &Path) -> Result<(), FileError> {
        let named = normal(path).unwrap_or_else(|| path.to_owned());
        let Some(root) = self.root_of(&named) else {
            return Ok(());
        };
        let mut folders = named.ancestors().skip(1);
        let Some(place) = folders.find_map(|it| it.canonicalize().ok()) else {
            return Ok(());
        };
        match place.strip_prefix(&root.canonical) {
            Ok(inside) if inside.components().any(|part| part.as_os_str() == GIT) => {
                Err(FileError::OfGit)
            }
            Ok(_) => Ok(()),
            Err(_) => Err(FileError::LeadsOut(root.given.clone())),
        }
    }

    fn root_of(&self, named: &Path) -> Option<&Root> {
        self.roots.iter().find(|root| root.names(named))
    }
}

/// An absolute path without `.` and `..`, symlinks not followed; `None` where there is no current
/// folder.
fn normal(path: &Path) -> Option<PathBuf> {
    let mut normal = PathBuf::new();
    for part in std::path::absolute(path).ok()?.components() {
        match part {
            Component::ParentDir => {
                normal.pop();
            }
            Component::CurDir => {}
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => normal.push(part),
        }
    }
    Some(normal)
}

fn is_of_the_system(path: &Path) -> bool {
    SYSTEM.iter().any(|system| path.starts_with(system))
}

fn expect_file(kind: FileType) -> Result<(), FileError> {
    let what = match kind {
        _ if kind.is_file() => return Ok(()),
        _ if kind.is_dir() => "a folder",
        _ if kind.is_fifo() => "a pipe",
        _ if kind.is_socket() => "a socket",
        _ => "a device",
    };
    Err(FileError::NotAFile(what))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// A workspace beside a file that is none of its.
    struct Case {
        _folder: tempfile::TempDir,
        workspace: PathBuf,
        fence: Fence,
    }

    fn case() -> Case {
        let folder = tempfile::tempdir().unwrap();
        let workspace = folder.path().join("workspace");
        for inside in ["data", ".git"] {
            std::fs::create_dir_all(workspace.join(inside)).unwrap();
        }
        std::fs::write(folder.path().join("secret"), "canary").unwrap();
        std::fs::write(workspace.join("data/a.txt"), "a").unwrap();
        std::fs::write(workspace.join(".git/config"), "canary").unwrap();
        Case {
            fence: Fence::around(&workspace),
            workspace,
            _folder: folder,
        }
    }

    impl Case {
        fn read(&self, name: &str) -> Result<String, String> {
            let read = self.fence.read_text(&self.workspace.join(name), 100);
            read.map_err(|error| error.to_string())
        }

        fn link(&self, target: &str, name: &str) {
            symlink(target, self.workspace.join(name)).unwrap();
        }
    }

    #[test]
    fn a_symlink_may_stay_inside_and_not_lead_out() {
        let case = case();
        case.link("a.txt", "data/same");
        case.link("../../secret", "data/out");
        case.link("..", "up");
        case.link("/etc", "etc");
        assert_eq!(case.read("data/same").unwrap(), "a");
        for name in ["data/out", "up/secret", "etc/hostname", "../secret"] {
            let error = case.read(name).unwrap_err();
            let words = format!("of `{}`", case.workspace.display());
            assert!(
                error.contains("out") && error.ends_with(&words),
                "{name}: {error}"
            );
        }
    }

    #[test]
    fn files_of_the_system_and_of_git_are_not_read_and_only_files_are() {
        let case = case();
        case.link("/proc/self/environ", "environ");
        case.link("/dev/zero", "zero");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            case.workspace.join("pipe"),
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RUSR,
            0,
        )
        .unwrap();
        for (name, words) in [
            ("environ", "files of the system are not read"),
            ("zero", "files of the system are not read"),
            ("pipe", "it is a pipe and not a file"),
            ("data", "it is a folder and not a file"),
            (".git/config", "files of git itself are not read"),
        ] {
            assert_eq!(case.read(name).unwrap_err(), words, "{name}");
        }
        let anywhere = Fence::anywhere();
        for name in ["/proc/self/environ", "/dev/stdin", "/sys/kernel/mm"] {
            let error = anywhere.read(Path::new(name), 100).unwrap_err();
            assert!(matches!(error, FileError::OfTheSystem), "{name}: {error}");
        }
        let pipe = case.workspace.join("pipe");
        assert!(matches!(
            anywhere.open(&pipe),
            Err(FileError::NotAFile("a pipe"))
        ));
    }

    #[test]
    fn a_file_that_is_too_large_is_not_read_to_its_end() {
        let case = case();
        let path = case.workspace.join("data/large");
        let sparse = File::create(&path).unwrap();
        sparse.set_len(1 << 40).unwrap();
        let error = case.fence.read(&path, 100).unwrap_err();
        assert_eq!(
            error.to_string(),
            "it has 1099511627776 bytes, at most 100 are read"
        );
        sparse.set_len(100).unwrap();
        assert_eq!(case.fence.read(&path, 100).unwrap().len(), 100);
    }

    #[test]
    fn what_an_input_names_lies_beside_it_where_there_is_no_workspace() {
        let case = case();
        let input = case.workspace.join("data/samples.jsonl");
        std::fs::write(case.workspace.join("b.txt"), "b").unwrap();
        let beside = Fence::anywhere().or_within(input.parent().unwrap());
        assert!(beside.read(&case.workspace.join("data/a.txt"), 9).is_ok());
        let outside = beside.read(&case.workspace.join("data/../b.txt"), 9);
        assert!(matches!(outside, Err(FileError::Outside(_))));
        let in_workflow = case.fence.or_within(input.parent().unwrap());
        assert!(in_workflow.read(&case.workspace.join("b.txt"), 9).is_ok());
    }

    #[test]
    fn in_a_workflow_there_is_a_fence_around_the_workspace_and_one_around_the_runners_folder() {
        let case = case();
        let temporary = case.workspace.parent().unwrap().join("_temp");
        std::fs::create_dir(&temporary).unwrap();
        std::fs::write(temporary.join("token"), "canary").unwrap();
        let variables = [
            ("GITHUB_ACTIONS", "true".to_owned()),
            ("GITHUB_WORKSPACE", case.workspace.display().to_string()),
            ("RUNNER_TEMP", temporary.display().to_string()),
        ];
        let environment: BTreeMap<String, String> = variables
            .map(|(name, value)| (name.to_owned(), value))
            .into();
        let fence = Fence::of_environment(&environment, true);
        assert!(fence.read(&case.workspace.join("data/a.txt"), 9).is_ok());
        assert!(fence.read(&temporary.join("token"), 9).is_ok());
        case.link("../_temp/token", "token");
        let led_out = fence.read(&case.workspace.join("token"), 9);
        assert!(matches!(led_out, Err(FileError::LeadsOut(_))));
        assert!(fence.holds(&case.workspace.join("any")) && !fence.holds(Path::new("/etc")));
        let elsewhere = case.workspace.parent().unwrap().join("secret");
        let outside = fence.read(&elsewhere, 9);
        assert!(matches!(outside, Err(FileError::Outside(_))));
        // What a script types, but not what leads there or what a file names.
        let typed = Fence::of_environment(&environment, false);
        assert!(typed.read(&elsewhere, 9).is_ok());
        assert!(matches!(
            typed.read(&case.workspace.join("token"), 9),
            Err(FileError::LeadsOut(_))
        ));
        let named = typed.or_within(&case.workspace.join("data"));
        assert!(matches!(
            named.read(&elsewhere, 9),
            Err(FileError::Outside(_))
        ));
        for from_inputs in [true, false] {
            let nowhere = Fence::of_environment(&BTreeMap::new(), from_inputs);
            assert_eq!(nowhere, Fence::anywhere());
        }
    }

    #[test]
    fn around_a_folder_that_is_not_there_lies_nothing() {
        let case = case();
        let fence = Fence::anywhere().or_within(&case.workspace.join("gone"));
        let read = fence.read(&case.workspace.join("data/a.txt"), 9);
        assert!(matches!(read, Err(FileError::Outside(_))));
    }

    #[test]
    fn what_is_written_stays_inside() {
        let case = case();
        case.link("..", "results");
        case.link(".git", "hooks");
        let check = |name: &str| case.fence.check_output(&case.workspace.join(name));
        assert!(check("new/folder/result.json").is_ok());
        assert!(matches!(
            check("results/x.json"),
            Err(FileError::LeadsOut(_))
        ));
        assert!(matches!(
            check("results/new/x"),
            Err(FileError::LeadsOut(_))
        ));
        assert!(matches!(check("hooks/x"), Err(FileError::OfGit)));
    }
}
