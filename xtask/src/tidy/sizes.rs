//! How long a file and a function may be, and that a module opens with its `//!`.

use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};
use syn::{Block, ImplItemFn, ItemFn, Signature, TraitItemFn};

use super::Finding;
use crate::tree::File;

const FILE: usize = 600;
const FUNCTION: usize = 80;
/// A reconcile reads as its own documentation, and `main` only wires.
const SHORT_FUNCTION: usize = 60;
const SHORT: &[&str] = &["main", "reconcile"];

/// Every Rust file, function and module that breaks a size or opens without a word.
pub(super) fn check(files: &[File]) -> Vec<Finding> {
    files.iter().filter(|file| file.path.ends_with(".rs")).flat_map(check_file).collect()
}

fn check_file(file: &File) -> Vec<Finding> {
    let mut findings = Vec::new();
    let lines = file.text.lines().count();
    if lines > FILE {
        findings.push(Finding::new(
            &file.path,
            0,
            format!("{lines} lines; a file has at most {FILE}: split it by noun"),
        ));
    }
    if !file.text.starts_with("//!") {
        findings.push(Finding::new(
            &file.path,
            1,
            "does not open with `//!`: say what it is for and who calls it",
        ));
    }
    match syn::parse_file(&file.text) {
        Ok(source) => {
            let mut functions = Functions { path: &file.path, findings };
            functions.visit_file(&source);
            functions.findings
        }
        Err(error) => {
            findings.push(Finding::new(
                &file.path,
                error.span().start().line,
                format!("does not parse: {error}"),
            ));
            findings
        }
    }
}

struct Functions<'a> {
    path: &'a str,
    findings: Vec<Finding>,
}

impl Functions<'_> {
    fn measure(&mut self, signature: &Signature, block: &Block) {
        let (start, end) = (signature.span().start().line, block.span().end().line);
        let lines = end.saturating_sub(start) + 1;
        let name = signature.ident.to_string();
        let limit = if SHORT.contains(&name.as_str()) { SHORT_FUNCTION } else { FUNCTION };
        if lines > limit {
            self.findings.push(Finding::new(
                self.path,
                start,
                format!("{name} has {lines} lines, at most {limit}"),
            ));
        }
    }
}

impl<'ast> Visit<'ast> for Functions<'_> {
    fn visit_item_fn(&mut self, item: &'ast ItemFn) {
        self.measure(&item.sig, &item.block);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast ImplItemFn) {
        self.measure(&item.sig, &item.block);
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast TraitItemFn) {
        if let Some(block) = &item.default {
            self.measure(&item.sig, block);
        }
        visit::visit_trait_item_fn(self, item);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<String> {
        check(&[File::new("a.rs", text)]).iter().map(ToString::to_string).collect()
    }

    fn function(name: &str, lines: usize) -> String {
        format!("fn {name}() {{\n{}}}\n", "    x();\n".repeat(lines - 2))
    }

    #[test]
    fn a_module_opens_with_its_purpose() {
        assert_eq!(texts("use std::fmt;\n").len(), 1);
        assert!(texts("//! For the caller.\n").is_empty());
    }

    #[test]
    fn a_file_has_600_lines() {
        assert!(texts(&format!("//! It.\n{}", "\n".repeat(599))).is_empty());
        assert_eq!(texts(&format!("//! It.\n{}", "\n".repeat(600))).len(), 1);
    }

    #[test]
    fn a_function_has_80_lines_wherever_it_stands() {
        assert!(texts(&format!("//! It.\n{}", function("f", 80))).is_empty());
        let long = function("f", 81);
        assert_eq!(texts(&format!("//! It.\n{long}")), ["a.rs:2: f has 81 lines, at most 80"]);
        assert_eq!(texts(&format!("//! It.\nimpl A {{\n{long}}}")).len(), 1);
        assert_eq!(texts(&format!("//! It.\ntrait A {{\n{long}}}")).len(), 1);
        assert_eq!(texts(&format!("//! It.\nfn g() {{\n{}}}", function("f", 78))), [""; 0]);
    }

    #[test]
    fn a_reconcile_and_a_main_have_60() {
        assert!(texts(&format!("//! It.\n{}", function("reconcile", 60))).is_empty());
        assert_eq!(texts(&format!("//! It.\n{}", function("reconcile", 61))).len(), 1);
        assert_eq!(texts(&format!("//! It.\n{}", function("main", 61))).len(), 1);
    }

    #[test]
    fn what_does_not_parse_is_named() {
        assert_eq!(texts("//! It.\nfn {").len(), 1);
    }
}
