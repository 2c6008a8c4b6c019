//! Who may take a role: subjects of tokens before the trust policies.
//!
//! Subjects: GitHub Docs, "`OpenID` Connect reference".

use super::policy::{Request, Role};

/// `docs/iam/README.md` says by what to replace them.
const WORDS: [(&str, &str); 4] = [
    ("OWNER_ID", "583231"),
    ("REPOSITORY_ID", "1296269"),
    ("OWNER", "acme"),
    ("REPOSITORY", "churn"),
];

fn may_take(file: &str, subject: &str, audience: &str) -> bool {
    let request = Request::new("sts:AssumeRoleWithWebIdentity", "the role itself")
        .with("token.actions.githubusercontent.com:sub", subject)
        .with("token.actions.githubusercontent.com:aud", audience);
    Role::of(&[file], &WORDS).allows(&request)
}

#[test]
fn pull_requests_and_merge_queues_gate_and_main_records_in_both_forms_of_the_subject() {
    for repository in ["repo:acme/churn", "repo:acme@583231/churn@1296269"] {
        for (end, gates, records) in [
            ("pull_request", true, false),
            ("ref:refs/heads/main", false, true),
            (
                "ref:refs/heads/gh-readonly-queue/main/pr-7-8f31c2e0",
                true,
                false,
            ),
            ("environment:sagegate", true, false),
            (
                "ref:refs/heads/gh-readonly-queue/release/pr-7-8f31c2e0",
                false,
                false,
            ),
            ("ref:refs/heads/feature", false, false),
            ("ref:refs/heads/main-2", false, false),
            ("ref:refs/tags/main", false, false),
            ("ref:refs/pull/7/merge", false, false),
            ("environment:production", false, false),
        ] {
            let subject = format!("{repository}:{end}");
            let may = |file: &str| may_take(file, &subject, "sts.amazonaws.com");
            assert_eq!(may("trust.json"), gates, "{subject}");
            assert_eq!(may("trust-record.json"), records, "{subject}");
            assert!(!may_take("trust.json", &subject, "https://github.com/acme"));
            assert!(!may_take(
                "trust-record.json",
                &subject,
                "https://github.com/acme"
            ));
        }
    }
}

#[test]
fn no_other_repository_takes_a_role() {
    for repository in [
        "repo:acme/churn-fork",
        "repo:acme2/churn",
        "repo:mallory/churn",
        "repo:acme@583231/churn@1",
        "repo:acme@1/churn@1296269",
        "repo:acme/churn@1296269",
        "repo:mallory@583231/churn@1296269",
    ] {
        for end in [
            "pull_request",
            "ref:refs/heads/main",
            "environment:sagegate",
        ] {
            for file in ["trust.json", "trust-record.json"] {
                let subject = format!("{repository}:{end}");
                assert!(!may_take(file, &subject, "sts.amazonaws.com"), "{subject}");
            }
        }
    }
}
