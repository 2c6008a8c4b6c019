//! What `--version --verbose` prints: all that a report of a mistake needs to name a program.

use std::env::consts::{ARCH, OS};
use std::ffi::{OsStr, OsString};

use crate::prices::PriceTable;

/// Set where releases are built; a build from source does not know its commit.
const COMMIT: Option<&str> = option_env!("SAGEGATE_COMMIT");

/// The version with commit, target and date of the price list, where the arguments ask for that.
pub fn long_version(arguments: &[OsString]) -> Option<String> {
    let asks = |it: &OsString| {
        ["--verbose", "-v", "-vV", "-Vv"]
            .map(OsStr::new)
            .contains(&&**it)
    };
    arguments.iter().any(asks).then(described)
}

fn described() -> String {
    let commit = COMMIT.filter(|it| !it.is_empty());
    let commit = commit.unwrap_or("unknown, as this is no release");
    format!(
        "sagegate {}\ncommit: {commit}\ntarget: {ARCH}-{OS}-{}\nprice list: {}\n",
        env!("CARGO_PKG_VERSION"),
        libc(),
        newest_list().as_deref().unwrap_or("none")
    )
}

const fn libc() -> &'static str {
    if cfg!(target_env = "musl") {
        "musl"
    } else if cfg!(target_feature = "crt-static") {
        "gnu, static"
    } else {
        "gnu"
    }
}

/// Date of the built-in prices.
fn newest_list() -> Option<String> {
    let table = PriceTable::bundled().ok()?;
    let dates = table.regions().map(|it| it.published.clone());
    dates.max()
}
