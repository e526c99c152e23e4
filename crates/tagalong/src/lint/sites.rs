//! One site whose policy is there: does an automation serve it, is a digest to be had, does the value look like what
//! the marker writes? Called by `markers`.

use super::markers::{Checker, Policy};
use super::scope::Scope;
use super::survey::MarkedFile;
use super::{Finding, Severity, place};
use kube::ResourceExt;
use tagalong_api::ImageRepository;
use tagalong_api::validate::{DigestReflection, ValidRepository};
use tagalong_edit::{Field, Site};
use tagalong_files::Place;
use tagalong_model::{ImageName, ImageRef, Setter};

/// Checks one site.
pub(crate) fn check(checker: &mut Checker<'_>, file: &MarkedFile, site: &Site, policy: Policy<'_>) {
    let Some(first) = site.fields.first() else { return };
    let path = &file.found.path;
    let mut found: Vec<(Place, Severity, &'static str, String)> = Vec::new();
    if let Some(why) = &site.hold {
        let message = format!("the marker holds this field: {why}");
        found.push((place::of_value(first), Severity::Note, "Held", message));
    }
    if let Some((severity, code, message)) = service(checker, file, site, policy) {
        let place = place::of_policy(&mut checker.sources, path, first, &site.policy);
        found.push((place, severity, code, message));
    }
    let repository = repository_of(checker, policy).and_then(|found| found.valid.as_ref());
    for field in &site.fields {
        if let Some((severity, code, message)) = value(field, site, policy, repository) {
            found.push((place::of_value(field), severity, code, message));
        }
    }
    let findings = found
        .into_iter()
        .map(|(place, severity, code, message)| Finding::at(path, place, severity, code, message));
    checker.findings.extend(findings);
}

type Told = (Severity, &'static str, String);

/// Whether an automation serves the site. Nothing is said where no automation is among the files, or one of them is
/// not valid.
fn service(checker: &Checker<'_>, file: &MarkedFile, site: &Site, policy: Policy<'_>) -> Option<Told> {
    let automations = &checker.objects.automations;
    if automations.is_empty()
        || checker.survey.roster.names("ImageUpdateAutomation").count() > automations.len()
    {
        return None;
    }
    let key = &site.policy;
    let labels = policy.located.object.labels();
    let mut selected: Vec<&Scope> = Vec::new();
    for (automation, scope) in automations.iter().zip(&checker.survey.scopes) {
        if automation.spaces.contains(&key.namespace) && automation.valid.as_ref()?.selector.matches(labels) {
            selected.push(scope);
        }
    }
    if selected.is_empty() {
        let message = format!(
            "no automation serves ImagePolicy/{key}: an ImageUpdateAutomation reads the policies of its own namespace \
             that its policySelector selects"
        );
        return Some((Severity::Error, "unserved", message));
    }
    if selected.iter().any(|scope| scope.covers(&file.found)) {
        return None;
    }
    let folders: Vec<&str> = selected.iter().map(|scope| scope.folder()).collect();
    let message = format!(
        "this file lies outside of .spec.update.path ({}) of every automation that serves it",
        folders.join(", ")
    );
    Some((Severity::Warning, "outside-path", message))
}

fn repository_of<'c>(
    checker: &Checker<'c>,
    policy: Policy<'_>,
) -> Option<&'c super::objects::Checked<'c, ImageRepository, ValidRepository>> {
    let reference = &policy.located.object.spec.image_repository_ref;
    let named = reference.namespace.clone().filter(|namespace| !namespace.is_empty());
    let spaces = named.map_or_else(|| policy.spaces.clone(), |namespace| [namespace].into());
    checker.objects.repositories.iter().find(|other| other.is(&spaces, &reference.name))
}

/// Whether the value is of the sort that the marker writes.
fn value(
    field: &Field,
    site: &Site,
    policy: Policy<'_>,
    repository: Option<&ValidRepository>,
) -> Option<Told> {
    let key = &site.policy;
    let text = field.value.as_str();
    let suspicious = |message: String| Some((Severity::Warning, "suspicious-value", message));
    let other_image = |name: &ImageName| {
        let image = &repository.filter(|repository| repository.image != *name)?.image;
        let message =
            format!("{name} is replaced by {image}, the image of ImagePolicy/{key}, at the next update");
        Some((Severity::Warning, "other-image", message))
    };
    match field.setter {
        Setter::Digest => {
            let reflection = policy.valid.as_ref().map(|valid| valid.digest)?;
            (reflection == DigestReflection::Never).then(|| {
                let message = format!(
                    "the marker asks for a digest, but ImagePolicy/{key} reflects none; set its \
                     .spec.digestReflectionPolicy to IfNotPresent or Always"
                );
                (Severity::Error, "NoDigest", message)
            })
        }
        Setter::Tag if text.contains(['/', ':']) => suspicious(format!(
            "this is no tag, but the marker writes the tag alone; for the whole image it is {}",
            target(key)
        )),
        Setter::Tag => None,
        Setter::Name => other_image(&text.parse().ok()?),
        Setter::Image if is_tag_alone(text) => suspicious(format!(
            "this looks like a tag, but the marker writes the whole image; for the tag alone it is {}:tag",
            target(key)
        )),
        Setter::Image => other_image(&text.parse::<ImageRef>().ok()?.name),
    }
}

fn target(key: &tagalong_model::ObjectKey) -> String {
    format!("{}:{}", key.namespace, key.name)
}

/// Whether a value that should be an image is a version instead.
fn is_tag_alone(text: &str) -> bool {
    let digits = text.strip_prefix('v').unwrap_or(text);
    digits.starts_with(|c: char| c.is_ascii_digit()) && !text.contains(['/', ':', '@'])
}
