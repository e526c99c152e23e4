//! The address of a GitRepository from files: local paths count from the manifest that holds them.

use std::path::{Component, Path, PathBuf};

/// The address to use for `url` as it stands in the file `manifest`: a relative path becomes one below the manifest's
/// folder, everything else stays. `host:path` without a slash before the colon is an address, as for Git.
pub fn resolve_url(url: &str, manifest: &Path) -> String {
    let remote = url.contains("://") || url.split('/').next().is_some_and(|first| first.contains(':'));
    if remote || Path::new(url).is_absolute() {
        return url.to_owned();
    }
    let folder = manifest.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
    let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let path: PathBuf = folder.join(url).components().collect();
    // What `..` leads to is the file system's to say: a folder before it may be a link.
    let up = path.components().any(|part| part == Component::ParentDir);
    let path = if up { path.canonicalize().unwrap_or(path) } else { path };
    path.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_relative_paths_are_resolved() {
        let manifest = Path::new("/etc/tagalong/objects/repo.yaml");
        for same in
            ["https://x.io/a", "ssh://git@x.io/a", "git@x.io:a/b", "x.io:a", "file:///a", "/srv/a.git"]
        {
            assert_eq!(resolve_url(same, manifest), same);
        }
        assert_eq!(resolve_url("fleet.git", manifest), "/etc/tagalong/objects/fleet.git");
        assert_eq!(resolve_url("./fleet.git", manifest), "/etc/tagalong/objects/fleet.git");
        assert_eq!(resolve_url("../a/b:c", manifest), "/etc/tagalong/objects/../a/b:c");
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        std::fs::create_dir_all(root.join("elsewhere/objects")).unwrap();
        std::fs::create_dir(root.join("elsewhere/fleet.git")).unwrap();
        std::os::unix::fs::symlink(root.join("elsewhere/objects"), root.join("objects")).unwrap();
        let linked = resolve_url("../fleet.git", &root.join("objects/repo.yaml"));
        assert_eq!(linked, root.join("elsewhere/fleet.git").to_string_lossy());
        let here = std::env::current_dir().unwrap();
        assert_eq!(
            resolve_url("fleet.git", Path::new("repo.yaml")),
            here.join("fleet.git").to_string_lossy()
        );
    }
}
