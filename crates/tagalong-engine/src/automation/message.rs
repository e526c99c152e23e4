//! The commit message: the user's template over what changed, then the trailers that machines read back.
//! Pure; called by `act` once a plan has edits.

use super::plan::{EditPlan, PlannedEdit};
use std::collections::{BTreeMap, HashSet};
use tagalong_api::validate::ValidAutomation;
use tagalong_edit::ObjectIdentifier;
use tagalong_git::trailer;
use tagalong_model::{MarkerTarget, ObjectKey};
use tagalong_template::{TemplateError, Value};

/// Flux's message when the automation has no template.
pub const DEFAULT_MESSAGE: &str = "Update from image update automation";

/// Trailer that names the automation, and the instance where one is set: `flux-system/apps (a1b2c3d4)`.
pub const AUTOMATION: &str = "Tagalong-Automation";
/// Trailer for one change: `flux-system:app:tag 1.0.0 -> 1.1.0`.
pub const UPDATE: &str = "Tagalong-Update";
/// Trailer that says why a value was replaced that is not lower in order: `1.9.0 left the policy: …`.
pub(crate) const REASON: &str = "Tagalong-Reason";
/// What its value begins with where a commit takes back what was unhealthy: that refuses as somebody's revert does.
pub(crate) const UNHEALTHY: &str = "Unhealthy";

/// Trailer for a value that stays refused although another one is written: `flux-system:app 1.9.0`. It tells a
/// look-back to go on beyond this commit.
pub(crate) const REFUSED: &str = "Tagalong-Refused";

/// Renders message and trailers for a plan.
///
/// # Errors
/// The template's error, which names the field or function and its line.
pub(crate) fn compose(
    automation: &ValidAutomation,
    instance: Option<&str>,
    plan: &EditPlan,
) -> Result<String, TemplateError> {
    if let Some(revert) = &plan.revert {
        return Ok(trailer::append(&revert.message(instance), &trailers(&automation.key, instance, plan)));
    }
    let message = match &automation.message {
        None => DEFAULT_MESSAGE.to_owned(),
        Some(template) => template.render(&data(automation, plan))?,
    };
    // Trailers are none where there is no subject above them.
    let message = if message.trim().is_empty() { DEFAULT_MESSAGE.to_owned() } else { message };
    Ok(trailer::append(&message, &trailers(&automation.key, instance, plan)))
}

/// How an automation is named in its trailer.
pub(crate) fn automation_name(key: &ObjectKey, instance: Option<&str>) -> String {
    instance.map_or_else(|| key.to_string(), |instance| format!("{key} ({instance})"))
}

/// The text of an update trailer.
pub(crate) fn update_text(setter: &str, old: &str, new: &str) -> String {
    format!("{setter} {} -> {}", quoted(old), quoted(new))
}

/// Whether an update trailer brings this value to this target, whatever stood there.
pub(crate) fn brings(update: &str, target: &MarkerTarget, new: &str) -> bool {
    update.starts_with(&format!("{target} ")) && update.ends_with(&format!(" -> {}", quoted(new)))
}

/// A trailer's value is one line with single spaces, whatever was put in.
pub(crate) fn words(text: &str) -> String {
    text.split(|c: char| c.is_control() || c.is_whitespace())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// A value from a repository may hold anything; quoting keeps ` -> ` readable back.
pub(crate) fn quoted(text: &str) -> String {
    let plain = !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || c == '"' || c.is_control());
    if plain { text.to_owned() } else { format!("{text:?}") }
}

/// Rule 19: at most one trailer for each (policy, old, new).
fn trailers(key: &ObjectKey, instance: Option<&str>, plan: &EditPlan) -> Vec<(String, String)> {
    let mut trailers = vec![(AUTOMATION.to_owned(), automation_name(key, instance))];
    let mut seen = HashSet::new();
    let mut push = |name: &'static str, value: String| {
        if seen.insert((name, value.clone())) {
            trailers.push((name.to_owned(), value));
        }
    };
    for edit in &plan.edits {
        push(UPDATE, update_text(&edit.target.to_string(), &edit.from, &edit.to));
    }
    if let Some(revert) = &plan.revert {
        push(REASON, format!("{UNHEALTHY} {}", revert.reason()));
    }
    for edit in &plan.edits {
        if let Some(why) = &edit.left_policy {
            push(REASON, format!("{} {why}", edit.target.policy));
        }
    }
    for edit in &plan.edits {
        let policy = &edit.target.policy;
        for value in &edit.refused {
            push(REFUSED, format!("{}:{} {value}", policy.namespace, policy.name));
        }
    }
    trailers
}

/// The data of Flux's `TemplateData` (FLUX.md 1.3).
fn data(automation: &ValidAutomation, plan: &EditPlan) -> Value {
    let changed = Value::structure(
        "Result",
        [
            ("FileChanges", file_changes(plan)),
            ("Objects", objects(plan.edits.iter())),
            ("Changes", changes(plan.edits.iter())),
        ],
    );
    let values = automation.values.iter().map(|(k, v)| (Value::from(k.as_str()), Value::from(v.as_str())));
    let key = &automation.key;
    let object = Value::structure(
        "NamespacedName",
        [("Namespace", Value::from(key.namespace.as_str())), ("Name", Value::from(key.name.as_str()))],
    )
    .displayed_as(key.to_string());
    Value::structure(
        "TemplateData",
        [("AutomationObject", object), ("Changed", changed), ("Values", Value::map(values))],
    )
}

fn file_changes(plan: &EditPlan) -> Value {
    let mut files: BTreeMap<&str, Vec<&PlannedEdit>> = BTreeMap::new();
    for edit in &plan.edits {
        files.entry(edit.path.as_str()).or_default().push(edit);
    }
    Value::map(files.into_iter().map(|(path, edits)| (Value::from(path), objects(edits.into_iter()))))
}

fn objects<'a>(edits: impl Iterator<Item = &'a PlannedEdit>) -> Value {
    let mut objects: BTreeMap<&ObjectIdentifier, Vec<&PlannedEdit>> = BTreeMap::new();
    for edit in edits {
        objects.entry(&edit.object).or_default().push(edit);
    }
    Value::map(objects.into_iter().map(|(object, edits)| (identifier(object), changes(edits.into_iter()))))
}

fn identifier(object: &ObjectIdentifier) -> Value {
    Value::structure(
        "ObjectIdentifier",
        [
            ("APIVersion", Value::from(object.api_version.as_str())),
            ("Kind", Value::from(object.kind.as_str())),
            ("Name", Value::from(object.name.as_str())),
            ("Namespace", Value::from(object.namespace.as_str())),
        ],
    )
}

/// Distinct changes in the order of files and lines; Flux's own order is that of a Go map.
fn changes<'a>(edits: impl Iterator<Item = &'a PlannedEdit>) -> Value {
    let mut seen = HashSet::new();
    Value::List(
        edits
            .map(|edit| (edit.from.as_str(), edit.to.as_str(), edit.target.to_string()))
            .filter(|change| seen.insert(change.clone()))
            .map(|(old, new, setter)| {
                Value::structure(
                    "Change",
                    [
                        ("OldValue", Value::from(old)),
                        ("NewValue", Value::from(new)),
                        ("Setter", Value::from(setter.as_str())),
                    ],
                )
            })
            .collect(),
    )
}
