//! Owners: what a container action writes as root must not be in the way of the runner's user.

use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::{Path, PathBuf};

use crate::support::github::GitHub;
use crate::support::runner::Runner;

/// Everything below a folder, it included.
fn below(path: &Path) -> Vec<PathBuf> {
    let mut found = vec![path.to_owned()];
    if path.is_dir() {
        let entries = std::fs::read_dir(path).unwrap();
        found.extend(entries.flat_map(|it| below(&it.unwrap().path())));
    }
    found
}

#[test]
fn all_files_belong_to_the_owner_of_the_workspace() {
    let github = GitHub::start();
    let mut runner = Runner::new(&github)
        .push_to_main()
        .input("simulate", "xgboost")
        .input("memory-sizes", "2048")
        .input("invocations", "50")
        .input("baseline", "file:history/churn/baseline.json")
        .input("output-dir", "out/results");
    let workspace = runner.workspace.path("");
    let own = workspace.metadata().unwrap();
    // Only root can give a folder away; another user owns all it makes.
    let owner = if own.uid() == 0 {
        (1234, 2345)
    } else {
        (own.uid(), own.gid())
    };
    chown(&workspace, Some(owner.0), Some(owner.1)).unwrap();
    runner.step().expect(0);
    let made = ["out", "history"].map(|name| below(&runner.workspace.path(name)));
    let made = made.concat();
    assert!(made.len() > 10, "{made:?}");
    for path in made {
        let it = path.metadata().unwrap();
        assert_eq!((it.uid(), it.gid()), owner, "{}", path.display());
    }
}
