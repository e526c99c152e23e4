//! The ConfigMaps and Secrets that a Kustomization takes variables from (`postBuild.substituteFrom`). ConfigMaps are
//! somebody's manifests as a rule, so those alone are read that are named: what is wrong with others is nobody's
//! business here. Called by `load`, and by `build` for what is named in one file.

use super::{LoadError, Loaded, Loader, SIZE_LIMIT, names_kind, whole_or_not};
use crate::kind::{Class, Kind, classify};
use crate::problem::Problem;
use crate::walk;
use crate::yaml::{self, Node};
use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tagalong_api::validate::VariableSource;
use tagalong_model::ObjectKey;

/// The ConfigMaps and Secrets below `paths` that one Kustomization of `namespace` takes variables from, and nothing else.
///
/// # Errors
/// [`LoadError`] with what is wrong with one of them, or where the paths cannot be read.
pub fn load_variables(
    paths: &[PathBuf],
    namespace: &str,
    sources: &[VariableSource],
) -> Result<Loaded, LoadError> {
    let kind = |source: &VariableSource| if source.secret { Kind::Secret } else { Kind::ConfigMap };
    let key = |source: &VariableSource| ObjectKey::new(namespace, &source.name);
    let named = sources.iter().map(|source| (kind(source), key(source))).collect();
    let mut loader = Loader { named, ..Loader::default() };
    for file in walk::files(paths, &mut loader.problems) {
        loader.named_in(&file);
    }
    whole_or_not((loader.loaded, loader.problems))
}

impl Loader {
    /// Reads the ConfigMaps that the Kustomizations name which were found in these files.
    pub(super) fn config_maps(&mut self, files: &[PathBuf]) {
        let mut named = HashSet::new();
        for located in &self.loaded.kustomizations {
            let namespace = located.object.metadata.namespace.as_deref().unwrap_or_default();
            let from = located.object.spec.post_build.iter().flat_map(|post| post.substitute_from.iter());
            for reference in from.flatten().filter(|reference| reference.kind == "ConfigMap") {
                named.insert((Kind::ConfigMap, ObjectKey::new(namespace, &reference.name)));
            }
        }
        if named.is_empty() {
            return;
        }
        self.named = named;
        files.iter().for_each(|file| self.named_in(file));
    }

    /// What is named of one file. That a file cannot be read was said by whoever reads all of it.
    fn named_in(&mut self, file: &Path) {
        if fs::metadata(file).is_ok_and(|meta| meta.len() > SIZE_LIMIT) {
            return;
        }
        let Ok(text) = fs::read_to_string(file) else { return };
        if !names_kind(&text, &["ConfigMap", "Secret"]) {
            return;
        }
        match yaml::documents(&text) {
            Ok(roots) => roots.iter().for_each(|root| self.named_document(file, root)),
            Err(finding) => {
                let mut problem = finding.in_file(file);
                problem.message.push_str("; left alone");
                self.note(problem);
            }
        }
    }

    fn named_document(&mut self, file: &Path, root: &Arc<Node>) {
        let is_named = |kind| self.named.contains(&(kind, key(root)));
        match classify(root) {
            Class::Ours(kind) if is_named(kind) => self.object(file, root, kind),
            Class::List(items) => items.iter().for_each(|item| self.named_document(file, item)),
            // Encrypted.
            Class::Noted(finding) if is_named(Kind::ConfigMap) || is_named(Kind::Secret) => {
                self.note(finding.in_file(file));
            }
            _ => {}
        }
    }

    /// Notes what was not said yet.
    fn note(&mut self, problem: Problem) {
        if !self.loaded.notes.contains(&problem) {
            self.loaded.notes.push(problem);
        }
    }
}

/// The name of an object of a namespace, as it stands in the file.
fn key(root: &Node) -> ObjectKey {
    let metadata = root.get("metadata");
    let text = |field| metadata.and_then(|node| node.get(field)?.text()).unwrap_or_default();
    let namespace = Some(text("namespace")).filter(|name| !name.is_empty()).unwrap_or("default");
    ObjectKey::new(namespace, text("name"))
}

#[cfg(test)]
mod tests {
    use super::super::load_synced;
    use super::*;

    fn kustomization(from: &str) -> String {
        format!(
            "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: apps, namespace: shop}}\n\
             spec:\n  interval: 10m\n  prune: true\n  sourceRef: {{kind: GitRepository, name: fleet}}\n  \
             postBuild: {{substituteFrom: [{from}]}}\n"
        )
    }

    fn map(name: &str, data: &str) -> String {
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, namespace: shop}}\ndata: {data}\n"
        )
    }

    /// What is loaded from these texts, each in a file of its own: names of the ConfigMaps; or what is wrong.
    fn loaded(texts: &[String]) -> Result<Vec<String>, String> {
        let root = tempfile::tempdir().unwrap();
        for (at, text) in texts.iter().enumerate() {
            fs::write(root.path().join(format!("{at}.yaml")), text).unwrap();
        }
        let below = format!("{}/", root.path().display());
        let loaded = load_synced(&[root.path().to_owned()]);
        let loaded = loaded.map_err(|error| error.to_string().replace(&below, ""))?;
        Ok(loaded.config_maps.into_iter().filter_map(|found| found.object.metadata.name).collect())
    }

    const VARS: &str = "{kind: ConfigMap, name: vars}";

    #[test]
    fn config_maps_that_are_named_are_read_and_others_break_nothing() {
        let others = [
            map("other", "[1, 2]"),
            map("other", "{a: b}"),
            "kind: ConfigMap\ndata: {{ template }}\n".to_owned(),
            map("vars", "{a: c}").replace("namespace: shop", "namespace: elsewhere"),
            map("vars", "{a: c}").replace("apiVersion: v1", "apiVersion: v2"),
        ];
        let with = |own: &[String]| [&others, own].concat();
        let list = |text: &str| {
            format!("apiVersion: v1\nkind: List\nitems:\n- {}\n", text.trim_end().replace('\n', "\n  "))
        };
        for own in [map("vars", "{a: b}"), list(&map("vars", "{a: b}"))] {
            let found = loaded(&with(&[kustomization(VARS), own.clone()]));
            assert_eq!(found, Ok(vec!["vars".to_owned()]), "{own}");
            assert_eq!(loaded(&with(&[kustomization("{kind: Secret, name: vars}"), own])), Ok(Vec::new()));
        }
        assert_eq!(loaded(&with(&[kustomization(VARS)])), Ok(Vec::new()));
    }

    #[test]
    fn what_is_wrong_with_one_that_is_named_is_told() {
        let told = loaded(&[kustomization(VARS), map("vars", "[1, 2]")]).unwrap_err();
        assert!(told.starts_with("1.yaml:4:") && told.contains(".data"), "{told}");
        let told = loaded(&[kustomization(VARS), map("vars", "{a: b}"), map("vars", "{}")]).unwrap_err();
        assert!(told.contains("ConfigMap/shop/vars is given twice, first at "), "{told}");
        let told = loaded(&[kustomization(VARS), map("vars", "{a: b}\ndta: {}")]).unwrap_err();
        assert!(told.contains(".dta"), "{told}");
    }

    #[test]
    fn variables_of_one_kustomization_are_found_among_whatever_else() {
        let root = tempfile::tempdir().unwrap();
        let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: hush}\nstringData: {a: b}\n";
        let texts = [
            ("a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: vars}\ndata: {a: b}\n".to_owned()),
            (
                "sub/b.yaml",
                format!("{secret}---\n{}", secret.replace("name: hush", "name: other, nmespace: x")),
            ),
            ("broken.yaml", "kind: Secret\n  a: b: c\n".to_owned()),
            ("wrong.yaml", "apiVersion: image.toolkit.fluxcd.io/v1\nkind: ImagePolicy\n".to_owned()),
        ];
        fs::create_dir(root.path().join("sub")).unwrap();
        for (name, text) in texts {
            fs::write(root.path().join(name), text).unwrap();
        }
        let source = |secret, name: &str| VariableSource { secret, name: name.to_owned(), optional: false };
        let sources = [source(false, "vars"), source(true, "hush"), source(false, "gone")];
        let found = load_variables(&[root.path().to_owned()], "default", &sources).unwrap();
        assert_eq!((found.config_maps.len(), found.secrets.len()), (1, 1));
        let found = load_variables(&[root.path().to_owned()], "shop", &sources).unwrap();
        assert_eq!((found.config_maps.len(), found.secrets.len()), (0, 0));
    }
}
