//! Every field of kustomize's own lists, taken from the list that the crate itself reads: what refers to an object by
//! name, and what labels, annotations, images, namespaces and replicas reach.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::run::{Case, Expect};

const DEFAULTS: &str = include_str!("../../src/config/defaults.txt");

/// A line of the list: the path, and the kind that has it.
#[derive(Clone, Copy)]
struct Field<'a> {
    path: &'a str,
    kind: &'a str,
    api_version: (&'a str, &'a str),
}

fn field(line: &str) -> Field<'_> {
    let mut words = line.split(' ').map(|word| if word == "-" { "" } else { word });
    let mut next = || words.next().unwrap_or_default();
    let (path, kind, group, version) = (next(), next(), next(), next());
    Field { path, kind, api_version: (group, version) }
}

fn api_version((group, version): (&str, &str)) -> String {
    let version = if version.is_empty() { "v1" } else { version };
    if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") }
}

/// A mapping in JSON that has `value` at the end of the path; lists where kustomize knows lists.
fn nested(path: &str, value: &str) -> String {
    let lists = [
        "containers",
        "initContainers",
        "volumes",
        "env",
        "envFrom",
        "sources",
        "imagePullSecrets",
        "tls",
        "rules",
        "paths",
        "secrets",
        "webhooks",
        "subjects",
    ];
    path.split('/').rev().fold(value.to_owned(), |inside, part| {
        let name = part.strip_suffix("[]").unwrap_or(part);
        if (part != name || lists.contains(&name)) && inside.starts_with('{') {
            format!("{{{name:?}: [{inside}]}}")
        } else {
            format!("{{{name:?}: {inside}}}")
        }
    })
}

/// An object with the field; the metadata it needs stands beside it.
fn object(field: Field<'_>, name: &str, value: &str) -> String {
    let kind = if field.kind.is_empty() { "Thing" } else { field.kind };
    let inside = nested(field.path, value);
    let body = inside.trim_start_matches('{').strip_suffix('}').unwrap_or_default().to_owned();
    let body = if body.starts_with("\"metadata\"") { String::new() } else { format!(", {body}") };
    format!(
        "{{apiVersion: {}, kind: {kind}, metadata: {{name: {name}}}{body}}}\n",
        api_version(field.api_version)
    )
}

fn case(name: String, kustomization: &str, objects: &str) -> Case {
    let files = [("kustomization.yaml", kustomization), ("all.yaml", objects)];
    let files = files.map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec()));
    Case { name, folder: String::new(), files: files.into(), expect: Expect::Rendered }
}

/// For each kind that has a name to refer to: all fields that do, in one kustomization.
pub(crate) fn references() -> Vec<Case> {
    let section = DEFAULTS.split_once("[nameReference]\n").map_or("", |(_, rest)| rest);
    let mut cases = Vec::new();
    for block in section.split("> ").skip(1) {
        let mut lines = block.lines().take_while(|line| !line.starts_with('['));
        let target = lines.next().unwrap_or_default();
        let mut words = target.split(' ').map(|word| if word == "-" { "" } else { word });
        let mut next = || words.next().unwrap_or_default();
        let (kind, group, version) = (next(), next(), next());
        let own = api_version((group, version));
        let mut objects = format!("{{apiVersion: {own}, kind: {kind}, metadata: {{name: meant}}}}\n");
        for (at, line) in lines.enumerate() {
            let field = field(line);
            // Some fields hold a mapping with a name, or a list of names.
            let value = match field.path.rsplit('/').next() {
                Some("subjects" | "parametersRef" | "service") => "{name: meant}",
                Some("resourceNames") => "[meant, other]",
                _ => "meant",
            };
            write!(objects, "---\n{}", object(field, &format!("from-{at}"), value)).unwrap();
        }
        for part in ["namePrefix: pre-\n", "nameSuffix: -suf\nnamespace: space\n"] {
            let kustomization = format!("resources: [all.yaml]\n{part}");
            cases.push(case(format!("references to {kind}, {}", part.trim()), &kustomization, &objects));
        }
    }
    cases
}

/// For each list of fields: an object of each kind in it, with and without the field.
pub(crate) fn fields() -> Vec<Case> {
    let mut sections: BTreeMap<&str, Vec<Field<'_>>> = BTreeMap::new();
    let mut section = "";
    for line in DEFAULTS.lines() {
        if let Some(name) = line.strip_prefix('[') {
            section = name.trim_end_matches(']');
        } else if !line.starts_with('>') {
            sections.entry(section).or_default().push(field(line));
        }
    }
    let parts = [
        ("namespace", "namespace: space\n", "old"),
        ("commonLabels", "commonLabels: {app: new, more: 'true'}\n", "{app: old}"),
        ("commonLabels", "labels: [{pairs: {app: new}, includeSelectors: true}]\n", "{app: old}"),
        ("templateLabels", "labels: [{pairs: {app: new}, includeTemplates: true}]\n", "{app: old}"),
        ("labels", "labels: [{pairs: {app: new}}]\n", "{app: old}"),
        ("commonAnnotations", "commonAnnotations: {a: b}\n", "{a: old}"),
        ("images", "images: [{name: nginx, newTag: '2'}]\n", "nginx:1"),
        ("replicas", "replicas: [{name: one, count: 7}, {name: two, count: 0}]\n", "1"),
    ];
    let mut cases = Vec::new();
    for (section, part, value) in parts {
        let fields = sections.get(section).cloned().unwrap_or_default();
        let objects: Vec<String> = fields
            .iter()
            .enumerate()
            .flat_map(|(at, field)| {
                let names = if section == "replicas" {
                    ["one".to_owned(), "two".to_owned()]
                } else {
                    [format!("with-{at}"), format!("bare-{at}")]
                };
                let bare = Field { path: "metadata", ..*field };
                let mut both = vec![object(*field, &names[0], value), object(bare, &names[1], value)];
                // Two Namespaces would become one.
                both.truncate(if section == "namespace" { 1 } else { 2 });
                both
            })
            .collect();
        cases.push(case(
            format!("fields of {section}, {}", part.trim()),
            &format!("resources: [all.yaml]\n{part}"),
            &objects.join("---\n"),
        ));
    }
    cases
}
