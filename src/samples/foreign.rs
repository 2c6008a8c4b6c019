//! What can stand in place of a file of samples, and what text can be instead of UTF-8.

/// What stands in a folder in place of a file that is kept elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pointer {
    /// Git LFS: `version https://git-lfs.github.com/spec/v1`.
    GitLfs,
    /// DVC: a file `x.dvc` beside a missing `x`, or a link into its cache.
    Dvc,
    /// git-annex: `/annex/objects/...`, or a link to nowhere.
    GitAnnex,
}

impl Pointer {
    /// In a sentence.
    pub const fn name(self) -> &'static str {
        match self {
            Self::GitLfs => "a pointer of Git LFS",
            Self::Dvc => "a pointer of DVC",
            Self::GitAnnex => "a pointer of git-annex",
        }
    }

    /// How to get the file.
    pub const fn hint(self) -> &'static str {
        match self {
            Self::GitLfs => {
                "give actions/checkout `lfs: true`, or run `git lfs pull` before sagegate"
            }
            Self::Dvc => "run `dvc pull` before sagegate",
            Self::GitAnnex => "run `git annex get` before sagegate",
        }
    }
}

/// What a text file holds instead of UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Two bytes a character, as Windows writes "Unicode".
    Utf16,
    /// Four bytes a character.
    Utf32,
    /// One byte a character, with letters beyond ASCII.
    OneByte,
    /// No text at all.
    Binary,
}

impl Encoding {
    /// In a sentence.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Utf16 => "UTF-16",
            Self::Utf32 => "UTF-32",
            Self::OneByte => "not UTF-8, probably Latin-1 or Windows-1252",
            Self::Binary => "binary data, no text",
        }
    }

    /// Its name for `iconv`.
    pub const fn iconv(self) -> Option<&'static str> {
        match self {
            Self::Utf16 => Some("UTF-16"),
            Self::Utf32 => Some("UTF-32"),
            Self::OneByte => Some("WINDOWS-1252"),
            Self::Binary => None,
        }
    }
}
