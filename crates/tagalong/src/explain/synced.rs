//! Why a Kustomization, or an object that one has applied, is as it is in the cluster: what the last turn said, and each
//! object that is not healthy with what it says itself. Called by `tagalong explain`.

use crate::cli::ClusterArgs;
use crate::elsewhere;
use crate::wiring;
use anyhow::bail;
use serde::Serialize;
use std::fmt;
use std::sync::Arc;
use tagalong_api::condition::{self, READY};
use tagalong_api::{DriftedObject, Kustomization, validate};
use tagalong_apply::{ApplyError, Below, Cluster, Entry, Look, ObjectId, State};
use tagalong_engine::{Desk as _, kustomization, wake};
use tagalong_model::ObjectKey;

/// What is asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Asked {
    /// A Kustomization; without a namespace those of that name in any that is looked at.
    Kustomization(Option<String>, String),
    /// An object: kind, namespace where it is named, name.
    Object(String, Option<String>, String),
}

impl Asked {
    /// Reads `Kind/[namespace/]name`; `None` for what is neither a Kustomization nor looks like an object.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('/');
        let (kind, first, second) = (parts.next()?, parts.next()?, parts.next());
        if parts.next().is_some() {
            return None;
        }
        let (namespace, name) = match second {
            Some(name) => (Some(first.to_owned()), name),
            None => (None, first),
        };
        if ["Kustomization", "kustomization", "ks"].contains(&kind) {
            return Some(Self::Kustomization(namespace, name.to_owned()));
        }
        let image_kinds = ["ImageRepository", "ImagePolicy", "ImageUpdateAutomation", "GitRepository"];
        let a_kind = kind.starts_with(|first: char| first.is_ascii_uppercase())
            && kind.chars().all(|letter| letter.is_ascii_alphanumeric())
            && !image_kinds.contains(&kind);
        // A file of a folder with such a name is a place in the repository.
        let a_file = [".yaml", ".yml"].iter().any(|ending| name.contains(ending));
        (a_kind && !a_file).then(|| Self::Object(kind.to_owned(), namespace, name.to_owned()))
    }

    fn is(&self, key: &ObjectKey) -> bool {
        let Self::Kustomization(namespace, name) = self else { return false };
        key.name == *name && namespace.as_ref().is_none_or(|namespace| *namespace == key.namespace)
    }

    fn is_object(&self, id: &ObjectId) -> bool {
        let Self::Object(kind, namespace, name) = self else { return false };
        let here = namespace.as_ref().is_none_or(|namespace| *namespace == id.namespace);
        id.kind == *kind && id.name == *name && here
    }
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, namespace, name) = match self {
            Self::Kustomization(namespace, name) => ("Kustomization", namespace, name),
            Self::Object(kind, namespace, name) => (kind.as_str(), namespace, name),
        };
        let namespace = namespace.as_ref().map(|namespace| format!("{namespace}/")).unwrap_or_default();
        write!(f, "{kind}/{namespace}{name}")
    }
}

/// A Kustomization and its objects.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Synced {
    kustomization: String,
    ready: String,
    reason: String,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    applied: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attempted: Option<String>,
    suspended: bool,
    /// What somebody else had changed, as of the last time.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    drift: Vec<DriftedObject>,
    healthy: usize,
    /// Those that are not healthy, and the one that was asked about.
    objects: Vec<Object>,
}

/// One object.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Object {
    object: String,
    state: String,
    message: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    conditions: Vec<String>,
    /// The newest Warning event.
    #[serde(skip_serializing_if = "Option::is_none")]
    warning: Option<String>,
    /// What it owns and is not ready.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    owns: Vec<Owned>,
}

/// An object that another one owns.
#[derive(Debug, Serialize)]
struct Owned {
    object: String,
    says: Vec<String>,
}

impl Synced {
    /// Whether all is well with what was asked about.
    pub(crate) fn is_well(&self, asked: &Asked) -> bool {
        let ready = self.ready == "True" || matches!(asked, Asked::Object(..));
        ready && self.objects.iter().all(|object| object.state == State::Current.to_string())
    }
}

/// What is asked about, from the cluster that the arguments name.
///
/// # Errors
/// When the cluster does not answer, or has no such object.
pub(crate) async fn explain(asked: &Asked, args: &ClusterArgs) -> anyhow::Result<Vec<Synced>> {
    let desk = wiring::kustomizations(args).await?;
    let (kubeconfig, context) = (args.kubeconfig.as_deref(), args.context.as_deref());
    let (client, _) = tagalong_cluster::connect_to(kubeconfig, context).await?;
    let mut all = desk.kinds().kustomizations.state();
    all.retain(|object| {
        asked.is(&wake::key_of(object.as_ref()))
            || entries(object).iter().any(|entry| asked.is_object(&entry.id))
    });
    all.sort_by_key(|object| wake::key_of(object.as_ref()).to_string());
    if all.is_empty() {
        let scope =
            desk.namespace().map(|namespace| format!(" of namespace {namespace}")).unwrap_or_default();
        match asked {
            Asked::Kustomization(..) => bail!("there is no {asked}{scope}; -A looks into every namespace"),
            Asked::Object(..) => {
                bail!("no Kustomization{scope} has applied {asked}; -A looks into every namespace")
            }
        }
    }
    let mut synced = Vec::new();
    for object in all {
        let cluster = elsewhere::way(&desk, &client, &object).await;
        synced.push(look(asked, &object, cluster).await);
    }
    Ok(synced)
}

/// What a Kustomization has applied.
fn entries(object: &Arc<Kustomization>) -> Vec<Entry> {
    let inventory = object.status.as_ref().and_then(|status| status.inventory.as_ref());
    let entries = inventory.into_iter().flat_map(|inventory| &inventory.entries);
    entries
        .filter_map(|entry| Some(Entry { id: ObjectId::parse(&entry.id)?, version: entry.v.clone() }))
        .collect()
}

async fn look(asked: &Asked, object: &Arc<Kustomization>, cluster: Result<Cluster, String>) -> Synced {
    let mut wanted = entries(object);
    if matches!(asked, Asked::Object(..)) {
        wanted.retain(|entry| asked.is_object(&entry.id));
    }
    let rules = validate::kustomization(object).map(|valid| kustomization::rules(&valid)).unwrap_or_default();
    let looks = match cluster {
        Ok(cluster) => cluster.ruled(rules).look_at(&wanted).await,
        Err(why) => wanted.iter().map(|_| Err(ApplyError::Access(why.clone()))).collect(),
    };
    let status = object.status.clone().unwrap_or_default();
    let ready = condition::find(&status.conditions, READY);
    let well = |look: &Look| look.health.state == State::Current;
    let healthy = looks.iter().flatten().filter(|look| well(look)).count();
    let shown = wanted.iter().zip(looks).filter_map(|(entry, look)| match look {
        Ok(look) if well(&look) && !asked.is_object(&entry.id) => None,
        Ok(Look { health, conditions, below: Below { warning, owned }, .. }) => Some(Object {
            object: entry.id.to_string(),
            state: health.state.to_string(),
            message: health.message,
            conditions,
            warning,
            owns: owned.into_iter().map(|one| Owned { object: one.object, says: one.says }).collect(),
        }),
        Err(error) => Some(Object {
            object: entry.id.to_string(),
            state: "Unknown".to_owned(),
            message: error.to_string(),
            conditions: Vec::new(),
            warning: None,
            owns: Vec::new(),
        }),
    });
    Synced {
        kustomization: format!("Kustomization/{}", wake::key_of(object.as_ref())),
        ready: ready.map_or_else(|| "Unknown".to_owned(), |ready| ready.status.clone()),
        reason: ready.map(|ready| ready.reason.clone()).unwrap_or_default(),
        message: ready.map_or_else(|| "it had no turn yet".to_owned(), |ready| ready.message.clone()),
        objects: shown.collect(),
        applied: status.last_applied_revision,
        attempted: status.last_attempted_revision,
        suspended: object.spec.suspend == Some(true),
        drift: status.drift.map(|drift| drift.corrected).unwrap_or_default(),
        healthy,
    }
}

impl fmt::Display for Synced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.kustomization)?;
        let colon = if self.reason.is_empty() { "" } else { ": " };
        writeln!(f, "  status   {}{colon}{}", self.reason, indented(&self.message))?;
        if self.suspended {
            writeln!(f, "           suspended: nothing is applied")?;
        }
        writeln!(f, "  applied  {}", self.applied.as_deref().unwrap_or("nothing yet"))?;
        if let Some(attempted) = self.attempted.as_ref().filter(|tried| Some(*tried) != self.applied.as_ref())
        {
            writeln!(f, "  tried    {attempted}")?;
        }
        for drifted in &self.drift {
            let what = if drifted.deleted { "was deleted".to_owned() } else { drifted.fields.join(", ") };
            let by = if drifted.managers.is_empty() {
                String::new()
            } else {
                format!(" by {}", drifted.managers.join(", "))
            };
            let object = ObjectId::parse(&drifted.id).map_or_else(|| drifted.id.clone(), |id| id.to_string());
            writeln!(f, "  drift    {object} {what}{by}; it was set right")?;
        }
        writeln!(f, "  healthy  {}", self.healthy)?;
        for object in &self.objects {
            let colon = if object.message.is_empty() { "" } else { ": " };
            writeln!(f, "  object   {} {}{colon}{}", object.object, object.state, indented(&object.message))?;
            for line in object.conditions.iter().chain(&object.warning) {
                writeln!(f, "           {}", indented(line))?;
            }
            for owned in &object.owns {
                writeln!(f, "  owns     {}", owned.object)?;
                for line in &owned.says {
                    writeln!(f, "           {}", indented(line))?;
                }
            }
        }
        Ok(())
    }
}

/// The lines after the first below it.
fn indented(text: &str) -> String {
    text.trim_end().replace('\n', "\n           ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kustomizations_and_objects_are_told_from_images_and_files() {
        let object = |kind: &str, namespace: Option<&str>, name: &str| {
            Some(Asked::Object(kind.to_owned(), namespace.map(str::to_owned), name.to_owned()))
        };
        for (text, expected) in [
            ("Kustomization/apps", Some(Asked::Kustomization(None, "apps".to_owned()))),
            ("ks/team-a/apps", Some(Asked::Kustomization(Some("team-a".to_owned()), "apps".to_owned()))),
            ("Deployment/shop/web", object("Deployment", Some("shop"), "web")),
            ("Namespace/shop", object("Namespace", None, "shop")),
            ("ImagePolicy/shop/web", None),
            ("GitRepository/fleet", None),
            ("Apps/web.yaml", None),
            ("Apps/web.yml:12", None),
            ("apps/web.yaml", None),
            ("ghcr.io/acme/web", None),
            ("web", None),
            ("A/b/c/d", None),
        ] {
            assert_eq!(Asked::parse(text), expected, "{text}");
        }
    }
}
