//! Comments, against a GitHub on the loopback.

use std::time::Duration;

use sagegate::github::{
    Client, CommentMode, Done, GitHubError, Occasion, Problem, Published, Retry, Waits,
    applied_label, find_comment, publish_comment,
};
use sagegate::marker::Key;
use sagegate::network::Network;
use serde_json::json;

use crate::support::github::{BOT, Failure, GitHub, REPOSITORY, TOKEN};

const PULL_REQUEST: u64 = 7;
const FAILED: Occasion = Occasion {
    failed: true,
    changed: true,
};
const QUIET: Occasion = Occasion {
    failed: false,
    changed: false,
};

pub(crate) fn client_with(github: &GitHub, token: &str, attempt_timeout: Duration) -> Client {
    let retry = Retry {
        attempts: 4,
        waits: Waits::Doubling(Duration::from_millis(1)),
        longest_wait: Duration::from_secs(5),
    };
    let (repository, token) = (REPOSITORY.parse().unwrap(), token.parse().unwrap());
    let (url, network) = (github.api_url(), Network::default());
    Client::new(&url, repository, token, retry, attempt_timeout, &network).unwrap()
}

pub(crate) fn client(github: &GitHub) -> Client {
    client_with(github, TOKEN, Duration::from_secs(20))
}

/// A comment of a run, with a body that is the run's own.
fn body(key: &str, run: &str) -> String {
    format!(
        "<!-- sagegate key={key} sha=8f31 run={run} at=2026-11-22T10:12:09Z -->\n\n### run {run}\n"
    )
}

async fn publish(github: &GitHub, body: &str) -> Result<Published, GitHubError> {
    publish_comment(
        &client(github),
        PULL_REQUEST,
        body,
        CommentMode::Always,
        QUIET,
    )
    .await
}

#[tokio::test]
async fn the_first_run_creates_the_comment_and_the_second_changes_it() {
    let github = GitHub::start();
    let first = publish(&github, &body("ci", "1-1")).await.unwrap();
    let url = "https://github.com/acme/churn/pull/7#issuecomment-1";
    let expected = |done| Published {
        done,
        url: Some(url.to_owned()),
        stale: Vec::new(),
    };
    assert_eq!(first, expected(Done::Created));
    let second = publish(&github, &body("ci", "2-1")).await.unwrap();
    assert_eq!(second, expected(Done::Updated));
    assert_eq!(github.world().bodies(PULL_REQUEST), [body("ci", "2-1")]);
    assert_eq!(
        github.log(),
        [
            "POST /graphql",
            "GET /issues/7/comments?per_page=100&page=1",
            "POST /issues/7/comments",
            "POST /graphql",
            "GET /issues/7/comments?per_page=100&page=1",
            "PATCH /issues/comments/1",
        ]
    );
}

#[tokio::test]
async fn ours_is_found_behind_250_others_with_one_patch_and_no_post() {
    let github = GitHub::start();
    for index in 0..250 {
        // Others may copy our marker, and our bot may write other things.
        let text = if index == 3 {
            body("ci", "9-9")
        } else {
            format!("comment {index}")
        };
        let login = if index == 4 { BOT } else { "mallory" };
        github.world().comment(PULL_REQUEST, login, &text);
    }
    let ours = github
        .world()
        .comment(PULL_REQUEST, BOT, &body("ci", "1-1"));
    github
        .world()
        .comment(PULL_REQUEST, BOT, &body("other-model", "5-1"));
    let published = publish(&github, &body("ci", "2-1")).await.unwrap();
    assert_eq!(published.done, Done::Updated);
    let mut log = github.log();
    assert_eq!(
        log.split_off(1),
        [
            "GET /issues/7/comments?per_page=100&page=1".to_owned(),
            "GET /issues/7/comments?per_page=100&page=2".to_owned(),
            "GET /issues/7/comments?per_page=100&page=3".to_owned(),
            format!("PATCH /issues/comments/{ours}"),
        ]
    );
    // The one POST asks whose token it is.
    assert_eq!(log, ["POST /graphql"]);
    let bodies = github.world().bodies(PULL_REQUEST);
    assert_eq!(bodies[3], body("ci", "9-9"));
    assert_eq!(bodies[250], body("ci", "2-1"));
}

#[tokio::test]
async fn an_older_run_never_overwrites_a_newer_one_and_an_identical_body_is_not_written() {
    let github = GitHub::start();
    publish(&github, &body("ci", "1843-1")).await.unwrap();
    let older = publish(&github, &body("ci", "1842-2")).await.unwrap();
    assert_eq!(older.done, Done::LeftToNewerRun);
    assert!(older.url.is_some());
    let kept = body("ci", "1843-1");
    github.world().comments[0]["body"] = json!(kept.replace('\n', "\r\n").trim_end());
    let same = publish(&github, &kept).await.unwrap();
    assert_eq!(same.done, Done::Unchanged);
    assert_eq!(
        (github.count("PATCH"), github.world().comments.len()),
        (0, 1)
    );
}

#[tokio::test]
async fn of_several_of_ours_the_newest_is_kept() {
    let github = GitHub::start();
    github
        .world()
        .comment(PULL_REQUEST, BOT, &body("ci", "2-1"));
    github
        .world()
        .comment(PULL_REQUEST, BOT, &body("ci", "3-1"));
    github
        .world()
        .comment(PULL_REQUEST, BOT, &body("ci", "1-1"));
    let found = find_comment(&client(&github), PULL_REQUEST, &Key::new("ci", None))
        .await
        .unwrap();
    assert_eq!(found.map(|it| it.id), Some(2));
    let published = publish(&github, &body("ci", "4-1")).await.unwrap();
    assert_eq!(published.done, Done::Updated);
    assert_eq!(github.count("DELETE"), 2);
    assert_eq!(github.world().bodies(PULL_REQUEST), [body("ci", "4-1")]);
}

#[tokio::test]
async fn the_mode_decides_about_a_new_comment_and_an_existing_one_is_kept_current() {
    let github = GitHub::start();
    let client = client(&github);
    let publish = async |run, mode, occasion| {
        let body = body("ci", run);
        publish_comment(&client, PULL_REQUEST, &body, mode, occasion)
            .await
            .unwrap()
            .done
    };
    assert_eq!(
        publish("1-1", CommentMode::Never, FAILED).await,
        Done::NotWanted
    );
    assert_eq!(github.log(), Vec::<String>::new());
    assert_eq!(
        publish("1-1", CommentMode::OnFail, QUIET).await,
        Done::NotWanted
    );
    assert_eq!(
        publish("2-1", CommentMode::OnFail, FAILED).await,
        Done::Created
    );
    assert_eq!(
        publish("3-1", CommentMode::OnFail, QUIET).await,
        Done::Updated
    );
    assert_eq!(
        publish("4-1", CommentMode::OnChange, QUIET).await,
        Done::Updated
    );
}

#[tokio::test]
async fn a_read_only_token_is_an_error_that_names_the_permission() {
    let github = GitHub::start();
    let words = "Resource not accessible by integration";
    github.fail(Failure::new("POST", "/comments", 403, words));
    let error = publish(&github, &body("ci", "1-1")).await.unwrap_err();
    assert_eq!(error.problem(), Some(Problem::Forbidden));
    assert_eq!(
        error.to_string(),
        "cannot write the comment: Resource not accessible by integration (HTTP 403)"
    );
    assert!(error.hint().unwrap().contains("pull-requests: write"));
    assert_eq!(github.log().len(), 3, "it is not tried again");
}

#[tokio::test]
async fn server_errors_and_rate_limits_are_tried_again() {
    let github = GitHub::start();
    let unicorn = Failure {
        body: "<html>".to_owned(),
        times: 2,
        ..Failure::new("GET", "/comments", 502, "")
    };
    let limited = Failure {
        headers: vec![("retry-after", "0")],
        times: 2,
        ..Failure::new(
            "POST",
            "/comments",
            403,
            "You have exceeded a secondary rate limit",
        )
    };
    github.fail(unicorn);
    github.fail(limited);
    let published = publish(&github, &body("ci", "1-1")).await.unwrap();
    assert_eq!(published.done, Done::Created);
    assert_eq!((github.count("GET"), github.count("POST")), (3, 4));
    assert_eq!(github.world().comments.len(), 1);
}

#[tokio::test]
async fn a_long_limit_and_a_lasting_outage_end_with_a_reason() {
    let github = GitHub::start();
    let limited = Failure {
        headers: vec![("retry-after", "3600")],
        ..Failure::new("GET", "/comments", 429, "API rate limit exceeded")
    };
    github.fail(limited);
    let error = publish(&github, &body("ci", "1-1")).await.unwrap_err();
    assert_eq!(error.problem(), Some(Problem::RateLimited));
    let down = Failure {
        times: 99,
        ..Failure::new("GET", "/comments", 503, "down")
    };
    github.fail(down);
    let error = publish(&github, &body("ci", "1-1")).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot read the comments of the pull request: down (HTTP 503)"
    );
    assert_eq!(github.count("GET"), 1 + 4);
}

#[tokio::test]
async fn a_comment_whose_answer_was_lost_is_not_written_twice() {
    let github = GitHub::start();
    let lost = Failure {
        carried_out: true,
        ..Failure::new("POST", "/issues/7/comments", 502, "")
    };
    github.fail(lost);
    let published = publish(&github, &body("ci", "1-1")).await.unwrap();
    assert_eq!(published.done, Done::Unchanged);
    assert_eq!(github.world().comments.len(), 1);
    let failed = Failure {
        times: 2,
        ..Failure::new("PATCH", "/issues/comments/1", 502, "")
    };
    github.fail(failed);
    let published = publish(&github, &body("ci", "2-1")).await.unwrap();
    assert_eq!(published.done, Done::Updated);
    assert_eq!(github.count("PATCH"), 3);
}

#[tokio::test]
async fn a_comment_that_is_deleted_meanwhile_is_written_anew() {
    let github = GitHub::start();
    publish(&github, &body("ci", "1-1")).await.unwrap();
    github.fail(Failure::new("PATCH", "/comments/1", 404, "Not Found"));
    let published = publish(&github, &body("ci", "2-1")).await.unwrap();
    assert_eq!(published.done, Done::Created);
}

#[tokio::test]
async fn a_body_without_marker_is_refused_and_a_long_one_is_cut() {
    let github = GitHub::start();
    assert_eq!(
        publish(&github, "### hello").await.unwrap_err(),
        GitHubError::Unmarked
    );
    let long = format!("{}{}", body("ci", "1-1"), "<b> é 🦀\n".repeat(20_000));
    publish(&github, &long).await.unwrap();
    let sent = github.world().bodies(PULL_REQUEST).remove(0);
    assert!((65_000..=65_536).contains(&sent.encode_utf16().count()));
    assert_eq!(publish(&github, &long).await.unwrap().done, Done::Unchanged);
}

/// Publishes as a person, of run 2.
async fn publish_as_octocat(github: &GitHub, mode: CommentMode) -> Published {
    github.world().user = Some("Octocat".to_owned());
    let client = client_with(github, "ghp_person", Duration::from_secs(20));
    publish_comment(&client, PULL_REQUEST, &body("ci", "2-1"), mode, QUIET)
        .await
        .unwrap()
}

const SUPERSEDED: &str =
    "Superseded by [the comment of a newer run](https://github.com/acme/churn/pull/7#issuecomment-";

#[tokio::test]
async fn another_token_supersedes_what_the_first_has_written() {
    for mode in [CommentMode::Always, CommentMode::OnFail] {
        let github = GitHub::start();
        publish(&github, &body("ci", "1-1")).await.unwrap();
        let other_model = body("other-model", "1-1");
        github.world().comment(PULL_REQUEST, BOT, &other_model);
        let published = publish_as_octocat(&github, mode).await;
        // What is there is kept current, whatever the mode.
        assert_eq!((published.done, published.stale.len()), (Done::Created, 0));
        let bodies = github.world().bodies(PULL_REQUEST);
        assert_eq!(bodies[0], format!("{SUPERSEDED}3)."));
        assert_eq!(bodies[1..], [other_model, body("ci", "2-1")]);
        let again = publish_as_octocat(&github, mode).await;
        assert_eq!(again.done, Done::Unchanged);
        assert_eq!(github.count("PATCH"), 1);
    }
}

#[tokio::test]
async fn only_apps_and_people_who_may_write_are_superseded() {
    let github = GitHub::start();
    let people = ["mallory", "alice", "carol", "acme-ci[bot]"];
    for login in people {
        github
            .world()
            .comment(PULL_REQUEST, login, &body("ci", "1-1"));
    }
    github
        .world()
        .roles
        .insert("alice".to_owned(), "write".to_owned());
    github
        .world()
        .roles
        .insert("carol".to_owned(), "read".to_owned());
    publish_as_octocat(&github, CommentMode::Always).await;
    let bodies = github.world().bodies(PULL_REQUEST);
    let superseded = |body: &String| body.starts_with(SUPERSEDED);
    let found: Vec<bool> = bodies.iter().map(superseded).collect();
    assert_eq!(found, [false, true, false, true, false]);
    assert_eq!(bodies[0], body("ci", "1-1"));
}

#[tokio::test]
async fn a_forged_line_neither_creates_nor_holds_back_a_comment() {
    let github = GitHub::start();
    github
        .world()
        .comment(PULL_REQUEST, "mallory", &body("ci", "9-9"));
    let published = publish_as_octocat(&github, CommentMode::OnFail).await;
    assert_eq!(published.done, Done::NotWanted);
    let published = publish_as_octocat(&github, CommentMode::Always).await;
    assert_eq!(published.done, Done::Created);
    // A newer run of an app is left alone, and does not hold this one back.
    let newer = body("ci", "3-1");
    github.world().comment(PULL_REQUEST, BOT, &newer);
    publish_as_octocat(&github, CommentMode::Always).await;
    assert_eq!(github.world().bodies(PULL_REQUEST)[2], newer);
    assert_eq!(github.count("PATCH"), 0);
}

#[tokio::test]
async fn a_comment_that_may_not_be_replaced_is_named() {
    let github = GitHub::start();
    publish(&github, &body("ci", "1-1")).await.unwrap();
    let words = "Resource not accessible by personal access token";
    github.fail(Failure::new("PATCH", "/issues/comments/1", 403, words));
    let published = publish_as_octocat(&github, CommentMode::Always).await;
    let page = "https://github.com/acme/churn/pull/7#issuecomment-1";
    assert_eq!(
        (published.done, published.stale),
        (Done::Created, vec![page.to_owned()])
    );
}

#[tokio::test]
async fn an_enterprise_server_is_asked_below_its_prefix() {
    let github = GitHub::start_below("/api/v3");
    let published = publish(&github, &body("ci", "1-1")).await.unwrap();
    assert_eq!(published.done, Done::Created);
    assert_eq!(
        github.log(),
        [
            "POST /api/graphql",
            "GET /api/v3/issues/7/comments?per_page=100&page=1",
            "POST /api/v3/issues/7/comments",
        ]
    );
}

#[tokio::test]
async fn the_token_is_in_no_error_and_no_debug_output() {
    let github = GitHub::start();
    let echo = format!("bad header: Bearer {TOKEN}");
    github.fail(Failure::new("GET", "/comments", 400, &echo));
    let client = client(&github);
    let error = find_comment(&client, PULL_REQUEST, &Key::new("ci", None))
        .await
        .unwrap_err();
    let all = format!("{error} {error:?} {:?} {client:?}", error.hint());
    assert!(!all.contains("0123456789abcdef"), "{all}");
    assert!(all.contains("bad header: Bearer ***"), "{all}");

    let wrong = client_with(&github, "ghs_wrong", Duration::from_secs(20));
    let error = find_comment(&wrong, PULL_REQUEST, &Key::new("ci", None))
        .await
        .unwrap_err();
    assert_eq!(error.problem(), Some(Problem::Unauthorized));
    assert!(!format!("{error:?}").contains("ghs_wrong"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_server_that_never_answers_is_given_up() {
    let github = GitHub::start();
    let client = client_with(&github, TOKEN, Duration::from_millis(30));
    // The server waits for its own lock before it answers.
    let lock = github.world();
    let error = tokio::task::block_in_place(|| {
        let key = Key::new("ci", None);
        let asking = find_comment(&client, PULL_REQUEST, &key);
        tokio::runtime::Handle::current().block_on(asking)
    })
    .unwrap_err();
    drop(lock);
    assert_eq!(
        error.to_string(),
        "cannot find out whose token this is: no answer within 0.03 s"
    );
}

#[tokio::test]
async fn a_server_that_is_not_there_is_an_error_with_the_cause() {
    let github = GitHub::start();
    let client = client(&github);
    drop(github);
    tokio::time::sleep(Duration::from_millis(50)).await;
    let error = applied_label(&client, PULL_REQUEST, "x").await.unwrap_err();
    let text = error.to_string();
    assert!(
        text.starts_with("cannot read the labels of the pull request: ")
            && text.contains("refused"),
        "{text}"
    );
}
