//! What the containers of failed sizes wrote last: for the page only, since the words are the
//! model's and may be about its data.

use super::paragraph;
use crate::report::document::Block;
use crate::report::{Facts, Section};
use crate::result::EndpointRun;

/// The lines of each size that failed; `None` without any.
pub(in crate::report) fn section(facts: Facts<'_>) -> Option<Section> {
    let runs = facts.run.stability.iter();
    let blocks: Vec<Block> = runs
        .filter(|run| !run.container_log.is_empty())
        .flat_map(blocks)
        .collect();
    (!blocks.is_empty()).then(|| Section {
        summary: "Container log".to_owned(),
        blocks,
    })
}

fn blocks(run: &EndpointRun) -> [Block; 2] {
    let size = format!(
        "{}: the last lines that its container wrote.",
        run.memory_mb
    );
    [
        paragraph(size),
        Block::Log(run.container_log.lines().to_vec()),
    ]
}
