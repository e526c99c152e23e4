//! `cargo xtask gen`: the committed files that the program itself can write, so that a diff shows what users will see.
//!
//! `--check` writes nothing and fails when one is out of date; `tidy` asks the same.

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result, bail};
use tagalong_kustomize::Tree;

use crate::{binary, tree};

/// One generated file.
struct Generated {
    /// From the root of the repository.
    path: &'static str,
    /// What stands in it, by the program that is asked.
    text: fn(&Path) -> Result<String>,
}

/// Every generated file. A new one is one line here.
const FILES: &[Generated] = &[
    Generated { path: "docs/reference/cli.md", text: reference },
    Generated { path: "docs/reference/tagalong.1", text: manual },
    Generated {
        path: "deploy/crds/gitrepositories.yaml",
        text: |program| definition(program, "gitrepositories"),
    },
    Generated {
        path: "deploy/crds/imagepolicies.yaml",
        text: |program| definition(program, "imagepolicies"),
    },
    Generated {
        path: "deploy/crds/imagerepositories.yaml",
        text: |program| definition(program, "imagerepositories"),
    },
    Generated {
        path: "deploy/crds/imageupdateautomations.yaml",
        text: |program| definition(program, "imageupdateautomations"),
    },
    Generated {
        path: "deploy/crds/kustomizations.yaml",
        text: |program| definition(program, "kustomizations"),
    },
    Generated { path: "deploy/install.yaml", text: install },
];

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
        println!("gen: {} files, {} out of date", FILES.len(), stale.len());
        return Ok(if stale.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    let (root, program) = (tree::root()?, binary::dev()?);
    for file in FILES {
        if write_if_other(&root.join(file.path), &(file.text)(&program)?)? {
            println!("wrote {}", file.path);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The paths of the files that are not what the program would write now.
pub(crate) fn stale() -> Result<Vec<&'static str>> {
    let (root, program) = (tree::root()?, binary::dev()?);
    let mut stale = Vec::new();
    for file in FILES {
        if !holds(&root.join(file.path), &(file.text)(&program)?) {
            stale.push(file.path);
        }
    }
    Ok(stale)
}

/// The manual page, without the commit: that changes with each one, and the page with it.
fn manual(program: &Path) -> Result<String> {
    Ok(without_commit(&ask(program, &["man"])?, &ask(program, &["--version"])?))
}

fn without_commit(page: &str, version: &str) -> String {
    match version.trim_end().find(" (") {
        Some(at) => page.replace(version.trim_end().get(at..).unwrap_or_default(), ""),
        None => page.to_owned(),
    }
}

/// The overlay `all`, for `kubectl apply -f`.
fn install(_program: &Path) -> Result<String> {
    let mut files = Tree::new();
    for file in tree::files()?.into_iter().filter(|file| file.path.starts_with("deploy/")) {
        files.insert(&file.path, file.text);
    }
    let objects = tagalong_kustomize::build(&files, "deploy/overlays/all")?;
    let head = "# `tagalong controller` in a cluster without Flux: namespace, definitions, rights, Deployment.\n\
                # Written by `cargo xtask gen` from deploy/overlays/all.\n";
    Ok(format!("{head}{}", tagalong_kustomize::to_yaml(&objects)))
}

/// One CustomResourceDefinition, by its plural name.
fn definition(program: &Path, plural: &str) -> Result<String> {
    let all = ask(program, &["crds"])?;
    let name = format!("\n  name: {plural}.");
    let one = all.split("---\n").find(|one| one.contains(&name));
    Ok(one.with_context(|| format!("`tagalong crds` prints no {plural}"))?.to_owned())
}

/// The help of every command, as a terminal shows it.
fn reference(program: &Path) -> Result<String> {
    let mut text =
        "# The command line\n\nMade by `cargo xtask gen` from the program's own help.\n".to_owned();
    append_help(program, &mut Vec::new(), &mut text)?;
    Ok(text)
}

fn append_help(program: &Path, words: &mut Vec<String>, text: &mut String) -> Result<()> {
    let mut arguments: Vec<&str> = words.iter().map(String::as_str).collect();
    arguments.push("--help");
    let help = ask(program, &arguments)?;
    let name = ["tagalong"].into_iter().chain(words.iter().map(String::as_str)).collect::<Vec<_>>().join(" ");
    text.push_str(&format!("\n## `{name}`\n\n```text\n{}\n```\n", help.trim_end()));
    for command in subcommands(&help) {
        words.push(command);
        append_help(program, words, text)?;
        words.pop();
    }
    Ok(())
}

/// The names under `Commands:`, where each stands behind two blanks and its description behind more.
fn subcommands(help: &str) -> Vec<String> {
    let listed =
        help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let names = listed.filter_map(|line| line.strip_prefix("  ")).filter(|line| !line.starts_with(' '));
    names
        .filter_map(|line| line.split_whitespace().next())
        .map(str::to_owned)
        .filter(|name| name != "help")
        .collect()
}

fn ask(program: &Path, arguments: &[&str]) -> Result<String> {
    let words = arguments.join(" ");
    let output = Command::new(program)
        .args(arguments)
        // The same text whatever the terminal is.
        .env("COLUMNS", "100")
        .output()
        .with_context(|| format!("cannot run {}", program.display()))?;
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

    #[test]
    fn commands_are_read_from_the_help() {
        let help = "Follows image tags\n\nUsage: tagalong <COMMAND>\n\nCommands:\n  run   Keep everything\n        \
                    reconciled\n  plan  Show what\n  help  Print this\n\nOptions:\n  -h, --help  Print help\n";
        assert_eq!(subcommands(help), ["run", "plan"]);
        assert!(subcommands("Usage: tagalong man\n\nOptions:\n  -h\n").is_empty());
    }

    #[test]
    fn a_page_does_not_change_with_the_commit() {
        let page = ".TH tagalong 1  \"tagalong 0.1.0 (0123456789ab)\"\n.SH VERSION\nv0.1.0 (0123456789ab)\n";
        let clean = ".TH tagalong 1  \"tagalong 0.1.0\"\n.SH VERSION\nv0.1.0\n";
        assert_eq!(without_commit(page, "tagalong 0.1.0 (0123456789ab)\n"), clean);
        assert_eq!(without_commit(clean, "tagalong 0.1.0\n"), clean);
    }

    #[test]
    fn a_program_that_fails_or_says_nothing_makes_no_file() {
        assert!(ask(Path::new("false"), &[]).is_err());
        assert!(ask(Path::new("true"), &[]).is_err());
        assert_eq!(ask(Path::new("echo"), &["hello"]).unwrap(), "hello\n");
    }
}
