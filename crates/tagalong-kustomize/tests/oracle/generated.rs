//! Kustomizations put together at random: resources, parts and their values, in up to three folders.

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use crate::run::{Case, Expect};

const KINDS: &[(&str, &str)] = &[
    ("v1", "ConfigMap"),
    ("v1", "Secret"),
    ("v1", "Service"),
    ("v1", "Namespace"),
    ("v1", "ServiceAccount"),
    ("apps/v1", "Deployment"),
    ("apps/v1", "StatefulSet"),
    ("batch/v1", "Job"),
    ("rbac.authorization.k8s.io/v1", "ClusterRole"),
    ("example.com/v1", "Thing"),
];

/// Texts that YAML likes to misread.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{1,6}",
        "[0-9]{1,4}",
        prop::sample::select(vec![
            "yes",
            "on",
            "null",
            "~",
            "1e3",
            "0x1",
            "1.0",
            "12:30",
            "a: b",
            "a #b",
            "- a",
            "",
            " a",
            "a ",
            "it's",
            "*a",
            "{a}",
            "2024-01-02",
            "a\nb",
            "a\nb\n",
            "\na",
            "  a\nb",
            "ü",
            "😀",
            "a\tb",
            "%a",
            "a\\b",
            "\"a\"",
        ])
        .prop_map(str::to_owned),
        "[ -~]{0,90}",
        "([a-z]{1,12} {1,2}){8,20}",
    ]
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn name() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["a", "b", "c"])
}

fn object() -> impl Strategy<Value = String> {
    let maybe_namespace = prop::option::weighted(0.3, prop::sample::select(vec!["one", "default"]));
    (prop::sample::select(KINDS), name(), maybe_namespace, text(), text(), name()).prop_map(
        |((api_version, kind), name, namespace, key, value, reference)| {
            let namespace = namespace.map_or(String::new(), |namespace| format!(", namespace: {namespace}"));
            let body = match kind {
                "Deployment" | "StatefulSet" | "Job" => format!(
                    "spec: {{template: {{spec: {{containers: [{{name: x, image: 'nginx:1', env: [{{name: E, value: {}}}], \
                     envFrom: [{{configMapRef: {{name: {reference}}}}}]}}], volumes: [{{name: v, secret: {{secretName: \
                     {reference}}}}}]}}}}}}\n",
                    quoted(&value)
                ),
                "Service" => format!("spec: {{selector: {{app: {}}}}}\n", quoted(&value)),
                "ClusterRole" => format!("rules: [{{resourceNames: [{reference}]}}]\n"),
                _ => format!("data: {{{}: {}}}\n", quoted(&key), quoted(&value)),
            };
            format!("apiVersion: {api_version}\nkind: {kind}\nmetadata: {{name: {name}{namespace}}}\n{body}")
        },
    )
}

fn part() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("namespace: prod\n".to_owned()),
        Just("namePrefix: p-\n".to_owned()),
        Just("nameSuffix: -s\n".to_owned()),
        text().prop_map(|text| format!("commonLabels: {{app: {}}}\n", quoted(&text))),
        (text(), any::<bool>(), any::<bool>()).prop_map(|(text, selectors, templates)| format!(
            "labels: [{{pairs: {{app: {}}}, includeSelectors: {selectors}, includeTemplates: {templates}}}]\n",
            quoted(&text)
        )),
        text().prop_map(|text| format!("commonAnnotations: {{note: {}}}\n", quoted(&text))),
        Just("images: [{name: nginx, newTag: '2'}]\n".to_owned()),
        (name(), prop::sample::select(vec!["create", "merge", "replace"]), text()).prop_map(
            |(name, behavior, text)| format!(
                "configMapGenerator: [{{name: {name}, behavior: {behavior}, literals: [{}]}}]\n",
                quoted(&format!("k={text}"))
            )
        ),
        (name(), text()).prop_map(|(name, text)| format!(
            "secretGenerator: [{{name: {name}, literals: [{}]}}]\n",
            quoted(&format!("k={text}"))
        )),
        (name(), text()).prop_map(|(name, text)| format!(
            "patches: [{{target: {{name: {name}}}, patch: {}}}]\n",
            quoted(&format!("{{apiVersion: v1, kind: X, metadata: {{name: n, labels: {{app: {}}}}}}}", quoted(&text)))
        )),
        text().prop_map(|text| format!(
            "patches: [{{target: {{kind: Deployment}}, patch: {}}}]\n",
            quoted(format!("[{{\"op\": add, \"path\": /metadata/labels, \"value\": {{app: {}}}}}]", quoted(&text))
                .replacen('[', "- ", 1)
                .trim_end_matches(']'))
        )),
        name().prop_map(|name| format!("replicas: [{{name: {name}, count: 2}}]\n")),
    ]
}

fn parts() -> impl Strategy<Value = String> {
    prop::collection::vec(part(), 0..4).prop_map(|parts| {
        let mut seen = Vec::new();
        let mut text = String::new();
        for part in parts {
            let key = part.split(':').next().unwrap_or_default().to_owned();
            if !seen.contains(&key) {
                seen.push(key);
                text.push_str(&part);
            }
        }
        text
    })
}

fn case() -> impl Strategy<Value = Case> {
    let objects = prop::collection::vec(object(), 1..6);
    (objects, parts(), parts(), prop::collection::vec(object(), 0..2)).prop_map(
        |(low, below, above, high)| {
            let files = [
                ("low/kustomization.yaml", format!("resources: [all.yaml]\n{below}")),
                ("low/all.yaml", low.join("---\n")),
                ("top/kustomization.yaml", format!("resources: [../low, all.yaml]\n{above}")),
                ("top/all.yaml", high.join("---\n")),
            ];
            let files = files.into_iter().map(|(path, text)| (path.to_owned(), text.into_bytes())).collect();
            Case { name: "composed".to_owned(), folder: "top".to_owned(), files, expect: Expect::Same }
        },
    )
}

/// That many cases, the same in every run.
pub(crate) fn composed(count: usize) -> Vec<Case> {
    let mut runner = TestRunner::deterministic();
    (0..count)
        .map(|at| {
            let mut case = case().new_tree(&mut runner).unwrap().current();
            let texts =
                case.files.iter().map(|(path, bytes)| format!("{path}:\n{}", String::from_utf8_lossy(bytes)));
            case.name = format!("composed {at}\n{}", texts.collect::<String>());
            case
        })
        .collect()
}
