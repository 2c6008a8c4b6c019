//! Labels, and the pull request of a commit, against a GitHub on the loopback.

use sagegate::github::{Head, applied_label, find_pull_request};
use serde_json::json;

use crate::github::client;
use crate::support::github::GitHub;

fn event(id: u64, name: &str, label: &str, login: &str, at: &str) -> serde_json::Value {
    json!({ "id": id, "event": name, "label": { "name": label }, "actor": { "login": login }, "created_at": at })
}

#[tokio::test]
async fn a_label_is_of_the_one_who_applied_it_last() {
    let github = GitHub::start();
    let client = client(&github);
    let accept = "sagegate:accept";
    assert_eq!(applied_label(&client, 7, accept).await.unwrap(), None);
    let early = "2026-11-22T10:00:00Z";
    let late = "2026-11-22T11:00:00Z";
    let mut events = vec![
        event(1, "labeled", accept, "alice", early),
        event(2, "unlabeled", accept, "bob", early),
        event(4, "labeled", "bug", "mallory", late),
        json!({ "id": 5, "event": "mentioned", "actor": null, "created_at": late }),
    ];
    github.world().events.insert(7, events.clone());
    assert_eq!(applied_label(&client, 7, accept).await.unwrap(), None);
    github
        .world()
        .labels
        .insert(7, vec!["bug".to_owned(), "Sagegate:Accept".to_owned()]);
    let error = applied_label(&client, 7, accept).await.unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("but no event says who applied it"),
        "{error}"
    );
    for index in 10..140 {
        events.push(event(index, "labeled", "bug", "mallory", early));
    }
    events.push(event(150, "labeled", accept, "carol", late));
    github.world().events.insert(7, events);
    let applied = applied_label(&client, 7, accept).await.unwrap().unwrap();
    assert_eq!(
        (applied.by.as_str(), applied.at.to_string().as_str()),
        ("carol", late)
    );
}

#[tokio::test]
async fn the_pull_request_of_a_forks_commit_is_found_by_branch_and_commit() {
    let github = GitHub::start();
    let client = client(&github);
    let head = Head {
        owner: "mallory".to_owned(),
        branch: "fix/a&b #1".to_owned(),
        sha: "a".repeat(40),
    };
    let label = "mallory:fix/a&b #1";
    let pull = |number, sha: &str| json!({ "number": number, "head": { "label": label, "sha": sha.repeat(40) } });
    github.world().pulls = vec![pull(6, "b")];
    assert_eq!(find_pull_request(&client, &head).await.unwrap(), None);
    github.world().pulls.push(pull(7, "a"));
    let found = find_pull_request(&client, &head).await.unwrap();
    assert_eq!(found.map(|it| it.number), Some(7));
    assert!(github.log()[0].ends_with("&head=mallory%3Afix%2Fa%26b%20%231"));
}
