//! The pure crates: no clock, environment, file system, network, process or thread outside their tests.
//!
//! `clippy.toml` in each of them names the calls one by one; here whole modules are fenced off, also inside macros,
//! and the crates that would bring them in. That their `clippy.toml` are one text is checked too: each replaces
//! the root's, so what stands there must be repeated.

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, ItemFn, ItemMod, ItemUse, Macro, Path, UseTree};

use super::Finding;
use super::arrows::Crate;
use crate::tree::File;

/// The crates that decide and edit.
const PURE: &[&str] = &[
    "tagalong-model",
    "tagalong-pattern",
    "tagalong-policy",
    "tagalong-edit",
    "tagalong-template",
    "tagalong-kustomize",
    "tagalong-sops",
];

/// Modules that a pure crate does not name.
const MODULES: &[&str] = &["std::env", "std::fs", "std::os", "std::process", "std::thread"];

/// Names that mean the world wherever they come from. An address is a value; only a socket reaches out.
const NAMES: &[&str] = &[
    "Instant",
    "SystemTime",
    "TcpListener",
    "TcpStream",
    "ToSocketAddrs",
    "UdpSocket",
    "stderr",
    "stdin",
    "stdout",
];

/// Functions that read the clock or the zone of the machine, whatever crate of dates they belong to.
const CALLS: &[&str] = &["now", "system"];

/// Crates that bring the world in.
const CRATES: &[&str] = &[
    "tokio", "reqwest", "hyper", "axum", "rustls", "russh", "gix", "kube", "notify", "tempfile", "fastrand",
];

/// Every hole in a fence.
pub(super) fn check(files: &[File], crates: &[Crate]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for name in PURE {
        let folder = format!("crates/{name}/");
        let used = crates.iter().filter(|one| one.name == *name).flat_map(|one| &one.uses);
        for used in used.filter(|used| CRATES.contains(&used.as_str())) {
            findings.push(Finding::new(
                &format!("{folder}Cargo.toml"),
                0,
                format!("a pure crate uses {used}"),
            ));
        }
        findings.extend(clippy_toml(files, &folder));
        let sources = files.iter().filter(|file| file.path.starts_with(&format!("{folder}src/")));
        for file in sources.filter(|file| file.path.ends_with(".rs") && !is_test(&file.path)) {
            findings.extend(check_source(file));
        }
    }
    findings
}

fn is_test(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.contains("/tests/")
}

fn clippy_toml(files: &[File], folder: &str) -> Option<Finding> {
    let text = |path: &str| files.iter().find(|file| file.path == path).map(|file| file.text.as_str());
    let path = format!("{folder}clippy.toml");
    let first = PURE.first().and_then(|name| text(&format!("crates/{name}/clippy.toml")));
    let root = text("clippy.toml").unwrap_or_default();
    match text(&path) {
        None => Some(Finding::new(&path, 0, "missing: a pure crate names the calls it forbids")),
        Some(own) if Some(own) != first => {
            Some(Finding::new(&path, 0, "differs from the other pure crates'"))
        }
        Some(own) if !own.contains("disallowed-methods") => Some(Finding::new(&path, 0, "forbids no method")),
        Some(own) if !root.lines().all(|line| own.contains(line)) => {
            Some(Finding::new(&path, 0, "lacks a line of the root's clippy.toml, which it replaces"))
        }
        Some(_) => None,
    }
}

fn check_source(file: &File) -> Vec<Finding> {
    match syn::parse_file(&file.text) {
        Ok(source) => {
            let mut fence = Fence { path: &file.path, findings: Vec::new() };
            fence.visit_file(&source);
            fence.findings
        }
        Err(error) => {
            vec![Finding::new(&file.path, error.span().start().line, format!("does not parse: {error}"))]
        }
    }
}

struct Fence<'a> {
    path: &'a str,
    findings: Vec<Finding>,
}

impl Fence<'_> {
    fn see(&mut self, line: usize, words: &[String]) {
        let path = words.join("::");
        let module = MODULES.iter().any(|module| path == *module || path.starts_with(&format!("{module}::")));
        let name = words.iter().any(|word| NAMES.contains(&word.as_str()));
        let call = words.len() > 1 && words.last().is_some_and(|word| CALLS.contains(&word.as_str()));
        if module || name || call {
            self.findings.push(Finding::new(self.path, line, format!("a pure crate names {path}")));
        }
    }

    fn see_use(&mut self, line: usize, before: &[String], tree: &UseTree) {
        let with = |word: String| [before, &[word]].concat();
        match tree {
            UseTree::Path(path) => self.see_use(line, &with(path.ident.to_string()), &path.tree),
            UseTree::Name(name) => self.see(line, &with(name.ident.to_string())),
            UseTree::Rename(rename) => self.see(line, &with(rename.ident.to_string())),
            UseTree::Glob(_) => self.see(line, before),
            UseTree::Group(group) => group.items.iter().for_each(|item| self.see_use(line, before, item)),
        }
    }

    /// A macro's arguments are no syntax tree: its words are put together where `::` stands between them.
    fn see_tokens(&mut self, tokens: TokenStream) {
        let mut words: Vec<String> = Vec::new();
        let (mut line, mut colons) = (0, 0);
        for token in tokens {
            match token {
                TokenTree::Ident(ident) => {
                    if colons != 2 {
                        self.see(line, &std::mem::take(&mut words));
                        line = ident.span().start().line;
                    }
                    words.push(ident.to_string());
                    colons = 0;
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
                TokenTree::Group(group) => {
                    self.see_tokens(group.stream());
                    colons = 0;
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => colons = 0,
            }
        }
        self.see(line, &words);
    }
}

impl<'ast> Visit<'ast> for Fence<'_> {
    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        if !for_tests(&item.attrs) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_fn(&mut self, item: &'ast ItemFn) {
        if !for_tests(&item.attrs) {
            visit::visit_item_fn(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        self.see_use(item.use_token.span.start().line, &[], &item.tree);
    }

    fn visit_path(&mut self, path: &'ast Path) {
        let words: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        let line = path.segments.first().map_or(0, |segment| segment.ident.span().start().line);
        self.see(line, &words);
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast Macro) {
        self.see_tokens(call.tokens.clone());
        visit::visit_macro(self, call);
    }
}

/// `#[test]`, `#[cfg(test)]`.
fn for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("test")
            || attribute.path().is_ident("cfg")
                && attribute.parse_args::<Path>().is_ok_and(|path| path.is_ident("test"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<usize> {
        let file = File::new("crates/tagalong-edit/src/lib.rs", text);
        check_source(&file).iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn calls_imports_and_macros_are_seen() {
        assert_eq!(lines("fn f() {\n    let _ = std::fs::read(\"x\");\n}"), [2]);
        assert_eq!(lines("use std::{fmt, time::{Duration, SystemTime}};"), [1]);
        assert_eq!(lines("use std::env as surroundings;"), [1]);
        assert_eq!(lines("fn f() {\n    dbg!(1 + 1,\n        std::env::var(\"HOME\"));\n}"), [3]);
        assert_eq!(lines("fn f() -> T { Timestamp::now() }"), [1]);
        assert_eq!(lines("fn f() -> T { jiff::tz::TimeZone::system() }"), [1]);
        assert_eq!(lines("fn f() { std::io::stdin(); }"), [1]);
        assert_eq!(lines("use std::net::{Ipv6Addr, TcpStream};"), [1]);
    }

    #[test]
    fn what_is_pure_passes() {
        assert_eq!(
            lines("use std::time::Duration;\nfn f(now: i64) -> String { format!(\"{now}\") }"),
            [0; 0]
        );
        assert_eq!(lines("const V: &str = env!(\"CARGO_PKG_VERSION\");"), [0; 0]);
    }

    #[test]
    fn tests_may_look_at_the_world() {
        assert_eq!(lines("#[cfg(test)]\nmod tests {\n    use std::fs;\n}"), [0; 0]);
        assert_eq!(lines("#[test]\nfn t() { std::fs::read(\"x\"); }"), [0; 0]);
    }

    #[test]
    fn a_crate_that_brings_the_world_in_is_found() {
        let used = Crate { name: "tagalong-edit".to_owned(), uses: vec!["tokio".to_owned()] };
        let findings = check(&pure_folders("disallowed-methods = []\n"), &[used]);
        assert_eq!(findings.len(), 1, "{findings:?}");
    }

    #[test]
    fn each_pure_crate_carries_the_same_clippy_toml() {
        assert_eq!(check(&[], &[]).len(), PURE.len());
        assert!(check(&pure_folders("disallowed-methods = []\n"), &[]).is_empty());
        let mut files = pure_folders("disallowed-methods = []\n");
        files.push(File::new("clippy.toml", "allow-unwrap-in-tests = true\n"));
        assert_eq!(check(&files, &[]).len(), PURE.len());
        files.retain(|file| !file.path.contains("edit"));
        files.retain(|file| file.path != "clippy.toml");
        files.push(File::new("crates/tagalong-edit/clippy.toml", "disallowed-methods = [1]\n"));
        assert_eq!(check(&files, &[]).len(), 1);
    }

    fn pure_folders(text: &str) -> Vec<File> {
        PURE.iter().map(|name| File::new(&format!("crates/{name}/clippy.toml"), text)).collect()
    }
}
