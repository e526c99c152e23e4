//! Which files a path means: itself, or every YAML file below it. Used by `load`.

use crate::problem::{Code, Problem};
use std::{
    collections::HashSet,
    fs, io,
    path::{Path, PathBuf},
};

/// The files below `paths`, sorted within each, each file once. A folder is searched for `*.yaml` and `*.yml`; hidden
/// folders and symlinks to folders are passed over. A file that is named itself counts whatever its name.
pub(crate) fn files(paths: &[PathBuf], problems: &mut Vec<Problem>) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in paths {
        match fs::metadata(path) {
            Ok(meta) if meta.is_dir() => folder(path, &mut found, problems),
            Ok(_) => found.push(path.clone()),
            Err(error) => problems.push(unreadable(path, &error)),
        }
    }
    let mut seen = HashSet::new();
    found.retain(|file| seen.insert(file.canonicalize().unwrap_or_else(|_| file.clone())));
    found
}

fn folder(path: &Path, found: &mut Vec<PathBuf>, problems: &mut Vec<Problem>) {
    let entries = fs::read_dir(path).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    let mut entries = match entries {
        Ok(entries) => entries,
        Err(error) => return problems.push(unreadable(path, &error)),
    };
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let (path, name) = (entry.path(), entry.file_name());
        let Ok(kind) = entry.file_type() else { continue };
        let hidden = name.as_encoded_bytes().starts_with(b".");
        let yaml = path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml");
        if kind.is_dir() && !hidden {
            folder(&path, found, problems);
        } else if yaml && (kind.is_file() || (kind.is_symlink() && path.is_file())) {
            found.push(path);
        }
    }
}

pub(crate) fn unreadable(path: &Path, error: &io::Error) -> Problem {
    let why = match error.kind() {
        io::ErrorKind::NotFound => "does not exist".to_owned(),
        io::ErrorKind::PermissionDenied => "must not be read by this user".to_owned(),
        _ => format!("cannot be read: {error}"),
    };
    Problem { file: path.to_owned(), place: None, code: Code::Unreadable, message: why }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yaml_files_are_found_and_links_to_folders_are_not_followed() {
        let root = tempfile::tempdir().unwrap();
        let touch = |name: &str| {
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        };
        for name in [
            "dir/b.yaml",
            "dir/a.yml",
            "dir/sub/c.yaml",
            "dir/.git/x.yaml",
            "dir/.hid/y.yaml",
            "dir/z.json",
            "out/o.yaml",
        ] {
            touch(name);
        }
        std::os::unix::fs::symlink(root.path().join("out"), root.path().join("dir/link")).unwrap();
        std::os::unix::fs::symlink(root.path().join("dir"), root.path().join("dir/sub/loop")).unwrap();
        std::os::unix::fs::symlink(root.path().join("out/o.yaml"), root.path().join("dir/o.yaml")).unwrap();
        let mut problems = Vec::new();
        let paths = ["dir", "dir/b.yaml", "dir/z.json", "gone"].map(|name| root.path().join(name));
        let found = files(&paths, &mut problems);
        let names: Vec<_> =
            found.iter().map(|file| file.strip_prefix(root.path()).unwrap().to_str().unwrap()).collect();
        assert_eq!(names, ["dir/a.yml", "dir/b.yaml", "dir/o.yaml", "dir/sub/c.yaml", "dir/z.json"]);
        let problems: Vec<_> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(problems, [format!("{}: does not exist", paths[3].display())]);
    }
}
