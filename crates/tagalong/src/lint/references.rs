//! References between objects: to ones that are not there, to ones that may not be used, to Secrets among files. A
//! Secret is looked for by name alone; nothing of it is read (RULES 24).

use super::names::{Roster, Waits};
use super::objects::{Checked, Objects, title};
use super::{Finding, Severity};
use kube::{Resource, ResourceExt};
use std::collections::{BTreeMap, BTreeSet};
use tagalong_api::validate::{GitRef, OnUnhealthy, ValidAutomation};
use tagalong_api::{ImageRepository, ImageUpdateAutomation, Reason, access};
use tagalong_files::{Loaded, Located};
use tagalong_model::ObjectKey;

/// Checks every reference from one object to another.
pub(crate) fn objects(loaded: &Loaded, objects: &Objects<'_>, roster: &Roster, findings: &mut Vec<Finding>) {
    let mut checker = Checker { loaded, objects, roster, findings, asked: BTreeSet::new() };
    for policy in &objects.policies {
        checker.repository_of(policy);
    }
    for automation in &objects.automations {
        checker.source_of(automation);
        checker.judges_of(automation);
    }
}

/// Checks every reference to a Secret, which a folder has to hold.
pub(crate) fn secrets(loaded: &Loaded, objects: &Objects<'_>, roster: &Roster, findings: &mut Vec<Finding>) {
    Checker { loaded, objects, roster, findings, asked: BTreeSet::new() }.secrets();
}

struct Checker<'c> {
    loaded: &'c Loaded,
    objects: &'c Objects<'c>,
    roster: &'c Roster,
    findings: &'c mut Vec<Finding>,
    /// Secrets that were told about.
    asked: BTreeSet<(String, String)>,
}

impl Checker<'_> {
    fn report<T: Resource<DynamicType = ()>>(
        &mut self,
        located: &Located<T>,
        field: &str,
        severity: Severity,
        code: &'static str,
        message: &str,
    ) {
        let message = format!("{}: {message}", title(located));
        self.findings.push(Finding::at(&located.file, located.place(field), severity, code, message));
    }

    /// The namespaces that a reference means: the one it names, else those of its object.
    fn meant(named: Option<&str>, own: &BTreeSet<String>) -> BTreeSet<String> {
        let named = named.filter(|namespace| !namespace.is_empty());
        named.map_or_else(|| own.clone(), |namespace| BTreeSet::from([namespace.to_owned()]))
    }

    fn repository_of<V>(&mut self, policy: &Checked<'_, tagalong_api::ImagePolicy, V>) {
        let reference = &policy.located.object.spec.image_repository_ref;
        let spaces = Self::meant(reference.namespace.as_deref(), &policy.spaces);
        if !self.roster.has("ImageRepository", &spaces, &reference.name) {
            let shown = shown(&spaces, &reference.name);
            let message = format!(
                "there is no ImageRepository/{shown}{}",
                self.roster.near("ImageRepository", &reference.name)
            );
            let field = ".spec.imageRepositoryRef.name";
            return self.report(policy.located, field, Severity::Error, "missing-reference", &message);
        }
        let found = self.objects.repositories.iter().find(|other| other.is(&spaces, &reference.name));
        let Some(repository) = found.filter(|_| policy.spaces.is_disjoint(&spaces)) else { return };
        if let Some((severity, message)) = self.refusal(policy.spaces.iter(), &spaces, repository.located) {
            let field = ".spec.imageRepositoryRef.namespace";
            self.report(policy.located, field, severity, Reason::AccessDenied.as_str(), &message);
        }
    }

    /// Why a policy of another namespace may not use a repository.
    fn refusal<'s>(
        &self,
        from: impl Iterator<Item = &'s String>,
        to: &BTreeSet<String>,
        repository: &Located<ImageRepository>,
    ) -> Option<(Severity, String)> {
        let access = repository.object.spec.access_from.as_ref();
        let selectors: Option<Vec<BTreeMap<String, String>>> = access.map(|access| {
            let labels = |selector: &tagalong_api::NamespaceSelector| {
                selector.match_labels.clone().unwrap_or_default()
            };
            access.namespace_selectors.iter().map(labels).collect()
        });
        let target =
            ObjectKey::new(to.first().map_or("default", String::as_str), repository.object.name_any());
        let mut refusal = None;
        for namespace in from {
            let known = self.loaded.namespaces.iter().find(|located| located.object.name_any() == *namespace);
            let labels = known.map(|located| located.object.labels().clone()).unwrap_or_default();
            let denied = access::check(namespace, &labels, &target, selectors.as_deref()).err()?;
            refusal = Some(if known.is_none() && selectors.is_some() {
                let message = format!(
                    "whether namespace '{namespace}' has a label that {target} lets in cannot be told; add its kind: \
                     Namespace to these files"
                );
                (Severity::Warning, message)
            } else {
                (Severity::Error, denied.message)
            });
        }
        refusal
    }

    fn source_of(&mut self, automation: &Checked<'_, ImageUpdateAutomation, ValidAutomation>) {
        let reference = &automation.located.object.spec.source_ref;
        let spaces = Self::meant(reference.namespace.as_deref(), &automation.spaces);
        if !self.roster.has("GitRepository", &spaces, &reference.name) {
            let shown = shown(&spaces, &reference.name);
            let in_cluster = self.roster.has_instance;
            let (severity, hint) = if in_cluster {
                (Severity::Note, "; it may be the one that the FluxInstance makes".to_owned())
            } else {
                (Severity::Error, self.roster.near("GitRepository", &reference.name))
            };
            let message = format!("there is no GitRepository/{shown}{hint}");
            let field = ".spec.sourceRef.name";
            return self.report(automation.located, field, severity, "missing-reference", &message);
        }
        let source = self.objects.sources.iter().find(|other| other.is(&spaces, &reference.name));
        let Some(valid) = &automation.valid else { return };
        let checkout = valid.checkout.as_ref();
        let checkout = checkout.or_else(|| source?.valid.as_ref()?.reference.as_ref());
        let has_branch = match checkout {
            None | Some(GitRef::Branch(_) | GitRef::Commit { branch: Some(_), .. }) => true,
            Some(GitRef::Name(name)) => name.starts_with("refs/heads/"),
            Some(_) => false,
        };
        if !has_branch && valid.push.branch.is_none() {
            let message = "what is checked out is no branch, so .spec.git.push.branch must say where to push";
            let code = Reason::SourceManagerFailed.as_str();
            self.report(automation.located, ".spec.git.push", Severity::Error, code, message);
        }
    }

    /// Nothing can be unhealthy where nobody waits for health (RULES 16).
    fn judges_of(&mut self, automation: &Checked<'_, ImageUpdateAutomation, ValidAutomation>) {
        let reverts =
            automation.valid.as_ref().is_some_and(|valid| valid.on_unhealthy != OnUnhealthy::Ignore);
        let source = &automation.located.object.spec.source_ref.name;
        let mut built = self.roster.built.iter().filter(|(from, _)| from == source).peekable();
        if !reverts || built.peek().is_none() {
            return;
        }
        if built.all(|(_, waits)| *waits == Waits::ForNothing) {
            let message = format!(
                "Revert can never happen: no Kustomization built from GitRepository/{source} has .spec.wait or \
                 .spec.healthChecks"
            );
            let field = ".spec.rollback.onUnhealthy";
            self.report(automation.located, field, Severity::Warning, "no-health", &message);
        }
    }

    fn secrets(&mut self) {
        let objects = self.objects;
        for repository in &objects.repositories {
            let spec = &repository.located.object.spec;
            for (field, reference) in [
                (".spec.secretRef.name", &spec.secret_ref),
                (".spec.certSecretRef.name", &spec.cert_secret_ref),
                (".spec.proxySecretRef.name", &spec.proxy_secret_ref),
            ] {
                self.secret(repository, field, reference.as_ref().map(|secret| secret.name.as_str()));
            }
        }
        for automation in &objects.automations {
            let git = automation.located.object.spec.git.as_ref();
            let key = git.and_then(|git| git.commit.signing_key.as_ref());
            let name = key.map(|key| key.secret_ref.name.as_str());
            self.secret(automation, ".spec.git.commit.signingKey.secretRef.name", name);
            let reference = &automation.located.object.spec.source_ref;
            let spaces = Self::meant(reference.namespace.as_deref(), &automation.spaces);
            let Some(source) = objects.sources.iter().find(|other| other.is(&spaces, &reference.name)) else {
                continue;
            };
            let spec = &source.located.object.spec;
            for (field, reference) in [
                (".spec.secretRef.name", &spec.secret_ref),
                (".spec.proxySecretRef.name", &spec.proxy_secret_ref),
            ] {
                self.secret(source, field, reference.as_ref().map(|secret| secret.name.as_str()));
            }
        }
    }

    /// A Secret that is not there is no mistake of a repository whose secrets are kept elsewhere; where one of nearly
    /// that name is there, it probably is one.
    fn secret<T, V>(&mut self, from: &Checked<'_, T, V>, field: &str, name: Option<&str>)
    where
        T: Resource<DynamicType = ()>,
    {
        let Some(name) = name.filter(|name| !self.roster.has("Secret", &from.spaces, name)) else { return };
        let shown = shown(&from.spaces, name);
        if !self.asked.insert((shown.clone(), from.spaces.iter().cloned().collect())) {
            return;
        }
        let hint = self.roster.near("Secret", name);
        let severity = if hint.is_empty() { Severity::Note } else { Severity::Warning };
        let message =
            format!("there is no Secret/{shown} among these files; `run` from files needs it there{hint}");
        self.report(from.located, field, severity, "missing-secret", &message);
    }
}

/// A name with its namespace, where there is one alone that can be meant.
fn shown(spaces: &BTreeSet<String>, name: &str) -> String {
    match (spaces.first(), spaces.len()) {
        (Some(only), 1) => format!("{only}/{name}"),
        _ => name.to_owned(),
    }
}
