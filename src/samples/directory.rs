//! A folder of images, audio or other files: each file is the body of one sample.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{MAX_FILE, Position, Sample, SamplesError, check_size, content_type, input};
use crate::files::{self, Fence, FileError};
use crate::text::{one_line, plural};
use crate::units::saturating_u32;

/// Names, in lower case and without their extension, of what programs leave beside files and of
/// what describes a folder. Left out wherever there is something else.
const SIDE_FILES: [&str; 6] = [
    "thumbs", "ehthumbs", "desktop", "readme", "license", "licence",
];
/// Extensions of files that describe or store others.
const SIDE_EXTENSIONS: [&str; 9] = ["db", "dvc", "ini", "lock", "log", "md", "py", "yaml", "yml"];

/// What a folder holds.
#[derive(Debug, Default)]
pub(super) struct Folder {
    /// The files that are read, in the order of names.
    pub(super) files: Vec<PathBuf>,
    /// Names of files that are not, in that order.
    left_out: Vec<String>,
    /// The folders in it, which are not.
    folders: Vec<PathBuf>,
}

impl Folder {
    /// Looks into the folder `path`. Hidden files are left out, and so are those that lie beside
    /// samples: what programs leave, descriptions, and, among images, audio and films, everything
    /// else.
    ///
    /// # Errors
    /// [`SamplesError::Io`], [`SamplesError::NoFile`] for a folder without any, and
    /// [`SamplesError::Pointer`] where a file is kept elsewhere.
    pub(super) fn list(path: &Path) -> Result<Self, SamplesError> {
        let mut folder = Self::default();
        for entry in files::list(path).map_err(|error| input::io(path, error))? {
            if is_hidden(&entry) {
                folder.left_out.push(name_of(&entry));
            } else if entry.is_dir() {
                folder.folders.push(entry);
            } else if entry.is_file() {
                folder.files.push(entry);
            } else if let Some(tool) = input::pointed_at(&entry) {
                return Err(SamplesError::Pointer { path: entry, tool });
            } else {
                folder.left_out.push(name_of(&entry));
            }
        }
        folder.leave_out_what_lies_beside()?;
        if folder.files.is_empty() {
            return Err(SamplesError::NoFile {
                path: path.to_owned(),
                left_out: folder.left_out,
                folders: folder.folders,
            });
        }
        Ok(folder)
    }

    fn leave_out_what_lies_beside(&mut self) -> Result<(), SamplesError> {
        let has_media = self
            .files
            .iter()
            .any(|file| content_type::is_media(content_type::of(file)));
        let files = std::mem::take(&mut self.files);
        for file in files {
            let is_media = content_type::is_media(content_type::of(&file));
            if super::extension(&file) == "dvc" && !file.with_extension("").exists() {
                // `x.jpg.dvc` without `x.jpg`: the file is kept elsewhere.
                input::read(&file)?;
            }
            if is_side_file(&file) || has_media && !is_media {
                self.left_out.push(name_of(&file));
            } else {
                self.files.push(file);
            }
        }
        Ok(())
    }

    /// The first `limit` files as the body of one sample each, in the order of [`Folder::files`].
    /// Together they may be as large as a file of samples.
    ///
    /// # Errors
    /// Those of [`read_one`], and [`SamplesError::Io`] for more.
    pub(super) fn read(
        &self,
        path: &Path,
        limit: usize,
        content_type: Option<&str>,
    ) -> Result<Vec<Sample>, SamplesError> {
        let fence = files::within(path);
        let mut bytes = 0;
        let mut samples = Vec::new();
        for file in self.files.iter().take(limit) {
            let sample = read_one(file, &fence, content_type)?;
            bytes += sample.body.len() as u64;
            if bytes > MAX_FILE {
                let most = MAX_FILE;
                return Err(input::io(path, FileError::TooLarge { bytes, most }));
            }
            samples.push(sample);
        }
        Ok(samples)
    }

    /// What is read of it and what is not; `None` when all of it is.
    pub(super) fn note(&self, path: &Path) -> Option<String> {
        let folders = self
            .folders
            .iter()
            .map(|it| format!("the folder {}", name_of(it)));
        let left_out: Vec<String> = self.left_out.iter().cloned().chain(folders).collect();
        if left_out.is_empty() {
            return None;
        }
        let mut kinds: BTreeMap<&str, u32> = BTreeMap::new();
        for file in &self.files {
            *kinds.entry(content_type::of(file)).or_default() += 1;
        }
        let kinds: Vec<String> = kinds
            .into_iter()
            .map(|(kind, count)| format!("{count} {kind}"))
            .collect();
        Some(format!(
            "`{}`: {} read ({}), left out: {}",
            path.display(),
            plural(saturating_u32(self.files.len()), "file"),
            kinds.join(", "),
            left_out.join(", ")
        ))
    }
}

fn name_of(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    one_line(&name.to_string_lossy())
}

fn is_hidden(path: &Path) -> bool {
    name_of(path).starts_with('.')
}

fn is_side_file(path: &Path) -> bool {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    SIDE_FILES.contains(&&*stem.to_lowercase())
        || SIDE_EXTENSIONS.contains(&&*super::extension(path))
}

/// A file inside `fence` as the body of one sample. Text loses its byte order mark, and is refused
/// in another encoding unless `content_type` names a charset; an archive is refused unless that
/// names a type.
pub(super) fn read_one(
    file: &Path,
    fence: &Fence,
    content_type: Option<&str>,
) -> Result<Sample, SamplesError> {
    if content_type.is_none()
        && input::is_called_archive(file)
        && let Some(kind) = input::archive_in(file, fence)?
    {
        return Err(SamplesError::Archive {
            path: file.to_owned(),
            kind,
        });
    }
    let mut body = input::body(file, fence)?;
    let by_extension = content_type::of(file);
    let has_charset = content_type.is_some_and(|it| it.contains("charset"));
    if content_type::is_text(by_extension) && !has_charset {
        body = input::decode(body, file)?.into_bytes();
    }
    check_size(&body, file, Position::Whole)?;
    Ok(Sample {
        body,
        content_type: Some(content_type.unwrap_or(by_extension).to_owned()),
        ..Sample::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
        folder
    }

    fn read_all(folder: &Path, content_type: Option<&str>) -> Result<Vec<Sample>, SamplesError> {
        Folder::list(folder)?.read(folder, usize::MAX, content_type)
    }

    fn read_one(file: &Path, content_type: Option<&str>) -> Result<Sample, SamplesError> {
        super::read_one(file, &Fence::anywhere(), content_type)
    }

    #[test]
    fn a_symlink_out_of_the_folder_is_refused_by_name() {
        let folder = folder(&[("inner/a.csv", b"1"), ("outside.txt", b"canary")]);
        let inner = folder.path().join("inner");
        std::os::unix::fs::symlink("../outside.txt", inner.join("b.csv")).unwrap();
        let error = read_all(&inner, None).unwrap_err().to_string();
        assert!(error.contains("b.csv`: a symlink leads out of"), "{error}");
    }

    #[test]
    fn a_symlink_into_the_store_of_the_same_repository_is_its_file() {
        let folder = folder(&[
            (".git/annex/objects/x/cat.jpg", b"cat"),
            (".dvc/cache/files/md5/ab/cd", b"dog"),
            ("images/c.jpg", b"bird"),
        ]);
        let images = folder.path().join("images");
        for (target, name) in [
            ("../.git/annex/objects/x/cat.jpg", "a.jpg"),
            ("../.dvc/cache/files/md5/ab/cd", "b.jpg"),
        ] {
            std::os::unix::fs::symlink(target, images.join(name)).unwrap();
        }
        let bodies: Vec<Vec<u8>> = read_all(&images, None)
            .unwrap()
            .into_iter()
            .map(|it| it.body)
            .collect();
        assert_eq!(bodies, [b"cat".as_slice(), b"dog", b"bird"]);
    }

    #[test]
    fn files_are_sent_in_the_order_of_their_names_with_their_content_type() {
        let folder = folder(&[("b.PNG", &[0, 255]), ("a.jpg", b"x"), (".hidden", b"no")]);
        let samples = read_all(folder.path(), None).unwrap();
        let types: Vec<&str> = samples
            .iter()
            .filter_map(|it| it.content_type.as_deref())
            .collect();
        assert_eq!(types, ["image/jpeg", "image/png"]);
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
        let folder = folder(&[("big.png", &vec![0; crate::samples::MAX_BODY_BYTES + 1])]);
        let error = read_all(folder.path(), None).unwrap_err().to_string();
        assert!(error.contains("big.png`: body of 4194305 bytes"), "{error}");
    }

    #[test]
    fn what_lies_beside_samples_is_left_out_and_said() {
        let folder = folder(&[
            ("b.png", b"x"),
            ("a.jpg", b"x"),
            ("c.jpg", b"x"),
            ("Thumbs.db", b"x"),
            (".DS_Store", b"x"),
            ("labels.txt", b"x"),
            ("metadata.jsonl", b"x"),
            ("raw/d.jpg", b"x"),
        ]);
        let note = Folder::list(folder.path())
            .unwrap()
            .note(Path::new("images"));
        assert_eq!(
            note.unwrap(),
            "`images`: 3 files read (2 image/jpeg, 1 image/png), left out: .DS_Store, Thumbs.db, labels.txt, \
             metadata.jsonl, the folder raw"
        );
    }

    #[test]
    fn texts_are_samples_where_there_is_nothing_else() {
        let folder = folder(&[("a.txt", b"x"), ("b.json", b"{}"), ("c.bin", b"")]);
        let listed = Folder::list(folder.path()).unwrap();
        assert_eq!(listed.files.len(), 3);
        assert_eq!(listed.note(Path::new("f")), None);
    }

    #[test]
    fn a_folder_of_folders_names_them() {
        let folder = folder(&[
            ("cats/a.jpg", b"x"),
            ("dogs/b.jpg", b"x"),
            ("README.md", b"x"),
        ]);
        let error = Folder::list(folder.path()).unwrap_err();
        let place = folder.path().display();
        assert_eq!(
            error.to_string(),
            format!("samples `{place}` holds no file that can be a sample: left out are README.md")
        );
        assert_eq!(
            error.hint().unwrap(),
            format!(
                "folders in a folder are not read: `sagegate samples {place}/cats {place}/dogs --out samples.jsonl`"
            )
        );
    }

    #[test]
    fn a_pointer_of_dvc_is_none_beside_its_file() {
        let both = folder(&[("a.jpg", b"x"), ("a.jpg.dvc", b"outs:")]);
        assert_eq!(Folder::list(both.path()).unwrap().files.len(), 1);
        let alone = folder(&[("a.jpg", b"x"), ("b.jpg.dvc", b"outs:")]);
        let error = Folder::list(alone.path()).unwrap_err();
        assert!(
            error.to_string().contains("b.jpg.dvc` is a pointer of DVC"),
            "{error}"
        );
    }

    #[test]
    fn an_archive_is_refused_unless_its_type_is_given() {
        let folder = folder(&[("a.zip", b"PK\x03\x04"), ("b.npz", b"PK\x03\x04")]);
        let path = |name: &str| folder.path().join(name);
        assert!(matches!(
            read_one(&path("a.zip"), None),
            Err(SamplesError::Archive { .. })
        ));
        assert!(read_one(&path("a.zip"), Some("application/zip")).is_ok());
        assert!(read_one(&path("b.npz"), None).is_ok());
    }

    #[test]
    fn text_loses_its_byte_order_mark_and_must_be_utf_8() {
        let bom = include_bytes!("../../tests/fixtures/field/bom.json");
        let folder = folder(&[("bom.json", bom), ("latin.csv", b"M\xfcnchen")]);
        let path = |name: &str| folder.path().join(name);
        assert_eq!(
            read_one(&path("bom.json"), None).unwrap().body,
            b"{\"inputs\":\"hi\"}"
        );
        let error = read_one(&path("latin.csv"), None).unwrap_err();
        assert!(error.to_string().contains("Latin-1"), "{error}");
        let kept = read_one(&path("latin.csv"), Some("text/csv; charset=latin-1")).unwrap();
        assert_eq!(kept.body, b"M\xfcnchen");
    }
}
