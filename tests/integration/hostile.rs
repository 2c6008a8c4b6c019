//! Everything that a pull request can forge stays text: names, errors of endpoints, results of
//! other workflows.

use comrak::nodes::NodeValue;
use comrak::{Arena, Options, parse_document};
use serde_json::{Value, json};

use crate::support::Simulator;
use crate::support::github::GitHub;
use crate::support::runner::{HEAD, PULL_REQUEST, Runner, Step, comments, writes};

/// A name and an error text with everything that could break out of its place.
pub(crate) const HOSTILE: &str =
    "x|y<img src=x onerror=1>@team\n::error::pwned ##[error]pwned **b** [l](https://evil.example)";

/// The log, the summary, the outputs and the comment hold the hostile words as words only.
#[track_caller]
fn assert_only_words(step: &Step, github: &GitHub) {
    let commands = step.commands();
    assert_eq!(commands.len(), 1, "{commands:?}");
    assert!(
        commands[0].starts_with("::warning title=⚪ x|y<img src=x"),
        "{commands:?}"
    );
    let comment = comments(github).pop().unwrap();
    for text in [&step.summary, &comment] {
        assert!(text.contains("onerror=1"), "the words are there: {text}");
        assert_eq!(foreign_nodes(text), Vec::<String>::new(), "{text}");
        assert!(!text.contains("\n::") && !text.contains("##["), "{text}");
    }
    let names: Vec<&str> = step.outputs.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "comment-url",
            "cost-change-percent",
            "cost-per-million-usd",
            "measured-on",
            "p99-change-percent",
            "p99-ms",
            "recommended-memory-mb",
            "report-html",
            "result-json",
            "verdict"
        ]
    );
}

/// What GitHub would make of a text beside text: raw HTML that is not ours, links that go
/// elsewhere, images, mentions.
pub(crate) fn foreign_nodes(markdown: &str) -> Vec<String> {
    let mut options = Options::default();
    options.extension.table = true;
    options.extension.autolink = true;
    let arena = Arena::new();
    let root = parse_document(&arena, markdown, &options);
    let nodes = root.descendants();
    nodes
        .filter_map(|node| foreign(&node.data().value))
        .collect()
}

fn foreign(value: &NodeValue) -> Option<String> {
    let ours = [
        "<!-- sagegate key=",
        "<details><summary>",
        "</details>",
        "<sub>",
        "</sub>",
        "<span>",
        "</span>",
    ];
    let is_ours =
        |html: &str| ours.iter().any(|start| html.starts_with(start)) && !html.contains("<img");
    let (text, is_harmless) = if let NodeValue::HtmlBlock(html) = value {
        (html.literal.clone(), is_ours(&html.literal))
    } else if let NodeValue::HtmlInline(html) = value {
        (html.clone(), is_ours(html))
    } else if let NodeValue::Link(link) = value {
        let own = "https://github.com/acme/churn/";
        (link.url.clone(), link.url.starts_with(own))
    } else if let NodeValue::Image(image) = value {
        (image.url.clone(), false)
    } else if let NodeValue::Text(text) = value {
        (text.to_string(), !text.contains("@team"))
    } else {
        return None;
    };
    (!is_harmless).then_some(text)
}

#[test]
fn a_hostile_name_and_a_hostile_endpoint_change_nothing_but_text() {
    let github = GitHub::start();
    let simulator = Simulator::quick_with(&format!(
        "[life_cycle]\ncreating_seconds = 0.2\ndeleting_seconds = 0.1\nmetric_delay_seconds = 0.1\n\
         failing_memory_mb = [1024]\nfailure_reason = {HOSTILE:?}\n"
    ));
    let mut runner = Runner::with_aws(&github, &simulator)
        .model("m")
        .input("name", HOSTILE);
    let step = runner.step().expect(0);
    assert_only_words(&step, &github);
    assert!(
        step.outcome
            .stderr
            .contains("1024 MB: left out: x|y<img src=x"),
        "{}",
        step.outcome.stderr
    );
    let html = runner.workspace.read(step.output("report-html"));
    assert!(
        html.contains("onerror=1") && !html.contains("<img") && !html.contains("evil.example\""),
        "{html}"
    );
}

#[test]
fn the_result_of_another_workflow_is_posted_to_the_pull_request_of_its_commit() {
    let (github, simulator) = (GitHub::start(), Simulator::quick());
    let mut runner = Runner::with_aws(&github, &simulator).model("m");
    runner = runner.input("comment", "never");
    runner.step().expect(0);
    assert!(comments(&github).is_empty());
    drop(simulator);
    let pull = |number: u64, sha: &str| json!({ "number": number, "head": { "label": "mallory:faster", "sha": sha } });
    github.world().pulls = vec![
        pull(5, "0000000000000000000000000000000000000000"),
        pull(PULL_REQUEST, HEAD),
    ];
    let runner = runner.publishing("mallory", HEAD);
    let step = { runner }.step().expect(0);
    assert_eq!(step.output("verdict"), "no-baseline");
    let bodies = comments(&github);
    let marker = format!(" sha={HEAD} run=1843-1 at=");
    let (key, rest) = bodies[0].split_at(bodies[0].find(" sha=").unwrap());
    assert!(
        bodies.len() == 1
            && key.starts_with("<!-- sagegate key=gate/churn@us-east-1/")
            && rest.starts_with(&marker),
        "{bodies:?}"
    );
    assert_eq!(writes(&github), ["POST /issues/7/comments"]);
}

#[test]
fn a_forged_artifact_is_refused_and_a_hostile_one_is_only_text() {
    let (github, simulator) = (GitHub::start(), Simulator::quick());
    let runner = Runner::measured(&github, &simulator);
    github.world().pulls =
        vec![json!({ "number": PULL_REQUEST, "head": { "label": "mallory:faster", "sha": HEAD } })];
    let other = "1111111111111111111111111111111111111111";
    let step = { runner.publishing("mallory", other) }.step().expect(2);
    assert!(
        step.annotations("error")[0].contains("is about commit 8f31c2e0aa55"),
        "{:?}",
        step.commands()
    );
    assert!(comments(&github).is_empty());

    let runner = Runner::measured(&github, &simulator);
    let mut result: Value =
        serde_json::from_str(&runner.workspace.read("sagegate-results/result.json")).unwrap();
    for field in ["name", "model_name", "run_id"] {
        result[field] = HOSTILE.into();
    }
    result["stability"][0]["outcome"] = json!({ "status": "deploy_failed", "reason": HOSTILE });
    runner
        .workspace
        .write("sagegate-results/result.json", &result.to_string());
    let step = { runner.publishing("mallory", HEAD).input("name", HOSTILE) }
        .step()
        .expect(0);
    assert_only_words(&step, &github);
    let marker = comments(&github)[0].lines().next().unwrap().to_owned();
    assert!(
        marker.contains(&format!("sha={HEAD} run=1843-1 at=")),
        "{marker}"
    );

    let mut runner = Runner::new(&github).publishing("mallory", HEAD);
    runner.workspace.write(
        "sagegate-results/result.json",
        "{\"schema\": 1, \"name\": \"\u{1b}[31m\n::error::x\"",
    );
    let step = runner.step().expect(2);
    assert_eq!(step.commands().len(), 1, "{:?}", step.commands());
}

#[test]
fn the_job_that_publishes_explains_that_a_fork_could_not_measure() {
    let github = GitHub::start();
    github.world().pulls =
        vec![json!({ "number": PULL_REQUEST, "head": { "label": "mallory:faster", "sha": HEAD } })];
    let mut runner = Runner::new(&github).publishing("mallory", HEAD);
    let silent = runner.step().expect(0);
    assert!(
        silent.annotations("notice")[0].contains("give `name`"),
        "{:?}",
        silent.commands()
    );
    assert!(comments(&github).is_empty() && silent.outputs.is_empty());
    let step = { runner.input("name", "churn") }.step().expect(0);
    assert_eq!(step.output("verdict"), "not-run");
    let comment = comments(&github).pop().unwrap();
    assert!(
        comment.starts_with(&format!(
            "<!-- sagegate key=gate/churn sha={HEAD} run=1843-1 at="
        )),
        "{comment}"
    );
    assert!(
        comment.contains("### ⛔ churn not run: fork pull requests get no AWS credentials"),
        "{comment}"
    );
}

#[test]
fn nothing_is_posted_without_a_pull_request_of_that_commit() {
    let (github, simulator) = (GitHub::start(), Simulator::quick());
    let mut runner = Runner::with_aws(&github, &simulator)
        .model("m")
        .input("command", "post")
        .input("result", "r.json");
    let step = runner.step().expect(2);
    assert!(
        step.annotations("error")[0]
            .starts_with("::error::`post` publishes what another workflow measured"),
        "{:?}",
        step.commands()
    );
    let mut runner = runner.input("command", "run").input("comment", "never");
    runner.step().expect(0);
    let step = { runner.publishing("mallory", HEAD) }.step().expect(0);
    assert!(
        step.annotations("notice")[0]
            .contains(&format!("no open pull request has {HEAD} as its head")),
        "{:?}",
        step.commands()
    );
    assert!(
        step.summary.starts_with("### ⚪ churn: no baseline yet") && comments(&github).is_empty()
    );
}
