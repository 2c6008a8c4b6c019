//! Files of branches, against a GitHub on the loopback.

use std::collections::BTreeMap;

use sagegate::github::{BranchFile, Change, Client, GitHubError, Problem, read_file, write_file};

use crate::github::client;
use crate::support::github::{Failure, GitHub, hash};

const BRANCH: &str = "sagegate";
const PATH: &str = "base line/churn#1.json";

async fn write(
    client: &Client,
    bytes: &[u8],
    expected: Option<&str>,
) -> Result<String, GitHubError> {
    let change = Change {
        branch: BRANCH,
        path: PATH,
        bytes,
        expected,
        message: "Record run 1-1",
    };
    write_file(client, &change).await
}

fn with_branch() -> GitHub {
    let github = GitHub::start();
    github
        .world()
        .branches
        .insert(BRANCH.to_owned(), BTreeMap::new());
    github
}

#[tokio::test]
async fn the_first_write_creates_a_branch_that_holds_only_the_file() {
    let github = GitHub::start();
    let client = client(&github);
    assert_eq!(read_file(&client, BRANCH, PATH).await.unwrap(), None);
    let sha = write(&client, b"{\"a\":1}\xff", None).await.unwrap();
    let file = read_file(&client, BRANCH, PATH).await.unwrap().unwrap();
    let expected = BranchFile {
        bytes: b"{\"a\":1}\xff".to_vec(),
        sha: sha.clone(),
    };
    assert_eq!(file, expected);
    {
        let world = github.world();
        assert_eq!(world.branches[BRANCH].keys().collect::<Vec<_>>(), [PATH]);
        let is_commit = |target: &str| target.ends_with("/git/commits");
        let commit = world.log.iter().find(|it| is_commit(&it.target));
        assert_eq!(commit.unwrap().body["parents"], serde_json::json!([]));
    }
    let second = write(&client, b"2", Some(&sha)).await.unwrap();
    assert_eq!(second, hash(b"2"));
}

#[tokio::test]
async fn a_file_of_more_than_a_megabyte_is_read_whole() {
    let github = with_branch();
    let client = client(&github);
    let bytes = vec![b'x'; 1_500_000];
    write(&client, &bytes, None).await.unwrap();
    let file = read_file(&client, BRANCH, PATH).await.unwrap().unwrap();
    assert_eq!(file.bytes.len(), 1_500_000);
    assert!(github.log().last().unwrap().starts_with("GET /git/blobs/"));
}

#[tokio::test]
async fn of_two_writers_the_second_gets_a_conflict_and_loses_nothing() {
    let github = with_branch();
    let client = client(&github);
    let base = write(&client, b"0", None).await.unwrap();
    write(&client, b"0 a", Some(&base)).await.unwrap();
    let error = write(&client, b"0 b", Some(&base)).await.unwrap_err();
    assert!(error.is_conflict(), "{error}");
    let now = read_file(&client, BRANCH, PATH).await.unwrap().unwrap();
    assert_eq!(now.bytes, b"0 a");
    write(&client, b"0 a b", Some(&now.sha)).await.unwrap();
    assert_eq!(github.world().branches[BRANCH][PATH], b"0 a b");
}

#[tokio::test]
async fn every_lost_race_is_a_conflict() {
    let github = with_branch();
    let client = client(&github);
    assert!(
        write(&client, b"1", Some("0000"))
            .await
            .unwrap_err()
            .is_conflict(),
        "deleted"
    );
    write(&client, b"1", None).await.unwrap();
    assert!(
        write(&client, b"2", None).await.unwrap_err().is_conflict(),
        "created"
    );
    let moved = "is at 8f31 but expected 9a02";
    github.fail(Failure::new("PUT", "/contents/", 409, moved));
    let sha = hash(b"1");
    assert!(
        write(&client, b"2", Some(&sha))
            .await
            .unwrap_err()
            .is_conflict(),
        "branch moved"
    );
    github.world().branches.clear();
    assert!(
        write(&client, b"2", Some(&sha))
            .await
            .unwrap_err()
            .is_conflict(),
        "branch deleted"
    );

    let github = GitHub::start();
    let first = self::client(&github);
    github.fail(Failure::new(
        "POST",
        "/git/refs",
        422,
        "Reference already exists",
    ));
    assert!(
        write(&first, b"2", None).await.unwrap_err().is_conflict(),
        "two created the branch"
    );
}

#[tokio::test]
async fn a_write_whose_answer_was_lost_is_a_conflict_and_not_lost() {
    let github = with_branch();
    let client = client(&github);
    let base = write(&client, b"0", None).await.unwrap();
    let lost = Failure {
        carried_out: true,
        ..Failure::new("PUT", "/contents/", 502, "")
    };
    github.fail(lost);
    let error = write(&client, b"1", Some(&base)).await.unwrap_err();
    assert!(error.is_conflict(), "{error}");
    assert_eq!(
        read_file(&client, BRANCH, PATH)
            .await
            .unwrap()
            .unwrap()
            .bytes,
        b"1"
    );
}

#[tokio::test]
async fn a_missing_permission_and_a_rule_are_named() {
    let github = with_branch();
    let client = client(&github);
    let words = "Resource not accessible by integration";
    github.fail(Failure::new("PUT", "/contents/", 403, words));
    let error = write(&client, b"1", None).await.unwrap_err();
    assert_eq!(error.problem(), Some(Problem::Forbidden));
    assert!(
        error
            .hint()
            .unwrap()
            .contains("`permissions: { contents: write }`")
    );
    let words = "Repository rule violations found\n\nChanges must be made through a pull request.";
    github.fail(Failure::new("PUT", "/contents/", 409, words));
    let error = write(&client, b"1", None).await.unwrap_err();
    assert_eq!(error.problem(), Some(Problem::RepositoryRule));
}

#[tokio::test]
async fn a_hidden_repository_is_not_a_missing_file_and_neither_is_a_folder() {
    let github = with_branch();
    let client = client(&github);
    let hidden = Failure {
        times: 2,
        ..Failure::new("GET", "/repos/acme/churn", 404, "Not Found")
    };
    github.fail(hidden);
    let error = read_file(&client, BRANCH, PATH).await.unwrap_err();
    assert_eq!(error.problem(), Some(Problem::NotFound));
    assert!(
        error
            .hint()
            .unwrap()
            .contains("`permissions: { contents: read }`")
    );
    write(&client, b"1", None).await.unwrap();
    let error = read_file(&client, BRANCH, "base line").await.unwrap_err();
    assert!(
        error.to_string().ends_with("`base line` is not a file"),
        "{error}"
    );
}
