//! The page.

use super::document::{Block, html as render};
use super::{Report, Section, headline, sanitise};

const STYLE: &str = include_str!("page.css");

/// One self-contained page without scripts: the comment with every detail open, and what failed
/// containers wrote, in the reader's colours.
pub fn html(report: &Report) -> String {
    let mut blocks = report.visible();
    blocks.extend(report.sections.iter().map(Section::block));
    blocks.extend(report.container_log.as_ref().map(Section::block));
    blocks.push(Block::SmallPrint(report.footer.clone()));
    let title = sanitise::html(&headline(report));
    let body = render(&blocks);
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n{body}</main>\n</body>\n</html>\n"
    )
}
