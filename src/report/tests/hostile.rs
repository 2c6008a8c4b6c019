//! Words that want to be more than words.

use super::*;
use crate::result::{ContainerLog, Leftover, Reference, ResourceKind, Service};

const HOSTILE: &str = "x|y<img src=x onerror=1>@team\n::error::";

/// A run whose every untrusted word is hostile.
fn hostile_run() -> RunResult {
    let mut run = broken(&format!(
        "**{HOSTILE}** [a](https://evil.example) ##[error] \u{1b}[31m `x` {}",
        "y".repeat(5000)
    ));
    run.name = HOSTILE.to_owned();
    run.model_name = HOSTILE.to_owned();
    run.run_id = HOSTILE.to_owned();
    run.region = HOSTILE.to_owned();
    run.commit = Some(HOSTILE.to_owned());
    run.sagegate_version = HOSTILE.to_owned();
    run.samples.source = HOSTILE.to_owned();
    run.samples.sha256 = HOSTILE.to_owned();
    run.service = Service::Custom(HOSTILE.to_owned());
    let left = Leftover {
        kind: ResourceKind::Endpoint,
        name: HOSTILE.to_owned(),
        reason: HOSTILE.to_owned(),
    };
    run.cleanup.left = vec![left; 5];
    run.stability[1].container_log = ContainerLog::from(hostile_lines());
    run
}

/// Lines that want to be markdown, HTML, a fence, a workflow command, or to move the cursor.
fn hostile_lines() -> Vec<String> {
    [
        HOSTILE,
        "```",
        "</code></pre><script>alert(1)</script>",
        "</details><img src=x onerror=1>",
        "::error::x",
        "   ::stop-commands::x",
        "##[error]x",
        "\u{1b}[2J\u{1b}[31mred",
        "\u{202e}desrever",
        "[a](https://evil.example) @team #1 <!-- sagegate key=x -->",
        "only-in-the-log",
    ]
    .map(str::to_owned)
    .to_vec()
}

/// Beside a reference that is as hostile.
fn beside_hostile() -> RunResult {
    let run = hostile_run();
    let mut stability = model(1.0).stability;
    stability[0].outcome = run.stability[1].outcome.clone();
    stability[0].container_log = ContainerLog::from(hostile_lines());
    RunResult {
        reference: Some(Reference {
            model: HOSTILE.to_owned(),
            model_name: HOSTILE.to_owned(),
            rounds: 1,
            stability,
            concurrency: Vec::new(),
        }),
        stability: model(1.4).stability,
        ..run
    }
}

fn hostile_reports() -> Vec<Report> {
    let limits = Limits::default();
    let run = hostile_run();
    let beside = beside_hostile();
    let mut unmeasured = nothing_measured(HOSTILE);
    unmeasured.name = HOSTILE.to_owned();
    let it = Unmeasured {
        verdict: UnmeasuredVerdict::CouldNotMeasure,
        name: HOSTILE,
        leg: None,
        commit: Some(HOSTILE),
        run_id: HOSTILE,
        version: HOSTILE,
        at: "2026-11-22T10:12:09Z".parse().unwrap(),
        reason: HOSTILE,
        hint: Some(HOSTILE),
    };
    let hostile_links = Links {
        run_url: Some(HOSTILE.to_owned()),
        commit_url: Some("javascript:alert(1)".to_owned()),
        baseline: Some(HOSTILE.to_owned()),
        result: Some(HOSTILE.to_owned()),
        can_be_labelled: true,
        label_needs: None,
        workflow: Some(HOSTILE.to_owned()),
        written_by: Some(HOSTILE.to_owned()),
    };
    let same = |_: f64| hostile_run();
    let analysis = analyse(&run, &prices(), Strategy::Balanced);
    vec![
        report(&run, None, &limits),
        report(&run, Some(&history(5, model)), &limits),
        report(&run, Some(&history(3, same)), &limits),
        report(&unmeasured, None, &limits),
        report(&beside, None, &limits),
        compose(
            &run,
            &analysis,
            &judge(&run, &analysis, None, &limits, run.finished_at),
            &hostile_links,
        ),
        compose_unmeasured(&it, &hostile_links),
    ]
}

#[test]
fn hostile_words_change_no_structure_of_the_comment() {
    for report in hostile_reports() {
        let comment = markdown(&report);
        assert!(
            tables(&comment).0.iter().all(|columns| *columns == 6),
            "{comment}"
        );
        for line in comment.lines() {
            assert!(
                !line.trim_start().starts_with("::") && !line.contains("##["),
                "{line}"
            );
        }
        assert_eq!(foreign_nodes(&comment), Vec::<String>::new(), "{comment}");
    }
}

/// Raw HTML that is not ours, links that go elsewhere, and images.
fn foreign_nodes(markdown: &str) -> Vec<String> {
    let mut options = Options::default();
    options.extension.table = true;
    options.extension.autolink = true;
    let arena = Arena::new();
    let root = parse_document(&arena, markdown, &options);
    root.descendants()
        .filter_map(|node| foreign(&node.data().value))
        .collect()
}

fn foreign(value: &NodeValue) -> Option<String> {
    let starts = ["<!-- sagegate key=", "<details><summary>", "</details>"];
    let elements = ["<sub>", "</sub>", "<span>", "</span>"];
    let (text, is_ours) = if let NodeValue::HtmlBlock(html) = value {
        let text = &html.literal;
        (text, starts.iter().any(|start| text.starts_with(start)))
    } else if let NodeValue::HtmlInline(html) = value {
        (html, elements.contains(&html.as_str()))
    } else if let NodeValue::Link(link) = value {
        (
            &link.url,
            link.url.starts_with("https://github.com/acme/churn/"),
        )
    } else if let NodeValue::Image(image) = value {
        (&image.url, false)
    } else {
        return None;
    };
    (!is_ours).then(|| text.clone())
}

#[test]
fn hostile_words_are_text_on_the_page() {
    for report in hostile_reports() {
        let page = html(&report);
        for bad in ["<img", "<script", "href=\"javascript", "evil.example\""] {
            assert!(!page.contains(bad), "{bad} in {page}");
        }
        assert!(!page.chars().any(|c| c.is_control() && c != '\n'));
    }
}

#[test]
fn hostile_words_cannot_reach_the_terminal_as_commands() {
    for report in hostile_reports() {
        let screen = terminal(&report, Color::Never);
        assert!(
            !screen.chars().any(|c| c.is_control() && c != '\n'),
            "{screen:?}"
        );
        for line in screen.lines() {
            assert!(
                !line.trim_start().starts_with("::") && !line.contains("##["),
                "{line}"
            );
        }
        assert!(headline(&report).chars().count() <= headline::MAX_LENGTH);
    }
}

#[test]
fn the_log_of_a_container_is_text_on_the_page_and_nowhere_else() {
    let report = report(&hostile_run(), None, &Limits::default());
    let page = spaced(&html(&report));
    let (_, log) = page.split_once("<summary>Container log</summary>").unwrap();
    let (log, rest) = log.split_once("</code></pre>").unwrap();
    assert!(rest.trim_start().starts_with("</details>"), "{rest}");
    let (size, lines) = log.split_once("<pre><code>").unwrap();
    assert!(size.contains("2048 MB: the last lines"), "{size}");
    assert!(!lines.contains('<'), "{lines}");
    assert!(
        lines.contains("&lt;/code&gt;&lt;/pre&gt;&lt;script&gt;"),
        "{lines}"
    );
    assert_eq!(lines.trim_end().lines().count(), hostile_lines().len());
    for line in lines.lines() {
        assert!(
            !line.trim_start().starts_with("::") && !line.contains("##["),
            "{line}"
        );
    }
    assert!(page.contains("only-in-the-log"));
    for elsewhere in [
        markdown(&report),
        summary(&report, usize::MAX),
        terminal(&report, Color::Never),
    ] {
        assert!(!elsewhere.contains("only-in-the-log"), "{elsewhere}");
        assert!(!elsewhere.contains("Container log"), "{elsewhere}");
    }
}
