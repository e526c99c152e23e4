//! Every field and every pair of fields over one rich base, in one kustomization and one above the other.

use crate::run::{Case, Expect};

const BASE: &str = include_str!("base.yaml");

/// Parts of a kustomization that can stand beside any of the others.
const PARTS: &[(&str, &str)] = &[
    ("namespace", "namespace: prod\n"),
    ("prefix", "namePrefix: pre-\n"),
    ("suffix", "nameSuffix: -suf\n"),
    ("common-labels", "commonLabels: {team: core, app: all}\n"),
    ("labels", "labels: [{pairs: {tier: one, app: only}}]\n"),
    ("labels-selectors", "labels: [{pairs: {tier: two}, includeSelectors: true}]\n"),
    ("labels-templates", "labels: [{pairs: {tier: 'yes'}, includeTemplates: true}]\n"),
    ("annotations", "commonAnnotations: {owner: core, note: '2'}\n"),
    (
        "images",
        "images: [{name: nginx, newTag: '1.27'}, {name: postgres, newName: pg, digest: 'sha256:bb'}]\n",
    ),
    ("replicas", "replicas: [{name: web, count: 3}, {name: db, count: 0}]\n"),
    ("config-map", "configMapGenerator: [{name: extra, literals: [a=1, b=two]}]\n"),
    ("config-map-merge", "configMapGenerator: [{name: settings, behavior: merge, literals: [a=9, c=3]}]\n"),
    ("config-map-replace", "configMapGenerator: [{name: settings, behavior: replace, literals: [z=0]}]\n"),
    ("secret", "secretGenerator: [{name: more, literals: [x=y]}]\n"),
    ("options", "generatorOptions: {labels: {made: 'true'}, annotations: {by: us}, immutable: true}\n"),
    (
        "patch",
        "patches: [{patch: '{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {template: {metadata: {labels: {app: patched}}, spec: {containers: [{name: web, env: [{name: NEW, value: x}]}, {name: third, image: redis}]}}}}'}]\n",
    ),
    (
        "patch-target",
        "patches: [{target: {kind: 'Deployment|StatefulSet'}, patch: '{apiVersion: v1, kind: X, metadata: {name: y, annotations: {p: q}}, spec: {replicas: 7}}'}]\n",
    ),
    (
        "patch-json",
        "patches: [{target: {kind: Service}, patch: '[{\"op\": \"add\", \"path\": \"/spec/ports/-\", \"value\": {\"port\": 8080}}, {\"op\": \"add\", \"path\": \"/metadata/labels\", \"value\": {\"l\": \"m\"}}]'}]\n",
    ),
    (
        "patch-delete",
        "patches: [{patch: '{$patch: delete, apiVersion: v1, kind: Namespace, metadata: {name: apps}}'}]\n",
    ),
    (
        "legacy-patch",
        "patchesStrategicMerge: ['{apiVersion: v1, kind: ConfigMap, metadata: {name: settings}, data: {a: null, n: new}}']\n",
    ),
    (
        "legacy-json",
        "patchesJson6902: [{target: {version: v1, kind: Service, name: web}, patch: '[{\"op\": \"replace\", \"path\": \"/spec/ports/0/port\", \"value\": 81}]'}]\n",
    ),
    (
        "replacement",
        "replacements: [{source: {kind: ConfigMap, name: settings, fieldPath: data.b}, targets: [{select: {kind: Deployment}, fieldPaths: ['spec.template.spec.containers.[name=web].env.[name=MODE].value', spec.template.metadata.labels.app]}]}]\n",
    ),
    ("fifo", "sortOptions: {order: fifo}\n"),
    ("metadata", "buildMetadata: [originAnnotations, managedByLabel]\n"),
];

/// One part over the base, two parts side by side, and one part above another.
pub(crate) fn pairs() -> Vec<Case> {
    let mut cases = Vec::new();
    for (at, (name, part)) in PARTS.iter().enumerate() {
        cases.push(flat(name, part));
        for (other, below) in PARTS.iter().skip(at + 1) {
            let key = |part: &str| part.split(':').next().unwrap_or_default().to_owned();
            if key(part) != key(below) {
                cases.push(flat(&format!("{name} and {other}"), &format!("{part}{below}")));
            }
            // Both ways for each field, with half of the others.
            if (at + cases.len()) % 2 == 0 {
                cases.push(stacked(&format!("{name} above {other}"), part, below));
            } else {
                cases.push(stacked(&format!("{other} above {name}"), below, part));
            }
        }
    }
    cases
}

fn file(path: &str, text: String) -> (String, Vec<u8>) {
    (path.to_owned(), text.into_bytes())
}

fn flat(name: &str, part: &str) -> Case {
    let files = vec![
        file("kustomization.yaml", format!("resources: [base.yaml]\n{part}")),
        file("base.yaml", BASE.to_owned()),
    ];
    Case { name: name.to_owned(), folder: String::new(), files, expect: Expect::Same }
}

fn stacked(name: &str, above: &str, below: &str) -> Case {
    let files = vec![
        file("top/kustomization.yaml", format!("resources: [../low]\n{above}")),
        file("low/kustomization.yaml", format!("resources: [base.yaml]\n{below}")),
        file("low/base.yaml", BASE.to_owned()),
    ];
    Case { name: name.to_owned(), folder: "top".to_owned(), files, expect: Expect::Same }
}
