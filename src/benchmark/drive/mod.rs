//! Drives endpoints: one client that calls in sequence (stability), or many at once under loads
//! (concurrency: closed and open loop).

mod again;
mod closed_loop;
mod failing;
mod loads;
mod open_loop;
mod recorder;
mod round;
mod sequence;
mod shares;

pub(super) use self::loads::drive_loads;
pub(super) use self::sequence::drive_sequence;
pub use self::shares::{Helper, Helpers, Share, ShareDone};
