//! What the image is made of and who may release it, as the repository's files say.

use std::path::{Path, PathBuf};
use std::process::Command;

use saphyr::{LoadableYamlNode as _, YamlOwned};

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn read(name: &str) -> String {
    std::fs::read_to_string(path(name)).unwrap()
}

fn workflows() -> Vec<String> {
    let entries = std::fs::read_dir(path(".github/workflows")).unwrap();
    let names = entries.map(|it| it.unwrap().file_name().into_string().unwrap());
    names.map(|it| format!(".github/workflows/{it}")).collect()
}

fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|it| it.is_ascii_hexdigit())
}

#[test]
fn base_images_are_named_by_their_digest_and_actions_by_their_commit() {
    let mut pinned = 0;
    for file in ["Dockerfile", ".github/packaging/Dockerfile.release"] {
        let text = read(file);
        for line in text.lines().filter_map(|it| it.strip_prefix("FROM ")) {
            let image = line.split(' ').next().unwrap();
            let digest = image
                .split_once("@sha256:")
                .map_or("", |(_, digest)| digest);
            assert!(image == "scratch" || is_hex(digest, 64), "{file}: {line}");
            pinned += u32::from(image != "scratch");
        }
    }
    assert_eq!(pinned, 1);
    let mut actions = 0;
    for file in workflows() {
        for line in read(&file).lines() {
            let Some((_, action)) = line.split_once("uses: ") else {
                continue;
            };
            let action = action.split(' ').next().unwrap();
            let commit = action.split_once('@').map_or("", |(_, commit)| commit);
            assert!(action == "./" || is_hex(commit, 40), "{file}: {line}");
            actions += 1;
        }
    }
    assert!(actions > 5);
}

/// Every job of the release that may write, and every one that has a secret of the repository.
#[test]
fn what_a_release_writes_needs_the_environment_and_comes_from_main() {
    let text = read(".github/workflows/release.yml");
    let workflow = YamlOwned::load_from_str(&text).unwrap().remove(0);
    let jobs = workflow
        .as_mapping_get("jobs")
        .unwrap()
        .as_mapping()
        .unwrap();
    let mut writing = Vec::new();
    for (name, job) in jobs {
        let name = name.as_str().unwrap();
        let permissions = job
            .as_mapping_get("permissions")
            .unwrap()
            .as_mapping()
            .unwrap();
        let writes = permissions.values().any(|it| it.as_str() == Some("write"));
        let environment = job.as_mapping_get("environment").and_then(|it| it.as_str());
        assert_eq!(environment, writes.then_some("release"), "{name}");
        writing.extend(writes.then_some(name));
        let is_first = job.as_mapping_get("needs").is_none();
        assert_eq!(is_first, name == "source", "{name} waits for none");
    }
    assert_eq!(writing, ["image", "tag"]);
    assert!(text.contains("run: test \"$GITHUB_REF\" = refs/heads/main"));
    assert!(text.contains("RELEASE_KEY: ${{ secrets.RELEASE_KEY }}"));
}

#[test]
fn the_image_has_the_licence_and_those_of_every_crate() {
    let folder = tempfile::tempdir().unwrap();
    let inside = |name: &str| folder.path().join(name);
    let run = |script: &str, arguments: &[&Path]| {
        let mut command = Command::new(path(script));
        let outcome = command
            .args(arguments)
            .current_dir(path(""))
            .env("CARGO_NET_OFFLINE", "true");
        let outcome = outcome.output().unwrap();
        let words = String::from_utf8_lossy(&outcome.stderr).into_owned();
        assert!(outcome.status.success(), "{script}: {words}");
    };
    let notices = inside("notices");
    let target = Path::new("x86_64-unknown-linux-gnu");
    run(".github/packaging/notices", &[target, &notices]);
    let text = String::from_utf8_lossy(&std::fs::read(&notices).unwrap()).into_owned();
    for words in [
        "\ntokio 1.",
        "\naws-sdk-sagemaker 1.",
        "\naws-lc-rs ",
        ": ISC AND (Apache-2.0 OR ISC). https://",
        "The GNU C library, linked statically: LGPL-2.1-or-later",
        "Permission is hereby granted",
        "Apache License",
    ] {
        assert!(text.contains(words), "{words}");
    }
    assert!(
        !text.contains("\nsagegate 0."),
        "it is none of its third parties"
    );
    for name in ["binary", "bundle"] {
        std::fs::write(inside(name), name).unwrap();
    }
    let (binary, bundle, image) = (inside("binary"), inside("bundle"), inside("image"));
    let arguments = [&*binary, &*bundle, Path::new("LICENSE"), &*notices, &*image];
    run(".github/packaging/image-root", &arguments);
    let documents = image.join("usr/share/doc/sagegate");
    let licence = std::fs::read_to_string(documents.join("LICENSE")).unwrap();
    assert_eq!(licence, read("LICENSE"));
    assert_eq!(
        std::fs::read(documents.join("THIRD-PARTY-NOTICES")).unwrap(),
        std::fs::read(&notices).unwrap()
    );
}
