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
            "head": {
                "sha": HEAD,
                "ref": "topic",
                "user": { "login": "alice" },
                "repo": { "full_name": full_name },
            },
            "base": { "ref": "main", "repo": { "full_name": "acme/churn" } },
        },
        "repository": { "id": 1, "default_branch": "main" },
    })
}

fn number(event: &str, more: &[(&str, &str)], json: &Value) -> Option<u64> {
    context(event, more, json).pull_request()
}

#[test]
fn a_pull_request_shows_its_head_and_not_the_merge() {
    let refs = [
        ("GITHUB_REF", "refs/pull/7/merge"),
        ("GITHUB_BASE_REF", "main"),
    ];
    let event = pull_request_from(&json!("Acme/churn"));
    let context = context("pull_request", &refs, &event);
    let pull_request = PullRequest {
        number: Some(7),
        head_sha: Some(HEAD.to_owned()),
        head_owner: Some("alice".to_owned()),
        head_branch: Some("topic".to_owned()),
        base: Some("main".to_owned()),
        is_fork: false,
    };
    let expected = Context {
        event: Event::PullRequest(pull_request),
        asked: None,
        is_by_hand: false,
        repository: "acme/churn".parse().unwrap(),
        server_url: "https://github.com".to_owned(),
        sha: Some(MERGE.to_owned()),
        is_dependabot: false,
        default_branch: Some("main".to_owned()),
        branch: None,
        run_id: Some("1842".to_owned()),
        run_attempt: Some(2),
        workflow: Some("ci".to_owned()),
    };
    assert_eq!(context, expected);
    assert!(!context.is_restricted() && !context.is_on_branch());
    assert_eq!(
        (context.pull_request(), context.head_sha()),
        (Some(7), Some(HEAD))
    );
    assert_eq!(
        context.run_url().unwrap(),
        "https://github.com/acme/churn/actions/runs/1842/attempts/2"
    );
    assert_eq!(
        context.commit_url(HEAD),
        format!("https://github.com/acme/churn/commit/{HEAD}")
    );
}

#[test]
fn each_event_has_its_commit_its_rights_and_its_branch() {
    let pull = pull_request_from(&json!("mallory/churn"));
    let queue = json!({ "merge_group": { "head_sha": HEAD } });
    let run = json!({ "workflow_run": { "head_sha": HEAD } });
    let empty = json!({});
    // Commit; from elsewhere; restricted.
    for (name, event, sha, is_fork, is_restricted) in [
        ("pull_request", &pull, Some(HEAD), true, true),
        ("pull_request_target", &pull, Some(HEAD), true, false),
        ("pull_request_review", &pull, Some(HEAD), true, true),
        ("pull_request", &empty, None, false, false),
        ("issue_comment", &empty, Some(MERGE), false, false),
        ("merge_group", &queue, Some(HEAD), false, false),
        ("merge_group", &empty, Some(MERGE), false, false),
        ("workflow_run", &run, Some(HEAD), true, false),
        ("workflow_run", &empty, None, true, false),
        ("push", &empty, Some(MERGE), false, false),
        ("schedule", &empty, Some(MERGE), false, false),
        ("workflow_dispatch", &empty, Some(MERGE), false, false),
    ] {
        let context = context(name, &[], event);
        let found = (
            context.head_sha(),
            context.is_fork(),
            context.is_restricted(),
        );
        assert_eq!(found, (sha, is_fork, is_restricted), "{name} {event}");
    }
}

#[test]
fn forks_and_dependabot_are_restricted_on_pull_request_and_not_on_its_target() {
    for origin in [json!("mallory/churn"), json!(null), json!(7)] {
        let event = pull_request_from(&origin);
        assert!(context("pull_request", &[], &event).is_fork(), "{origin}");
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
fn an_enterprise_server_has_its_own_pages() {
    let own = [("GITHUB_SERVER_URL", "https://git.acme.example/")];
    let context = context("push", &own, &json!({}));
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
    assert!(trunk.is_on_branch() && trunk.pull_request().is_none());
    assert_eq!(trunk.head_sha(), Some(MERGE));
    let branch = Some("trunk".to_owned());
    assert_eq!(trunk.event, Event::Push { branch });
    assert!(context("push", &on("refs/heads/release/1"), &event).is_on_branch());
    let queued = "refs/heads/gh-readonly-queue/main/pr-7-8f31c2e0";
    assert!(!context("push", &on(queued), &event).is_on_branch());
    assert!(!context("push", &on("refs/tags/trunk"), &event).is_on_branch());
    assert!(!context("push", &[], &json!({})).is_on_branch());
    assert!(context("schedule", &[], &json!({ "schedule": "0 3 * * *" })).is_on_branch());
    let dispatch = context("workflow_dispatch", &on("refs/heads/trunk"), &event);
    assert!(!dispatch.is_on_branch());
}

#[test]
fn the_merge_queue_has_a_head_a_base_and_the_pull_request_of_its_name() {
    let event = json!({ "merge_group": { "head_sha": HEAD, "base_ref": "refs/heads/main" } });
    let reference = "refs/heads/gh-readonly-queue/main/pr-7-abc";
    let context = context("merge_group", &[("GITHUB_REF", reference)], &event);
    let expected = Event::MergeGroup(MergeGroup {
        head_sha: Some(HEAD.to_owned()),
        base: Some("main".to_owned()),
        pull_request: Some(7),
    });
    assert_eq!(context.event, expected);
    assert_eq!(
        (context.pull_request(), context.head_sha()),
        (Some(7), Some(HEAD))
    );
}

#[test]
fn the_branch_of_a_merge_queue_names_base_and_pull_request() {
    for (branch, expected) in [
        ("gh-readonly-queue/main/pr-7-8f31c2e0", Some(("main", 7))),
        (
            "gh-readonly-queue/release/1/pr-12-abc",
            Some(("release/1", 12)),
        ),
        ("gh-readonly-queue/main/pr-0-abc", None),
        ("gh-readonly-queue/main/pr-7", None),
        ("gh-readonly-queue/main/pr-7-xyz", None),
        ("gh-readonly-queue/pr-7-abc", None),
        ("main/pr-7-abc", None),
    ] {
        assert_eq!(queued(branch), expected, "{branch}");
    }
    let event =
        json!({ "merge_group": { "head_ref": "refs/heads/gh-readonly-queue/a/b/pr-9-abc" } });
    let context = context("merge_group", &[("GITHUB_REF", "refs/heads/main")], &event);
    assert_eq!(context.pull_request(), Some(9));
    let base = context.branches().base;
    assert_eq!(base.as_ref().map(BranchName::as_str), Some("a/b"));
}

#[test]
fn a_workflow_run_gives_what_to_find_its_pull_request_by() {
    let event = json!({
        "repository": { "id": 1 },
        "workflow_run": {
            "name": "gate",
            "event": "pull_request",
            "head_sha": HEAD,
            "head_branch": "topic",
            "head_repository": { "full_name": "mallory/churn", "owner": { "login": "mallory" } },
            // Only the author's idea of a pull request.
            "pull_requests": [{ "number": 7, "base": { "repo": { "id": 1 } } }],
        },
    });
    let head = Head {
        owner: "mallory".to_owned(),
        branch: "topic".to_owned(),
        sha: HEAD.to_owned(),
    };
    let expected = WorkflowRun {
        workflow: Some("gate".to_owned()),
        head_sha: Some(HEAD.to_owned()),
        pull_request: Some(head),
        is_fork: true,
    };
    let fork = context("workflow_run", &[], &event);
    assert_eq!(fork.workflow_run(), Some(&expected));
    assert_eq!((fork.pull_request(), fork.is_restricted()), (None, false));
    let mut pushed = event;
    pushed["workflow_run"]["event"] = json!("push");
    let pushed = context("workflow_run", &[], &pushed);
    assert_eq!(pushed.workflow_run().unwrap().pull_request, None);
    assert_eq!(context("push", &[], &json!({})).workflow_run(), None);
}

#[test]
fn a_number_comes_from_the_reference_when_the_event_has_none() {
    let reference = [("GITHUB_REF", "refs/pull/12/merge")];
    assert_eq!(number("pull_request", &reference, &json!({})), Some(12));
    for odd in [json!(0), json!(-7), json!("7"), json!(1e30), json!([7])] {
        let event = json!({ "pull_request": { "number": odd } });
        assert_eq!(number("pull_request", &[], &event), None);
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
        assert_eq!(
            context("pull_request", &[], &event).head_sha(),
            None,
            "{odd}"
        );
    }
    let deep = "[".repeat(100_000);
    assert!(Context::read(&environment("pull_request", &[]), &deep).is_some());
}

const EVENTS: [&str; 10] = [
    "issue_comment",
    "check_suite",
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
    let keys = "(pull_request|issue|inputs|pull-request|check_suite|workflow_run|merge_group|repository|head|base|repo|id|number|sha|head_sha|pull_requests|event|ref)";
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
        prop_assert!(context.head_sha().is_none_or(|it| it.chars().all(|c| c.is_ascii_hexdigit())));
        prop_assert!(context.pull_request() != Some(0));
        let _ = Context::read(&environment, &reference);
    }
}
