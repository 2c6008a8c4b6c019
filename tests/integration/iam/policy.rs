//! As much of IAM as the policies of `docs/iam` need. Source: IAM User Guide, "Policy evaluation
//! logic" and "Condition operators". What is not known here fails the test.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{json, one_or_many};

/// What somebody asks for, as IAM sees it.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) action: String,
    pub(super) resource: String,
    /// Condition keys that the request has.
    pub(super) context: BTreeMap<String, Vec<String>>,
}

impl Request {
    pub(super) fn new(action: &str, resource: &str) -> Self {
        Self {
            action: action.to_owned(),
            resource: resource.to_owned(),
            context: BTreeMap::new(),
        }
    }

    pub(super) fn with(mut self, key: &str, value: &(impl ToString + ?Sized)) -> Self {
        let values = self.context.entry(key.to_owned()).or_default();
        values.push(value.to_string());
        self
    }
}

/// The policies of a role, with the names of an account in them.
pub(super) struct Role(Vec<Value>);

impl Role {
    /// Policies of `docs/iam`, with other words for those that users replace.
    pub(super) fn of(files: &[&str], replaced: &[(&str, &str)]) -> Self {
        let policies = files.iter().flat_map(|file| {
            let mut text = json(file).to_string();
            for (word, other) in replaced {
                text = text.replace(word, other);
            }
            let policy: Value = serde_json::from_str(&text).unwrap();
            policy["Statement"].as_array().unwrap().clone()
        });
        Self(policies.collect())
    }

    /// With one more statement.
    pub(super) fn and(mut self, statement: Value) -> Self {
        self.0.push(statement);
        self
    }

    /// Whether a request is allowed: by one statement, and denied by none.
    pub(super) fn allows(&self, request: &Request) -> bool {
        let says = |effect: &str| {
            let of_effect = |it: &&Value| it["Effect"] == effect;
            self.0.iter().filter(of_effect).any(|it| fits(it, request))
        };
        says("Allow") && !says("Deny")
    }
}

fn fits(statement: &Value, request: &Request) -> bool {
    let names = |member: &str, text: &str| {
        let Some(patterns) = statement.get(member) else {
            // A trust policy is of the role itself.
            return member == "Resource";
        };
        one_or_many(patterns).iter().any(|it| is_like(it, text))
    };
    let conditions = statement.get("Condition").and_then(Value::as_object);
    names("Action", &request.action)
        && names("Resource", &request.resource)
        && conditions.is_none_or(|all| {
            all.iter().all(|(operator, keys)| {
                let mut keys = keys.as_object().unwrap().iter();
                keys.all(|(key, wanted)| {
                    holds(operator, &one_or_many(wanted), request.context.get(key))
                })
            })
        })
}

/// A key that the request does not have fails a condition, except one of `ForAllValues` and `Null`.
fn holds(operator: &str, wanted: &[String], values: Option<&Vec<String>>) -> bool {
    if operator == "Null" {
        return wanted.iter().all(|it| (it == "true") == values.is_none());
    }
    if let Some(operator) = operator.strip_prefix("ForAllValues:") {
        let mut values = values.into_iter().flatten();
        return values.all(|value| compares(operator, wanted, value));
    }
    values.is_some_and(|values| match values.as_slice() {
        [value] => compares(operator, wanted, value),
        _ => panic!("{operator} with several values: {values:?}"),
    })
}

fn compares(operator: &str, wanted: &[String], value: &str) -> bool {
    let number = |text: &str| text.parse::<f64>().unwrap();
    wanted.iter().any(|it| match operator {
        "StringEquals" => it == value,
        "StringLike" | "ArnLike" => is_like(it, value),
        "NumericLessThanEquals" => number(value) <= number(it),
        other => panic!("unknown operator {other}"),
    })
}

/// `*` is any text, also with slashes and colons.
fn is_like(pattern: &str, text: &str) -> bool {
    assert!(!pattern.contains('?'), "{pattern}");
    let Some((start, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(text) = text.strip_prefix(start) else {
        return false;
    };
    let ends = (0..=text.len()).filter(|at| text.is_char_boundary(*at));
    ends.into_iter().any(|at| is_like(rest, &text[at..]))
}

#[test]
fn the_evaluator_obeys_patterns_conditions_and_denials() {
    assert!(is_like("a*c", "abc") && is_like("a*", "a") && is_like("*", ""));
    assert!(!is_like("a*c", "abcd") && !is_like("abc", "ABC"));
    let with = |value: Option<&str>| value.map(|it| vec![it.to_owned()]);
    let holds = |operator: &str, wanted: &str, value: Option<&str>| {
        holds(operator, &[wanted.to_owned()], with(value).as_ref())
    };
    assert!(holds("NumericLessThanEquals", "6144", Some("6144")));
    assert!(!holds("NumericLessThanEquals", "6144", Some("6145")));
    assert!(!holds("NumericLessThanEquals", "6144", None));
    assert!(holds("ForAllValues:StringEquals", "a", None));
    assert!(!holds("ForAllValues:StringEquals", "a", Some("b")));
    assert!(holds("Null", "false", Some("x")) && !holds("Null", "false", None));
    let statement = |effect: &str, resource: &str| serde_json::json!({ "Effect": effect, "Action": "s3:Put*", "Resource": resource });
    let role = Role(vec![statement("Allow", "b/*"), statement("Deny", "b/x/*")]);
    assert!(role.allows(&Request::new("s3:PutObject", "b/y")));
    assert!(!role.allows(&Request::new("s3:PutObject", "b/x/y")));
    assert!(!role.allows(&Request::new("s3:GetObject", "b/y")));
}
