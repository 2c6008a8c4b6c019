//! The same run as a `SageMaker` processing job: what goes there, what it does inside, what comes
//! back.

pub(crate) mod exchange;
pub(crate) mod follow;
pub(crate) mod gather;
pub(crate) mod input;
pub(crate) mod inside;
pub(crate) mod submission;
