//! The forms in which findings are told, one file each.

pub(crate) mod github;
pub(crate) mod json;
pub(crate) mod sarif;
pub(crate) mod text;

use std::path::Path;

/// A path as machines want it: relative to the working directory where it lies below it, without `./`. The second part
/// says whether it is relative.
fn relative(path: &Path) -> (&Path, bool) {
    let below = path.strip_prefix(".").unwrap_or(path);
    if below.is_relative() {
        return (below, true);
    }
    let Ok(here) = std::env::current_dir() else { return (below, false) };
    match below.components().as_path().strip_prefix(&here) {
        Ok(inside) => (path.strip_prefix(&here).unwrap_or(inside), true),
        Err(_) => (path, false),
    }
}
