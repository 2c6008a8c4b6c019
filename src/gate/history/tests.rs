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

/// What a workflow's run records besides: another region, other samples, another strategy.
fn legs(day: i64) -> Vec<Entry> {
    let with = |change: fn(&mut Key)| {
        let mut entry = entry(day, 0);
        change(&mut entry.key);
        entry
    };
    vec![
        with(|_| {}),
        with(|key| key.region = "eu-west-1".to_owned()),
        with(|key| key.region = "ap-south-1".to_owned()),
        with(|key| key.samples_sha256 = "other".to_owned()),
        with(|key| key.strategy = Some("cost".to_owned())),
    ]
}

#[test]
fn every_leg_of_one_run_keeps_its_entries() {
    let mut history = History::default();
    for day in 0..40 {
        for leg in legs(day) {
            history.append(leg, Epoch::Same);
        }
    }
    for leg in legs(0) {
        assert_eq!(
            history.comparable(&leg.key).len(),
            MAX_RUNS,
            "{:?}",
            leg.key
        );
    }
    assert_eq!(history.entries().len(), legs(0).len() * KEPT_RUNS);
}

#[test]
fn settings_that_change_with_each_run_do_not_make_it_grow_for_ever() {
    let mut history = History::default();
    history.append(legs(0)[1].clone(), Epoch::Same);
    for day in 0..i64::try_from(KEPT_RUNS_OF_REGION).unwrap() + 20 {
        let mut entry = entry(day, 0);
        entry.key.samples_sha256 = format!("{day}");
        history.append(entry, Epoch::Same);
    }
    assert_eq!(history.entries().len(), KEPT_RUNS_OF_REGION + 1);
}

#[test]
fn the_same_measured_once_more_in_one_run_counts_with_it() {
    let mut history = history(&[(0, 0)]);
    history.append(
        Entry {
            run_id: "0-0".to_owned(),
            ..entry(0, 1)
        },
        Epoch::Same,
    );
    assert_eq!(history.entries().len(), 2);
    assert_eq!(history.comparable(&entry(0, 0).key).len(), 1);
}

#[test]
fn an_entry_without_a_strategy_is_like_those_of_any() {
    let old = Entry {
        key: Key {
            strategy: None,
            ..entry(0, 0).key
        },
        ..entry(0, 0)
    };
    let mut history = History::default();
    history.append(old, Epoch::Same);
    for leg in [legs(1).remove(0), legs(1).remove(4)] {
        assert_eq!(history.comparable(&leg.key).len(), 1);
        history.append(leg.clone(), Epoch::Same);
        assert_eq!(history.comparable(&leg.key).len(), 2);
    }
}

#[test]
fn what_differs_is_said_of_the_entry_that_differs_least() {
    let mut history = History::default();
    for leg in legs(0) {
        history.append(leg, Epoch::Same);
    }
    let mut now = legs(1)[1].key.clone();
    now.warmup += 1;
    let nearest = history.most_alike(&now).unwrap();
    assert_eq!(nearest.key.region, "eu-west-1");
}

fn branch(name: &str) -> BranchName {
    name.parse().unwrap()
}

fn branches(base: &str) -> Branches {
    Branches {
        base: Some(branch(base)),
        default: Some(branch("main")),
    }
}

/// Two runs of main, and of `release/1` one.
fn with_a_release() -> BaselineFile {
    let mut file = BaselineFile::default();
    for (day, base) in [(0, "main"), (1, "main"), (2, "release/1")] {
        file.record("churn", &branches(base), entry(day, 0), Epoch::Same)
            .unwrap();
    }
    file
}

fn days(history: &History, key: &Key) -> Vec<String> {
    let deciding = history.deciding(key);
    let groups = deciding.map(|it| it.comparable(key)).unwrap_or_default();
    let entries = groups.into_iter().flatten();
    entries.map(|entry| entry.run_id.clone()).collect()
}

#[test]
fn each_branch_has_its_own_runs_and_the_default_ones_stand_in() {
    let file = with_a_release();
    let key = entry(0, 0).key;
    for (base, expected, used) in [
        ("main", vec!["0-0", "1-0"], "main"),
        ("release/1", vec!["2-0"], "release/1"),
        ("release/2", vec!["0-0", "1-0"], "main"),
    ] {
        let history = file.history("churn", &branches(base)).unwrap();
        assert_eq!(days(&history, &key), expected, "{base}");
        assert_eq!(history.branch(), Some(&branch(base)));
        let deciding = history.deciding(&key).unwrap();
        assert_eq!(deciding.branch(), Some(&branch(used)), "{base}");
    }
    // Without an event, as on a laptop.
    let local = file.history("churn", &Branches::default()).unwrap();
    assert_eq!(days(&local, &key), ["0-0", "1-0"]);
    assert_eq!(local.branch(), Some(&branch("main")));
}

#[test]
fn the_default_branch_stands_in_for_the_settings_that_a_branch_lacks() {
    let mut file = with_a_release();
    let other = legs(3).remove(1);
    file.record("churn", &branches("main"), other.clone(), Epoch::Same)
        .unwrap();
    let history = file.history("churn", &branches("release/1")).unwrap();
    assert_eq!(days(&history, &other.key), ["3-0"]);
    assert_eq!(days(&history, &entry(0, 0).key), ["2-0"]);
}

#[test]
fn runs_without_a_branch_are_of_the_default_one() {
    let mut file = BaselineFile::default();
    for day in 0..2 {
        file.record("churn", &Branches::default(), entry(day, 0), Epoch::Same)
            .unwrap();
    }
    let key = entry(0, 0).key;
    for asked in [branches("main"), branches("release/1"), Branches::default()] {
        assert_eq!(
            days(&file.history("churn", &asked).unwrap(), &key),
            ["0-0", "1-0"]
        );
    }
    file.record("churn", &branches("main"), entry(2, 0), Epoch::Same)
        .unwrap();
    let history = file.history("churn", &branches("main")).unwrap();
    assert_eq!(days(&history, &key), ["0-0", "1-0", "2-0"]);
}

#[test]
fn an_epoch_of_one_branch_leaves_the_others_alone() {
    let mut file = with_a_release();
    file.record("churn", &branches("release/1"), entry(3, 0), Epoch::New)
        .unwrap();
    let key = entry(0, 0).key;
    let of = |base| days(&file.history("churn", &branches(base)).unwrap(), &key);
    assert_eq!(of("main"), ["0-0", "1-0"]);
    assert_eq!(of("release/1"), ["3-0"]);
}

#[test]
fn branches_that_nobody_records_any_more_are_forgotten() {
    let mut file = with_a_release();
    for number in 0..60 {
        let base = format!("topic/{number}");
        file.record(
            "churn",
            &branches(&base),
            entry(10 + number, 0),
            Epoch::Same,
        )
        .unwrap();
    }
    let key = entry(0, 0).key;
    let used = |base| {
        let history = file.history("churn", &branches(base)).unwrap();
        history.deciding(&key).unwrap().branch().cloned()
    };
    assert_eq!(used("main"), Some(branch("main")));
    assert_eq!(used("topic/59"), Some(branch("topic/59")));
    assert_eq!(used("release/1"), Some(branch("main")));
    assert_eq!(used("topic/0"), Some(branch("main")));
}
