//! Paths with slashes. The `os` names do the same, since messages are made on systems with such paths.

use super::{Arguments, Function};
use crate::error::Failure;
use crate::val::Val;

pub(super) const TABLE: &[Function] = &[
    Function::exact("base", 1, |args| args.give(base(args.text(0)?))),
    Function::exact("osBase", 1, |args| args.give(base(args.text(0)?))),
    Function::exact("dir", 1, dir),
    Function::exact("osDir", 1, dir),
    Function::exact("clean", 1, |args| args.give(clean(args.text(0)?))),
    Function::exact("osClean", 1, |args| args.give(clean(args.text(0)?))),
    Function::exact("ext", 1, ext),
    Function::exact("osExt", 1, ext),
    Function::exact("isAbs", 1, is_absolute),
    Function::exact("osIsAbs", 1, is_absolute),
];

fn base(path: &str) -> &str {
    let trimmed = path.trim_end_matches('/');
    match trimmed.rsplit('/').next() {
        _ if path.is_empty() => ".",
        None | Some("") => "/",
        Some(last) => last,
    }
}

fn dir(args: &Arguments<'_>) -> Result<Val, Failure> {
    let path = args.text(0)?;
    args.give(clean(path.rfind('/').and_then(|at| path.get(..=at)).unwrap_or_default()))
}

/// The shortest path that means the same: no `.`, no `..` that can be resolved, no double slash.
fn clean(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if rooted => {}
            part => parts.push(part),
        }
    }
    match (rooted, parts.is_empty()) {
        (true, _) => format!("/{}", parts.join("/")),
        (false, true) => ".".to_owned(),
        (false, false) => parts.join("/"),
    }
}

fn ext(args: &Arguments<'_>) -> Result<Val, Failure> {
    let last = args.text(0)?.rsplit('/').next().unwrap_or_default();
    args.give(last.rfind('.').and_then(|at| last.get(at..)).unwrap_or_default())
}

fn is_absolute(args: &Arguments<'_>) -> Result<Val, Failure> {
    Ok(Val::Bool(args.text(0)?.starts_with('/')))
}
