//! Whether a suspect is why an object failed, from what is built of the commits around it: before it all was as when it
//! was Ready, since it nothing changed, and the failing object is other by a value that it wrote. Pure but for building.

use super::suspect::Suspect;
use super::verdict::{Failing, Verdict};
use crate::context::Context;
use crate::desk::Desk;
use crate::kustomization::{Rendered, rendered};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use tagalong_git::TreeId;
use tagalong_kustomize::Tree;

/// The answer.
pub(super) enum Proof {
    Guilty {
        /// Why the commits could not be built, where the Kustomization's condition alone had to do.
        unproven: Option<String>,
    },
    Innocent(&'static str),
}

/// The files of the commits around a suspect, or why they cannot be had.
pub(super) type Stages = Result<BTreeMap<TreeId, Arc<Tree>>, String>;

/// Asks whether the suspect is guilty of the verdict.
pub(super) async fn prove<D: Desk>(
    context: &Context<D>,
    verdict: &Verdict,
    suspect: &Suspect,
    stages: &Stages,
) -> Proof {
    let stages = match stages {
        Ok(stages) => stages,
        Err(why) => return by_condition(verdict, suspect, why),
    };
    let [good, before, after, failed] = suspect.stages().map(|(tree, _)| tree);
    let mut built: BTreeMap<TreeId, Rendered> = BTreeMap::new();
    for (tree, files) in stages {
        match rendered(context, &verdict.object, Arc::clone(files)).await {
            Ok(set) => built.insert(*tree, set),
            Err(why) => return by_condition(verdict, suspect, &why),
        };
    }
    let same = |a: TreeId, b: TreeId| {
        a == b || built.get(&a).map(|set| &set.digest) == built.get(&b).map(|set| &set.digest)
    };
    if !same(good, before) {
        return Proof::Innocent("what was applied before it is not what was Ready");
    }
    if !same(after, failed) {
        return Proof::Innocent("what failed is not what it made");
    }
    let (Some(before), Some(after)) = (built.get(&before), built.get(&after)) else {
        return Proof::Innocent("nothing was built");
    };
    let guilty = |failing: &Failing| {
        let then = concerned(&before.objects, failing);
        let now = concerned(&after.objects, failing);
        now.iter().any(|(id, now)| {
            then.iter().any(|(other, then)| id == other && differ_by(then, now, &suspect.wrote))
        })
    };
    if verdict.failing.iter().any(guilty) {
        Proof::Guilty { unproven: None }
    } else {
        Proof::Innocent("the objects that failed are the same without it")
    }
}

/// What cannot be built here is judged by revisions: what failed is the commit, what was Ready is what it stands on.
fn by_condition(verdict: &Verdict, suspect: &Suspect, why: &str) -> Proof {
    if verdict.failed == suspect.commit.id && verdict.good == suspect.before.id {
        Proof::Guilty { unproven: Some(super::verdict::printable(why)) }
    } else {
        Proof::Innocent("it cannot be built here, and is not the very revision that failed")
    }
}

/// The object that failed, and what it names as its target: a Canary stands for its Deployment.
fn concerned<'o>(objects: &'o [Value], failing: &Failing) -> Vec<(String, &'o Value)> {
    let named = |kind: &str, name: &str| {
        let matches = |object: &&Value| {
            let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
            let namespace = text("/metadata/namespace");
            text("/kind") == kind
                && text("/metadata/name") == name
                && (namespace.is_empty() || failing.namespace.is_empty() || namespace == failing.namespace)
        };
        objects.iter().find(matches).map(|object| (format!("{kind}/{name}"), object))
    };
    let failed = named(&failing.kind, &failing.name);
    let target = failed.as_ref().and_then(|(_, object)| {
        let text = |key: &str| object.pointer(&format!("/spec/targetRef/{key}"))?.as_str();
        named(text("kind")?, text("name")?)
    });
    failed.into_iter().chain(target).collect()
}

/// Whether a text in `now` differs from that in `then`, and holds one of these values.
fn differ_by(then: &Value, now: &Value, wrote: &[String]) -> bool {
    match (then, now) {
        (Value::String(then), Value::String(now)) => {
            then != now && wrote.iter().any(|value| !value.is_empty() && now.contains(value.as_str()))
        }
        (Value::Array(then), Value::Array(now)) => {
            then.iter().zip(now).any(|(then, now)| differ_by(then, now, wrote))
        }
        (Value::Object(then), Value::Object(now)) => {
            now.iter().any(|(key, now)| then.get(key).is_some_and(|then| differ_by(then, now, wrote)))
        }
        _ => false,
    }
}
