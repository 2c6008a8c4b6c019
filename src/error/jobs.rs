//! What can go wrong with a processing job once its input is right.

use std::path::PathBuf;

use crate::aws::AwsError;
use crate::hint::hinted;

hinted! {
    /// Why a processing job gave no result, or an incomplete one.
    pub enum JobError {
        /// An object cannot be written or read.
        #[error("`{address}`: {source}")]
        #[hint(object_hint(source))]
        Object {
            /// The object.
            address: String,
            /// AWS's words.
            source: AwsError,
        },
        /// A value that JSON cannot hold.
        #[error("`{name}` cannot be written: {reason}")]
        Unwritable {
            /// The object.
            name: String,
            /// Why.
            reason: String,
        },
        /// What the job has measured cannot be fetched now; it stays in S3.
        #[error("the results of job {job} cannot be fetched from `{address}`: {source}")]
        #[hint(Some(format!(
            "{}they are kept there: `sagegate collect --job {job}` fetches them later",
            object_hint(source).map(|it| it + "; ").unwrap_or_default()
        )))]
        NotFetched {
            /// The job.
            job: String,
            /// The object.
            address: String,
            /// AWS's words.
            source: AwsError,
        },
        /// A job cannot be followed; a stop was requested.
        #[error("job {job} cannot be followed: {source}")]
        #[hint(source.hint())]
        NotFollowed {
            /// The job.
            job: String,
            /// AWS's words.
            source: AwsError,
        },
        /// The wait has timed out, and the job still runs.
        #[error("job {job} still runs")]
        #[hint("`sagegate collect --job {job}` fetches its results later")]
        StillRuns {
            /// Its name.
            job: String,
        },
        /// It did not complete.
        #[error("job {job} has {}: {reason}{}", words(status), and_kept_in(kept.as_ref()))]
        #[hint("its log is in CloudWatch, group /aws/sagemaker/ProcessingJobs")]
        Ended {
            /// Its name.
            job: String,
            /// AWS's word for how it ended.
            status: String,
            /// What AWS and the job itself say: hostile text.
            reason: String,
            /// The result so far, where there is one.
            kept: Option<PathBuf>,
        },
        /// It has ended well and left no result.
        #[error("job {job} has left no result in `{address}`")]
        #[hint("is --image-uri-of-sagegate the image of sagegate, of this version?")]
        NoResult {
            /// Its name.
            job: String,
            /// Where it was looked for.
            address: String,
        },
    }
}

fn words(status: &str) -> String {
    match status {
        "Stopped" => "been stopped".to_owned(),
        other => other.to_lowercase(),
    }
}

fn and_kept_in(path: Option<&PathBuf>) -> String {
    let said = path.map(|_| format!("; {}", super::kept_in(path)));
    said.unwrap_or_default()
}

impl JobError {
    /// Whether the output folder holds measurements.
    pub const fn keeps_results(&self) -> bool {
        matches!(self, Self::Ended { kept: Some(_), .. })
    }
}

fn object_hint(source: &AwsError) -> Option<String> {
    match source.code.as_deref() {
        Some("NoSuchBucket") => {
            Some("create the bucket, or choose another place with --s3-output".to_owned())
        }
        Some(_) | None => source.bucket_hint(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn an_end_says_what_is_kept() {
        let ended = |status: &str, kept: Option<&Path>| JobError::Ended {
            job: "j".to_owned(),
            status: status.to_owned(),
            reason: "exit code 3".to_owned(),
            kept: kept.map(Path::to_owned),
        };
        assert_eq!(
            ended("Failed", None).to_string(),
            "job j has failed: exit code 3"
        );
        assert_eq!(
            ended("Stopped", Some(Path::new("r.json"))).to_string(),
            "job j has been stopped: exit code 3; what was measured so far is in `r.json`"
        );
        assert!(ended("Stopped", Some(Path::new("r.json"))).keeps_results());
        assert!(!ended("Stopped", None).keeps_results());
    }
}
