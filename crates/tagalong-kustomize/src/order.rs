//! The order of kinds: what a cluster must have first comes first. Sorts field lists and the output.

use std::collections::HashMap;

use crate::error::{Fault, Result};
use crate::id::{Gvk, Id};
use crate::kustomization::SortOptions;
use crate::node::Nodes;
use crate::resmap::ResMap;

const FIRST: &[&str] = &[
    "Namespace",
    "ResourceQuota",
    "StorageClass",
    "CustomResourceDefinition",
    "ServiceAccount",
    "PodSecurityPolicy",
    "Role",
    "ClusterRole",
    "RoleBinding",
    "ClusterRoleBinding",
    "ConfigMap",
    "Secret",
    "Endpoints",
    "Service",
    "LimitRange",
    "PriorityClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Deployment",
    "StatefulSet",
    "CronJob",
    "PodDisruptionBudget",
];
const LAST: &[&str] = &["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"];

fn ranks<'a>(first: &[&'a str], last: &[&'a str]) -> HashMap<&'a str, i64> {
    let signed = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let first_ranks = first.iter().enumerate().map(|(at, kind)| (*kind, signed(at) - signed(first.len())));
    let last_ranks = last.iter().enumerate().map(|(at, kind)| (*kind, signed(at) + 1));
    first_ranks.chain(last_ranks).collect()
}

fn text(gvk: &Gvk<'_>) -> String {
    let or = |part: &str, none: &str| if part.is_empty() { none.to_owned() } else { part.to_owned() };
    format!("{}_{}_{}", or(gvk.group, "~G"), or(gvk.version, "~V"), or(gvk.kind, "~K"))
}

/// The key by which field lists are sorted.
pub(crate) fn key(gvk: &Gvk<'_>) -> (i64, String) {
    let signed = |at: usize, base: i64| i64::try_from(at).unwrap_or(i64::MAX) + base;
    let first = FIRST.iter().position(|kind| *kind == gvk.kind).map(|at| signed(at, -1000));
    let last = || LAST.iter().position(|kind| *kind == gvk.kind).map(|at| signed(at, 1));
    (first.or_else(last).unwrap_or(0), text(gvk))
}

/// Puts the objects into the order of the output.
///
/// # Errors
/// The options contradict each other.
pub(crate) fn sort(nodes: &Nodes, map: &mut ResMap, options: Option<&SortOptions>) -> Result<()> {
    let ranks = match options {
        None => ranks(FIRST, LAST),
        Some(options) => {
            let lists = options.first.is_some() || options.last.is_some() || options.legacy_present;
            match (options.order.as_str(), lists) {
                ("fifo", false) => return Ok(()),
                ("fifo", true) => {
                    return Err(Fault::new("legacySortOptions is set but the order is not legacy"));
                }
                ("legacy", false) => ranks(FIRST, LAST),
                ("legacy", true) => {
                    let names =
                        |list: &'_ Option<Vec<String>>| -> Vec<String> { list.clone().unwrap_or_default() };
                    let (first, last) = (names(&options.first), names(&options.last));
                    let first: Vec<&str> = first.iter().map(String::as_str).collect();
                    let last: Vec<&str> = last.iter().map(String::as_str).collect();
                    return by_ranks(nodes, map, &ranks(&first, &last));
                }
                _ => return Err(Fault::new("order must be one of [fifo, legacy]")),
            }
        }
    };
    by_ranks(nodes, map, &ranks)
}

fn by_ranks(nodes: &Nodes, map: &mut ResMap, ranks: &HashMap<&str, i64>) -> Result<()> {
    let mut list = std::mem::take(&mut map.list);
    list.sort_by_cached_key(|resource| {
        let id = resource.id(nodes);
        let rank = ranks.get(id.gvk.kind).copied().unwrap_or(0);
        // The core Namespace comes before kinds of that name in other groups.
        let core_namespace = id.gvk.kind == "Namespace" && id.gvk.group.is_empty();
        (rank, !core_namespace, text(&id.gvk), name(&id))
    });
    map.append_all(nodes, &list)
}

fn name(id: &Id<'_>) -> String {
    let or = |part: &str, none: &str| if part.is_empty() { none.to_owned() } else { part.to_owned() };
    format!("{}|{}", or(id.namespace, "~X"), or(id.name, "~N"))
}
