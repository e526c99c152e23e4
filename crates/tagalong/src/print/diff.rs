//! Unified diffs that `git apply` accepts, one per repository and branch.

use similar::TextDiff;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use tagalong_engine::automation::{FileChange, TurnReport};
use tagalong_model::RepoPath;

/// The files of one branch of one repository.
struct Branch<'a> {
    url: &'a str,
    branch: &'a str,
    files: BTreeMap<&'a RepoPath, FileChange>,
}

/// One diff per repository and branch, in the order of automations. Automations of one branch plan one on top of
/// the other, so a file that two of them change shows once, from the base to the last.
pub(crate) fn of_turns(turns: &[Arc<TurnReport>]) -> Vec<u8> {
    let mut branches: Vec<Branch<'_>> = Vec::new();
    for turn in turns.iter().filter(|turn| !turn.changes.is_empty()) {
        let (url, branch) = (turn.url.as_str(), turn.branch.as_str());
        if !branches.iter().any(|known| (known.url, known.branch) == (url, branch)) {
            branches.push(Branch { url, branch, files: BTreeMap::new() });
        }
        for known in branches.iter_mut().filter(|known| (known.url, known.branch) == (url, branch)) {
            for change in &turn.changes {
                let merged = known.files.entry(&change.path).or_insert_with(|| change.clone());
                merged.after.clone_from(&change.after);
            }
        }
    }
    let several = branches.len() > 1;
    let mut out = Vec::new();
    for Branch { url, branch, files } in branches {
        if several {
            // Text before a diff is nothing to `git apply`.
            out.extend_from_slice(format!("# {url} {branch}\n").as_bytes());
        }
        files.values().for_each(|change| of_file(&mut out, change));
    }
    out
}

/// The diff of one turn; empty where nothing changes.
pub(crate) fn of_turn(turn: &TurnReport) -> Vec<u8> {
    let mut out = Vec::new();
    for change in &turn.changes {
        of_file(&mut out, change);
    }
    out
}

fn of_file(out: &mut Vec<u8>, change: &FileChange) {
    let path = quoted(change.path.as_str());
    let mut head = String::new();
    // Writing to a String cannot fail.
    _ = writeln!(head, "diff --git {} {}", path.with("a/"), path.with("b/")).is_ok();
    _ = writeln!(head, "--- {}\n+++ {}", path.with("a/"), path.with("b/")).is_ok();
    out.extend_from_slice(head.as_bytes());
    let diff = TextDiff::from_lines(change.before.as_slice(), change.after.as_slice());
    let mut unified = diff.unified_diff();
    for hunk in unified.context_radius(3).iter_hunks() {
        // Bytes, not text: the file may hold anything, and a diff must carry it unchanged.
        hunk.to_writer(&mut *out).unwrap_or_default();
    }
}

struct Path<'a> {
    path: &'a str,
    quote: bool,
}

impl Path<'_> {
    fn with(&self, prefix: &str) -> String {
        if self.quote {
            format!("\"{prefix}{}\"", c_escaped(self.path))
        } else {
            format!("{prefix}{}", self.path)
        }
    }
}

/// Git quotes paths with control characters, quotes and backslashes in the manner of C.
fn quoted(path: &str) -> Path<'_> {
    Path { path, quote: path.chars().any(|c| c.is_control() || c == '"' || c == '\\') }
}

fn c_escaped(path: &str) -> String {
    path.chars().fold(String::new(), |mut out, c| {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => out.push_str(&format!("\\{:03o}", u32::from(c))),
            c => out.push(c),
        }
        out
    })
}
