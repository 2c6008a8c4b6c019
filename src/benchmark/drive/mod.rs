//! Drives endpoints: one client that calls in sequence (stability), two endpoints in turn beside a
//! reference, or many clients at once under loads (concurrency: closed and open loop).

mod again;
mod alternation;
mod closed_loop;
mod failing;
mod loads;
mod open_loop;
mod recorder;
mod round;
mod sequence;
mod shares;

pub(super) use self::alternation::{Alternation, Side, Turns};
pub(super) use self::loads::drive_loads;
pub(super) use self::sequence::drive_sequence;
pub use self::shares::{Helper, Helpers, Share, ShareDone};
