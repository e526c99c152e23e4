//! `cargo xtask tidy`: the house rules that a compiler does not know. One file for each kind of rule.
//!
//! ```text
//! arrows   a crate names only crates below it
//! fences   the pure crates see no clock, environment, file system or network
//! sizes    files, functions, and the `//!` that opens a module
//! places   what may stand at the top of the repository
//! words    paths of somebody's machine, notes to self
//! ```
//!
//! Each rule takes values and returns findings; the reading is done here. A finding says where and what to do.

mod arrows;
mod fences;
mod places;
mod sizes;
mod words;

use std::fmt;
use std::process::ExitCode;

use anyhow::Result;

use crate::tree::File;
use crate::{generate, tree};

/// One broken rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    path: String,
    /// From 1; 0 speaks of the whole file.
    line: usize,
    text: String,
}

impl Finding {
    fn new(path: &str, line: usize, text: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, text: text.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(out, "{}: {}", self.path, self.text),
            line => write!(out, "{}:{line}: {}", self.path, self.text),
        }
    }
}

/// Runs the command.
pub(crate) fn run() -> Result<ExitCode> {
    let files = tree::files()?;
    let crates = arrows::crates()?;
    let mut findings = [
        arrows::check(&crates),
        fences::check(&files, &crates),
        sizes::check(&files),
        places::check(&files),
        words::check(&files),
    ]
    .concat();
    for path in generate::stale()? {
        findings.push(Finding::new(path, 0, "out of date; run `cargo xtask gen`"));
    }
    findings.sort();
    for finding in &findings {
        println!("{finding}");
    }
    println!(
        "tidy: {} files, {} packages in Cargo.lock, {} findings",
        files.len(),
        packages(&files),
        findings.len()
    );
    Ok(if findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn packages(files: &[File]) -> usize {
    let lock = files.iter().find(|file| file.path == "Cargo.lock");
    lock.map_or(0, |file| file.text.lines().filter(|line| *line == "[[package]]").count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_names_the_place() {
        assert_eq!(Finding::new("a.rs", 7, "too long").to_string(), "a.rs:7: too long");
        assert_eq!(Finding::new("a.rs", 0, "too long").to_string(), "a.rs: too long");
    }

    #[test]
    fn the_packages_of_the_lock_file_are_counted() {
        let lock = "version = 4\n\n[[package]]\nname = \"a\"\n\n[[package]]\nname = \"b\"\n";
        assert_eq!(packages(&[File::new("Cargo.lock", lock)]), 2);
    }
}
