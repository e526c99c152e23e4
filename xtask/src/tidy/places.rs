//! What stands at the top of the repository: a newcomer can learn it by heart.

use std::collections::BTreeSet;

use super::Finding;
use crate::tree::File;

const FOLDERS: &[&str] =
    &[".cargo", ".ci", "crates", "deploy", "docs", "examples", "policies", "tests", "xtask"];

/// The papers that every checkout has.
const PAPERS: &[&str] =
    &["CHANGELOG.md", "LICENSE", "README.md", "SECURITY.md", "STYLE.md", "ARCHITECTURE.md"];

/// Folders that nobody agreed on, and papers that are missing.
pub(super) fn check(files: &[File]) -> Vec<Finding> {
    let folders: BTreeSet<&str> =
        files.iter().filter_map(|file| Some(file.path.split_once('/')?.0)).collect();
    let strangers = folders.into_iter().filter(|folder| !FOLDERS.contains(folder));
    let missing = PAPERS.iter().filter(|paper| !files.iter().any(|file| file.path == **paper));
    strangers
        .map(|folder| Finding::new(folder, 0, "a new folder at the top; it belongs into one of those there"))
        .chain(missing.map(|paper| Finding::new(paper, 0, "missing")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(extra: &[&str]) -> Vec<String> {
        let files: Vec<File> = PAPERS.iter().chain(extra).map(|path| File::new(path, "")).collect();
        check(&files).into_iter().map(|finding| finding.path).collect()
    }

    #[test]
    fn a_new_top_folder_is_found() {
        assert!(paths(&["crates/tagalong/src/main.rs", ".ci/run", "Cargo.toml"]).is_empty());
        assert_eq!(paths(&["utils/a.rs", "utils/b.rs"]), ["utils"]);
    }

    #[test]
    fn a_missing_paper_is_found() {
        assert_eq!(check(&[]).len(), PAPERS.len());
    }
}
