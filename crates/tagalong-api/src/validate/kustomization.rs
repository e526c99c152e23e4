//! `Kustomization`: source, folder, times, and what is not served.

use super::{Dependency, HealthRule, Invalid, expressions, field};
use crate::{Kustomization, KustomizationSpec, PostBuild, Reason};
use std::collections::BTreeMap;
use std::time::Duration;
use tagalong_model::{ObjectKey, RepoPath};

/// What Flux leaves of the interval for a timeout that is not given, and the least that any is.
const MARGIN: Duration = Duration::from_secs(30);

/// A Kustomization that can be built and applied.
#[derive(Debug, Clone, PartialEq)]
pub struct ValidKustomization {
    /// Namespace and name.
    pub key: ObjectKey,
    /// The GitRepository.
    pub source: ObjectKey,
    /// The folder in it; `None` is the root.
    pub path: Option<RepoPath>,
    /// The time between two turns.
    pub interval: Duration,
    /// The time after a turn that failed.
    pub retry_interval: Duration,
    /// The time that a turn may take.
    pub timeout: Duration,
    /// Whether objects that are no longer built are deleted.
    pub prune: bool,
    /// What becomes of the objects at the end.
    pub deletion: Deletion,
    /// Which objects have to be healthy.
    pub health: HealthChecks,
    /// How healthy objects of some kinds look.
    pub health_rules: Vec<HealthRule>,
    /// Whether objects are made anew where a field cannot change.
    pub force: bool,
    /// The Kustomizations that have to be ready first.
    pub depends_on: Vec<Dependency>,
    /// How encrypted files are opened; `None` where they are not.
    pub decryption: Option<Decryption>,
    /// The variables; `None` where there are none to be put in.
    pub variables: Option<VariableSources>,
    /// The cluster and as whom.
    pub destination: Destination,
    /// Whether what was applied is watched for drift.
    pub watch: bool,
    /// Whether it is stopped.
    pub suspend: bool,
}

/// Which cluster, and as whom.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Destination {
    /// The namespace of the Kustomization: of the ServiceAccount and the Secret.
    pub namespace: String,
    /// The ServiceAccount.
    pub service_account: Option<String>,
    /// The Secret with the kubeconfig of another cluster, and the key that was named in it.
    pub kubeconfig: Option<(String, Option<String>)>,
}

/// How files that SOPS encrypted are opened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Decryption {
    /// The Secret with age keys, in the Kustomization's namespace; `None` for the process's own.
    pub secret: Option<String>,
}

/// What becomes of the objects when their Kustomization is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deletion {
    /// They are deleted.
    Delete,
    /// They are deleted, and the Kustomization stays until they are gone.
    WaitForTermination,
    /// They stay.
    Orphan,
}

/// Which objects have to be healthy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HealthChecks {
    /// None.
    None,
    /// All that are applied.
    All,
    /// These; where the version is not served, the one that the group prefers counts.
    These(Vec<HealthCheck>),
}

/// An object that has to be healthy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthCheck {
    /// Group and version; empty is `v1` of the core group.
    pub api_version: String,
    /// Kind.
    pub kind: String,
    /// Namespace and name.
    pub key: ObjectKey,
}

/// Where variables come from, in the order in which they are set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VariableSources {
    /// ConfigMaps and Secrets of the Kustomization's namespace.
    pub from: Vec<VariableSource>,
    /// Values by name, which win.
    pub values: BTreeMap<String, String>,
    /// Whether objects are gone through although nothing is set.
    pub always: bool,
}

/// One ConfigMap or Secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VariableSource {
    /// Whether it is a Secret; else a ConfigMap.
    pub secret: bool,
    /// Its name.
    pub name: String,
    /// Whether it may be missing.
    pub optional: bool,
}

/// Checks a Kustomization.
///
/// # Errors
/// [`Invalid`] with `IntervalNotConfigured`, `BuildFailed` for a path that leaves the source, `InvalidCELExpression`, or
/// `FeatureGateDisabled` for what is not served.
pub fn kustomization(object: &Kustomization) -> Result<ValidKustomization, Invalid> {
    let spec = &object.spec;
    refuse_unserved(spec)?;
    pointers(spec)?;
    let key = field::key(&object.metadata);
    let interval = field::interval(".spec.interval", &spec.interval)?;
    let retry = spec.retry_interval.as_deref();
    let retry_interval = retry.map_or(Ok(interval), |text| field::interval(".spec.retryInterval", text))?;
    let timeout = field::timeout(".spec.timeout", spec.timeout.as_deref(), interval.saturating_sub(MARGIN))?;
    let path = RepoPath::folder(spec.path.as_deref().unwrap_or_default()).map_err(|error| {
        Invalid::stalled(Reason::BuildFailed, ".spec.path", format!(".spec.path: {error}"))
    })?;
    let source = field::referent(&key, spec.source_ref.namespace.as_deref(), &spec.source_ref.name);
    Ok(ValidKustomization {
        source,
        path,
        interval,
        retry_interval,
        timeout: timeout.max(MARGIN),
        prune: spec.prune,
        deletion: deletion(spec),
        health: health(spec, &key),
        health_rules: expressions::health_rules(spec)?,
        force: spec.force == Some(true),
        depends_on: expressions::dependencies(spec, &key)?,
        decryption: decryption(spec)?,
        variables: spec.post_build.as_ref().map(variables),
        destination: destination(object)?,
        watch: spec.drift_detection.as_ref().is_some_and(|drift| drift.mode == "Watch"),
        suspend: spec.suspend == Some(true),
        key,
    })
}

/// Where the objects of a Kustomization go, whatever else is wrong with it.
///
/// # Errors
/// Where the other cluster is not named, or by what is not served.
pub fn destination(object: &Kustomization) -> Result<Destination, Invalid> {
    let spec = &object.spec;
    let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let kubeconfig = match &spec.kube_config {
        None => None,
        Some(cluster) => {
            given_unserved(
                cluster.config_map_ref.is_some(),
                ".spec.kubeConfig.configMapRef",
                "logging in to a cloud's cluster",
            )?;
            let secret = cluster.secret_ref.as_ref().ok_or_else(|| {
                let message = ".spec.kubeConfig: exactly one of configMapRef and secretRef must be specified";
                Invalid::stalled(Reason::ReconciliationFailed, ".spec.kubeConfig", message)
            })?;
            Some((secret.name.clone(), given(&secret.key)))
        }
    };
    let namespace = field::key(&object.metadata).namespace;
    Ok(Destination { namespace, service_account: given(&spec.service_account_name), kubeconfig })
}

/// What becomes of the objects of a Kustomization that is deleted, whatever else is wrong with it.
pub fn deletion(spec: &KustomizationSpec) -> Deletion {
    match spec.deletion_policy.as_deref() {
        Some("Orphan") => Deletion::Orphan,
        Some("WaitForTermination") => Deletion::WaitForTermination,
        Some("Delete") => Deletion::Delete,
        _ if spec.prune => Deletion::Delete,
        _ => Deletion::Orphan,
    }
}

fn health(spec: &KustomizationSpec, key: &ObjectKey) -> HealthChecks {
    if spec.wait == Some(true) {
        return HealthChecks::All;
    }
    let checks: Vec<HealthCheck> = spec
        .health_checks
        .iter()
        .flatten()
        .map(|check| HealthCheck {
            api_version: check.api_version.clone().unwrap_or_default(),
            kind: check.kind.clone(),
            key: field::referent(key, check.namespace.as_deref(), &check.name),
        })
        .collect();
    if checks.is_empty() { HealthChecks::None } else { HealthChecks::These(checks) }
}

fn decryption(spec: &KustomizationSpec) -> Result<Option<Decryption>, Invalid> {
    let Some(given) = &spec.decryption else { return Ok(None) };
    given_unserved(given.provider != "sops", ".spec.decryption.provider", "any provider but sops")?;
    let account = given.service_account_name.as_ref().is_some_and(|name| !name.is_empty());
    given_unserved(account, ".spec.decryption.serviceAccountName", "logging in to a key service")?;
    Ok(Some(Decryption { secret: field::name(given.secret_ref.as_ref()) }))
}

fn variables(post_build: &PostBuild) -> VariableSources {
    let from = post_build.substitute_from.iter().flatten().map(|reference| VariableSource {
        secret: reference.kind == "Secret",
        name: reference.name.clone(),
        optional: reference.optional == Some(true),
    });
    VariableSources {
        from: from.collect(),
        values: post_build.substitute.clone().unwrap_or_default(),
        always: post_build.substitute_strategy.as_deref() == Some("Always"),
    }
}

/// What is left alone is named by JSON pointers.
fn pointers(spec: &KustomizationSpec) -> Result<(), Invalid> {
    for (at, rule) in spec.ignore.iter().flatten().enumerate() {
        for (place, pointer) in rule.paths.iter().enumerate() {
            if !pointer.starts_with('/') {
                let field = format!(".spec.ignore[{at}].paths[{place}]");
                let message = format!("{field}: must be a JSON pointer, such as /spec/replicas");
                return Err(Invalid::stalled(Reason::BuildFailed, field, message));
            }
        }
    }
    Ok(())
}

/// Flux knows these; here they are refused by name rather than passed over.
fn refuse_unserved(spec: &KustomizationSpec) -> Result<(), Invalid> {
    let kind = spec.source_ref.kind.as_str();
    given_unserved(kind != "GitRepository", ".spec.sourceRef.kind", &format!("building from {kind}"))
}

fn given_unserved(is_given: bool, field: &'static str, what: &str) -> Result<(), Invalid> {
    if !is_given {
        return Ok(());
    }
    let message = format!(
        "{field}: {what} is not supported yet; remove the field, or leave this object to Flux's kustomize-controller"
    );
    Err(Invalid::stalled(Reason::FeatureGateDisabled, field, message))
}
