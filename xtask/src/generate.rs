//! `cargo xtask gen`: the committed files that the program itself can write, so that a diff shows what users will see.
//!
//! `--check` writes nothing and fails when one is out of date; `tidy` asks the same.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};

use crate::tree;

/// One generated file.
struct Generated {
    /// From the root of the repository.
    path: &'static str,
    /// What `tagalong` is called with; its stdout is the file.
    arguments: &'static [&'static str],
}

/// Every generated file. A new one is one line here.
const FILES: &[Generated] = &[];

/// The arguments of `cargo xtask gen`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Write nothing; fail when a file is out of date
    #[arg(long)]
    check: bool,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    if args.check {
        let stale = stale()?;
        for path in &stale {
            println!("{path}: out of date; run `cargo xtask gen`");
        }
        return Ok(if stale.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    let root = tree::root()?;
    for file in FILES {
        let text = produce(file.arguments)?;
        if write_if_other(&root.join(file.path), &text)? {
            println!("wrote {}", file.path);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The paths of the files that are not what the program would write now.
pub(crate) fn stale() -> Result<Vec<&'static str>> {
    let root = tree::root()?;
    let mut stale = Vec::new();
    for file in FILES {
        if !holds(&root.join(file.path), &produce(file.arguments)?) {
            stale.push(file.path);
        }
    }
    Ok(stale)
}

fn produce(arguments: &[&str]) -> Result<String> {
    let words = arguments.join(" ");
    let output = tree::cargo()?
        .args(["run", "--quiet", "--package", "tagalong", "--"])
        .args(arguments)
        .output()
        .context("cannot run cargo")?;
    if !output.status.success() {
        bail!("`tagalong {words}` failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    let text =
        String::from_utf8(output.stdout).with_context(|| format!("`tagalong {words}` wrote no UTF-8"))?;
    if text.trim().is_empty() {
        bail!("`tagalong {words}` wrote nothing");
    }
    Ok(text)
}

fn holds(path: &Path, text: &str) -> bool {
    fs::read_to_string(path).is_ok_and(|old| old == text)
}

fn write_if_other(path: &Path, text: &str) -> Result<bool> {
    if holds(path, text) {
        return Ok(false);
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_written_once_and_found_stale_when_it_differs() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("docs/reference/cli.md");
        assert!(!holds(&path, "one\n"));
        assert!(write_if_other(&path, "one\n").unwrap());
        assert!(!write_if_other(&path, "one\n").unwrap());
        assert!(holds(&path, "one\n"));
        assert!(!holds(&path, "two\n"));
    }
}
