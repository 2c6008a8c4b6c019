use proptest::prelude::*;
use serde_json::json;

use super::*;

const HEAD: &str = "8f31c2e0aa558f31c2e0aa558f31c2e0aa558f31";
const MERGE: &str = "ffffffffffffffffffffffffffffffffffffffff";

fn environment(event: &str, more: &[(&str, &str)]) -> BTreeMap<String, String> {
    let base = [
        ("GITHUB_EVENT_NAME", event),
        ("GITHUB_REPOSITORY", "acme/churn"),
        ("GITHUB_SHA", MERGE),
        ("GITHUB_RUN_ID", "1842"),
        ("GITHUB_RUN_ATTEMPT", "2"),
        ("GITHUB_WORKFLOW", "ci"),
        ("GITHUB_ACTOR", "octocat"),
        ("GITHUB_API_URL", ""),
    ];
    let all = base.iter().chain(more);
    all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn context(event: &str, more: &[(&str, &str)], json: &Value) -> Context {
    Context::read(&environment(event, more), &json.to_string()).unwrap()
}

fn pull_request_from(full_name: &Value) -> Value {
    json!({
        "number": 7,
        "pull_request": {
            "number": 7,
            "head": { "sha": HEAD, "ref": "topic", "repo": { "full_name": full_name } },
            "base": { "ref": "main", "repo": { "full_name": "acme/churn" } },
        },
        "repository": { "id": 1, "default_branch": "main" },
    })
}

#[test]
fn a_pull_request_shows_its_head_and_not_the_merge() {
    let refs = [
        ("GITHUB_REF", "refs/pull/7/merge"),
        ("GITHUB_BASE_REF", "main"),
    ];
    let context = context(
        "pull_request",
        &refs,
        &pull_request_from(&json!("Acme/churn")),
    );
    let expected = Context {
        event: Event::PullRequest,
        repository: "acme/churn".parse().unwrap(),
        api_url: "https://api.github.com".to_owned(),
        server_url: "https://github.com".to_owned(),
        pull_request: Some(7),
        head_sha: Some(HEAD.to_owned()),
        triggered_by: None,
        triggering_workflow: None,
        base_ref: Some("main".to_owned()),
        branch: None,
        is_fork: false,
        is_dependabot: false,
        default_branch: Some("main".to_owned()),
        run_id: Some("1842".to_owned()),
        run_attempt: Some(2),
        workflow: Some("ci".to_owned()),
    };
    assert_eq!(context, expected);
    assert!(!context.is_restricted() && !context.is_on_default_branch());
    assert_eq!(
        context.run_url().unwrap(),
        "https://github.com/acme/churn/actions/runs/1842/attempts/2"
    );
    assert_eq!(
        context.commit_url().unwrap(),
        format!("https://github.com/acme/churn/commit/{HEAD}")
    );
}

#[test]
fn forks_and_dependabot_are_restricted_on_pull_request_and_not_on_its_target() {
    for origin in [json!("mallory/churn"), json!(null), json!(7)] {
        let event = pull_request_from(&origin);
        assert!(context("pull_request", &[], &event).is_fork, "{origin}");
        assert!(context("pull_request", &[], &event).is_restricted());
        assert!(!context("pull_request_target", &[], &event).is_restricted());
    }
    let bot = [("GITHUB_ACTOR", "dependabot[bot]")];
    let own = pull_request_from(&json!("acme/churn"));
    assert!(context("pull_request", &bot, &own).is_restricted());
    assert!(context("push", &bot, &json!({})).is_restricted());
    assert!(!context("pull_request_target", &bot, &own).is_restricted());
}

#[test]
fn an_enterprise_server_has_its_own_addresses() {
    let own = [
        ("GITHUB_API_URL", "https://git.acme.example/api/v3/"),
        ("GITHUB_SERVER_URL", "https://git.acme.example"),
    ];
    let context = context("push", &own, &json!({}));
    assert_eq!(context.api_url, "https://git.acme.example/api/v3");
    assert!(
        context
            .run_url()
            .unwrap()
            .starts_with("https://git.acme.example/acme/churn/")
    );
}

#[test]
fn a_push_to_the_default_branch_and_the_schedule_are_about_it() {
    let event = json!({ "repository": { "default_branch": "trunk" } });
    let on = |branch| [("GITHUB_REF", branch)];
    let trunk = context("push", &on("refs/heads/trunk"), &event);
    assert!(trunk.is_on_default_branch() && trunk.pull_request.is_none());
    assert_eq!(trunk.head_sha.as_deref(), Some(MERGE));
    assert!(!context("push", &on("refs/heads/topic"), &event).is_on_default_branch());
    assert!(!context("push", &on("refs/tags/trunk"), &event).is_on_default_branch());
    assert!(!context("push", &[], &json!({})).is_on_default_branch());
    assert!(context("schedule", &[], &json!({ "schedule": "0 3 * * *" })).is_on_default_branch());
    let dispatch = context("workflow_dispatch", &on("refs/heads/trunk"), &event);
    assert!(!dispatch.is_on_default_branch());
    assert_eq!(dispatch.branch.as_deref(), Some("trunk"));
}

#[test]
fn the_merge_queue_has_a_head_and_a_base_and_no_pull_request() {
    let event = json!({ "merge_group": { "head_sha": HEAD, "base_ref": "refs/heads/main" } });
    let reference = "refs/heads/gh-readonly-queue/main/pr-7-abc";
    let context = context("merge_group", &[("GITHUB_REF", reference)], &event);
    assert_eq!(
        (
            context.pull_request,
            context.base_ref.as_deref(),
            context.head_sha.as_deref()
        ),
        (None, Some("main"), Some(HEAD))
    );
}

#[test]
fn a_workflow_run_gives_the_number_or_what_to_find_it_by() {
    let event = |pulls: Value| {
        json!({
            "repository": { "id": 1 },
            "workflow_run": {
                "name": "gate",
                "event": "pull_request",
                "head_sha": HEAD,
                "head_branch": "topic",
                "head_repository": { "full_name": "mallory/churn", "owner": { "login": "mallory" } },
                "pull_requests": pulls,
            },
        })
    };
    let fork = context("workflow_run", &[], &event(json!([])));
    assert_eq!((fork.pull_request, fork.is_fork), (None, true));
    assert!(!fork.is_restricted());
    assert_eq!(fork.triggering_workflow.as_deref(), Some("gate"));
    assert_eq!(
        fork.triggered_by,
        Some(Head {
            owner: "mallory".to_owned(),
            branch: "topic".to_owned(),
            sha: HEAD.to_owned()
        })
    );
    let listed =
        |repository, number| json!({ "number": number, "base": { "repo": { "id": repository } } });
    let number = |pulls| context("workflow_run", &[], &event(pulls)).pull_request;
    assert_eq!(number(json!([listed(1, 7), listed(2, 3)])), Some(7));
    assert_eq!(number(json!([listed(2, 3)])), None);
    assert_eq!(number(json!([listed(1, 7), listed(1, 8)])), None);
    let mut pushed = event(json!([]));
    pushed["workflow_run"]["event"] = json!("push");
    assert_eq!(context("workflow_run", &[], &pushed).triggered_by, None);
}

#[test]
fn a_number_comes_from_the_reference_when_the_event_has_none() {
    let reference = [("GITHUB_REF", "refs/pull/12/merge")];
    assert_eq!(
        context("pull_request", &reference, &json!({})).pull_request,
        Some(12)
    );
    for odd in [json!(0), json!(-7), json!("7"), json!(1e30), json!([7])] {
        let event = json!({ "pull_request": { "number": odd } });
        assert_eq!(context("pull_request", &[], &event).pull_request, None);
    }
}

#[test]
fn without_a_repository_there_is_no_context() {
    for bad in ["", "acme", "../x/y", "a/b\n"] {
        let mut environment = environment("push", &[]);
        environment.insert("GITHUB_REPOSITORY".to_owned(), bad.to_owned());
        let expected = bad == "a/b\n";
        assert_eq!(
            Context::read(&environment, "{}").is_some(),
            expected,
            "{bad:?}"
        );
    }
    assert!(Context::read(&BTreeMap::new(), "{}").is_none());
}

#[test]
fn what_is_no_hash_is_no_commit() {
    for odd in [
        "",
        "main",
        HEAD.trim_start_matches('8'),
        "::error::",
        &"g".repeat(40),
    ] {
        let event = json!({ "pull_request": { "head": { "sha": odd } } });
        assert_eq!(context("pull_request", &[], &event).head_sha, None, "{odd}");
    }
    let deep = "[".repeat(100_000);
    assert!(Context::read(&environment("pull_request", &[]), &deep).is_some());
}

const EVENTS: [&str; 8] = [
    "pull_request",
    "pull_request_target",
    "push",
    "merge_group",
    "schedule",
    "workflow_dispatch",
    "workflow_run",
    "odd",
];

/// JSON of the keys that are looked at, with odd values in odd places.
fn odd_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
        Just(json!(HEAD)),
    ];
    let keys = "(pull_request|workflow_run|merge_group|repository|head|base|repo|id|number|sha|head_sha|pull_requests|event|ref)";
    leaf.prop_recursive(4, 40, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map(keys, inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn no_event_breaks_it(name in prop::sample::select(EVENTS.to_vec()), json in odd_json(), reference in ".{0,30}") {
        let environment = environment(name, &[("GITHUB_REF", &reference)]);
        let context = Context::read(&environment, &json.to_string()).unwrap();
        prop_assert!(context.head_sha.is_none_or(|it| it.chars().all(|c| c.is_ascii_hexdigit())));
        prop_assert!(context.pull_request != Some(0));
        let _ = Context::read(&environment, &reference);
    }
}
