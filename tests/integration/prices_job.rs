//! The monthly job that keeps the built-in prices up to date: its scripts, run as a runner would,
//! on the simulator's price list, with a repository of their own and somebody who stands for `gh`.

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use saphyr::{LoadableYamlNode as _, YamlOwned};
use tempfile::TempDir;

use crate::support::{Simulator, Workspace};

const TABLE: &str = "src/prices/bundled.json";
/// Writes down what it is asked; there is a pull request once one was opened.
const GH: &str = r#"#!/usr/bin/env bash
echo "$*" >> "$GH_LOG"
if [ "$1 $2" = "pr list" ]; then grep -c "^pr create" "$GH_LOG" || true; fi
"#;

/// A repository, and copies of it as jobs check them out.
struct Repository {
    folder: TempDir,
}

impl Repository {
    /// With the table and the script.
    fn new() -> Self {
        let this = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let first = this.path("first");
        for file in [TABLE, ".ci/prices"] {
            std::fs::create_dir_all(first.join(file).parent().unwrap()).unwrap();
            std::fs::copy(root.join(file), first.join(file)).unwrap();
        }
        let identity = "git config user.name a && git config user.email a@example.com";
        this.bash(
            &first,
            &format!("git init -q -b main && {identity} && git add . && git commit -qm first && git clone -q --bare . ../origin"),
            &[],
        );
        let gh = this.path("bin/gh");
        std::fs::create_dir_all(gh.parent().unwrap()).unwrap();
        std::fs::write(&gh, GH).unwrap();
        std::fs::set_permissions(&gh, std::fs::Permissions::from_mode(0o755)).unwrap();
        this
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A fresh copy, as `actions/checkout` makes it.
    fn checkout(&self) -> TempDir {
        let copy = tempfile::tempdir_in(self.folder.path()).unwrap();
        self.bash(copy.path(), "git clone -q ../origin .", &[]);
        copy
    }

    /// Runs a script as a step of a job does.
    fn bash(&self, folder: &Path, script: &str, variables: &[(&str, &str)]) {
        let path = std::env::var("PATH").unwrap();
        let output = Command::new("bash")
            .args(["-e", "-c", script])
            .current_dir(folder)
            .env_clear()
            .env("PATH", format!("{}:{path}", self.path("bin").display()))
            .env("HOME", self.folder.path())
            .env("GH_LOG", self.path("gh.log"))
            .envs(variables.iter().copied())
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{script}\n{errors}");
    }

    /// What `gh` was asked.
    fn asked(&self) -> Vec<String> {
        let log = std::fs::read_to_string(self.path("gh.log")).unwrap_or_default();
        log.lines().map(str::to_owned).collect()
    }
}

/// The script of the last step of a job.
fn script(job: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(".github/workflows/prices.yml");
    let text = std::fs::read_to_string(path).unwrap();
    let workflow = YamlOwned::load_from_str(&text).unwrap().remove(0);
    let steps = workflow["jobs"][job]["steps"].as_vec().unwrap();
    let script = steps.last().unwrap()["run"].as_str().unwrap();
    assert!(!script.contains("${{"), "values come as variables");
    script.to_owned()
}

/// The outputs of the job that looks, by name.
fn look(repository: &Repository, simulator: &Simulator) -> Vec<(String, String)> {
    let copy = repository.checkout();
    let program = copy.path().join("target/debug/sagegate");
    std::fs::create_dir_all(program.parent().unwrap()).unwrap();
    symlink(assert_cmd::cargo::cargo_bin!("sagegate"), &program).unwrap();
    let outputs = copy.path().join("outputs");
    let variables = [
        ("GITHUB_OUTPUT", outputs.to_str().unwrap()),
        ("SAGEGATE_PRICE_LIST_URL", &simulator.url()),
    ];
    repository.bash(copy.path(), &script("look"), &variables);
    let text = std::fs::read_to_string(outputs).unwrap_or_default();
    let pairs = text.lines().map(|line| line.split_once('=').unwrap());
    pairs
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

fn propose(repository: &Repository, outputs: &[(String, String)]) {
    let copy = repository.checkout();
    let of = |name: &str| {
        let found = outputs.iter().find(|(it, _)| it == name);
        found.unwrap().1.as_str()
    };
    let variables = [
        ("CHANGED", of("changed")),
        ("TABLE", of("table")),
        ("GH_TOKEN", "ghs_x"),
    ];
    repository.bash(copy.path(), &script("propose"), &variables);
}

#[test]
fn a_table_that_is_out_of_date_becomes_one_pull_request() {
    let simulator = Simulator::quick();
    let repository = Repository::new();
    let outputs = look(&repository, &simulator);
    let (name, changed) = &outputs[0];
    assert_eq!(name, "changed");
    assert!(changed.starts_with("changed: af-south-1, "), "{changed}");
    propose(&repository, &outputs);
    propose(&repository, &outputs);
    let created = |line: &&String| line.starts_with("pr create");
    let asked = repository.asked();
    assert_eq!(asked.iter().filter(created).count(), 1, "{asked:?}");
    // Once it is merged, there is nothing to change.
    let merge = "git clone -q ../origin . && git merge -q origin/prices && git push -q origin main";
    let copy = tempfile::tempdir_in(repository.folder.path()).unwrap();
    repository.bash(copy.path(), merge, &[]);
    assert_eq!(look(&repository, &simulator), []);
    // A table as the program writes it, so that a difference is one of prices.
    let table = std::fs::read_to_string(copy.path().join(TABLE)).unwrap();
    assert!(table.contains("\"published\": \"2026-10-20\""));
    let workspace = Workspace::without_aws().with("SAGEGATE_PRICE_LIST_URL", &simulator.url());
    let one = workspace.sagegate(&["prices", "--region", "eu-west-2"]);
    let one = one.expect(0).stdout;
    let region = |text: &str| {
        let (_, after) = text.split_once("\"eu-west-2\": {").unwrap();
        after.split_once("\n    }").unwrap().0.to_owned()
    };
    assert_eq!(region(&table), region(&one));
    let read: serde_json::Value = serde_json::from_str(&table).unwrap();
    assert_eq!(read["regions"].as_object().unwrap().len(), 21);
}
