//! The log groups of endpoints: read where a size failed, deleted with the endpoints.

use crate::support::{QUICK, Simulator, Workspace, replaced};

/// 1024 MB runs out of memory.
const OUT_OF_MEMORY: &str = "[model]\nout_of_memory_below_mb = 2000";
const PAGE: &str = "sagegate-results/benchmarking_report/benchmarking_report.html";

fn fault(operation: &str, kind: &str) -> String {
    format!("\n[[operation_faults]]\noperation = \"{operation}\"\nkind = \"{kind}\"\nfrom = 1\n")
}

#[test]
fn a_failed_size_shows_what_its_container_wrote_in_the_log_and_on_the_page() {
    let simulator = Simulator::quick_with(OUT_OF_MEMORY);
    let workspace = Workspace::new(&simulator);
    let run = workspace.run(&[]).expect(0);
    let words =
        "1024 MB: the last lines of its container:\n  | [1] [INFO] Starting gunicorn 23.0.0\n";
    assert!(run.stderr.contains(words), "{}", run.stderr);
    let killed = "Worker (pid:7) was sent SIGKILL! Perhaps out of memory?";
    assert!(run.stderr.contains(killed), "{}", run.stderr);
    let page = workspace.read(PAGE);
    let page = page.replace('\u{a0}', " ");
    let (_, log) = page.split_once("<summary>Container log</summary>").unwrap();
    assert!(
        log.contains("1024 MB: the last lines") && log.contains(killed),
        "{log}"
    );
    assert!(
        !workspace
            .read("sagegate-results/comment.md")
            .contains("SIGKILL")
    );
    let result = workspace.result();
    let [failed, measured] = &result.stability[..] else {
        panic!("{result:?}")
    };
    assert!(
        failed
            .container_log
            .lines()
            .iter()
            .any(|line| line.contains(killed))
    );
    assert!(measured.container_log.is_empty());
    let json = workspace.read("sagegate-results/result.json");
    assert_eq!(
        json.matches("container_log").count(),
        1,
        "absent where nothing was read"
    );
    assert_eq!(simulator.count("GetLogEvents"), 1);
    simulator.assert_nothing_is_left();
}

#[test]
fn a_deployment_that_fails_shows_why_and_the_page_is_the_same_from_the_result() {
    let section = "[life_cycle]\ncreating_seconds = 0.3\ndeleting_seconds = 0.1\n\
                   metric_delay_seconds = 0.2\nfailing_memory_mb = [1024, 2048]";
    let simulator = Simulator::quick_with(section);
    let workspace = Workspace::new(&simulator);
    let run = workspace.run(&[]).expect(3);
    let cause = "  | RuntimeError: simulated failure of the model\n";
    assert_eq!(run.stderr.matches(cause).count(), 2, "{}", run.stderr);
    let indented = "  |     predictions = model.predict(rows)\n";
    assert!(run.stderr.contains(indented), "{}", run.stderr);
    let result = "sagegate-results/result.json";
    workspace
        .sagegate(&["report", "--result", result, "--output-dir", "again"])
        .expect(0);
    for page in [PAGE, "again/benchmarking_report/benchmarking_report.html"] {
        let page = workspace.read(page);
        assert_eq!(page.matches("RuntimeError: simulated failure").count(), 2);
    }
    simulator.assert_nothing_is_left();
}

#[test]
fn hostile_lines_of_a_container_are_words_wherever_they_are_shown() {
    let log = r###"error_log = [
        "::error::x", "   ::stop-commands::t", "##[error]x", "</code><script>alert(1)</script>",
        "```", "\u001b[2J\u001b[31mred", "**bold** @team ![](https://evil.example)",
    ]"###;
    let profile = replaced(QUICK, &format!("[model]\nsetup_ms = 50\n{log}"));
    let simulator = Simulator::start(&replaced(&profile, "[faults]\nmodel_error = 1.0"));
    let workspace = Workspace::new(&simulator).with("GITHUB_ACTIONS", "true");
    let run = workspace.run(&[]).expect(3);
    assert!(run.stderr.contains("  | ::error::x\n"), "{}", run.stderr);
    for line in run.stderr.lines() {
        let is_ours = [
            "::group::",
            "::endgroup::",
            "::error",
            "::warning",
            "::notice",
            "::add-mask",
        ]
        .iter()
        .any(|it| line.starts_with(it) && !line.starts_with("::error::x"));
        assert!(is_ours || !line.trim_start().starts_with("::"), "{line}");
        assert!(!line.contains("##["), "{line}");
        assert!(!line.contains('\u{1b}'), "{line:?}");
    }
    let page = workspace.read(PAGE);
    assert!(
        page.contains("&lt;script&gt;alert(1)") && !page.contains("<script"),
        "{page}"
    );
    assert!(!page.contains("<img") && !page.contains('\u{1b}'), "{page}");
    let comment = workspace.read("sagegate-results/comment.md");
    assert!(
        !comment.contains("stop-commands") && !comment.contains("@team"),
        "{comment}"
    );
}

#[test]
fn a_role_that_may_not_delete_log_groups_is_noted_once_and_judged_alike() {
    let denied = fault("DeleteLogGroup", "access_denied");
    let simulator = Simulator::quick_with(&denied);
    let workspace = Workspace::new(&simulator);
    let run = workspace.run(&[]).expect(0);
    let note = "log groups of endpoints stay: this role lacks `logs:DeleteLogGroup`\n";
    assert_eq!(run.stderr.matches(note).count(), 1, "{}", run.stderr);
    assert!(
        run.stderr.contains("deleted 4 resources\n"),
        "{}",
        run.stderr
    );
    assert_eq!(simulator.resources(), Vec::<String>::new());
    assert_eq!(simulator.log_groups().len(), 2);
    assert!(workspace.result().cleanup.left.is_empty());
    let ledger = ["cleanup", "--ledger", "sagegate-results/ledger.json"];
    let cleaned = workspace.sagegate(&ledger).expect(0);
    assert_eq!(
        cleaned.stderr.matches(note).count(),
        1,
        "{}",
        cleaned.stderr
    );
    assert!(cleaned.stdout.contains("none left"), "{}", cleaned.stdout);
}

#[test]
fn a_role_that_may_not_read_logs_is_noted_once_and_they_are_deleted() {
    let profile = replaced(QUICK, "[model]\nout_of_memory_below_mb = 6145");
    let denied = fault("DescribeLogStreams", "access_denied");
    let simulator = Simulator::start(&replaced(&profile, &denied));
    let workspace = Workspace::new(&simulator);
    let run = workspace.run(&[]).expect(3);
    let note = "the container's log cannot be read: this role lacks `logs:DescribeLogStreams` and \
                `logs:GetLogEvents`\n";
    assert_eq!(run.stderr.matches(note).count(), 1, "{}", run.stderr);
    assert!(!workspace.read(PAGE).contains("Container log"));
    simulator.assert_nothing_is_left();
}

#[test]
fn what_a_killed_run_leaves_goes_with_its_log_groups() {
    for by_ledger in [true, false] {
        let simulator = Simulator::quick();
        let workspace = Workspace::new(&simulator);
        let args = crate::support::run_args("m", &["--invocations", "100000"]);
        let mut run = workspace.spawn(&args);
        while simulator.count("InvokeEndpoint") < 20 {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        run.kill().unwrap();
        run.wait().unwrap();
        assert!(
            !simulator.log_groups().is_empty(),
            "containers write when they start"
        );
        let ledger = workspace.read("sagegate-results/ledger.json");
        let ledger: serde_json::Value = serde_json::from_str(&ledger).unwrap();
        let run_id = ledger["run_id"].as_str().unwrap();
        let cleanup = if by_ledger {
            ["cleanup", "--ledger", "sagegate-results/ledger.json"]
        } else {
            ["cleanup", "--run", run_id]
        };
        workspace.sagegate(&cleanup).expect(0);
        simulator.assert_nothing_is_left();
    }
}

#[test]
fn without_a_log_group_nothing_is_said_of_logs() {
    let simulator = Simulator::quick_with(&fault("CreateEndpoint", "access_denied"));
    let workspace = Workspace::new(&simulator);
    let run = workspace.run(&[]).expect(3);
    assert!(simulator.count("DescribeLogStreams") > 0);
    assert_eq!(simulator.count("GetLogEvents"), 0);
    for words in ["container", "log group"] {
        assert!(!run.stderr.contains(words), "{}", run.stderr);
    }
    simulator.assert_nothing_is_left();
}
