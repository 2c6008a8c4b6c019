//! Files of branches, and Git's objects.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{Query, Reply, World, refuse};

/// Something in the repository's store. A commit is kept as its tree.
pub(super) enum Object {
    Blob(Vec<u8>),
    Tree(BTreeMap<String, Vec<u8>>),
}

/// A blob's hash: not Git's, but as long and the same for the same bytes.
pub(crate) fn hash(bytes: &[u8]) -> String {
    let sum = |start: u64| {
        let step = |sum: u64, byte: &u8| (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        bytes.iter().fold(start, step)
    };
    format!("{:020x}{:020x}", sum(0xcbf2_9ce4_8422_2325), sum(7))
}

pub(super) fn read(world: &World, path: &str, query: &Query<'_>) -> Reply {
    let branch = query.get("ref").unwrap_or_else(|| "main".to_owned());
    let Some(files) = world.branches.get(&branch) else {
        return refuse(404, &format!("No commit found for the ref {branch}"));
    };
    let below = format!("{path}/");
    if files.keys().any(|it| it.starts_with(&below)) {
        return Reply::List(vec![json!({ "type": "file" })]);
    }
    let Some(bytes) = files.get(path) else {
        return refuse(404, "Not Found");
    };
    let large = bytes.len() > 1 << 20;
    let mut content = STANDARD.encode(bytes);
    for place in (60..content.len()).step_by(61) {
        content.insert(place, '\n');
    }
    Reply::Json(
        200,
        json!({
            "type": "file",
            "path": path,
            "sha": hash(bytes),
            "size": bytes.len(),
            "encoding": if large { "none" } else { "base64" },
            "content": if large { String::new() } else { content },
        }),
    )
}

pub(super) fn write(world: &mut World, path: &str, body: &Value) -> Reply {
    let branch = body["branch"].as_str().unwrap_or("main");
    if let Some(rule) = world
        .protected
        .get(branch)
        .filter(|_| world.branches.contains_key(branch))
    {
        return rule.refusal();
    }
    let Some(files) = world.branches.get_mut(branch) else {
        return refuse(404, &format!("Branch {branch} not found"));
    };
    let expected = body["sha"].as_str();
    match (files.get(path).map(|it| hash(it)), expected) {
        (Some(_), None) => return refuse(422, "Invalid request.\n\n\"sha\" wasn't supplied."),
        (Some(now), Some(sha)) if now != sha => {
            return refuse(409, &format!("{path} does not match {sha}"));
        }
        (None, Some(_)) => return refuse(422, &format!("{path} does not exist")),
        (Some(_), Some(_)) | (None, None) => {}
    }
    let bytes = STANDARD.decode(body["content"].as_str().unwrap()).unwrap();
    let sha = hash(&bytes);
    let status = if files.insert(path.to_owned(), bytes).is_some() {
        200
    } else {
        201
    };
    Reply::Json(
        status,
        json!({ "content": { "sha": sha, "path": path }, "commit": { "sha": sha } }),
    )
}

pub(super) fn blob(world: &World, sha: &str, raw: bool) -> Reply {
    let all = world.branches.values().flat_map(BTreeMap::values);
    match all.into_iter().find(|it| hash(it) == sha) {
        Some(bytes) if raw => Reply::Raw(bytes.clone()),
        Some(bytes) => Reply::Json(
            200,
            json!({ "content": STANDARD.encode(bytes), "encoding": "base64" }),
        ),
        None => refuse(404, "Not Found"),
    }
}

pub(super) fn create_object(world: &mut World, kind: &str, body: &Value) -> Reply {
    let object = match kind {
        "blobs" => Object::Blob(STANDARD.decode(body["content"].as_str().unwrap()).unwrap()),
        "trees" => {
            let mut files = BTreeMap::new();
            for entry in body["tree"].as_array().unwrap() {
                let Some(Object::Blob(bytes)) = world.objects.get(entry["sha"].as_str().unwrap())
                else {
                    return refuse(422, "tree.sha is not a valid blob");
                };
                files.insert(entry["path"].as_str().unwrap().to_owned(), bytes.clone());
            }
            Object::Tree(files)
        }
        "commits" => match world.objects.get(body["tree"].as_str().unwrap()) {
            Some(Object::Tree(files)) => Object::Tree(files.clone()),
            Some(Object::Blob(_)) | None => return refuse(422, "Tree SHA does not exist"),
        },
        "refs" => return create_branch(world, body),
        _ => return refuse(404, "Not Found"),
    };
    let sha = match &object {
        Object::Blob(bytes) => hash(bytes),
        Object::Tree(files) => hash(format!("{kind}{files:?}").as_bytes()),
    };
    world.objects.insert(sha.clone(), object);
    Reply::Json(201, json!({ "sha": sha }))
}

fn create_branch(world: &mut World, body: &Value) -> Reply {
    let name = body["ref"]
        .as_str()
        .unwrap()
        .strip_prefix("refs/heads/")
        .unwrap()
        .to_owned();
    if world.branches.contains_key(&name) {
        return refuse(422, "Reference already exists");
    }
    if let Some(rule) = world.protected.get(&name) {
        return rule.refusal();
    }
    let Some(Object::Tree(files)) = world.objects.get(body["sha"].as_str().unwrap()) else {
        return refuse(422, "Object does not exist");
    };
    let files = files.clone();
    world.branches.insert(name, files);
    Reply::Json(
        201,
        json!({ "ref": body["ref"], "object": { "sha": body["sha"] } }),
    )
}
