//! The same run as a `SageMaker` processing job: what goes there, what it does inside, what comes back.

mod collect;
mod exchange;
mod follow;
mod gather;
mod input;
mod inside;
mod submit;

pub(super) use self::collect::collect;
pub(super) use self::inside::inside;
pub(super) use self::submit::submit;
