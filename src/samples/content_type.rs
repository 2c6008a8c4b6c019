//! PURE: content types by file extension, in the spelling that the containers of AWS and Hugging
//! Face accept: they compare the header word by word, and answer any other with HTTP status 415.
//!
//! Sources, read in November 2026:
//! - aws/sagemaker-inference-toolkit, `content_types.py` and `decoder.py`: JSON, CSV, NPY, NPZ. The
//!   containers of `PyTorch`, `MXNet` and scikit-learn use it.
//! - aws/sagemaker-huggingface-inference-toolkit, `content_types.py`: besides those the images and
//!   the audio below. `audio/wav` and `audio/flac` are not among them: WAV is `audio/wave` and FLAC
//!   `audio/x-flac`. `audio/x-audio` and `image/x-image` stand for any other format: the decoders
//!   (ffmpeg, Pillow) look at the bytes.
//! - aws/sagemaker-xgboost-container, `xgb_content_types.py` and `encoder.py`: CSV whose delimiter
//!   is found in the body, hence for tabs too, LIBSVM and `RecordIO` protobuf; Parquet is what its
//!   training calls that format.
//! - SageMaker developer guide, "Common data formats for inference": `application/jsonlines`.

use std::path::Path;

use super::extension;

/// JSON.
pub(super) const JSON: &str = "application/json";
/// JSON Lines in one body.
pub(super) const JSON_LINES: &str = "application/jsonlines";
/// Comma-separated values.
pub(super) const CSV: &str = "text/csv";
/// A row of LIBSVM: `label index:value ...`.
pub(super) const LIBSVM: &str = "text/x-libsvm";
const ANY_AUDIO: &str = "audio/x-audio";
const ANY_IMAGE: &str = "image/x-image";
const OTHER: &str = "application/octet-stream";

const BY_EXTENSION: [(&str, &str); 51] = [
    // Tables and tensors.
    ("csv", CSV),
    ("tsv", CSV),
    ("json", JSON),
    ("jsonl", JSON_LINES),
    ("jsonlines", JSON_LINES),
    ("ndjson", JSON_LINES),
    ("libsvm", LIBSVM),
    ("svm", LIBSVM),
    ("npy", "application/x-npy"),
    ("npz", "application/x-npz"),
    ("parquet", "application/x-parquet"),
    ("pbr", "application/x-recordio-protobuf"),
    ("recordio", "application/x-recordio-protobuf"),
    // Text and documents: no container of AWS decodes them by itself.
    ("txt", "text/plain"),
    ("html", "text/html"),
    ("xml", "application/xml"),
    ("pdf", "application/pdf"),
    // Images.
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("jpe", "image/jpeg"),
    ("jfif", "image/jpeg"),
    ("png", "image/png"),
    ("tif", "image/tiff"),
    ("tiff", "image/tiff"),
    ("bmp", "image/bmp"),
    ("gif", "image/gif"),
    ("webp", "image/webp"),
    ("avif", ANY_IMAGE),
    ("heic", ANY_IMAGE),
    ("heif", ANY_IMAGE),
    ("ico", ANY_IMAGE),
    ("jp2", ANY_IMAGE),
    ("pgm", ANY_IMAGE),
    ("pnm", ANY_IMAGE),
    ("ppm", ANY_IMAGE),
    // Audio.
    ("wav", "audio/wave"),
    ("flac", "audio/x-flac"),
    ("mp3", "audio/mpeg"),
    ("ogg", "audio/ogg"),
    ("oga", "audio/ogg"),
    ("opus", "audio/ogg"),
    ("aac", ANY_AUDIO),
    ("aif", ANY_AUDIO),
    ("aiff", ANY_AUDIO),
    ("amr", ANY_AUDIO),
    ("m4a", ANY_AUDIO),
    ("wma", ANY_AUDIO),
    // Video, which no container of AWS decodes by itself.
    ("mp4", "video/mp4"),
    ("mov", "video/quicktime"),
    ("avi", "video/x-msvideo"),
    ("webm", "video/webm"),
];

/// What the extension of a file says.
pub(super) fn of(file: &Path) -> &'static str {
    let extension = extension(file);
    BY_EXTENSION
        .iter()
        .find(|(known, _)| *known == extension)
        .map_or(OTHER, |(_, content_type)| content_type)
}

/// Whether a body of this type is text, in which a byte order mark or another encoding is a
/// mistake.
pub(super) fn is_text(content_type: &str) -> bool {
    content_type.starts_with("text/")
        || [JSON, JSON_LINES, "application/xml"].contains(&content_type)
}

/// Whether it is an image, a recording or a film: what lies beside such files describes them.
pub(super) fn is_media(content_type: &str) -> bool {
    ["image/", "audio/", "video/"]
        .iter()
        .any(|kind| content_type.starts_with(kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `_decoder_map` of the Hugging Face toolkit and `_dmatrix_decoders_map` of the XGBoost
    /// container hold.
    const ACCEPTED: [&str; 19] = [
        "application/json",
        "text/csv",
        "application/x-npy",
        "application/x-npz",
        "image/jpeg",
        "image/png",
        "image/tiff",
        "image/bmp",
        "image/gif",
        "image/webp",
        "image/x-image",
        "audio/x-flac",
        "audio/mpeg",
        "audio/wave",
        "audio/ogg",
        "audio/x-audio",
        "text/libsvm",
        "text/x-libsvm",
        "application/x-recordio-protobuf",
    ];

    #[test]
    fn images_audio_and_tables_have_types_that_containers_accept() {
        for (extension, content_type) in BY_EXTENSION {
            let is_decoded = extension != "html" && extension != "txt" && extension != "parquet";
            let expects = is_media(content_type) && !content_type.starts_with("video/")
                || is_decoded && content_type.starts_with("text/");
            if expects {
                assert!(
                    ACCEPTED.contains(&content_type),
                    "{extension}: {content_type}"
                );
            }
        }
        let of = |name: &str| of(Path::new(name));
        assert_eq!(of("a.WAV"), "audio/wave");
        assert_eq!(of("a.flac"), "audio/x-flac");
        assert_eq!(of("a.m4a"), "audio/x-audio");
        assert_eq!(of("a.tif"), "image/tiff");
        assert_eq!(of("a.parquet"), "application/x-parquet");
        assert_eq!(of("a.npz"), "application/x-npz");
        assert_eq!(of("a.unknown"), "application/octet-stream");
        assert_eq!(of("none"), "application/octet-stream");
    }

    #[test]
    fn an_extension_has_one_type() {
        let names: std::collections::BTreeSet<&str> = BY_EXTENSION
            .iter()
            .map(|(extension, _)| *extension)
            .collect();
        assert_eq!(names.len(), BY_EXTENSION.len());
    }
}
