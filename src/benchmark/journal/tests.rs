//! What a file says after a crash.

use super::*;

fn started() -> RunResult {
    let text = r#"{"schema":2,"sagegate_version":"0","run_id":"r","name":"churn","commit":null,
        "started_at":"2026-11-22T10:00:00Z","finished_at":"2026-11-22T10:00:00Z","service":"aws","region":"us-east-1",
        "model_name":"m","samples":{"source":"s","count":1,"sha256":"00"},
        "settings":{"memory_sizes":[1024],"invocations":3,"warmup":1,"error_threshold":3,"cold_start_delay_s":0.0},
        "stability":[{"memory_mb":1024,"max_concurrency":1,"endpoint_name":"a","outcome":{"status":"cancelled"},
        "deployed_in_s":null,"warmup":[],"invocations":[],"metrics":null}],
        "cleanup":{"created":0,"deleted":0,"left":[]}}"#;
    serde_json::from_str(text).unwrap()
}

fn call(start_ms: f64) -> Invocation {
    Invocation {
        first_byte_ms: 4.0,
        ..Invocation::answered(start_ms, 5.0)
    }
}

fn size() -> MemoryMb {
    MemoryMb::OFFERED[1]
}

/// The file after these records, with `tail` behind them.
fn resumed(records: &[Record], tail: &str) -> Result<Draft, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("measurements.jsonl");
    let journal = Journal::create(&path).unwrap();
    for record in records {
        journal.append(record);
    }
    let mut text = std::fs::read_to_string(&path).unwrap();
    let whole = text.len();
    text.push_str(tail);
    std::fs::write(&path, text).unwrap();
    let (journal, result) = Journal::resume(&path).map_err(|error| error.to_string())?;
    journal.append(&Record::Ended("a".to_owned(), EndpointOutcome::Measured));
    let after = std::fs::read_to_string(&path).unwrap();
    assert_eq!(
        after.get(whole..).unwrap().lines().count(),
        1,
        "the cut line is gone"
    );
    Ok(result)
}

fn begin() -> Record {
    Record::Started(Box::new(started()))
}

#[test]
fn calls_come_back_in_order_and_a_line_that_was_cut_is_dropped() {
    let name = || "a".to_owned();
    let records = [
        begin(),
        Record::Deployed(name(), 95.0),
        Record::WarmUp(name(), call(0.0)),
        Record::Call(name(), call(10.0)),
        Record::Call(name(), call(20.0)),
    ];
    let draft = resumed(&records, "{\"call\":[\"a\",[0,30.0,5").unwrap();
    let run = &draft.result.stability[0];
    assert_eq!(run.deployed_in_s, Some(95.0));
    assert_eq!((run.warmup.len(), run.invocations.len()), (1, 2));
    assert_eq!(run.invocations[1], call(20.0));
    assert!(draft.is_open("a"), "not complete");
}

#[test]
fn what_the_container_of_a_failed_size_wrote_comes_back() {
    let name = || "a".to_owned();
    let log = ContainerLog::new(vec!["killed".to_owned()]);
    let reason = "3 errors".to_owned();
    let records = [
        begin(),
        Record::Ended(
            name(),
            EndpointOutcome::StoppedEarly {
                reason,
                cause: crate::result::Cause::Model,
            },
        ),
        Record::ContainerLog(name(), log.clone()),
    ];
    let draft = resumed(&records, "").unwrap();
    assert_eq!(draft.result.stability[0].container_log, log);
    assert!(!draft.is_open("a"));
    let foreign = [begin(), Record::ContainerLog("b".to_owned(), log)];
    assert!(resumed(&foreign, "").unwrap_err().contains("line 2"));
}

#[test]
fn a_load_that_was_interrupted_is_measured_again_and_a_complete_one_is_not() {
    let name = || "c2".to_owned();
    let load = |clients| Load::ClosedLoop { clients };
    let records = [
        begin(),
        Record::Ended("a".to_owned(), EndpointOutcome::Measured),
        Record::LoadStarted(size(), vec![(2, name())]),
        Record::RoundStarted(name(), load(2)),
        Record::RoundWarmUp(name(), call(100.0)),
        Record::RoundCall(name(), call(110.0)),
        Record::RoundEnded(name()),
        Record::RoundStarted(name(), load(3)),
        Record::RoundCall(name(), call(120.0)),
    ];
    let draft = resumed(&records, "").unwrap();
    assert_eq!(draft.result.stability[0].outcome, EndpointOutcome::Measured);
    let run = &draft.result.concurrency[0];
    assert_eq!((run.memory_mb, run.max_concurrency), (size(), 2));
    assert!(draft.is_open("c2") && !draft.is_open("a"));
    let rounds: Vec<(u32, usize)> = run
        .rounds
        .iter()
        .map(|round| (round.load.clients().unwrap(), round.invocations.len()))
        .collect();
    assert_eq!(rounds, [(2, 1)]);
}

#[test]
fn a_round_that_was_interrupted_twice_is_void_twice() {
    let name = || "c2".to_owned();
    let load = || Load::ClosedLoop { clients: 2 };
    let records = [
        begin(),
        Record::LoadStarted(size(), vec![(2, name())]),
        Record::RoundStarted(name(), load()),
        Record::RoundCall(name(), call(1.0)),
        Record::RoundStarted(name(), load()),
        Record::RoundCall(name(), call(2.0)),
        Record::RoundEnded(name()),
        Record::Ended(name(), EndpointOutcome::Measured),
    ];
    let draft = resumed(&records, "").unwrap();
    let rounds = &draft.result.concurrency[0].rounds;
    assert_eq!(rounds.len(), 1);
    assert_eq!(rounds[0].invocations, [call(2.0)]);
    assert_eq!(
        draft.result.concurrency[0].outcome,
        EndpointOutcome::Measured
    );
}

#[test]
fn what_is_no_journal_is_refused_with_its_line() {
    let error = resumed(
        &[begin()],
        "{\"call\":[\"b\",[0,1.0,1.0,1.0,1,1,\"ok\"]]}\n",
    )
    .unwrap_err();
    assert!(
        error.ends_with("line 2 is not a record of sagegate: it belongs to nothing before it"),
        "{error}"
    );
    let error = resumed(&[begin()], "junk\n").unwrap_err();
    assert!(error.contains("line 2 is not a record"), "{error}");
    let error = resumed(&[], "").unwrap_err();
    assert!(
        error.contains("line 1") && error.contains("does not begin"),
        "{error}"
    );
}

#[test]
fn a_missing_file_says_where_to_look() {
    let folder = tempfile::tempdir().unwrap();
    let error = Journal::resume(&folder.path().join("measurements.jsonl")).unwrap_err();
    assert!(
        error
            .hint()
            .unwrap()
            .contains("a complete run has nothing to resume")
    );
}
