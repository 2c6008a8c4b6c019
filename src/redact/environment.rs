//! PURE: which variables and arguments are secret.

use std::collections::BTreeMap;
use std::ffi::OsString;

use percent_encoding::percent_decode_str;

use super::Redactor;

/// Variables that are secret whatever their value looks like.
const SECRET: [&str; 9] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "GITHUB_TOKEN",
    "GH_TOKEN",
    "INPUT_GITHUB-TOKEN",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
    "ACTIONS_RUNTIME_TOKEN",
];
/// Parts of names that tell a secret.
const TELLING: [&str; 9] = [
    "SECRET",
    "TOKEN",
    "PASSWORD",
    "PASSWD",
    "PASSPHRASE",
    "CREDENTIAL",
    "PRIVATE_KEY",
    "API_KEY",
    "ACCESS_KEY",
];
/// Ends of names that tell a secret.
const TELLING_ENDS: [&str; 5] = ["_KEY", "_PAT", "_PASS", "_PW", "_AUTH"];
/// Ends of names that tell what is about a secret and none.
const ABOUT: [&str; 10] = [
    "_FILE",
    "_PATH",
    "_DIR",
    "_URI",
    "_URL",
    "_ARN",
    "_ID",
    "_NAME",
    "_TYPE",
    "_EXPIRATION",
];
/// The input with one `KEY=VALUE` a line.
const CONTAINER_ENV: &str = "INPUT_CONTAINER-ENV";
/// Flags with a secret.
const SECRET_FLAGS: [&str; 2] = ["--github-token", "--container-env"];

impl Redactor {
    /// Learns what is secret of the environment and the command line. What also stands in a
    /// variable of the runner or in another argument is public.
    pub fn learn_all(&mut self, environment: &BTreeMap<String, String>, arguments: &[OsString]) {
        let arguments: Vec<&str> = arguments.iter().filter_map(|it| it.to_str()).collect();
        let (secret, public) = by_flag(&arguments);
        for text in public {
            self.allow(text);
        }
        for (name, value) in environment {
            if is_public(name) && password_of(value).is_none() {
                self.allow(value);
            }
        }
        for (name, value) in environment {
            if is_secret(name) {
                self.learn(value);
            }
            if name == CONTAINER_ENV {
                value.lines().for_each(|line| self.learn_pair(line));
            }
            self.learn_password(value);
            // That of a proxy may have no scheme.
            if name.to_ascii_uppercase().ends_with("_PROXY") && !value.contains("://") {
                self.learn_password(&format!("http://{value}"));
            }
        }
        for text in secret {
            self.learn_pair(text);
            self.learn(text);
        }
    }

    /// The value of `KEY=VALUE`, or all of it where it is no pair: a line of a value, perhaps. An
    /// address in S3 is no secret.
    fn learn_pair(&mut self, pair: &str) {
        let is_key = |key: &str| {
            key.bytes()
                .all(|it| it.is_ascii_alphanumeric() || it == b'_')
        };
        match pair.split_once('=') {
            Some((key, value)) if is_key(key.trim()) && !value.trim().is_empty() => {
                if !value.trim().starts_with("s3://") {
                    self.learn(value);
                }
            }
            Some(_) | None => self.learn(pair),
        }
    }

    /// The password of an address.
    fn learn_password(&mut self, value: &str) {
        if let Some(password) = password_of(value) {
            self.learn(password);
            self.learn(&percent_decode_str(password).decode_utf8_lossy());
            // In its place it is known, however short.
            self.learn(&format!(":{password}@{}", host_of(value)));
        }
    }
}

/// Arguments that hold a secret, and all others.
fn by_flag<'a>(arguments: &[&'a str]) -> (Vec<&'a str>, Vec<&'a str>) {
    let (mut secret, mut public) = (Vec::new(), Vec::new());
    let mut is_next = false;
    for argument in arguments {
        let value = SECRET_FLAGS
            .iter()
            .find_map(|flag| argument.strip_prefix(flag));
        match value {
            Some("") => is_next = true,
            Some(value) if value.starts_with('=') => {
                secret.push(value.trim_start_matches('='));
                is_next = false;
            }
            Some(_) | None if is_next => {
                secret.push(*argument);
                is_next = false;
            }
            Some(_) | None => public.push(*argument),
        }
    }
    (secret, public)
}

fn is_secret(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    let tells = TELLING.iter().any(|part| upper.contains(part))
        || TELLING_ENDS.iter().any(|end| upper.ends_with(end));
    let is_about = ABOUT.iter().any(|end| upper.ends_with(end));
    SECRET.contains(&name) || (tells && !is_about)
}

/// Variables of the runner about the run, and the inputs of the action.
fn is_public(name: &str) -> bool {
    let of_the_run = [
        "GITHUB_SHA",
        "GITHUB_REF",
        "GITHUB_HEAD_REF",
        "GITHUB_BASE_REF",
        "GITHUB_REPOSITORY",
        "GITHUB_WORKFLOW",
        "GITHUB_ACTOR",
        "GITHUB_RUN_ID",
        "INPUT_",
    ];
    of_the_run.iter().any(|start| name.starts_with(start))
        && !is_secret(name)
        && name != CONTAINER_ENV
}

/// `pw` of `http://user:pw@host/`.
fn password_of(address: &str) -> Option<&str> {
    let (user, _host) = authority(address)?.rsplit_once('@')?;
    let (_name, password) = user.split_once(':')?;
    let is_one = !password.is_empty() && !password.contains(char::is_whitespace);
    is_one.then_some(password)
}

fn host_of(address: &str) -> &str {
    let host = authority(address).and_then(|it| it.rsplit_once('@'));
    host.map_or("", |(_, host)| host)
}

fn authority(address: &str) -> Option<&str> {
    let (scheme, rest) = address.split_once("://")?;
    let is_scheme = scheme.bytes().all(|it| it.is_ascii_alphanumeric());
    // A slash may be in a password that was not encoded.
    let end = rest.rfind('@').map_or(0, |at| at + 1);
    let after = rest.get(end..)?;
    let length = end + after.find(['/', '?', '#']).unwrap_or(after.len());
    is_scheme.then(|| rest.get(..length))?
}
