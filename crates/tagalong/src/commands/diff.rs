//! `tagalong diff`: what the sync would change in the cluster now, as a unified diff. Everything is tried in a dry run of
//! the API server; nothing is written.

use super::settle::stop_signal;
use crate::cli::{ClusterArgs, DiffArgs, Global, Output};
use crate::elsewhere;
use crate::exit::Answer;
use crate::print;
use crate::wiring::{self, Role, Wired};
use anyhow::{Context as _, bail};
use kube::{Api, Client};
use serde::Serialize;
use similar::TextDiff;
use std::sync::Arc;
use tagalong_api::Kustomization;
use tagalong_apply::{Difference, Entry, Inventory, ObjectId, Owner};
use tagalong_engine::kustomization::preview;
use tagalong_engine::{Desk, Settings, wake};
use tagalong_model::ObjectKey;

/// One object that would change.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Changed {
    kustomization: String,
    object: String,
    change: &'static str,
    diff: String,
}

pub(crate) async fn run(args: DiffArgs, global: &Global) -> anyhow::Result<Answer> {
    print::no_lint_format(global.output)?;
    tokio::select! {
        answer = diff(args, global) => answer,
        _ = stop_signal() => Ok(Answer::Interrupted),
    }
}

async fn diff(mut args: DiffArgs, global: &Global) -> anyhow::Result<Answer> {
    // One word is a folder where there is one, else a name.
    if let Some(word) = args.desk.dir.take_if(|dir| args.name.is_none() && !dir.exists()) {
        args.name = Some(word.display().to_string());
    }
    args.cluster.namespace = namespace_of(&args.cluster, args.name.as_deref());
    let (kubeconfig, context) = (args.cluster.kubeconfig.as_deref(), args.cluster.context.as_deref());
    let (client, _) = tagalong_cluster::connect_to(kubeconfig, context).await?;
    let settings = Settings { dry_run: true, once: true, ..Settings::default() };
    match args.desk.dir.clone() {
        Some(dir) => {
            let loaded = tagalong_files::load_synced(std::slice::from_ref(&dir))?;
            let all = loaded.kustomizations.into_iter().map(|located| Arc::new(located.object)).collect();
            let (wired, _) = wiring::folder(&dir, &args.desk, &args.state, Role::Rehearser, settings)?;
            of(&wired, chosen(&args, all)?, &client, &args, global).await
        }
        None => {
            let wired = wiring::cluster_synced(&args.cluster, &args.desk, &args.state, settings).await?;
            let all = wired.context.desk.kinds().kustomizations.state();
            of(&wired, chosen(&args, all)?, &client, &args, global).await
        }
    }
}

/// The Kustomizations that were asked for, sorted.
fn chosen(args: &DiffArgs, all: Vec<Arc<Kustomization>>) -> anyhow::Result<Vec<Arc<Kustomization>>> {
    let mut chosen = all;
    if let Some(name) = &args.name {
        chosen.retain(|object| named(name, &wake::key_of(object.as_ref())));
        if chosen.is_empty() {
            bail!("there is no Kustomization {name}");
        }
    }
    chosen.sort_by_key(|object| wake::key_of(object.as_ref()).to_string());
    Ok(chosen)
}

/// The namespace to look in: the one of the option, else that of the name.
pub(super) fn namespace_of(cluster: &ClusterArgs, name: Option<&str>) -> Option<String> {
    let named = || Some(without_kind(name?).split_once('/')?.0.to_owned());
    cluster.namespace.clone().or_else(|| named().filter(|_| !cluster.all_namespaces))
}

fn without_kind(text: &str) -> &str {
    let kinds = ["Kustomization/", "kustomization/", "ks/"];
    kinds.iter().find_map(|kind| text.strip_prefix(kind)).unwrap_or(text)
}

/// Whether `[Kustomization/][namespace/]name` means this one.
pub(super) fn named(text: &str, key: &ObjectKey) -> bool {
    match without_kind(text).split_once('/') {
        Some((namespace, name)) => key.namespace == namespace && key.name == name,
        None => key.name == without_kind(text),
    }
}

async fn of<D: Desk>(
    wired: &Wired<D>,
    chosen: Vec<Arc<Kustomization>>,
    client: &Client,
    args: &DiffArgs,
    global: &Global,
) -> anyhow::Result<Answer> {
    let (mut changed, mut refused) = (Vec::new(), Vec::new());
    for object in chosen {
        let key = wake::key_of(object.as_ref());
        let name = format!("Kustomization/{key}");
        if object.spec.suspend == Some(true) {
            print::story(&format!("{name}: it is suspended, so nothing of it is applied\n"));
            continue;
        }
        let looked = async {
            let cluster = elsewhere::way(&wired.context.desk, client, &object).await?;
            Ok::<_, String>((cluster, preview(&wired.context, &object).await?))
        };
        let (cluster, built) = match looked.await {
            Ok(looked) => looked,
            Err(why) => {
                refused.push(format!("{name}: {why}"));
                continue;
            }
        };
        let gone = leaving(client, &object, &key, &built.objects).await?;
        let owner = Owner { name: key.name, namespace: key.namespace };
        let (differences, failures) =
            cluster.ruled(built.rules).diff(&owner, built.objects, &gone, &built.hidden).await;
        for difference in differences {
            // Nobody knows any more what of it was encrypted.
            let sealed = built.decrypts && difference.wanted.is_none();
            changed.push(shown(&name, &if sealed { difference.sealed() } else { difference })?);
        }
        refused.extend(failures.iter().map(|failure| format!("{name}: {failure}")));
    }
    match global.output {
        Output::Text => {
            print::text(&changed.iter().map(|changed| changed.diff.as_str()).collect::<String>())?;
        }
        output => {
            print::document(output, &serde_json::json!({"changes": changed, "refused": refused}))?;
        }
    }
    for line in &refused {
        print::story(&format!("{line}\n"));
    }
    let differs = args.exit_code && !changed.is_empty();
    Ok(if differs || !refused.is_empty() { Answer::No } else { Answer::Yes })
}

/// What the cluster's Kustomization of that name has applied and would not any more.
async fn leaving(
    client: &Client,
    object: &Kustomization,
    key: &ObjectKey,
    objects: &[serde_json::Value],
) -> anyhow::Result<Vec<Entry>> {
    if !object.spec.prune {
        return Ok(Vec::new());
    }
    let kustomizations: Api<Kustomization> = Api::namespaced(client.clone(), &key.namespace);
    let known = match kustomizations.get_opt(&key.name).await {
        Ok(known) => known,
        // A cluster that has no Kustomizations has applied none.
        Err(kube::Error::Api(status)) if status.code == 404 => None,
        Err(error) => return Err(error).context("cannot read what was applied before"),
    };
    let inventory = known.and_then(|known| known.status).and_then(|status| status.inventory);
    let entries = inventory.into_iter().flat_map(|inventory| inventory.entries);
    let before: Inventory = entries
        .filter_map(|entry| Some(Entry { id: ObjectId::parse(&entry.id)?, version: entry.v }))
        .collect();
    Ok(before.without(&Inventory::of(objects)))
}

fn shown(kustomization: &str, difference: &Difference) -> anyhow::Result<Changed> {
    let text = |value: &Option<serde_json::Value>| match value {
        Some(value) => serde_saphyr::to_string(value).context("an object cannot be printed"),
        None => Ok(String::new()),
    };
    let (live, wanted) = (text(&difference.live)?, text(&difference.wanted)?);
    let (change, before, after) = match (&difference.live, &difference.wanted) {
        (None, _) => ("created", "/dev/null".to_owned(), format!("b/{}", difference.id)),
        (_, None) => ("deleted", format!("a/{}", difference.id), "/dev/null".to_owned()),
        _ => ("configured", format!("a/{}", difference.id), format!("b/{}", difference.id)),
    };
    let diff = TextDiff::from_lines(&live, &wanted);
    let mut diff = diff.unified_diff().context_radius(3).header(&before, &after).to_string();
    if diff.is_empty() {
        // Only what is not shown differs.
        diff = format!("--- {before}\n+++ {after}\n");
    }
    let (kustomization, object) = (kustomization.to_owned(), difference.id.to_string());
    Ok(Changed { kustomization, object, change, diff })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_where_to_look_where_no_option_does() {
        let cluster = |namespace: Option<&str>, all_namespaces| ClusterArgs {
            namespace: namespace.map(str::to_owned),
            all_namespaces,
            ..ClusterArgs::default()
        };
        for (option, all, name, expected) in [
            (None, false, "team-a/apps", Some("team-a")),
            (None, false, "ks/team-a/apps", Some("team-a")),
            (None, false, "ks/apps", None),
            (None, false, "apps", None),
            (None, true, "team-a/apps", None),
            (Some("b"), false, "team-a/apps", Some("b")),
        ] {
            assert_eq!(namespace_of(&cluster(option, all), Some(name)).as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn a_kustomization_is_named_with_or_without_kind_and_namespace() {
        let key = ObjectKey::new("team-a", "apps");
        for text in ["apps", "team-a/apps", "Kustomization/apps", "ks/team-a/apps"] {
            assert!(named(text, &key), "{text}");
        }
        for text in ["app", "team-b/apps", "GitRepository/apps", ""] {
            assert!(!named(text, &key), "{text}");
        }
    }
}
