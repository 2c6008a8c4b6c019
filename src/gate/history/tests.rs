//! Which runs are kept, and which are compared with.

use super::*;
use crate::analysis::tests::{endpoint, prices, run_of};
use crate::analysis::{Strategy, analyse};

fn entry(day: i64, hour: i64) -> Entry {
    let run = run_of(vec![endpoint(1024, &[10.0; 100])]);
    let analysis = analyse(&run, &prices(), Strategy::Balanced);
    let mut entry = Entry::new(&run, &analysis, MemoryMb::OFFERED[0]);
    entry.run_id = format!("{day}-{hour}");
    entry.at = "2026-01-01T00:00:00Z".parse::<Timestamp>().unwrap()
        + SignedDuration::from_hours(day * 24 + hour);
    entry
}

fn history(times: &[(i64, i64)]) -> History {
    let mut history = History::default();
    for (day, hour) in times {
        history.append(entry(*day, *hour), Epoch::Same);
    }
    history
}

#[test]
fn runs_of_one_morning_count_as_one() {
    let history = history(&[(0, 0), (0, 3), (0, 5), (0, 6), (1, 0)]);
    let sizes: Vec<usize> = history
        .comparable(&entry(0, 0).key)
        .iter()
        .map(Vec::len)
        .collect();
    assert_eq!(sizes, [3, 1, 1]);
}

#[test]
fn old_runs_and_older_epochs_are_not_compared_with() {
    let mut history = history(&[(0, 0), (50, 0), (100, 0)]);
    let key = entry(0, 0).key;
    assert_eq!(
        history.comparable(&key).len(),
        2,
        "day 0 is 100 days before the newest"
    );
    history.append(entry(101, 0), Epoch::New);
    assert_eq!(history.comparable(&key).len(), 1);
    assert_eq!(
        history
            .by_epoch(&key)
            .iter()
            .map(Vec::len)
            .collect::<Vec<_>>(),
        [3, 1]
    );
    assert_eq!(history.newest().unwrap().epoch, 2);
}

#[test]
fn at_most_ten_runs_count_and_thirty_are_kept() {
    let times: Vec<(i64, i64)> = (0..40).map(|day| (day, 0)).collect();
    let history = history(&times);
    assert_eq!(history.comparable(&entry(0, 0).key).len(), MAX_RUNS);
    assert_eq!(history.entries().len(), KEPT_RUNS);
    assert_eq!(history.entries()[0].run_id, "10-0");
}

#[test]
fn recording_a_run_twice_keeps_it_once() {
    assert_eq!(history(&[(0, 0), (0, 0)]).entries().len(), 1);
}

#[test]
fn differing_settings_are_named_with_both_values() {
    let baseline = entry(0, 0).key;
    let now = Key {
        region: "eu-west-1".to_owned(),
        invocations: 50,
        ..baseline.clone()
    };
    let text: Vec<String> = baseline
        .differences(&now)
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        text,
        [
            "region: us-east-1 in the baseline, eu-west-1 now",
            "invocations: 100 in the baseline, 50 now"
        ]
    );
}

fn named(day: i64, run_id: &str) -> Entry {
    Entry {
        run_id: run_id.to_owned(),
        ..entry(day, 0)
    }
}

/// Three runs of one epoch, and on day 5 a run `x` that starts the next.
fn two_epochs() -> History {
    let mut history = history(&[(0, 0), (1, 0), (2, 0)]);
    history.append(named(5, "x"), Epoch::New);
    history
}

#[test]
fn recording_the_run_that_started_an_epoch_again_keeps_its_epoch() {
    let mut history = two_epochs();
    history.append(named(5, "x"), Epoch::Same);
    assert_eq!(history.newest().unwrap().epoch, 2);
}

#[test]
fn a_run_recorded_late_joins_the_epoch_in_which_it_was_measured() {
    let mut history = two_epochs();
    history.append(named(4, "late"), Epoch::Same);
    let mut entries = history.entries().iter();
    let late = entries.find(|entry| entry.run_id == "late").unwrap();
    assert_eq!(late.epoch, 1);
}

#[test]
fn another_regions_epoch_leaves_this_regions_baseline_alone() {
    let mut history = history(&[(0, 0), (1, 0), (2, 0)]);
    for (day, epoch) in [(4, Epoch::Same), (5, Epoch::New)] {
        let mut other = entry(day, 0);
        other.key.region = "eu-west-1".to_owned();
        history.append(other, epoch);
    }
    history.append(named(6, "mine"), Epoch::Same);
    assert_eq!(history.comparable(&entry(0, 0).key).len(), 4);
}
