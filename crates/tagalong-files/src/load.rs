//! From paths to objects: every document of a kind that is served, checked strictly, or everything that is wrong with
//! them. Called by the desk at the start and after each change of a file, and by `lint`.

use crate::{
    Located,
    kind::{Class, Kind, classify},
    problem::{Code, Finding, Problem},
    schema, secret, walk,
    yaml::{self, Node},
};
use k8s_openapi::{
    api::core::v1::{ConfigMap, Namespace, Secret},
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use serde::de::DeserializeOwned;
use serde_json::{Value as Json, json};
use std::{
    collections::{HashMap, HashSet, hash_map},
    fmt, fs,
    path::{Path, PathBuf},
    sync::Arc,
};
use tagalong_api::{
    GitRepository, IMAGE_GROUP, ImagePolicy, ImageRepository, ImageUpdateAutomation, Kustomization,
    SOURCE_GROUP,
};
use tagalong_model::{Digest, ObjectKey};

/// Larger files hold no objects of ours.
const SIZE_LIMIT: u64 = 8 << 20;

/// What was found below the given paths.
#[derive(Debug, Default)]
pub struct Loaded {
    /// Every ImageRepository.
    pub repositories: Vec<Located<ImageRepository>>,
    /// Every ImagePolicy.
    pub policies: Vec<Located<ImagePolicy>>,
    /// Every ImageUpdateAutomation.
    pub automations: Vec<Located<ImageUpdateAutomation>>,
    /// Every GitRepository.
    pub sources: Vec<Located<GitRepository>>,
    /// Every Kustomization.
    pub kustomizations: Vec<Located<Kustomization>>,
    /// Every Secret, its references not yet looked up.
    pub secrets: Vec<Located<Secret>>,
    /// The ConfigMaps that Kustomizations take variables from. Others are somebody's manifests, and left alone.
    pub config_maps: Vec<Located<ConfigMap>>,
    /// Every Namespace; their labels decide about `accessFrom`.
    pub namespaces: Vec<Located<Namespace>>,
    /// How many documents of other kinds were left alone. A file that names none of ours counts as one.
    pub others: usize,
    /// What was left alone but is worth a word.
    pub notes: Vec<Problem>,
    /// The files that were looked at.
    pub files: Vec<PathBuf>,
}

/// Everything that is wrong, in the order of the files. Prints one problem a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadError(pub Vec<Problem>);

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for LoadError {}

/// Reads the objects below `paths`: files, or folders that are searched for `*.yaml` and `*.yml`.
///
/// # Errors
/// [`LoadError`] with every problem in every file; then nothing should be done (exit status 2).
pub fn load(paths: &[PathBuf]) -> Result<Loaded, LoadError> {
    whole_or_not(scan(paths))
}

/// The same where Kustomizations are served: they are read as strictly as the other kinds, not left alone.
///
/// # Errors
/// As [`load`].
pub fn load_synced(paths: &[PathBuf]) -> Result<Loaded, LoadError> {
    whole_or_not(read(paths, Loader { synced: true, ..Loader::default() }))
}

fn whole_or_not((loaded, problems): (Loaded, Vec<Problem>)) -> Result<Loaded, LoadError> {
    if problems.is_empty() { Ok(loaded) } else { Err(LoadError(problems)) }
}

/// The same for `lint`: what could be read, beside everything that is wrong.
pub fn scan(paths: &[PathBuf]) -> (Loaded, Vec<Problem>) {
    read(paths, Loader::default())
}

fn read(paths: &[PathBuf], mut loader: Loader) -> (Loaded, Vec<Problem>) {
    let files = walk::files(paths, &mut loader.problems);
    for file in &files {
        loader.file(file);
    }
    loader.config_maps(&files);
    loader.loaded.files = files;
    (loader.loaded, loader.problems)
}

/// The same for texts that stand in no file: what `lint` was handed from a cluster, by the name it is to be told by.
pub fn scan_texts<'t>(texts: impl IntoIterator<Item = (&'t Path, &'t str)>) -> (Loaded, Vec<Problem>) {
    let mut loader = Loader::default();
    for (name, text) in texts {
        loader.text(name, text.as_bytes());
    }
    (loader.loaded, loader.problems)
}

#[derive(Default)]
struct Loader {
    loaded: Loaded,
    problems: Vec<Problem>,
    /// Where each object was seen first.
    first: HashMap<(Kind, ObjectKey), First>,
    /// Whether Kustomizations are served.
    synced: bool,
    /// What is read because somebody takes variables from it.
    named: HashSet<(Kind, ObjectKey)>,
}

struct First {
    place: String,
    labels: Json,
}

impl Loader {
    fn file(&mut self, file: &Path) {
        if fs::metadata(file).is_ok_and(|meta| meta.len() > SIZE_LIMIT) {
            let note = whole(file, Code::Unreadable, "is larger than 8 MiB and left alone");
            return self.loaded.notes.push(note);
        }
        match fs::read(file) {
            Ok(bytes) => self.text(file, &bytes),
            Err(error) => self.problems.push(walk::unreadable(file, &error)),
        }
    }

    fn text(&mut self, file: &Path, bytes: &[u8]) {
        let text = String::from_utf8_lossy(bytes);
        if !may_hold_ours(&text) {
            self.loaded.others += 1;
            return;
        }
        let found = match std::str::from_utf8(bytes) {
            Ok(text) => yaml::documents(text).map_err(|finding| finding.in_file(file)),
            Err(_) => Err(whole(file, Code::Yaml, "is not UTF-8; save it in that encoding")),
        };
        match found {
            Ok(roots) => roots.iter().for_each(|root| self.document(file, root)),
            Err(mut problem) if claims_ours(&text) => {
                if text.contains("{{") {
                    problem.message.push_str("; a template must be rendered first");
                }
                self.problems.push(problem);
            }
            Err(mut problem) => {
                problem.message.push_str("; left alone");
                self.loaded.others += 1;
                self.loaded.notes.push(problem);
            }
        }
    }

    fn document(&mut self, file: &Path, root: &Arc<Node>) {
        match classify(root) {
            Class::Ours(Kind::Kustomization) if !self.synced => {
                let place = root.get("kind").map_or(root.place, |node| node.place);
                let note = "Kustomization is left alone; `run --sync-to` applies it to a folder";
                self.loaded.others += 1;
                self.loaded.notes.push(Finding::new(place, Code::NotServed, note).in_file(file));
            }
            Class::Ours(Kind::ConfigMap) => self.loaded.others += 1,
            Class::Ours(kind) => self.object(file, root, kind),
            Class::List(items) => items.iter().for_each(|item| self.document(file, item)),
            Class::Other => self.loaded.others += 1,
            Class::Wrong(finding) => self.problems.push(finding.in_file(file)),
            Class::Noted(finding) => {
                self.loaded.others += 1;
                self.loaded.notes.push(finding.in_file(file));
            }
        }
    }

    fn object(&mut self, file: &Path, root: &Arc<Node>, kind: Kind) {
        let mut findings = Vec::new();
        let mut json = schema::check(root, kind.schema(), &mut findings);
        let valid = findings.is_empty();
        self.problems.extend(findings.into_iter().map(|finding| finding.in_file(file)));
        if !valid || !self.is_new(file, root, kind, &json) {
            return;
        }
        if kind == Kind::Secret {
            move_references(&mut json);
        }
        let loaded = &mut self.loaded;
        let outcome = match kind {
            Kind::ImageRepository => add(&mut loaded.repositories, file, root, kind, json),
            Kind::ImagePolicy => add(&mut loaded.policies, file, root, kind, json),
            Kind::ImageUpdateAutomation => add(&mut loaded.automations, file, root, kind, json),
            Kind::GitRepository => add(&mut loaded.sources, file, root, kind, json),
            Kind::Kustomization => add(&mut loaded.kustomizations, file, root, kind, json),
            Kind::Secret => add(&mut loaded.secrets, file, root, kind, json),
            Kind::ConfigMap => add(&mut loaded.config_maps, file, root, kind, json),
            Kind::Namespace => add(&mut loaded.namespaces, file, root, kind, json),
        };
        if let Err(finding) = outcome {
            self.problems.push(finding.in_file(file));
        }
    }

    /// Remembers the object, or reports it as a duplicate. A Namespace may be repeated with the same labels, as overlays do.
    fn is_new(&mut self, file: &Path, root: &Node, kind: Kind, json: &Json) -> bool {
        let key = key(kind, json);
        let labels = json.pointer("/metadata/labels").cloned().unwrap_or_default();
        let place = format!("{}:{}:{}", file.display(), root.place.line, root.place.column);
        match self.first.entry((kind, key.clone())) {
            hash_map::Entry::Vacant(free) => {
                free.insert(First { place, labels });
                true
            }
            hash_map::Entry::Occupied(first) => {
                if kind != Kind::Namespace || first.get().labels != labels {
                    let name = if kind == Kind::Namespace { key.name } else { key.to_string() };
                    let message = format!(
                        "{kind}/{name} is given twice, first at {}; remove or rename one",
                        first.get().place
                    );
                    self.problems
                        .push(Finding::new(root.place, Code::DuplicateObject, message).in_file(file));
                }
                false
            }
        }
    }
}

/// A problem of a file as a whole.
fn whole(file: &Path, code: Code, message: &str) -> Problem {
    Problem { file: file.to_owned(), place: None, code, message: message.to_owned() }
}

/// Whether the text may hold a document of ours; cheap, so that a large repository of other manifests loads quickly.
fn may_hold_ours(text: &str) -> bool {
    text.contains("toolkit.fluxcd.io") || names_kind(text, &["Image", "Secret", "Namespace"])
}

/// Whether the text says that it holds an object of ours, so that it has to be read.
fn claims_ours(text: &str) -> bool {
    if text.contains(IMAGE_GROUP) || text.contains(SOURCE_GROUP) {
        return true;
    }
    // Charts are full of templates of these two kinds, which are not ours as they stand.
    names_kind(text, &["Secret", "Namespace"]) && !text.contains("{{")
}

fn names_kind(text: &str, words: &[&str]) -> bool {
    text.lines().any(|line| line.contains("kind") && words.iter().any(|word| line.contains(word)))
}

/// Puts `$env:` and `$file:` of `data`, which are no base64, where plain text is.
fn move_references(json: &mut Json) {
    let Some(data) = json.get_mut("data").and_then(Json::as_object_mut) else { return };
    let is_reference = |value: &Json| value.as_str().is_some_and(secret::is_reference);
    let keys: Vec<String> =
        data.iter().filter(|(_, value)| is_reference(value)).map(|(key, _)| key.clone()).collect();
    let moved: Vec<(String, Json)> = keys.into_iter().filter_map(|key| data.remove_entry(&key)).collect();
    if moved.is_empty() {
        return;
    }
    let Some(object) = json.as_object_mut() else { return };
    let plain = object.entry("stringData").or_insert_with(|| json!({}));
    if let Some(plain) = plain.as_object_mut() {
        for (key, value) in moved {
            plain.entry(key).or_insert(value);
        }
    }
}

fn key(kind: Kind, json: &Json) -> ObjectKey {
    let text = |pointer| json.pointer(pointer).and_then(Json::as_str).unwrap_or_default();
    let namespace = match (kind, text("/metadata/namespace")) {
        (Kind::Namespace, _) => "",
        (_, "") => "default",
        (_, namespace) => namespace,
    };
    ObjectKey::new(namespace, text("/metadata/name"))
}

/// Makes the object, with the metadata that an API server would give it.
fn add<T: DeserializeOwned>(
    list: &mut Vec<Located<T>>,
    file: &Path,
    root: &Arc<Node>,
    kind: Kind,
    mut json: Json,
) -> Result<(), Finding> {
    let key = key(kind, &json);
    let unfit =
        |error: &serde_json::Error| Finding::new(root.place, Code::BadValue, format!("{kind}: {error}"));
    let metadata: ObjectMeta =
        serde_json::from_value(json["metadata"].take()).map_err(|error| unfit(&error))?;
    let uid = uid(kind, &key);
    let namespace = Some(key.namespace).filter(|namespace| !namespace.is_empty());
    let metadata = ObjectMeta { namespace, uid: Some(uid), generation: Some(1), ..metadata };
    json["metadata"] = serde_json::to_value(metadata).map_err(|error| unfit(&error))?;
    let object = serde_json::from_value(json).map_err(|error| unfit(&error))?;
    let (file, root) = (file.to_owned(), Arc::clone(root));
    list.push(Located { object, file, line: root.place.line, column: root.place.column, root });
    Ok(())
}

/// The same object has the same uid in every run, on every machine.
fn uid(kind: Kind, key: &ObjectKey) -> String {
    let digest = Digest::sha256(format!("{kind}/{key}").as_bytes());
    let hex = digest.as_str().trim_start_matches("sha256:");
    let part = |range: std::ops::Range<usize>| hex.get(range).unwrap_or_default();
    [part(0..8), part(8..12), part(12..16), part(16..20), part(20..32)].join("-")
}

mod named;

pub use named::load_variables;

#[cfg(test)]
mod appendix;
#[cfg(test)]
mod mistakes;
#[cfg(test)]
mod mutations;
#[cfg(test)]
mod tests;
