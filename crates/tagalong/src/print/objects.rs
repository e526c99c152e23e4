//! Objects with their status: as `kubectl get -o json` would print them, and as a table with Flux's columns.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::ResourceExt;
use serde_json::{Value, json};
use std::fmt::Write as _;
use tagalong_api::condition::{READY, find};
use tagalong_engine::Kinds;

/// A `kind: List` of every object, in the order of kinds and names.
pub(crate) fn list(kinds: &Kinds) -> anyhow::Result<Value> {
    let mut items = Vec::new();
    collect(&mut items, &kinds.repositories.state())?;
    collect(&mut items, &kinds.policies.state())?;
    collect(&mut items, &kinds.automations.state())?;
    collect(&mut items, &kinds.sources.state())?;
    collect(&mut items, &kinds.kustomizations.state())?;
    Ok(json!({"apiVersion": "v1", "kind": "List", "items": items}))
}

fn collect<K: serde::Serialize + ResourceExt>(
    items: &mut Vec<Value>,
    objects: &[std::sync::Arc<K>],
) -> anyhow::Result<()> {
    let mut objects: Vec<_> = objects.iter().collect();
    objects.sort_by_key(|object| (object.namespace(), object.name_any()));
    for object in objects {
        items.push(serde_json::to_value(object.as_ref())?);
    }
    Ok(())
}

/// One object as it stands.
pub(crate) struct Row {
    /// `Kind`.
    pub(crate) kind: &'static str,
    /// `Kind/namespace/name`.
    pub(crate) object: String,
    /// `True`, `False` or `Unknown`.
    pub(crate) ready: String,
    /// Why.
    pub(crate) message: String,
}

fn row(kind: &'static str, object: &impl ResourceExt, conditions: &[Condition]) -> Row {
    let ready = find(conditions, READY);
    let message = ready.map_or_else(
        || "not reconciled".to_owned(),
        |ready| match ready.status.as_str() {
            "True" => ready.message.clone(),
            _ => format!("{}: {}", ready.reason, ready.message),
        },
    );
    Row {
        kind,
        object: format!("{kind}/{}/{}", object.namespace().unwrap_or_default(), object.name_any()),
        ready: ready.map_or_else(|| "Unknown".to_owned(), |ready| ready.status.clone()),
        message: message.replace('\n', " "),
    }
}

/// Every object that is turned, sorted by name.
pub(crate) fn rows(kinds: &Kinds) -> Vec<Row> {
    let mut rows = Vec::new();
    for object in kinds.repositories.state() {
        let conditions = object.status.as_ref().map_or(&[][..], |status| &status.conditions);
        rows.push(row("ImageRepository", object.as_ref(), conditions));
    }
    for object in kinds.policies.state() {
        let conditions = object.status.as_ref().map_or(&[][..], |status| &status.conditions);
        rows.push(row("ImagePolicy", object.as_ref(), conditions));
    }
    for object in kinds.automations.state() {
        let conditions = object.status.as_ref().map_or(&[][..], |status| &status.conditions);
        rows.push(row("ImageUpdateAutomation", object.as_ref(), conditions));
    }
    for object in kinds.sources.state() {
        // One that is only read, as from a folder, has no condition to be waited for.
        if let Some(status) = object.status.as_ref().filter(|status| !status.conditions.is_empty()) {
            rows.push(row("GitRepository", object.as_ref(), &status.conditions));
        }
    }
    for object in kinds.kustomizations.state() {
        let conditions = object.status.as_ref().map_or(&[][..], |status| &status.conditions);
        rows.push(row("Kustomization", object.as_ref(), conditions));
    }
    rows.sort_by(|a, b| a.object.cmp(&b.object));
    rows
}

/// One line per object: name, readiness, message.
pub(crate) fn table(kinds: &Kinds) -> String {
    let rows = rows(kinds);
    let width = rows.iter().map(|row| row.object.chars().count()).max().unwrap_or(0).max(6);
    let mut out = String::new();
    // Writing to a String cannot fail.
    _ = writeln!(out, "{:width$}  {:7}  MESSAGE", "OBJECT", "READY").is_ok();
    for row in rows {
        _ = writeln!(out, "{:width$}  {:7}  {}", row.object, row.ready, row.message).is_ok();
    }
    out
}

/// One line for each object that is not Ready.
pub(crate) fn not_ready(kinds: &Kinds) -> Vec<String> {
    let waiting = rows(kinds).into_iter().filter(|row| row.ready != "True");
    waiting.map(|row| format!("{}: {}", row.object, row.message)).collect()
}

/// Whether every object that was turned is Ready.
pub(crate) fn all_ready(kinds: &Kinds) -> bool {
    rows(kinds).iter().all(|row| row.ready == "True")
}
