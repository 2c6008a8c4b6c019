use std::fmt::Write as _;

use proptest::option;
use proptest::prelude::{
    Just, ProptestConfig, Strategy, prop, prop_assert, prop_assert_eq, prop_oneof, proptest,
};

use super::*;

fn marker(run: &str, at: &str) -> Marker {
    Marker::parse(&format!("<!-- sagegate key=k run={run} at={at} -->\nx")).unwrap()
}

#[test]
fn the_first_line_is_read_and_nothing_else() {
    let marker = Marker::parse("<!-- sagegate key=ci/a%20b sha=8f31 p99=1.2 -->\r\n\r\n### x");
    let expected = Marker {
        key: Key::new("a b", Some("ci")),
        commit: Some("8f31".to_owned()),
        run: None,
        at: None,
        shown: None,
        acceptance: None,
    };
    assert_eq!(marker, Some(expected));
    for other in [
        "",
        "\n<!-- sagegate key=k -->",
        "> <!-- sagegate key=k -->",
        "<!-- sagegate sha=1 -->",
        "<!-- sagegate key=k --> <!-- x -->",
        "<!-- other key=k -->",
        "<!-- sagegate key=k",
    ] {
        assert_eq!(Marker::parse(other), None, "{other}");
    }
}

/// As an earlier version wrote it.
const EVERY_FIELD: &str = "<!-- sagegate key=CI%20/%20gate/churn-xgb sha=8f31c2e run=1900-2 \
     at=2026-11-22T10:12:09Z shown=failed:latency/memory:2048.00000000/p99:311.25000000 \
     accepted=failed:cost/cost:6.10000000 accepted-by=octo-dev%5Bbot%5D \
     accepted-at=2026-11-22T09:00:00Z accepted-sha=beef -->";

#[test]
fn every_field_is_read_and_written_again_to_the_byte() {
    let marker = Marker::parse(EVERY_FIELD).unwrap();
    assert_eq!(marker.to_string(), EVERY_FIELD);
    assert_eq!(marker.key, Key::new("churn-xgb", Some("CI / gate")));
    let acceptance = Acceptance {
        by: "octo-dev[bot]".to_owned(),
        at: "2026-11-22T09:00:00Z".parse().unwrap(),
        commit: Some("beef".to_owned()),
        shown: "failed:cost/cost:6.1".parse().unwrap(),
    };
    let comment = EarlierComment {
        changed_at: None,
        commit: Some("8f31c2e".to_owned()),
        shown: "failed:latency/memory:2048/p99:311.25".parse().ok(),
        acceptance: Some(acceptance),
    };
    assert_eq!(marker.comment(None), comment);
}

#[test]
fn each_region_each_sample_set_and_each_strategy_has_a_key_of_its_own() {
    let leg = |region: &str, samples: &str, strategy: &str| Leg {
        region: region.to_owned(),
        samples: samples.to_owned(),
        strategy: strategy.to_owned(),
    };
    let key = |leg: &Leg| Key::new("churn", Some("ci")).of_leg(leg);
    let legs = [
        leg("us-east-1", "small.jsonl", "balanced"),
        leg("eu-west-1", "small.jsonl", "balanced"),
        leg("us-east-1", "large.jsonl", "balanced"),
        leg("us-east-1", "small.jsonl", "cost"),
    ];
    let keys: std::collections::BTreeSet<String> =
        legs.iter().map(|leg| key(leg).to_string()).collect();
    assert_eq!(keys.len(), legs.len());
    let first = key(&legs[0]);
    assert_eq!(first.to_string(), "ci/churn@us-east-1/a9cee609");
    let earlier = Key::new("churn", Some("ci"));
    assert!(earlier.is_without_the_leg_of(&first));
    assert!(!first.is_without_the_leg_of(&first) && !first.is_without_the_leg_of(&earlier));
    assert!(!Key::new("other", Some("ci")).is_without_the_leg_of(&first));
}

#[test]
fn a_damaged_field_is_left_out() {
    let read = |field: &str| Marker::parse(&format!("<!-- sagegate key=k {field} -->")).unwrap();
    for damaged in [
        "run=%5",
        "run=%FF",
        "run=a<b",
        "sha=unknown",
        "at=soon",
        "shown=p99:inf",
    ] {
        assert_eq!(read(damaged), read(""), "{damaged}");
    }
    let without_author = EVERY_FIELD.replace("accepted-by", "accepted-for");
    assert_eq!(Marker::parse(&without_author).unwrap().acceptance, None);
}

#[test]
fn the_later_run_is_newer_whenever_it_ended() {
    let (early, late) = ("2026-11-22T10:00:00Z", "2026-11-22T11:00:00Z");
    let newer =
        |a: (&str, &str), b: (&str, &str)| marker(a.0, a.1).is_newer_than(&marker(b.0, b.1));
    assert!(newer(("1843-1", early), ("1842-1", late)));
    assert!(!newer(("1842-2", late), ("1843-1", early)));
    assert!(newer(("1842-2", early), ("1842-1", late)));
    assert!(newer(("10000-1", early), ("9999-1", early)));
    assert!(newer(("1842/1", late), ("1842-1", early)));
    assert!(newer(("local1", late), ("local2", early)));
    assert!(newer(("local1", late), ("1842-1", early)));
    assert!(!newer(("1842-1", early), ("1842-1", early)));
    assert!(!newer(("x", "soon"), ("y", "later")));
}

#[test]
fn a_long_value_is_cut() {
    assert_eq!(encoded(&"ä".repeat(1 << 20)).len(), 3000);
}

/// The encoding of the first version, byte by byte.
fn encoded_at_first(value: &str) -> String {
    let mut out = String::new();
    for byte in value.bytes().take(1000) {
        let c = char::from(byte);
        let may_stand = c != '-' || (!out.ends_with('-') && !out.is_empty());
        if (c.is_ascii_alphanumeric() || "._/:-".contains(c)) && may_stand {
            out.push(c);
        } else {
            write!(out, "%{byte:02X}").unwrap();
        }
    }
    match out.strip_suffix('-') {
        Some(rest) => format!("{rest}%2D"),
        None => out,
    }
}

fn timestamps() -> impl Strategy<Value = Timestamp> {
    (0_i64..4_000_000_000).prop_map(|second| Timestamp::from_second(second).unwrap())
}

/// What a comment shows has eight digits.
fn shown() -> impl Strategy<Value = Shown> {
    let part = prop_oneof![
        Just("failed:latency".to_owned()),
        Just("failed:memory".to_owned()),
        ("(p99|memory|all-cost)", -1e6_f64..1e6).prop_map(|(place, it)| format!("{place}:{it:.8}")),
    ];
    prop::collection::vec(part, 1..8).prop_map(|parts| parts.join("/").parse().unwrap())
}

fn acceptances() -> impl Strategy<Value = Acceptance> {
    let commit = option::of(".{0,100}");
    (".{0,200}", timestamps(), commit, shown()).prop_map(|(by, at, commit, shown)| Acceptance {
        by,
        at,
        commit,
        shown,
    })
}

fn markers() -> impl Strategy<Value = Marker> {
    let leg = (".{0,80}", ".{0,80}").prop_map(|(region, samples)| Leg {
        region,
        samples,
        strategy: "balanced".to_owned(),
    });
    let key = ("(.|-|%){0,200}", option::of(".{0,200}"), option::of(leg));
    let key = key.prop_map(|(model, workflow, leg)| {
        let key = Key::new(&model, workflow.as_deref());
        leg.into_iter().fold(key, |key, leg| key.of_leg(&leg))
    });
    let who = (
        key,
        option::of("(.|-){0,100}"),
        option::of("(.|-){0,100}"),
        option::of(timestamps()),
    );
    (who, option::of(shown()), option::of(acceptances())).prop_map(
        |((key, commit, run, at), shown, acceptance)| Marker {
            key,
            commit,
            run,
            at,
            shown,
            acceptance,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn what_is_written_is_read_back(marker in markers(), rest in ".*") {
        let line = marker.to_string();
        prop_assert_eq!(line.matches("--").count(), 2);
        prop_assert_eq!(Marker::parse(&format!("{line}\n{rest}")), Some(marker.clone()));
        prop_assert_eq!(Marker::parse(&format!("{line}\r\n{rest}")), Some(marker));
    }

    #[test]
    fn a_value_is_written_as_ever_and_neither_ends_the_comment_nor_starts_a_field(value in "(-|%|.){0,300}") {
        let out = encoded(&value);
        prop_assert_eq!(&out, &encoded_at_first(&value));
        prop_assert!(!out.contains("--") && !out.contains(['>', '<', ' ', '=']));
        prop_assert!(!out.starts_with('-') && !out.ends_with('-'));
    }

    #[test]
    fn no_text_breaks_it_and_no_marker_is_newer_than_itself(text in "(<!-- sagegate )?.{0,80}( -->)?") {
        if let Some(marker) = Marker::parse(&text) {
            prop_assert!(!marker.is_newer_than(&marker));
        }
    }
}
