//! `sagegate samples`: makes a samples file from other files.

use std::path::Path;

use crate::config::Samples;
use crate::error::UsageError;
use crate::exit::ExitStatus;
use crate::files::write_atomically;
use crate::pipeline::Outcome;
use crate::process::Process;
use crate::samples::make;
use crate::text::plural;
use crate::units::saturating_u32;

/// Makes a samples file.
pub(super) fn samples(samples: &Samples, process: &Process) -> Outcome {
    let out = &samples.out;
    let is_input = |from: &Path| match (from.canonicalize(), out.canonicalize()) {
        (Ok(from), Ok(out)) => from == out,
        _ => false,
    };
    if samples.from.iter().any(|from| is_input(from)) {
        return Err(UsageError::OutIsInput { path: out.clone() }.into());
    }
    let made = make(&samples.from, &samples.options)?;
    for note in &made.notes {
        process.remark(note);
    }
    write_atomically(out, made.json_lines.as_bytes()).map_err(|source| UsageError::Unwritable {
        flag: "--out",
        path: out.clone(),
        source,
    })?;
    process.print(&format!(
        "{} in {}",
        plural(saturating_u32(made.count), "sample"),
        out.display()
    ));
    Ok(ExitStatus::Success)
}
