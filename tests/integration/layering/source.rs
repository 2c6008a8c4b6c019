//! What one file declares, imports and names, without its `#[cfg(test)]` items.

use std::collections::BTreeSet;

use super::tokens::{Token, tokens};

/// The contents of a module: a file, or a `mod x { }` in it.
#[derive(Debug, Default)]
pub(super) struct Source {
    /// `mod x;`, in order.
    pub(super) files: Vec<String>,
    /// `mod x { }`.
    pub(super) nested: Vec<(String, Source)>,
    /// What is defined here.
    pub(super) items: BTreeSet<String>,
    pub(super) imports: Vec<Import>,
    /// Every path in the code, such as `super::a::b` or `Name`.
    pub(super) paths: Vec<Named>,
}

/// One leaf of a `use` tree.
#[derive(Debug, Clone)]
pub(super) struct Import {
    pub(super) named: Named,
    /// The name in this module; `*` for all.
    pub(super) name: String,
    /// `pub use`, with or without a scope.
    pub(super) is_public: bool,
}

/// A path, and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Named {
    pub(super) path: Vec<String>,
    pub(super) line: usize,
}

/// Reads a file.
///
/// # Errors
/// A `#[cfg(test)]` on something whose end is not known.
pub(super) fn read(text: &str) -> Result<Source, String> {
    contents(&tokens(text))
}

fn contents(tokens: &[Token]) -> Result<Source, String> {
    let mut source = Source::default();
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let next = |ahead: usize| tokens.get(at + ahead).map_or("", |it| it.text.as_str());
        match token.text.as_str() {
            "#" if starts_with(&tokens[at..], &TEST_ONLY) => {
                at = after_item(tokens, at + TEST_ONLY.len())?;
                continue;
            }
            "pub" if next(1) == "(" && SCOPES.contains(&next(2)) => {
                at = closing(tokens, at + 1) + 1;
                continue;
            }
            "mod" if next(2) == ";" => {
                source.files.push(next(1).to_owned());
                at += 3;
                continue;
            }
            "mod" if next(2) == "{" => {
                let end = closing(tokens, at + 2);
                let inside = contents(&tokens[at + 3..end])?;
                source.nested.push((next(1).to_owned(), inside));
                at = end + 1;
                continue;
            }
            // `impl Trait + use<'a>` is no import.
            "use" if next(1) != "<" => {
                let is_public = at > 0 && ["pub", ")"].contains(&tokens[at - 1].text.as_str());
                let mut leaves = Vec::new();
                at = use_tree(tokens, at + 1, &[], &mut leaves) + 1;
                let imports = leaves.into_iter();
                source.imports.extend(imports.map(|(name, named)| Import {
                    named,
                    name,
                    is_public,
                }));
                continue;
            }
            "macro_rules" if depth == 0 => drop(source.items.insert(next(2).to_owned())),
            word if depth == 0 && ITEMS.contains(&word) && tokens[at + 1].is_word() => {
                source.items.insert(next(1).to_owned());
            }
            "{" | "(" | "[" => depth += 1,
            "}" | ")" | "]" => depth -= 1,
            _ => {}
        }
        at += 1;
        if token.is_word() && !continues(tokens, at - 1) {
            let mut path = vec![token.text.clone()];
            while let [colons, word, ..] = &tokens[at..]
                && colons.text == "::"
                && word.is_word()
            {
                path.push(word.text.clone());
                at += 2;
            }
            let line = token.line;
            source.paths.push(Named { path, line });
        }
    }
    Ok(source)
}

const TEST_ONLY: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
const SCOPES: [&str; 4] = ["crate", "in", "self", "super"];
const ITEMS: [&str; 8] = [
    "const", "enum", "fn", "static", "struct", "trait", "type", "union",
];

fn starts_with(tokens: &[Token], texts: &[&str]) -> bool {
    let begin = tokens.iter().map(|it| it.text.as_str());
    begin.take(texts.len()).eq(texts.iter().copied())
}

/// Whether the word at `at` is a field, a method or the rest of a path: `a.b` and `::b`, but not
/// `..b`.
fn continues(tokens: &[Token], at: usize) -> bool {
    let before = |back: usize| {
        let index = at.checked_sub(back)?;
        Some(tokens[index].text.as_str())
    };
    match before(1) {
        Some("::") => true,
        Some(".") => before(2) != Some("."),
        Some(_) | None => false,
    }
}

/// The index of the bracket that closes the one at `open`.
fn closing(tokens: &[Token], open: usize) -> usize {
    let mut depth = 0;
    let rest = tokens.iter().enumerate().skip(open);
    for (at, token) in rest {
        match token.text.as_str() {
            "{" | "(" | "[" => depth += 1,
            "}" | ")" | "]" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at;
        }
    }
    panic!("line {}: a bracket is not closed", tokens[open].line)
}

/// The index behind the item that begins at `at`.
fn after_item(tokens: &[Token], at: usize) -> Result<usize, String> {
    let mut at = at;
    while tokens[at].text == "#" {
        at = closing(tokens, at + 1) + 1;
    }
    if tokens[at].text == "pub" {
        at += 1;
        if tokens[at].text == "(" {
            at = closing(tokens, at) + 1;
        }
    }
    let kind = tokens[at].text.as_str();
    let ends_with_braces = match kind {
        "mod" | "fn" | "async" | "impl" | "struct" | "enum" | "trait" => true,
        "use" | "const" | "static" | "type" => tokens[at + 1].text == "fn",
        _ => {
            let line = tokens[at].line;
            return Err(format!("line {line}: `{kind}` behind #[cfg(test)]"));
        }
    };
    loop {
        match tokens[at].text.as_str() {
            ";" => return Ok(at + 1),
            "{" if ends_with_braces => return Ok(closing(tokens, at) + 1),
            "{" | "(" | "[" => at = closing(tokens, at) + 1,
            _ => at += 1,
        }
    }
}

/// Adds the leaves of the tree at `at`, each with the name it gets; the index behind the tree.
fn use_tree(
    tokens: &[Token],
    at: usize,
    prefix: &[String],
    leaves: &mut Vec<(String, Named)>,
) -> usize {
    let mut path = prefix.to_vec();
    let mut at = at;
    loop {
        let (text, line) = (tokens[at].text.as_str(), tokens[at].line);
        match text {
            "{" => {
                at += 1;
                while tokens[at].text != "}" {
                    at = use_tree(tokens, at, &path, leaves);
                    at += usize::from(tokens[at].text == ",");
                }
                return at + 1;
            }
            "*" => {
                leaves.push(("*".to_owned(), Named { path, line }));
                return at + 1;
            }
            "::" => at += 1,
            // `{self}` stands for what is before the braces.
            "self" if !path.is_empty() => at += 1,
            _ => {
                path.push(text.to_owned());
                at += 1;
            }
        }
        if tokens[at].text != "::" && text != "::" {
            let renamed = tokens[at].text == "as";
            let name = if renamed {
                tokens[at + 1].text.clone()
            } else {
                path.last().cloned().unwrap_or_default()
            };
            leaves.push((name, Named { path, line }));
            return at + if renamed { 2 } else { 0 };
        }
    }
}
