//! Who accepts what, and what fails again.

use super::*;
use crate::analysis::tests::prices;
use crate::analysis::{Strategy, analyse};
use crate::gate::Limits;
use crate::gate::tests::side_by_side::beside;
use crate::gate::tests::{history, judged, model};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn label() -> Label {
    Label {
        by: "octo-dev".to_owned(),
        at: at("2026-11-22T12:00:00Z"),
    }
}

/// The comment about a model `scale` times as slow as main, changed at a time of 22 November.
fn comment(scale: f64, changed: &str) -> EarlierComment {
    let run = model(scale);
    let analysis = analyse(&run, &prices(), Strategy::Balanced);
    let judgement = judged(&run, Some(&history(5, model)), &Limits::default());
    EarlierComment {
        changed_at: Some(at(&format!("2026-11-22T{changed}:00Z"))),
        commit: Some("8f31c2e".to_owned()),
        shown: Some(Shown::of(&judgement, &analysis)),
        acceptance: None,
    }
}

fn verdict_under(scale: f64, label: Result<Acceptance, NotAccepted>) -> Judgement {
    judged(&model(scale), Some(&history(5, model)), &Limits::default()).under(label)
}

#[test]
fn what_the_comment_showed_is_accepted_and_a_worse_commit_fails_again() {
    let acceptance = label().accepts(Some(&comment(1.5, "11:00"))).unwrap();
    assert_eq!(
        (acceptance.by.as_str(), acceptance.commit.as_deref()),
        ("octo-dev", Some("8f31c2e"))
    );
    let same = verdict_under(1.5, Ok(acceptance.clone()));
    assert_eq!(same.verdict, Verdict::Accepted);
    assert_eq!(same.acceptance, Some(acceptance.clone()));
    // Within the noise of the same code.
    assert_eq!(
        verdict_under(1.55, Ok(acceptance.clone())).verdict,
        Verdict::Accepted
    );
    let worse = verdict_under(2.2, Ok(acceptance.clone()));
    assert_eq!(worse.verdict, Verdict::Fail);
    let reason = NotAccepted::Exceeded;
    assert!(worse.notices.contains(&Notice::NotAccepted { reason }));
    // What passes needs no acceptance, and keeps it for the next commit.
    let fine = verdict_under(1.0, Ok(acceptance.clone()));
    assert_eq!(
        (fine.verdict, fine.acceptance),
        (Verdict::Pass, Some(acceptance))
    );
}

#[test]
fn beside_a_reference_the_change_is_accepted_whatever_machine_the_next_job_has() {
    let shown = {
        let run = beside(&[1.5], &[1.0]);
        let analysis = analyse(&run, &prices(), Strategy::Balanced);
        Shown::of(&judged(&run, None, &Limits::default()), &analysis)
    };
    let text = shown.to_string();
    assert!(
        text.contains("/p99-change:0.5") && text.contains("/cost-change:0.49"),
        "{text}"
    );
    let under = |now: f64, reference: f64, limits: &Limits| {
        let acceptance = Acceptance {
            by: "octo-dev".to_owned(),
            at: at("2026-11-22T12:00:00Z"),
            commit: None,
            shown: text.parse().unwrap(),
        };
        let run = beside(&[now], &[reference]);
        judged(&run, None, limits).under(Ok(acceptance)).verdict
    };
    let limits = Limits::default();
    assert_eq!(under(1.5, 1.0, &limits), Verdict::Accepted);
    assert_eq!(
        under(3.0, 2.0, &limits),
        Verdict::Accepted,
        "a slower machine"
    );
    assert_eq!(
        under(1.5, 0.7, &limits),
        Verdict::Fail,
        "a faster one, and a slower model"
    );
    let ceiling = Limits {
        max_p99: Some("200ms".parse().unwrap()),
        ..limits
    };
    assert_eq!(
        under(3.0, 2.0, &ceiling),
        Verdict::Fail,
        "a ceiling is one on every machine"
    );
}

#[test]
fn only_what_failed_is_accepted() {
    let mut shown = comment(1.5, "11:00");
    if let Some(shown) = &mut shown.shown {
        shown.failed.retain(|family| *family == Family::Cost);
    }
    let acceptance = label().accepts(Some(&shown)).unwrap();
    assert_eq!(verdict_under(1.5, Ok(acceptance)).verdict, Verdict::Fail);
}

#[test]
fn a_label_accepts_nothing_that_was_not_there_to_be_read() {
    let none = |comment: Option<&EarlierComment>| label().accepts(comment).unwrap_err();
    assert_eq!(none(None), NotAccepted::NothingShown);
    assert_eq!(
        none(Some(&comment(1.0, "11:00"))),
        NotAccepted::NothingFailed
    );
    for since in ["12:01", "12:00"] {
        let changed = comment(1.5, since);
        assert_eq!(none(Some(&changed)), NotAccepted::ChangedSince, "{since}");
    }
    let unreadable = EarlierComment {
        shown: None,
        ..comment(1.5, "11:00")
    };
    assert_eq!(none(Some(&unreadable)), NotAccepted::NothingShown);
    for reason in [NotAccepted::NothingShown, NotAccepted::ChangedSince] {
        let judgement = verdict_under(1.5, Err(reason));
        assert_eq!(judgement.verdict, Verdict::Fail);
        assert!(judgement.notices.contains(&Notice::NotAccepted { reason }));
    }
    // Where nothing fails, it is not reported.
    let fine = verdict_under(1.0, Err(NotAccepted::NothingShown));
    assert_eq!((fine.verdict, fine.notices.len()), (Verdict::Pass, 0));
}

#[test]
fn an_acceptance_is_kept_in_the_comment_until_the_label_is_put_on_again() {
    let acceptance = label().accepts(Some(&comment(1.5, "11:00"))).unwrap();
    let read = |changed: &str, scale: f64| EarlierComment {
        commit: Some("beef".to_owned()),
        acceptance: Some(acceptance.clone()),
        ..comment(scale, changed)
    };
    // The run that saw the label has changed the comment since, and a worse commit, too.
    let kept = label().accepts(Some(&read("13:00", 2.2))).unwrap();
    assert_eq!(
        (kept.at, kept.commit.as_deref()),
        (acceptance.at, Some("8f31c2e"))
    );
    assert_eq!(
        verdict_under(1.5, Ok(kept.clone())).verdict,
        Verdict::Accepted
    );
    assert_eq!(verdict_under(2.2, Ok(kept)).verdict, Verdict::Fail);
    let again = Label {
        at: at("2026-11-22T14:00:00Z"),
        ..label()
    };
    let renewed = again.accepts(Some(&read("13:00", 2.2))).unwrap();
    assert_eq!(renewed.commit.as_deref(), Some("beef"));
    assert_eq!(verdict_under(2.2, Ok(renewed)).verdict, Verdict::Accepted);
}

#[test]
fn what_is_shown_survives_as_text_and_nothing_else_is_read() {
    let shown = comment(1.5, "11:00").shown.unwrap();
    let text = shown.to_string();
    assert!(
        text.starts_with("failed:latency/failed:cost/memory:2048.00000000/p99:"),
        "{text}"
    );
    assert!(
        text.chars()
            .all(|c| c.is_ascii_alphanumeric() || "/:.-".contains(c)),
        "{text}"
    );
    assert_eq!(text.parse::<Shown>().unwrap().to_string(), text);
    for text in ["", "p99", "p99:x", "p99:inf", "p99:NaN", "failed:luck"] {
        assert!(text.parse::<Shown>().is_err(), "{text}");
    }
}
