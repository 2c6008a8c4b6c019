//! The same run as a `SageMaker` processing job: its inputs, the work inside, its results.

pub(crate) mod exchange;
pub(crate) mod follow;
pub(crate) mod gather;
pub(crate) mod input;
pub(crate) mod inside;
pub(crate) mod submission;
