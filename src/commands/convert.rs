//! `samples` and `prices`: one file becomes another, without AWS.

use std::path::Path;

use super::Outcome;
use super::edges::Edges;
use crate::analysis::price_file_from_offer;
use crate::config::{PricesArgs, SamplesArgs};
use crate::error::Error;
use crate::files::write_atomically;
use crate::samples::{Header, MakeOptions, make};
use crate::text::plural;
use crate::units::saturating_u32;

/// Makes a samples file.
pub(super) fn samples(args: &SamplesArgs, edges: &Edges) -> Outcome {
    let is_input = |from: &Path| match (from.canonicalize(), args.out.canonicalize()) {
        (Ok(from), Ok(out)) => from == out,
        _ => false,
    };
    if args.from.iter().any(|from| is_input(from)) {
        return Err(Error::OutIsInput {
            path: args.out.clone(),
        });
    }
    let options = MakeOptions {
        header: if args.header {
            Header::Skipped
        } else {
            Header::Absent
        },
        content_type: args.content_type.clone(),
        limit: args.limit,
    };
    let made = make(&args.from, &options)?;
    write(&args.out, &made.json_lines)?;
    edges.print(&format!(
        "{} in {}",
        plural(saturating_u32(made.count), "sample"),
        args.out.display()
    ));
    Ok(0)
}

/// Makes a price file.
pub(super) fn prices(args: &PricesArgs, edges: &Edges) -> Outcome {
    let offer = std::fs::read_to_string(&args.from).map_err(|source| Error::OfferFile {
        path: args.from.clone(),
        source,
    })?;
    let table = price_file_from_offer(&offer, &args.from.display().to_string())?;
    match &args.out {
        Some(path) => {
            write(path, &table)?;
            edges.print(&format!("prices in {}", path.display()));
        }
        None => edges.print_json(&table),
    }
    Ok(0)
}

fn write(path: &Path, text: &str) -> Result<(), Error> {
    write_atomically(path, text.as_bytes()).map_err(|source| Error::OutFile {
        path: path.to_owned(),
        source,
    })
}
