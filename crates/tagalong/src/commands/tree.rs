//! `tagalong tree`: what Kustomizations own in the cluster, by their inventories.

use super::diff::{named, namespace_of};
use crate::cli::{Global, Output, TreeArgs};
use crate::exit::Answer;
use crate::print;
use crate::wiring;
use anyhow::bail;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use tagalong_api::{KUSTOMIZE_GROUP, Kustomization};
use tagalong_apply::ObjectId;
use tagalong_engine::{Desk as _, wake};

/// One object, and what it owns itself.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Node {
    object: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    objects: Vec<Self>,
}

/// Kustomizations by `namespace/name`.
type Known = BTreeMap<String, Kustomization>;

pub(crate) async fn run(mut args: TreeArgs, global: &Global) -> anyhow::Result<Answer> {
    print::no_lint_format(global.output)?;
    args.cluster.namespace = namespace_of(&args.cluster, args.name.as_deref());
    let desk = wiring::kustomizations(&args.cluster).await?;
    let all = desk.kinds().kustomizations.state();
    let known: Known = all
        .iter()
        .map(|object| (wake::key_of(object.as_ref()).to_string(), object.as_ref().clone()))
        .collect();
    let wanted =
        |object: &Kustomization| args.name.as_ref().is_none_or(|name| named(name, &wake::key_of(object)));
    let roots: Vec<&String> = known.iter().filter(|(_, object)| wanted(object)).map(|(key, _)| key).collect();
    if let (Some(name), true) = (&args.name, roots.is_empty()) {
        bail!("there is no Kustomization {name}");
    }
    let trees: Vec<Node> = roots.iter().map(|key| grow(key, &known, &mut BTreeSet::new())).collect();
    match global.output {
        Output::Text => print::text(&trees.iter().map(drawn).collect::<String>())?,
        output => print::document(output, &serde_json::json!({"kustomizations": trees}))?,
    }
    Ok(Answer::Yes)
}

/// A Kustomization with what it owns; what was `drawn` already is named alone.
fn grow(key: &str, known: &Known, drawn: &mut BTreeSet<String>) -> Node {
    let object = format!("Kustomization/{key}");
    let status = known.get(key).and_then(|object| object.status.as_ref());
    let revision = status.and_then(|status| status.last_applied_revision.clone());
    let entries = status.and_then(|status| status.inventory.as_ref()).map(|inventory| &inventory.entries);
    if !drawn.insert(key.to_owned()) {
        return Node { object, revision, objects: Vec::new() };
    }
    let objects = entries
        .into_iter()
        .flatten()
        .filter_map(|entry| ObjectId::parse(&entry.id))
        .map(|id| {
            let inner = format!("{}/{}", id.namespace, id.name);
            if id.group == KUSTOMIZE_GROUP && id.kind == "Kustomization" && known.contains_key(&inner) {
                grow(&inner, known, drawn)
            } else {
                Node { object: id.to_string(), revision: None, objects: Vec::new() }
            }
        })
        .collect();
    Node { object, revision, objects }
}

fn drawn(tree: &Node) -> String {
    let mut out = format!("{}\n", tree.object);
    draw(&mut out, tree, "");
    out
}

fn draw(out: &mut String, tree: &Node, before: &str) {
    let last = tree.objects.len().saturating_sub(1);
    for (at, node) in tree.objects.iter().enumerate() {
        let (branch, rest) = if at == last { ("└── ", "    ") } else { ("├── ", "│   ") };
        out.push_str(&format!("{before}{branch}{}\n", node.object));
        draw(out, node, &format!("{before}{rest}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn known(objects: &[(&str, &[&str])]) -> Known {
        let object = |(name, ids): &(&str, &[&str])| {
            let entries: Vec<_> = ids.iter().map(|id| json!({"id": id, "v": "v1"})).collect();
            let object = json!({
                "metadata": {"name": name, "namespace": "a"},
                "spec": {"interval": "1m", "prune": true, "sourceRef": {"kind": "GitRepository", "name": "fleet"}},
                "status": {"inventory": {"entries": entries}},
            });
            (format!("a/{name}"), serde_json::from_value(object).unwrap())
        };
        objects.iter().map(object).collect()
    }

    #[test]
    fn a_tree_goes_down_into_other_kustomizations_and_never_round() {
        let inner = "a_apps_kustomize.toolkit.fluxcd.io_Kustomization";
        let outer = "a_root_kustomize.toolkit.fluxcd.io_Kustomization";
        let known =
            known(&[("root", &["_a__Namespace", inner]), ("apps", &["a_web_apps_Deployment", outer])]);
        let tree = drawn(&grow("a/root", &known, &mut BTreeSet::new()));
        let expected = "Kustomization/a/root\n├── Namespace/a\n└── Kustomization/a/apps\n    \
                        ├── Deployment/a/web\n    └── Kustomization/a/root\n";
        assert_eq!(tree, expected);
    }

    #[test]
    fn what_many_own_is_drawn_once() {
        let layers: Vec<(String, [String; 2])> = (0..40)
            .flat_map(|layer| {
                let next =
                    |side: &str| format!("a_k{}{side}_kustomize.toolkit.fluxcd.io_Kustomization", layer + 1);
                ["l", "r"].map(|side| (format!("k{layer}{side}"), [next("l"), next("r")]))
            })
            .collect();
        let ids: Vec<(&str, Vec<&str>)> = layers
            .iter()
            .map(|(name, ids)| (name.as_str(), ids.iter().map(String::as_str).collect()))
            .collect();
        let objects: Vec<(&str, &[&str])> = ids.iter().map(|(name, ids)| (*name, ids.as_slice())).collect();
        let tree = drawn(&grow("a/k0l", &known(&objects), &mut BTreeSet::new()));
        assert!(tree.lines().count() < 200, "{}", tree.lines().count());
    }
}
