//! What kustomizations say about files: which they build, which are patches of others, which kinds they patch. Enough to
//! know that a document is not whole by itself; nothing is built here.

use serde_json::Value as Json;
use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

/// A folder that kustomize builds, by its own file or by a Flux Kustomization's `spec.path`.
#[derive(Debug)]
pub(crate) struct Kustomization {
    pub(crate) file: PathBuf,
    /// The line at which it begins.
    pub(crate) line: u32,
    /// The folder, where it is known.
    folder: Option<PathBuf>,
    resources: BTreeSet<PathBuf>,
    patches: BTreeSet<PathBuf>,
    /// The kinds that its patches speak of.
    kinds: BTreeSet<String>,
    /// Whether a patch may speak of any kind.
    any_kind: bool,
}

impl Kustomization {
    /// A `kustomization.yaml`.
    pub(crate) fn read(file: &Path, line: u32, json: &Json) -> Self {
        let folder = file.parent().unwrap_or(Path::new("")).to_owned();
        let texts = |field: &str| {
            let list = json.get(field).and_then(Json::as_array).into_iter().flatten();
            list.filter_map(Json::as_str).map(ToOwned::to_owned).collect::<Vec<String>>()
        };
        let mut own = Self {
            file: file.to_owned(),
            line,
            resources: texts("resources").iter().map(|path| join(&folder, path)).collect(),
            patches: BTreeSet::new(),
            kinds: BTreeSet::new(),
            any_kind: !texts("components").is_empty() || !texts("transformers").is_empty(),
            folder: Some(folder),
        };
        own.patches(json);
        for patch in texts("patchesStrategicMerge") {
            own.patch(&patch);
        }
        own
    }

    /// Flux's Kustomization; its folder counts from the top of a repository, which is not known here.
    pub(crate) fn of_flux(file: &Path, line: u32, json: &Json) -> Option<Self> {
        let spec = json.get("spec")?;
        let (resources, patches, kinds) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        let any_kind = spec.get("components").is_some();
        let mut own = Self { file: file.to_owned(), line, folder: None, resources, patches, kinds, any_kind };
        own.patches(spec);
        (own.any_kind || !own.kinds.is_empty()).then_some(own)
    }

    fn patches(&mut self, json: &Json) {
        for field in ["patches", "patchesJson6902"] {
            for patch in json.get(field).and_then(Json::as_array).into_iter().flatten() {
                let text = |pointer| patch.pointer(pointer).and_then(Json::as_str);
                let kind = text("/target/kind").map(ToOwned::to_owned);
                let known = kind.is_some();
                self.kinds.extend(kind);
                match (text("/path"), text("/patch")) {
                    (Some(path), _) => {
                        self.any_kind |= !known;
                        self.patch(path);
                    }
                    (None, Some(inline)) if !known => self.patch(inline),
                    _ => {}
                }
            }
        }
    }

    /// A patch: a path, or the patch itself.
    fn patch(&mut self, patch: &str) {
        if patch.contains('\n') {
            let kinds = patch.lines().filter_map(|line| line.trim().strip_prefix("kind:"));
            self.kinds.extend(kinds.map(|kind| kind.trim().to_owned()));
        } else if let Some(folder) = &self.folder {
            self.patches.insert(join(folder, patch));
            self.any_kind |= self.kinds.is_empty();
        }
    }

    /// Whether `file` is a patch of others, and no object of its own.
    pub(crate) fn patches_with(&self, file: &Path) -> bool {
        self.patches.contains(&join(Path::new(""), &file.to_string_lossy()))
    }

    /// Whether objects of this kind may get fields from its patches.
    pub(crate) fn completes(&self, kind: &str) -> bool {
        self.any_kind || self.kinds.contains(kind)
    }

    fn builds(&self, file: &Path) -> bool {
        self.resources.contains(file)
    }
}

/// Whether two files are built by different kustomizations, so that one object in both is no contradiction.
pub(crate) fn are_apart(kustomizations: &[Kustomization], a: &Path, b: &Path) -> bool {
    let (a, b) = (owners(kustomizations, a), owners(kustomizations, b));
    !(a.is_empty() && b.is_empty()) && a.is_disjoint(&b)
}

/// The kustomizations that name a file, else the nearest above it.
fn owners<'k>(kustomizations: &'k [Kustomization], file: &Path) -> BTreeSet<&'k Path> {
    let file = join(Path::new(""), &file.to_string_lossy());
    let naming: BTreeSet<&Path> =
        kustomizations.iter().filter(|own| own.builds(&file)).map(|own| own.file.as_path()).collect();
    if !naming.is_empty() {
        return naming;
    }
    let above = |own: &&Kustomization| {
        own.folder
            .as_deref()
            .is_some_and(|folder| file.starts_with(join(Path::new(""), &folder.to_string_lossy())))
    };
    let nearest = kustomizations.iter().filter(above).max_by_key(|own| own.file.components().count());
    nearest.map(|own| own.file.as_path()).into_iter().collect()
}

/// A path as kustomizations write it, without `.` and `..` where they can be taken away.
fn join(folder: &Path, path: &str) -> PathBuf {
    let mut joined = PathBuf::new();
    for part in folder.join(path).components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(joined.components().next_back(), Some(Component::Normal(_))) => {
                joined.pop();
            }
            part => joined.push(part),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(file: &str, json: &Json) -> Kustomization {
        Kustomization::read(Path::new(file), 1, json)
    }

    #[test]
    fn what_a_kustomization_says_about_files() {
        let own = read(
            "./fleet/automation/kustomization.yaml",
            &json!({
                "resources": ["../web/policy.yaml"],
                "patches": [
                    {"path": "repo.yaml", "target": {"kind": "ImageRepository"}},
                    {"patch": "apiVersion: x/v1\nkind: ImagePolicy\n"},
                ],
            }),
        );
        assert!(own.patches_with(Path::new("./fleet/automation/repo.yaml")));
        assert!(!own.patches_with(Path::new("./fleet/automation/other.yaml")));
        assert!(own.completes("ImageRepository") && own.completes("ImagePolicy"));
        assert!(!own.completes("ImageUpdateAutomation"));
        assert!(own.builds(Path::new("fleet/web/policy.yaml")));
        assert!(read("k.yaml", &json!({"components": ["../c"]})).completes("Secret"));
        assert!(read("k.yaml", &json!({"patchesStrategicMerge": ["p.yaml"]})).completes("Secret"));
    }

    #[test]
    fn files_of_different_kustomizations_are_apart() {
        let all = [
            read("prod/kustomization.yaml", &json!({"resources": ["a.yaml", "../base/b.yaml"]})),
            read("stage/kustomization.yaml", &json!({"resources": ["a.yaml"]})),
        ];
        let apart = |a: &str, b: &str| are_apart(&all, Path::new(a), Path::new(b));
        assert!(apart("prod/a.yaml", "./stage/a.yaml"));
        assert!(!apart("prod/a.yaml", "base/b.yaml"));
        assert!(apart("stage/a.yaml", "base/b.yaml"));
        assert!(apart("prod/x.yaml", "stage/deep/x.yaml"));
        assert!(!apart("other/x.yaml", "other/y.yaml"));
    }
}
