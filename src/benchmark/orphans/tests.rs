//! What is deleted of an endpoint and its config, by what is known of the two.

use super::*;
use crate::aws::AwsErrorKind;

const NAME: &str = "sagegate-1842-1-9ixi1200-m1024";

fn denied(operation: &'static str) -> AwsError {
    AwsError {
        operation,
        kind: AwsErrorKind::AccessDenied,
        code: Some("AccessDeniedException".to_owned()),
        message: "no".to_owned(),
    }
}

fn half(kind: ResourceKind, whose: Whose) -> Half {
    let resource = Listed {
        kind,
        name: NAME.to_owned(),
        arn: format!("arn:aws:sagemaker:us-east-1:000000000000:endpoint/{NAME}"),
        created_at: Timestamp::UNIX_EPOCH,
    };
    Half { resource, whose }
}

fn ours() -> Whose {
    Whose::Ours("1842-1".to_owned())
}

fn unknown() -> Whose {
    Whose::Unknown(denied("ListTags"))
}

fn decided(endpoint: Option<Whose>, config: Option<Whose>) -> Orphans {
    let pair = Pair {
        endpoint: endpoint.map(|it| half(ResourceKind::Endpoint, it)),
        config: config.map(|it| half(ResourceKind::EndpointConfig, it)),
    };
    let mut orphans = Orphans::default();
    pair.decide(&mut orphans);
    orphans
}

/// Endpoints with config, endpoints alone, what is kept in doubt, what is found.
fn counts(orphans: &Orphans) -> [usize; 4] {
    [
        orphans.endpoints.len(),
        orphans.endpoints_alone.len(),
        orphans.doubtful.len(),
        orphans.found.len(),
    ]
}

#[test]
fn nothing_is_deleted_that_is_not_proven_to_be_the_runs() {
    let cases = [
        (Some(ours()), Some(ours()), [1, 0, 0, 2]),
        (Some(ours()), None, [1, 0, 0, 1]),
        (None, Some(ours()), [1, 0, 0, 1]),
        (Some(ours()), Some(unknown()), [0, 1, 1, 1]),
        (None, Some(unknown()), [0, 0, 1, 0]),
        (Some(unknown()), Some(ours()), [0, 0, 2, 0]),
        (Some(unknown()), Some(unknown()), [0, 0, 2, 0]),
        (Some(unknown()), None, [0, 0, 1, 0]),
        (Some(Whose::NotOurs), Some(ours()), [0; 4]),
        (Some(ours()), Some(Whose::NotOurs), [0; 4]),
        (Some(Whose::NotOurs), Some(unknown()), [0; 4]),
        (Some(Whose::NotOurs), None, [0; 4]),
    ];
    for (endpoint, config, expected) in cases {
        let words = format!("{endpoint:?} {config:?}");
        let orphans = decided(endpoint, config);
        assert_eq!(counts(&orphans), expected, "{words}");
    }
}

#[test]
fn what_was_found_before_counts_where_it_could_not_be_looked_at_again() {
    let before = || decided(Some(ours()), Some(ours()));
    let unseen = Orphans {
        unseen: vec![(ResourceKind::EndpointConfig, denied("ListEndpointConfigs"))],
        ..Orphans::default()
    };
    let both = unseen.or_as_before(before());
    assert_eq!(both.names().endpoints, [NAME]);
    assert!(!both.is_complete());

    let doubtful = decided(Some(ours()), Some(unknown())).or_as_before(before());
    assert_eq!(doubtful.names().endpoints, [NAME]);
    assert!(doubtful.names().endpoints_alone.is_empty() && doubtful.is_complete());

    // Gone meanwhile, or somebody else's.
    let gone = Orphans::default().or_as_before(before());
    assert_eq!(gone.names(), Names::default());

    let same = decided(Some(ours()), Some(ours())).or_as_before(before());
    assert_eq!(same.names().endpoints, [NAME]);
}
