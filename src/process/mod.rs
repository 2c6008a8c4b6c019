//! The process: environment, clock, standard streams, signals, log. The only module that asks the
//! operating system for them.

mod checkout;
mod environment;
mod handle;
mod limits;
mod log;
mod messages;
mod signals;

pub use self::environment::{environment, in_actions};
pub use self::handle::Process;
pub(crate) use self::handle::now;
pub use self::limits::raise_open_files;
pub use self::log::LogWriter;
