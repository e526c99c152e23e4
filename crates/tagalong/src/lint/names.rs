//! Who is named in the files, however broken the rest of a document is, and which namespaces a kustomization may put
//! it in. So one mistake in an object is told once, and not again at everything that refers to it.

use super::patches::Kustomization;
use serde_json::Value as Json;
use serde_saphyr::{DuplicateKeyPolicy, Spanned};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use tagalong_api::{IMAGE_GROUP, SOURCE_GROUP};

/// The group of Flux's Kustomization.
const FLUX_KUSTOMIZE: &str = "kustomize.toolkit.fluxcd.io";
/// The group of kustomize's own Kustomization and Component.
const KUSTOMIZE: &str = "kustomize.config.k8s.io";
/// Words without which a file names nobody of interest.
const WORDS: [&str; 6] =
    [IMAGE_GROUP, SOURCE_GROUP, FLUX_KUSTOMIZE, KUSTOMIZE, "fluxcd.controlplane.io", "Secret"];

/// Among how many names the one that was probably meant is looked for.
const HINT_LIMIT: usize = 500;

/// What a Kustomization of Flux waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Waits {
    ForHealth,
    ForNothing,
}

/// A document that names itself.
#[derive(Debug)]
pub(crate) struct Named {
    pub(crate) file: PathBuf,
    /// The line at which the document begins.
    pub(crate) line: u32,
    pub(crate) group: String,
    pub(crate) kind: String,
    pub(crate) namespace: Option<String>,
    pub(crate) name: String,
    /// Whether it is encrypted with SOPS.
    pub(crate) encrypted: bool,
}

/// Everyone who is named.
#[derive(Debug, Default)]
pub(crate) struct Roster {
    named: Vec<Named>,
    /// Folders that kustomize builds.
    pub(crate) kustomizations: Vec<Kustomization>,
    /// What each of Flux's Kustomizations is built from, and whether it waits for health.
    pub(crate) built: Vec<(String, Waits)>,
    /// Namespaces that kustomizations put objects in which name none.
    namespaces: BTreeSet<String>,
    /// Indices into `named` by kind and name.
    index: BTreeMap<(String, String), Vec<usize>>,
    /// Indices into `named` by file, in the order of lines.
    by_file: BTreeMap<PathBuf, Vec<usize>>,
    /// Whether a Flux Kustomization is there, which may fill in `${variables}`.
    pub(crate) substitutes: bool,
    /// Whether a FluxInstance is there, which makes a GitRepository of its own in the cluster.
    pub(crate) has_instance: bool,
}

impl Roster {
    /// Reads one YAML file. What is not YAML names nobody.
    pub(crate) fn read(&mut self, file: &Path, text: &str) {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let builds = matches!(name.as_ref(), "kustomization.yaml" | "kustomization.yml" | "Kustomization");
        if text.contains("flux-instance") {
            self.has_instance = true;
        }
        if !builds && !WORDS.iter().any(|word| text.contains(word)) {
            return;
        }
        let options = serde_saphyr::options! { duplicate_keys: DuplicateKeyPolicy::FirstWins };
        let read = serde_saphyr::from_multiple_with_options::<Spanned<Json>>(text, options);
        for document in read.unwrap_or_default() {
            let line = u32::try_from(document.referenced.line()).unwrap_or(u32::MAX);
            self.document(file, line, &document.value, builds);
        }
    }

    fn document(&mut self, file: &Path, line: u32, json: &Json, builds: bool) {
        let text = |pointer| json.pointer(pointer).and_then(Json::as_str).unwrap_or_default();
        let (version, kind) = (text("/apiVersion"), text("/kind"));
        let group = version.split_once('/').map_or("", |(group, _)| group);
        if kind.ends_with("List") {
            for item in json.get("items").and_then(Json::as_array).into_iter().flatten() {
                self.document(file, line, item, false);
            }
            return;
        }
        if (builds && group != FLUX_KUSTOMIZE) || group == KUSTOMIZE {
            self.namespaces.extend(json.get("namespace").and_then(Json::as_str).map(ToOwned::to_owned));
            self.kustomizations.push(Kustomization::read(file, line, json));
            return;
        }
        if group == FLUX_KUSTOMIZE {
            self.substitutes = true;
            self.namespaces.extend(
                Some(text("/spec/targetNamespace")).filter(|ns| !ns.is_empty()).map(ToOwned::to_owned),
            );
            self.kustomizations.extend(Kustomization::of_flux(file, line, json));
            let checks = json.pointer("/spec/healthChecks").and_then(Json::as_array);
            let waits = json.pointer("/spec/wait") == Some(&Json::Bool(true))
                || checks.is_some_and(|checks| !checks.is_empty());
            let waits = if waits { Waits::ForHealth } else { Waits::ForNothing };
            self.built.push((text("/spec/sourceRef/name").to_owned(), waits));
        }
        self.has_instance |= kind == "FluxInstance";
        let (kind, name) = match kind {
            "SealedSecret" => ("Secret", text("/metadata/name")),
            "ExternalSecret" => {
                let target = text("/spec/target/name");
                ("Secret", if target.is_empty() { text("/metadata/name") } else { target })
            }
            kind => (kind, text("/metadata/name")),
        };
        let namespace = Some(text("/metadata/namespace")).filter(|ns| !ns.is_empty());
        self.named.push(Named {
            file: file.to_owned(),
            line,
            group: group.to_owned(),
            kind: kind.to_owned(),
            namespace: namespace.map(ToOwned::to_owned),
            name: name.to_owned(),
            encrypted: json.get("sops").is_some(),
        });
    }

    /// Ends the reading; before, nobody is found.
    pub(crate) fn close(&mut self) {
        for (at, named) in self.named.iter().enumerate() {
            self.index.entry((named.kind.clone(), named.name.clone())).or_default().push(at);
            self.by_file.entry(named.file.clone()).or_default().push(at);
        }
    }

    /// The namespaces in which an object may end up: its own, else `default` or one that a kustomization sets.
    pub(crate) fn spaces(&self, own: Option<&str>) -> BTreeSet<String> {
        match own {
            Some(own) => BTreeSet::from([own.to_owned()]),
            None => self.namespaces.iter().cloned().chain(["default".to_owned()]).collect(),
        }
    }

    /// Whether somebody of this kind and name may be in one of these namespaces.
    pub(crate) fn has(&self, kind: &str, spaces: &BTreeSet<String>, name: &str) -> bool {
        self.all(kind, name).any(|named| match &named.namespace {
            Some(own) => spaces.contains(own),
            None => spaces.iter().any(|space| space == "default" || self.namespaces.contains(space)),
        })
    }

    /// Whether anybody of this kind is named at all.
    pub(crate) fn has_any(&self, kind: &str) -> bool {
        self.names(kind).next().is_some()
    }

    /// The names of everybody of a kind.
    pub(crate) fn names(&self, kind: &str) -> impl Iterator<Item = &str> {
        self.named.iter().filter(move |named| named.kind == kind).map(|named| named.name.as_str())
    }

    /// A hint at the name that was probably meant; empty where none is alike.
    pub(crate) fn near(&self, kind: &str, name: &str) -> String {
        let alike = |known: &&str| strsim::normalized_damerau_levenshtein(known, name);
        let best = self.names(kind).take(HINT_LIMIT).max_by(|a, b| alike(a).total_cmp(&alike(b)));
        let best = best.filter(|best| *best != name && alike(best) >= 0.6);
        best.map(|best| format!("; did you mean {best}?")).unwrap_or_default()
    }

    /// Everybody of this kind and name.
    pub(crate) fn all(&self, kind: &str, name: &str) -> impl Iterator<Item = &Named> {
        let found = self.index.get(&(kind.to_owned(), name.to_owned()));
        found.into_iter().flatten().filter_map(|at| self.named.get(*at))
    }

    /// The document around a line of a file.
    pub(crate) fn at(&self, file: &Path, line: u32) -> Option<&Named> {
        let here = self.by_file.get(file)?;
        let named = |at: &usize| self.named.get(*at);
        let behind = here.partition_point(|at| named(at).is_some_and(|named| named.line <= line));
        here.get(behind.checked_sub(1)?).and_then(named)
    }
}
