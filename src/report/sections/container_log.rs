//! What the containers of failed sizes wrote last: for the page only, since the words are the
//! model's and may be about its data.

use super::paragraph;
use crate::report::document::Block;
use crate::report::{Facts, Section};
use crate::result::EndpointRun;

/// The lines of each size that failed; `None` without any.
pub(in crate::report) fn section(facts: Facts<'_>) -> Option<Section> {
    let of = |runs: &[EndpointRun], whose: &str| -> Vec<Block> {
        let logs = runs.iter().filter(|run| !run.container_log.is_empty());
        logs.flat_map(|run| blocks(run, whose)).collect()
    };
    let reference = facts.run.reference.as_ref();
    let reference = reference.map(|it| {
        let whose = format!(", {}", facts.name_of_reference());
        of(&it.stability, &whose)
    });
    let mut blocks = of(&facts.run.stability, "");
    blocks.extend(reference.unwrap_or_default());
    (!blocks.is_empty()).then(|| Section {
        summary: "Container log".to_owned(),
        blocks,
    })
}

fn blocks(run: &EndpointRun, whose: &str) -> [Block; 2] {
    let size = format!(
        "{}{whose}: the last lines that its container wrote.",
        run.memory_mb
    );
    [
        paragraph(size),
        Block::Log(run.container_log.lines().to_vec()),
    ]
}
