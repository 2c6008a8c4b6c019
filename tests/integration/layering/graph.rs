//! The modules of a crate, and which file refers to which.

use std::collections::{BTreeMap, BTreeSet};

use super::source::{Import, Named, Source, read};

/// Longer chains of re-exports go in a circle.
const MAX_HOPS: usize = 20;

/// The modules of a crate without those of its tests; the first is the root.
pub(super) struct Graph {
    modules: Vec<Module>,
}

struct Module {
    /// Names from the root on.
    path: Vec<String>,
    file: String,
    parent: usize,
    /// In the order of their declarations.
    children: Vec<(String, usize)>,
    items: BTreeSet<String>,
    imports: Vec<Import>,
    paths: Vec<Named>,
}

/// A path in the code that leads to another module of the crate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reference {
    /// The file that refers, and its line.
    pub(super) file: String,
    pub(super) line: usize,
    /// The file that defines what is named: behind re-exports.
    pub(super) to: String,
    /// Paths of the modules on the way, the last one included.
    pub(super) through: Vec<Vec<String>>,
    /// A `pub use`.
    pub(super) is_re_export: bool,
}

/// What a path leads to.
#[derive(Clone, Copy)]
enum Found {
    Module(usize),
    /// Something that this module defines.
    Item(usize),
}

fn read_file(files: &BTreeMap<String, String>, file: &str) -> Result<Source, String> {
    let text = files.get(file).ok_or_else(|| format!("no file {file}"))?;
    read(text).map_err(|problem| format!("{file}: {problem}"))
}

impl Graph {
    /// Reads the crate whose root is `src/lib.rs`. `files` are sources by path.
    ///
    /// # Errors
    /// A declared module without a file, or a source that cannot be read.
    pub(super) fn new(files: &BTreeMap<String, String>) -> Result<Self, String> {
        let mut graph = Self {
            modules: Vec::new(),
        };
        let root = read_file(files, "src/lib.rs")?;
        graph.add(files, root, ("src/lib.rs", "src"), &[], 0)?;
        Ok(graph)
    }

    /// Adds a module and what is inside it; `folder` is where the files of its children lie.
    fn add(
        &mut self,
        files: &BTreeMap<String, String>,
        source: Source,
        (file, folder): (&str, &str),
        path: &[String],
        parent: usize,
    ) -> Result<usize, String> {
        let own = self.modules.len();
        self.modules.push(Module {
            path: path.to_vec(),
            file: file.to_owned(),
            parent,
            children: Vec::new(),
            items: source.items,
            imports: source.imports,
            paths: source.paths,
        });
        let mut inside = Vec::new();
        for name in source.files {
            let folder = format!("{folder}/{name}");
            let places = [format!("{folder}.rs"), format!("{folder}/mod.rs")];
            let [alone, with_children] = &places;
            let file = if files.contains_key(alone) {
                alone
            } else {
                with_children
            };
            inside.push((name, read_file(files, file)?, file.clone(), folder));
        }
        for (name, nested) in source.nested {
            let folder = format!("{folder}/{name}");
            inside.push((name, nested, file.to_owned(), folder));
        }
        for (name, source, file, folder) in inside {
            let path: Vec<String> = path.iter().chain([&name]).cloned().collect();
            let child = self.add(files, source, (&file, &folder), &path, own)?;
            self.modules[own].children.push((name, child));
        }
        Ok(own)
    }

    /// The modules of the root, in the order of its declarations.
    pub(super) fn order(&self) -> Vec<&str> {
        let names = self.modules[0].children.iter();
        names.map(|(name, _)| name.as_str()).collect()
    }

    /// Every path that leads to another module of the crate.
    pub(super) fn references(&self) -> Vec<Reference> {
        let mut references = Vec::new();
        for (own, module) in self.modules.iter().enumerate() {
            for import in &module.imports {
                references.extend(self.reference(own, &import.named, import.is_public));
            }
            for named in &module.paths {
                references.extend(self.reference(own, named, false));
            }
        }
        references
    }

    /// Every path in the code and in imports, with its file.
    pub(super) fn named(&self) -> impl Iterator<Item = (&str, &Named)> {
        self.modules.iter().flat_map(|module| {
            let imports = module.imports.iter().map(|it| &it.named);
            let named = imports.chain(&module.paths);
            named.map(|it| (module.file.as_str(), it))
        })
    }

    fn reference(&self, own: usize, named: &Named, is_re_export: bool) -> Option<Reference> {
        let mut through = Vec::new();
        let (Found::Module(last) | Found::Item(last)) =
            self.resolve(own, &named.path, &mut through, 0)?;
        through.push(last);
        through.dedup();
        let paths = through.into_iter().map(|it| self.modules[it].path.clone());
        Some(Reference {
            file: self.modules[own].file.clone(),
            line: named.line,
            to: self.modules[last].file.clone(),
            through: paths.collect(),
            is_re_export,
        })
    }

    /// What `path` means in the module `own`; `None` for what another crate, a macro or the
    /// function itself defines.
    fn resolve(
        &self,
        own: usize,
        path: &[String],
        through: &mut Vec<usize>,
        hops: usize,
    ) -> Option<Found> {
        let (first, rest) = path.split_first()?;
        let mut found = match first.as_str() {
            // Alone they are a receiver, or part of a visibility.
            "crate" | "self" | "super" if rest.is_empty() => return None,
            "crate" => Found::Module(0),
            "self" => Found::Module(own),
            "super" => Found::Module(self.modules[own].parent),
            name => self.member(own, name, rest.is_empty(), through, hops)?,
        };
        for (index, name) in rest.iter().enumerate() {
            let Found::Module(module) = found else {
                return Some(found);
            };
            if name == "super" {
                found = Found::Module(self.modules[module].parent);
                continue;
            }
            through.push(module);
            let is_last = index + 1 == rest.len();
            let inside = self.member(module, name, is_last, through, hops);
            // A macro defines what is nowhere to be seen.
            found = inside.unwrap_or(Found::Item(module));
        }
        Some(found)
    }

    /// What `name` means in `module`: as the last of a path a function rather than the module of
    /// the same name.
    fn member(
        &self,
        module: usize,
        name: &str,
        is_last: bool,
        through: &mut Vec<usize>,
        hops: usize,
    ) -> Option<Found> {
        if hops > MAX_HOPS {
            return None;
        }
        let Module {
            children,
            items,
            imports,
            ..
        } = &self.modules[module];
        let child = children.iter().find(|(child, _)| child == name);
        let child = child.map(|(_, index)| Found::Module(*index));
        if child.is_some() && !is_last {
            return child;
        }
        if items.contains(name) {
            return Some(Found::Item(module));
        }
        let import = imports.iter().find(|it| it.name == name);
        if let Some(import) = import
            && let Some(found) = self.resolve(module, &import.named.path, through, hops + 1)
        {
            return Some(found);
        }
        child.or_else(|| {
            let all = imports.iter().filter(|it| it.name == "*");
            all.filter_map(|it| self.resolve(module, &it.named.path, &mut Vec::new(), hops + 1))
                .find_map(|from| match from {
                    Found::Module(from) if from != module => {
                        self.member(from, name, is_last, through, hops + 1)
                    }
                    Found::Module(_) | Found::Item(_) => None,
                })
        })
    }
}
