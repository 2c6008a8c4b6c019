//! Causes in words.

use crate::result::Cause;

/// What something is due to, in two or three words.
pub(super) const fn name(cause: Cause) -> &'static str {
    match cause {
        Cause::Model => "the model",
        Cause::Service => "AWS failed",
        Cause::Quota => "account quota",
        Cause::Access => "missing permission",
        Cause::Runner => "this machine",
        Cause::Input => "a sample was refused",
    }
}

/// What would decide, for a headline.
pub(super) const fn decides(cause: Cause) -> &'static str {
    match cause {
        Cause::Model => "fix the model",
        Cause::Service => "run again",
        Cause::Quota => "raise the quota",
        Cause::Access => "allow it",
        Cause::Runner => "run it elsewhere",
        Cause::Input => "fix the sample",
    }
}

/// What to do about a size that could not be judged.
pub(super) const fn remedy(cause: Cause) -> &'static str {
    match cause {
        Cause::Model => "fix the model.",
        Cause::Service => "run the job again: nothing is known to be wrong with the model.",
        Cause::Quota => {
            "request the quota in Service Quotas (SageMaker, `Memory size in MB per serverless endpoint` or \
             L-96300102 for total concurrency), or measure the sizes that fit and record main with the same \
             `memory-sizes`."
        }
        Cause::Access => {
            "allow the IAM action that AWS names, for the role that measures or for the model's own role."
        }
        Cause::Runner => "run the job on a machine with enough open files, and a working network.",
        Cause::Input => {
            "fix the sample that AWS refused: a body has at most 4 MB, and the content type is the model's."
        }
    }
}
