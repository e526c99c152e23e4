//! What a turn stands on: the artifact of its source, its dependencies, its variables.

use super::{Failure, Turn};
use crate::context::Context;
use crate::desk::Desk;
use crate::source::artifact_of;
use kube::runtime::reflector::ObjectRef;
use secrecy::ExposeSecret as _;
use tagalong_api::condition::{self, READY};
use tagalong_api::validate::{Dependency, ValidKustomization, VariableSource, VariableSources};
use tagalong_api::{Artifact, GitRepository, Kustomization, Reason};
use tagalong_cel::Expression;
use tagalong_kustomize::Variables;
use tagalong_model::{ObjectKey, format_duration};
use tagalong_sops::{Identities, Opening};

impl<D: Desk> Turn<'_, D> {
    /// The artifact of the source.
    pub(super) fn artifact(&self, valid: &ValidKustomization) -> Result<Artifact, Failure> {
        let (context, source) = (self.context, &valid.source);
        if context.settings.no_cross_namespace_refs && source.namespace != valid.key.namespace {
            return Err(Failure::stalled(
                Reason::AccessDenied,
                format!(
                    "can't access 'GitRepository/{source}', cross-namespace references have been blocked"
                ),
            ));
        }
        let reference = ObjectRef::<GitRepository>::new(&source.name).within(&source.namespace);
        let object = context.desk.kinds().sources.get(&reference).ok_or_else(|| {
            Failure::waiting(Reason::ArtifactFailed, format!("Source 'GitRepository/{source}' not found"))
        })?;
        artifact_of(&object).ok_or_else(|| {
            let wait = format_duration(context.settings.requeue_dependency);
            Failure::waiting(Reason::ArtifactFailed, format!("Source artifact not found, retrying in {wait}"))
        })
    }

    /// Whether all that has to be ready first is.
    pub(super) fn dependencies(&self, valid: &ValidKustomization, revision: &str) -> Result<(), Failure> {
        let known = &self.context.desk.kinds().kustomizations;
        for Dependency { key, ready } in &valid.depends_on {
            let found = known.get(&ObjectRef::new(&key.name).within(&key.namespace));
            let checked = match ready {
                Some(expression) => said_ready(key, found.as_deref(), self.object, expression),
                None => is_ready(key, found.as_deref(), &valid.source, revision),
            };
            checked.map_err(|why| Failure::waiting(Reason::DependencyNotReady, why))?;
        }
        Ok(())
    }
}

/// What `readyExpr` says, which counts in place of the rule.
fn said_ready(
    key: &ObjectKey,
    dependency: Option<&Kustomization>,
    own: &Kustomization,
    expression: &Expression,
) -> Result<(), String> {
    let dependency = dependency.ok_or_else(|| format!("dependency '{key}' not found"))?;
    let json = |object| serde_json::to_value(object).map_err(|error| error.to_string());
    let (own, dependency) = (json(own)?, json(dependency)?);
    match expression.holds([("self", &own), ("dep", &dependency)]) {
        Ok(true) => Ok(()),
        Ok(false) => Err(format!("dependency '{key}' is not ready according to readyExpr eval")),
        Err(error) => Err(format!("dependency '{key}': readyExpr: {error}")),
    }
}

/// Flux's rule: Ready for its generation, and of the same revision where it has the same source.
fn is_ready(
    key: &ObjectKey,
    dependency: Option<&Kustomization>,
    source: &ObjectKey,
    revision: &str,
) -> Result<(), String> {
    let dependency = dependency.ok_or_else(|| format!("dependency '{key}' not found"))?;
    let status = dependency.status.as_ref().filter(|status| {
        let observed = status.observed_generation == dependency.metadata.generation;
        observed && condition::find(&status.conditions, READY).is_some_and(|ready| ready.status == "True")
    });
    let status = status.ok_or_else(|| format!("dependency '{key}' is not ready"))?;
    // One of another kind may have the same name.
    let from_git = dependency.spec.source_ref.kind == "GitRepository";
    let same_source = from_git && crate::wake::built_from(dependency) == *source;
    if same_source && status.last_applied_revision.as_deref() != Some(revision) {
        return Err(format!("dependency '{key}' revision is not up to date"));
    }
    Ok(())
}

/// What is put into objects.
#[derive(Default)]
pub(super) struct Gathered {
    /// The variables; `None` where there are none to be put in.
    pub(super) variables: Option<Variables>,
    /// How encrypted files are opened; `None` where nothing says that they are.
    pub(super) opening: Option<Opening>,
}

/// All that is put into objects, or opens their files.
pub(super) async fn inputs<D: Desk>(
    context: &Context<D>,
    valid: &ValidKustomization,
) -> Result<Gathered, Failure> {
    let opening = opening(context, valid).await?;
    Ok(Gathered { opening, ..variables(context, valid).await? })
}

/// With the keys of the Secret that is named.
async fn opening<D: Desk>(
    context: &Context<D>,
    valid: &ValidKustomization,
) -> Result<Option<Opening>, Failure> {
    let Some(decryption) = &valid.decryption else { return Ok(None) };
    let own = decryption.secret.as_ref().map(|name| ObjectKey::new(&valid.key.namespace, name));
    let mut identities = Identities::default();
    if let Some(key) = own.or_else(|| context.settings.sops_age_secret.clone()) {
        let failed =
            |why: String| Failure::new(Reason::BuildFailed, format!("decryption Secret '{key}': {why}"));
        let data = context.desk.secret(&key).await.map_err(|error| failed(error.to_string()))?;
        for (name, value) in data.ok_or_else(|| failed("not found".to_owned()))? {
            if name.ends_with(".agekey") {
                let text = std::str::from_utf8(value.expose_secret());
                let text = text.map_err(|_| failed(format!("key '{name}' is no text")))?;
                identities.add(text).map_err(|error| failed(format!("key '{name}': {error}")))?;
            }
        }
    }
    Ok(Some(Opening::With(identities)))
}

/// The variables of `postBuild` with their values.
async fn variables<D: Desk>(context: &Context<D>, valid: &ValidKustomization) -> Result<Gathered, Failure> {
    let Some(VariableSources { from, values, always }) = &valid.variables else {
        return Ok(Gathered::default());
    };
    let mut variables = Variables::new(true, *always);
    for source in from {
        let failed = |why: &str| {
            let kind = if source.secret { "Secret" } else { "ConfigMap" };
            Failure::new(
                Reason::BuildFailed,
                format!("substitute from '{kind}/{}' error: {why}", source.name),
            )
        };
        match values_of(context, &valid.key.namespace, source).await.map_err(|why| failed(&why))? {
            Some(pairs) => {
                let set = if source.secret { Variables::set_secret } else { Variables::set };
                pairs.iter().for_each(|(name, value)| set(&mut variables, name, value));
            }
            None if source.optional => {}
            None => {
                let place = context.desk.whereabouts(&valid.key.namespace);
                return Err(failed(&format!("not found in {place}")));
            }
        }
    }
    values.iter().for_each(|(name, value)| variables.set(name, value));
    Ok(Gathered { variables: Some(variables), opening: None })
}

async fn values_of<D: Desk>(
    context: &Context<D>,
    namespace: &str,
    source: &VariableSource,
) -> Result<Option<Vec<(String, String)>>, String> {
    let key = ObjectKey::new(namespace, &source.name);
    if !source.secret {
        let found = context.desk.config_map(&key).await.map_err(|error| error.to_string())?;
        return Ok(found.map(|values| values.into_iter().collect()));
    }
    let Some(data) = context.desk.secret(&key).await.map_err(|error| error.to_string())? else {
        return Ok(None);
    };
    let text = |(name, value): (String, secrecy::SecretSlice<u8>)| {
        let text =
            std::str::from_utf8(value.expose_secret()).map_err(|_| format!("key '{name}' is not text"));
        text.map(|text| (name.clone(), text.to_owned()))
    };
    data.into_iter().map(text).collect::<Result<Vec<_>, _>>().map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn check(status: &Value, generation: i64, source: &str, expected: Result<(), &str>) {
        let object: Kustomization = serde_json::from_value(json!({
            "metadata": {"name": "infra", "namespace": "a", "generation": generation},
            "spec": {"interval": "1m", "prune": true, "sourceRef": {"kind": "GitRepository", "name": "fleet"}},
            "status": status,
        }))
        .unwrap();
        let key = ObjectKey::new("a", "infra");
        let said = is_ready(&key, Some(&object), &ObjectKey::new("a", source), "main@sha1:2");
        assert_eq!(said, expected.map_err(str::to_owned), "{status}");
    }

    #[test]
    fn a_dependency_is_ready_for_its_generation_and_revision() {
        let status = |ready: &str, observed: i64, revision: &str| {
            json!({"observedGeneration": observed, "lastAppliedRevision": revision, "conditions": [{
                "type": "Ready", "status": ready, "reason": "X", "message": "", "lastTransitionTime": "2026-01-01T00:00:00Z",
            }]})
        };
        check(&status("True", 1, "main@sha1:2"), 1, "fleet", Ok(()));
        check(&status("False", 1, "main@sha1:2"), 1, "fleet", Err("dependency 'a/infra' is not ready"));
        check(&status("True", 1, "main@sha1:2"), 2, "fleet", Err("dependency 'a/infra' is not ready"));
        check(
            &status("True", 1, "main@sha1:1"),
            1,
            "fleet",
            Err("dependency 'a/infra' revision is not up to date"),
        );
        check(&status("True", 1, "main@sha1:1"), 1, "other", Ok(()));
        check(&json!({}), 1, "fleet", Err("dependency 'a/infra' is not ready"));
        let mut other: Kustomization = serde_json::from_value(json!({
            "metadata": {"name": "infra", "namespace": "a", "generation": 1},
            "spec": {"interval": "1m", "prune": true, "sourceRef": {"kind": "OCIRepository", "name": "fleet"}},
            "status": status("True", 1, "latest@sha256:1"),
        }))
        .unwrap();
        let source = ObjectKey::new("a", "fleet");
        let key = ObjectKey::new("a", "infra");
        assert_eq!(is_ready(&key, Some(&other), &source, "main@sha1:2"), Ok(()));
        other.spec.source_ref.kind = "GitRepository".to_owned();
        assert!(is_ready(&key, Some(&other), &source, "main@sha1:2").is_err());
        let missing = is_ready(&ObjectKey::new("a", "x"), None, &ObjectKey::new("a", "b"), "1");
        assert_eq!(missing, Err("dependency 'a/x' not found".to_owned()));
    }

    #[test]
    fn an_expression_says_whether_a_dependency_is_ready() {
        let object = |name: &str, version: &str| -> Kustomization {
            serde_json::from_value(json!({
                "metadata": {"name": name, "namespace": "a", "generation": 2, "annotations": {"version": version}},
                "spec": {"interval": "1m", "prune": true, "sourceRef": {"kind": "GitRepository", "name": "fleet"}},
                "status": {"observedGeneration": 2},
            }))
            .unwrap()
        };
        let (key, own, other) = (ObjectKey::new("a", "infra"), object("apps", "2"), object("infra", "1"));
        for (text, expected) in [
            ("dep.status.observedGeneration == dep.metadata.generation", Ok(())),
            (
                "dep.metadata.annotations.version == self.metadata.annotations.version",
                Err("dependency 'a/infra' is not ready according to readyExpr eval"),
            ),
            ("dep.status.done", Err("dependency 'a/infra': readyExpr: there is no 'done'")),
        ] {
            let expression = Expression::parse(text, Some(&["self", "dep"])).unwrap();
            let said = said_ready(&key, Some(&other), &own, &expression);
            assert_eq!(said, expected.map_err(str::to_owned), "{text}");
        }
        let expression = Expression::parse("true", None).unwrap();
        let missing = said_ready(&key, None, &own, &expression);
        assert_eq!(missing, Err("dependency 'a/infra' not found".to_owned()));
    }
}
