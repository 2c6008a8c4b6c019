//! What is sent to the model: the sample invocations and their content hash.

mod arguments;
mod content_type;
mod directory;
mod error;
mod foreign;
mod input;
mod json_lines;
mod lenient;
mod make;
mod pickle;
mod sample;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

pub use self::arguments::check_content_type;
pub use self::error::{Position, SamplesError};
pub use self::foreign::{Encoding, Pointer};
pub use self::make::{Header, Made, MakeOptions, make};
use self::sample::{EMPTY, check_size};
pub use self::sample::{MAX_BODY_BYTES, Sample};
use crate::files::MIB;
use crate::result::SampleInfo;
use crate::text::{hex, one_line};
use crate::units::saturating_u32;
use sha2::{Digest as _, Sha256};

/// Largest file of samples that is read.
const MAX_FILE: u64 = 512 * MIB;

/// The samples of a run. Call `i` sends sample `i mod len` (round robin).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleSet {
    source: PathBuf,
    samples: Vec<Sample>,
    /// Where each sample comes from; empty where that is not known any more.
    origins: Vec<Origin>,
    notes: Vec<String>,
}

/// Where a sample comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Origin {
    /// Line of the file, from 1.
    Line(usize),
    /// Name of a file of the folder.
    File(String),
    /// Nothing but its number says it.
    Number,
}

impl SampleSet {
    /// Reads a JSON Lines file, a `.pkl` or `.pickle` file of Python, or every file of a folder as
    /// one body each. `content_type` is given to samples without one.
    ///
    /// # Errors
    /// Any [`SamplesError`]; lines are counted from 1.
    pub fn load(path: &Path, content_type: Option<&str>) -> Result<Self, SamplesError> {
        let mut notes = Vec::new();
        let (origins, mut samples): (Vec<Origin>, Vec<Sample>) = if path.is_dir() {
            let folder = directory::Folder::list(path)?;
            notes.extend(folder.note(path));
            let origin = |file: &PathBuf| {
                let name = file.file_name().unwrap_or_default();
                Origin::File(one_line(&name.to_string_lossy()))
            };
            let origins = folder.files.iter().map(origin).collect();
            (origins, folder.read(path, usize::MAX, content_type)?)
        } else if matches!(extension(path).as_str(), "pkl" | "pickle") {
            let samples = pickle::parse(&input::read(path)?, path)?;
            samples.into_iter().map(|it| (Origin::Number, it)).unzip()
        } else {
            let samples = json_lines::parse(&samples_text(path)?, path)?;
            let of_line = |(line, sample)| (Origin::Line(line), sample);
            samples.into_iter().map(of_line).unzip()
        };
        if samples.is_empty() {
            return Err(SamplesError::Empty {
                path: path.to_owned(),
            });
        }
        for sample in samples
            .iter_mut()
            .filter(|sample| sample.content_type.is_none())
        {
            sample.content_type = content_type.map(str::to_owned);
        }
        notes.extend(without_type(&samples));
        Ok(Self {
            source: path.to_owned(),
            samples,
            origins,
            notes,
        })
    }

    /// The first `limit` samples; all of them for `None`.
    #[must_use]
    pub fn limited(mut self, limit: Option<NonZeroUsize>) -> Self {
        if let Some(limit) = limit {
            self.samples.truncate(limit.get());
            self.origins.truncate(limit.get());
        }
        self
    }

    /// Reads [`SampleSet::json_lines`] back; `source` is what the set was once made of.
    ///
    /// # Errors
    /// Any [`SamplesError`].
    pub fn from_json_lines(text: &str, source: &Path) -> Result<Self, SamplesError> {
        let samples = json_lines::parse(text, source)?;
        if samples.is_empty() {
            return Err(SamplesError::Empty {
                path: source.to_owned(),
            });
        }
        Ok(Self {
            source: source.to_owned(),
            samples: samples.into_iter().map(|(_, sample)| sample).collect(),
            origins: Vec::new(),
            notes: Vec::new(),
        })
    }

    /// What the user should know of how they were read, a sentence each. Holds names of files.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// `sample 2 (line 3)`: a sample for people, by its index.
    pub fn described(&self, index: u32) -> String {
        let number = u64::from(index) + 1;
        match self.origins.get(index as usize) {
            Some(Origin::Line(line)) => format!("sample {number} (line {line})"),
            Some(Origin::File(name)) => format!("sample {number} ({name})"),
            Some(Origin::Number) | None => format!("sample {number}"),
        }
    }

    /// The content type that a sample is sent with, by its index.
    pub fn content_type(&self, index: u32) -> Option<&str> {
        self.samples.get(index as usize)?.content_type.as_deref()
    }

    /// The samples with all their bodies: a file that needs no other.
    pub fn json_lines(&self) -> String {
        json_lines::write(&self.samples)
    }

    /// The sample that call number `call` sends, with its index.
    pub fn round_robin(&self, call: u32) -> (u32, &Sample) {
        let count = saturating_u32(self.samples.len());
        let index = call % count.max(1);
        // `load` refuses an empty file, so there always is one; the first stands in for the
        // impossible.
        let sample = self.samples.get(index as usize).or(self.samples.first());
        (index, sample.unwrap_or(&EMPTY))
    }

    /// Number of samples, at least 1.
    pub fn len(&self) -> usize {
        self.samples.len()
    }

    /// Never true for a loaded set.
    pub fn is_empty(&self) -> bool {
        self.samples.is_empty()
    }

    /// What the result keeps of the samples.
    pub fn info(&self) -> SampleInfo {
        SampleInfo {
            source: self.source.display().to_string(),
            count: self.samples.len(),
            sha256: self.sha256(),
        }
    }

    /// SHA-256 over every member of every sample, each with its length, so that no two sets collide
    /// by moving bytes between members.
    fn sha256(&self) -> String {
        let mut hash = Sha256::new();
        let mut add = |bytes: Option<&[u8]>| match bytes {
            Some(bytes) => {
                hash.update((bytes.len() as u64 + 1).to_le_bytes());
                hash.update(bytes);
            }
            None => hash.update(0_u64.to_le_bytes()),
        };
        for sample in &self.samples {
            add(Some(&sample.body));
            for member in sample.members() {
                add(member.as_deref().map(str::as_bytes));
            }
        }
        hex(&hash.finalize())
    }
}

/// The extension in lower case, empty without one.
fn extension(path: &Path) -> String {
    path.extension()
        .map(|extension| extension.to_string_lossy().to_lowercase())
        .unwrap_or_default()
}

/// The text of a file of samples. One that is no text looks like a payload.
fn samples_text(path: &Path) -> Result<String, SamplesError> {
    let text = input::text(path);
    if let Err(SamplesError::Encoding { encoding, .. }) = &text
        && *encoding == Encoding::Binary
    {
        return Err(SamplesError::LooksLikePayload {
            path: path.to_owned(),
            place: Position::Whole,
            payload: "binary data",
        });
    }
    text
}

/// Says that samples are sent without a type, as boto3 sends them.
fn without_type(samples: &[Sample]) -> Option<String> {
    let untyped = samples
        .iter()
        .filter(|it| it.content_type.is_none())
        .count();
    if untyped == 0 {
        return None;
    }
    let of = if untyped == samples.len() {
        format!("the samples name no ContentType: {untyped} of {untyped}")
    } else {
        format!("{untyped} of {} samples name no ContentType", samples.len())
    };
    Some(format!(
        "{of}; none is sent with them, as boto3 sends none (--content-type names one for them)"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(samples: Vec<Sample>) -> SampleSet {
        SampleSet {
            source: PathBuf::from("s.jsonl"),
            samples,
            origins: Vec::new(),
            notes: Vec::new(),
        }
    }

    fn sample(body: &str, content_type: Option<&str>) -> Sample {
        Sample {
            body: body.into(),
            content_type: content_type.map(str::to_owned),
            ..Sample::default()
        }
    }

    #[test]
    fn calls_walk_the_samples_in_turn() {
        let set = set(vec![
            sample("a", None),
            sample("b", None),
            sample("c", None),
        ]);
        let indices: Vec<u32> = (0..5).map(|call| set.round_robin(call).0).collect();
        assert_eq!(indices, [0, 1, 2, 0, 1]);
        assert_eq!(set.round_robin(4).1.body, b"b");
    }

    #[test]
    fn a_set_that_went_through_a_file_is_the_same() {
        let mut before = set(vec![sample("a", Some("text/csv")), sample("", None)]);
        before.samples[1].body = vec![0xff, 0];
        let after = SampleSet::from_json_lines(&before.json_lines(), &before.source).unwrap();
        assert_eq!(after, before);
        let empty = SampleSet::from_json_lines("\n", &before.source);
        assert!(matches!(empty, Err(SamplesError::Empty { .. })));
    }

    #[test]
    fn the_hash_changes_with_order_and_with_every_member() {
        let sets = [
            set(vec![sample("a", None), sample("b", None)]),
            set(vec![sample("b", None), sample("a", None)]),
            set(vec![sample("ab", None)]),
            set(vec![sample("a", Some("b"))]),
            set(vec![sample("a", Some("")), sample("b", None)]),
        ];
        let hashes: std::collections::BTreeSet<String> =
            sets.iter().map(|set| set.info().sha256).collect();
        assert_eq!(hashes.len(), sets.len());
        assert!(hashes.iter().all(|hash| hash.len() == 64));
    }

    #[test]
    fn bytes_that_are_no_text_are_refused_with_their_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.jsonl");
        std::fs::write(&path, b"{\"Body\":\"a\"}\n{\"Body\":\"\xff\"}\n").unwrap();
        let error = SampleSet::load(&path, None).unwrap_err().to_string();
        assert!(
            error.contains("line 2 is not UTF-8, probably Latin-1"),
            "{error}"
        );
    }

    #[test]
    fn a_content_type_is_given_to_samples_without_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.jsonl");
        let text = "{\"Body\":\"a\"}\n{\"Body\":\"b\",\"ContentType\":\"text/csv\"}\n";
        std::fs::write(&path, text).unwrap();
        let set = SampleSet::load(&path, Some("application/json")).unwrap();
        let types: Vec<_> = set
            .samples
            .iter()
            .filter_map(|it| it.content_type.as_deref())
            .collect();
        assert_eq!(types, ["application/json", "text/csv"]);
    }

    #[test]
    fn a_pickle_is_known_by_its_extension() {
        let folder = tempfile::tempdir().unwrap();
        // pickle.dumps([{"Body": b"\xff"}], 4)
        let bytes = b"\x80\x04\x95\x12\0\0\0\0\0\0\0]\x94}\x94\x8c\x04Body\x94C\x01\xff\x94sa.";
        for name in ["s.pkl", "s.PICKLE"] {
            let path = folder.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            let set = SampleSet::load(&path, Some("image/png")).unwrap();
            let sample = &set.samples[0];
            assert_eq!(sample.body, [0xff]);
            assert_eq!(sample.content_type.as_deref(), Some("image/png"));
        }
    }

    #[test]
    fn samples_are_described_by_number_and_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.jsonl");
        std::fs::write(&path, "\n{\"Body\":\"a\"}\n\n{\"Body\":\"b\"}\n").unwrap();
        let set = SampleSet::load(&path, None).unwrap();
        assert_eq!(set.described(0), "sample 1 (line 2)");
        assert_eq!(set.described(1), "sample 2 (line 4)");
        let images = folder.path().join("images");
        std::fs::create_dir(&images).unwrap();
        std::fs::write(images.join("b.png"), "x").unwrap();
        let set = SampleSet::load(&images, None).unwrap();
        assert_eq!(set.described(0), "sample 1 (b.png)");
        assert_eq!(set.content_type(0), Some("image/png"));
        let copied = SampleSet::from_json_lines(&set.json_lines(), &images).unwrap();
        assert_eq!(copied.described(0), "sample 1");
    }

    #[test]
    fn samples_without_a_type_are_said_to_be_sent_without() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.jsonl");
        let untyped = include_str!("../../tests/fixtures/field/no-content-type.jsonl");
        let typed = "{\"Body\":\"1\",\"ContentType\":\"text/csv\"}\n";
        let notes = |text: &str, content_type: Option<&str>| {
            std::fs::write(&path, text).unwrap();
            SampleSet::load(&path, content_type)
                .unwrap()
                .notes()
                .to_vec()
        };
        assert_eq!(
            notes(untyped, None),
            [
                "the samples name no ContentType: 1 of 1; none is sent with them, as boto3 sends none (--content-type names \
              one for them)"
            ]
        );
        assert_eq!(
            notes(&format!("{untyped}{typed}"), None),
            [
                "1 of 2 samples name no ContentType; none is sent with them, as boto3 sends none (--content-type names one \
              for them)"
            ]
        );
        assert_eq!(notes(untyped, Some("text/csv")), [""; 0]);
        assert_eq!(notes(typed, None), [""; 0]);
    }

    #[test]
    fn a_limit_takes_the_first_samples() {
        let whole = set(vec![
            sample("a", None),
            sample("b", None),
            sample("c", None),
        ]);
        assert_eq!(whole.clone().limited(None).len(), 3);
        let first = whole.clone().limited(NonZeroUsize::new(2));
        assert_eq!(first.len(), 2);
        assert_ne!(first.info().sha256, whole.info().sha256);
        assert_eq!(whole.limited(NonZeroUsize::new(9)).len(), 3);
    }

    #[test]
    fn payloads_are_told_which_command_makes_samples_of_them() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            let error = SampleSet::load(&path, None).unwrap_err();
            let place = format!("{}/", folder.path().display());
            crate::text::with_hint(&error, error.hint()).replace(&place, "")
        };
        let fixture = |name: &str| {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/field");
            at(name, &std::fs::read(path.join(name)).unwrap())
        };
        insta::assert_snapshot!(
            [
                fixture("features.jsonl"),
                fixture("instances.json"),
                fixture("matrix.json"),
                fixture("nan.jsonl"),
                fixture("rows-with-header.csv"),
                at("samples.jsonl", b"[1]"),
                at("my rows.csv", b"1,2\n"),
                at("cat.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"),
            ]
            .join("\n"),
            @"
            samples `features.jsonl` line 1 is an object without any argument of InvokeEndpoint: it looks like what the model gets, not like arguments of InvokeEndpoint; pass what `sagegate samples features.jsonl --out samples.jsonl` makes of it
            samples `instances.json` line 1 is an object without any argument of InvokeEndpoint: it looks like what the model gets, not like arguments of InvokeEndpoint; pass what `sagegate samples instances.json --out samples.jsonl` makes of it
            samples `matrix.json` line 1 is an array: it looks like what the model gets, not like arguments of InvokeEndpoint; pass what `sagegate samples matrix.json --out samples.jsonl` makes of it
            samples `nan.jsonl` line 1 is an object without any argument of InvokeEndpoint: it looks like what the model gets, not like arguments of InvokeEndpoint; pass what `sagegate samples nan.jsonl --out samples.jsonl` makes of it
            samples `rows-with-header.csv` line 1 is no JSON: it looks like what the model gets, not like arguments of InvokeEndpoint; pass what `sagegate samples rows-with-header.csv --out samples.jsonl` makes of it
            samples `samples.jsonl` line 1 is an array: it looks like what the model gets, not like arguments of InvokeEndpoint; pass what `sagegate samples samples.jsonl --out made.jsonl` makes of it
            samples `my rows.csv` line 1 is no JSON: it looks like what the model gets, not like arguments of InvokeEndpoint; pass what `sagegate samples 'my rows.csv' --out samples.jsonl` makes of it
            samples `cat.png` is binary data: it looks like what the model gets, not like arguments of InvokeEndpoint; pass what `sagegate samples cat.png --out samples.jsonl` makes of it
            "
        );
    }

    #[test]
    fn a_missing_and_an_empty_file_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("none.jsonl");
        let error = SampleSet::load(&path, None).unwrap_err();
        assert!(error.to_string().contains("none.jsonl"), "{error}");
        std::fs::write(&path, "\n  \n").unwrap();
        assert!(matches!(
            SampleSet::load(&path, None),
            Err(SamplesError::Empty { .. })
        ));
    }
}
