//! Valid documents, damaged: arbitrary bytes alone die in the first line of a parser.

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

use crate::hostile::HOSTILE;

/// One change of a document.
#[derive(Debug, Clone)]
pub(crate) enum Mutation {
    /// A value of the tree is another one.
    Replaced(Index, Odd),
    /// A member or an element is gone.
    Removed(Index),
    /// A member or an element is there many times.
    Repeated(Index, usize),
    /// A byte of the text is another one.
    Byte(Index, u8),
    /// The text ends early.
    Truncated(Index),
    /// A part of the text is there twice: also doubles keys.
    Doubled(Index, Index),
    /// Opening brackets somewhere in the text.
    Nested(Index, &'static str),
}

/// Values that no program writes on purpose.
#[derive(Debug, Clone)]
pub(crate) enum Odd {
    Json(Value),
    /// As deep as that.
    Deep(usize),
    Text(String),
}

fn odd() -> impl Strategy<Value = Odd> {
    let numbers = [
        json!(0),
        json!(-1),
        json!(1),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(u32::MAX),
        json!(1e308),
        json!(-1e308),
        json!(5e-324),
        json!(0.5),
    ];
    let others = [
        Value::Null,
        json!(true),
        json!([]),
        json!({}),
        json!(""),
        json!(HOSTILE),
        json!("\u{0}\u{1b}[31m\u{202e}"),
        json!("-999999999-01-01T00:00:00Z"),
        json!("9999-12-31T23:59:59Z"),
    ];
    prop_oneof![
        4 => prop::sample::select(numbers.to_vec()).prop_map(Odd::Json),
        3 => prop::sample::select(others.to_vec()).prop_map(Odd::Json),
        1 => (1_usize..200).prop_map(Odd::Deep),
        1 => "\\PC{0,30}".prop_map(Odd::Text),
        1 => Just(Odd::Text("x".repeat(1 << 20))),
    ]
}

/// Any of them.
pub(crate) fn mutation() -> impl Strategy<Value = Mutation> {
    let at = any::<Index>;
    let deep = prop::sample::select(vec!["[", "{\"a\":"]);
    prop_oneof![
        8 => (at(), odd()).prop_map(|(at, odd)| Mutation::Replaced(at, odd)),
        2 => at().prop_map(Mutation::Removed),
        1 => (at(), 2_usize..300).prop_map(|(at, times)| Mutation::Repeated(at, times)),
        2 => (at(), any::<u8>()).prop_map(|(at, byte)| Mutation::Byte(at, byte)),
        1 => at().prop_map(Mutation::Truncated),
        2 => (at(), at()).prop_map(|(from, to)| Mutation::Doubled(from, to)),
        1 => (at(), deep).prop_map(|(at, deep)| Mutation::Nested(at, deep)),
    ]
}

/// The document after all of them.
pub(crate) fn mutated(document: &Value, mutations: &[Mutation]) -> String {
    let mut tree = document.clone();
    for mutation in mutations {
        match mutation {
            Mutation::Replaced(at, odd) => change(&mut tree, *at, |place| *place = value(odd)),
            Mutation::Removed(at) => change(&mut tree, *at, drop_one),
            Mutation::Repeated(at, times) => change(&mut tree, *at, |place| repeat(place, *times)),
            Mutation::Byte(..)
            | Mutation::Truncated(_)
            | Mutation::Doubled(..)
            | Mutation::Nested(..) => {}
        }
    }
    let mut text = tree.to_string().into_bytes();
    for mutation in mutations {
        damage(&mut text, mutation);
    }
    String::from_utf8_lossy(&text).into_owned()
}

fn value(odd: &Odd) -> Value {
    match odd {
        Odd::Json(value) => value.clone(),
        Odd::Text(text) => json!(text),
        Odd::Deep(levels) => (0..*levels).fold(json!(1), |inner, _| json!([inner])),
    }
}

fn damage(text: &mut Vec<u8>, mutation: &Mutation) {
    if text.is_empty() {
        return;
    }
    match mutation {
        Mutation::Byte(at, byte) => {
            let at = at.index(text.len());
            text[at] = *byte;
        }
        Mutation::Truncated(at) => text.truncate(at.index(text.len())),
        Mutation::Doubled(from, to) => {
            let (from, to) = (from.index(text.len()), to.index(text.len()));
            let part = text[from.min(to)..from.max(to)].to_vec();
            let at = from.max(to);
            text.splice(at..at, part);
        }
        Mutation::Nested(at, deep) => {
            let at = at.index(text.len());
            text.splice(at..at, deep.repeat(10_000).into_bytes());
        }
        Mutation::Replaced(..) | Mutation::Removed(_) | Mutation::Repeated(..) => {}
    }
}

/// Calls `change` with one node of the tree; the long lists of calls do not get all the attention.
fn change(tree: &mut Value, at: Index, change: impl FnOnce(&mut Value)) {
    let mut paths = Vec::new();
    collect(tree, String::new(), &mut paths);
    let path = paths[at.index(paths.len())].clone();
    change(tree.pointer_mut(&path).unwrap());
}

/// Every node but the further elements of long lists.
pub(crate) fn collect(tree: &Value, path: String, paths: &mut Vec<String>) {
    match tree {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate().take(3) {
                collect(item, format!("{path}/{index}"), paths);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                let name = name.replace('~', "~0").replace('/', "~1");
                collect(member, format!("{path}/{name}"), paths);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    paths.push(path);
}

fn drop_one(place: &mut Value) {
    match place {
        Value::Array(items) => {
            items.pop();
        }
        Value::Object(members) => {
            let name = members.keys().next().cloned();
            name.and_then(|name| members.remove(&name));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => *place = Value::Null,
    }
}

fn repeat(place: &mut Value, times: usize) {
    if let Value::Array(items) = place
        && let Some(last) = items.last().cloned()
    {
        items.resize(items.len() + times, last);
    }
}
