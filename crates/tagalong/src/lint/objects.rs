//! Every object that could be read, validated as the engine will; and what is valid but can never work.

use super::cure::every;
use super::names::Roster;
use super::source::Sources;
use super::{Finding, Severity, alphabetical, template};
use jiff::Timestamp;
use kube::{Resource, ResourceExt};
use serde::{Serialize, de::DeserializeOwned};
use std::collections::BTreeSet;
use tagalong_api::validate::{
    self, Invalid, Opening, ValidAutomation, ValidPolicy, ValidRepository, ValidSource,
};
use tagalong_api::{GitRepository, ImagePolicy, ImageRepository, ImageUpdateAutomation, Reason};
use tagalong_files::{Loaded, Located};

/// An object, where it may end up, and its valid form if it has one.
pub(crate) struct Checked<'l, T, V> {
    pub(crate) located: &'l Located<T>,
    pub(crate) name: String,
    /// The namespaces in which it may end up.
    pub(crate) spaces: BTreeSet<String>,
    pub(crate) valid: Option<V>,
}

impl<T, V> Checked<'_, T, V> {
    /// Whether a reference to this name in one of these namespaces may mean this object.
    pub(crate) fn is(&self, spaces: &BTreeSet<String>, name: &str) -> bool {
        self.name == name && !self.spaces.is_disjoint(spaces)
    }
}

/// All of them.
#[derive(Default)]
pub(crate) struct Objects<'l> {
    pub(crate) repositories: Vec<Checked<'l, ImageRepository, ValidRepository>>,
    pub(crate) policies: Vec<Checked<'l, ImagePolicy, ValidPolicy>>,
    pub(crate) automations: Vec<Checked<'l, ImageUpdateAutomation, ValidAutomation>>,
    pub(crate) sources: Vec<Checked<'l, GitRepository, ValidSource>>,
}

/// Validates every object.
pub(crate) fn check<'l>(
    loaded: &'l Loaded,
    roster: &Roster,
    sources: Sources,
    findings: &mut Vec<Finding>,
) -> Objects<'l> {
    let mut checker = Checker { roster, sources, findings };
    let mut objects = Objects::default();
    for located in &loaded.repositories {
        objects.repositories.push(checker.object(located, validate::repository));
    }
    for located in &loaded.policies {
        let checked = checker.object(located, validate::policy);
        if let Some(valid) = &checked.valid {
            checker.policy(located, valid);
        }
        objects.policies.push(checked);
    }
    for located in &loaded.automations {
        objects.automations.push(checker.automation(located));
    }
    let wanted: BTreeSet<&str> =
        loaded.automations.iter().map(|located| located.object.spec.source_ref.name.as_str()).collect();
    for located in &loaded.sources {
        let is_wanted = wanted.contains(located.object.name_any().as_str());
        objects.sources.push(if is_wanted {
            checker.object(located, validate::git_repository)
        } else {
            checker.named(located, validate::git_repository(&located.object).ok())
        });
    }
    objects
}

struct Checker<'c> {
    roster: &'c Roster,
    sources: Sources,
    findings: &'c mut Vec<Finding>,
}

impl Checker<'_> {
    fn object<'l, T, V>(
        &mut self,
        located: &'l Located<T>,
        validate: impl Fn(&T) -> Result<V, Invalid>,
    ) -> Checked<'l, T, V>
    where
        T: Resource<DynamicType = ()> + Serialize + DeserializeOwned,
    {
        let valid = match every(&located.object, validate) {
            Ok(valid) => Some(valid),
            Err(all) => {
                for invalid in all {
                    self.invalid(located, &invalid);
                }
                None
            }
        };
        self.named(located, valid)
    }

    fn automation<'l>(
        &mut self,
        located: &'l Located<ImageUpdateAutomation>,
    ) -> Checked<'l, ImageUpdateAutomation, ValidAutomation> {
        let before = self.findings.len();
        let checked = self.object(located, validate::automation);
        let of_template = [Reason::GitOperationFailed.as_str(), Reason::RemovedTemplateField.as_str()];
        for finding in self.findings.iter_mut().skip(before).filter(|found| of_template.contains(&found.code))
        {
            finding.place = Some(template::place(located, finding.code, &mut self.sources));
        }
        let missing = checked
            .valid
            .as_ref()
            .and_then(|valid| template::missing_field(located, valid, &mut self.sources));
        self.findings.extend(missing);
        let never = Opening::Closed { opens: None };
        if checked.valid.as_ref().is_some_and(|valid| valid.schedule.at(Timestamp::now()) == never) {
            let place = located.place(".spec.schedule");
            let message = format!("{}: no window will ever open; nothing will be written", title(located));
            self.findings.push(Finding::at(&located.file, place, Severity::Error, "never-opens", message));
        }
        checked
    }

    fn named<'l, T: Resource, V>(&self, located: &'l Located<T>, valid: Option<V>) -> Checked<'l, T, V> {
        let namespace = located.object.namespace();
        let own = namespace.as_deref().filter(|_| is_given(located));
        Checked { located, name: located.object.name_any(), spaces: self.roster.spaces(own), valid }
    }

    fn invalid<T: Resource<DynamicType = ()>>(&mut self, located: &Located<T>, invalid: &Invalid) {
        let place = located.place(&invalid.field);
        let substituted =
            self.roster.substitutes && self.sources.line(&located.file, place.line).contains("${");
        let severity = if substituted { Severity::Note } else { Severity::Error };
        let message = format!("{}: {}", title(located), invalid.message);
        let finding = Finding::at(&located.file, place, severity, invalid.reason.as_str(), message);
        self.findings.push(finding);
    }

    /// What is valid, and never selects anything or never what was meant.
    fn policy(&mut self, located: &Located<ImagePolicy>, valid: &ValidPolicy) {
        let mut report = |field: &str, severity: Severity, code: &'static str, message: String| {
            let message = format!("{}: {message}", title(located));
            self.findings.push(Finding::at(&located.file, located.place(field), severity, code, message));
        };
        if !valid.rule.range_is_satisfiable() {
            let message = "no version can lie within this range; no tag will ever be selected";
            report(".spec.policy.semver.range", Severity::Error, "never-satisfiable", message.to_owned());
        }
        let missing = valid.rule.extract_groups_missing();
        if !missing.is_empty() {
            let named: Vec<String> = missing.iter().map(|name| format!("'{name}'")).collect();
            let message = format!(
                ".spec.filterTags.pattern has no group {}; name it as in (?P<{}>…)",
                named.join(", "),
                missing.first().map_or("name", String::as_str)
            );
            report(".spec.filterTags.extract", Severity::Error, "missing-group", message);
        }
        if let Some((field, message)) = alphabetical::of_numbers(&located.object.spec) {
            report(field, Severity::Warning, "alphabetical-numbers", message);
        }
        let choice = &located.object.spec.policy;
        let given = [choice.semver.is_some(), choice.alphabetical.is_some(), choice.numerical.is_some()];
        if given.iter().filter(|given| **given).count() > 1 {
            let message = "more than one order is given; semver counts before alphabetical before numerical";
            report(".spec.policy", Severity::Warning, "several-orders", message.to_owned());
        }
    }
}

/// Whether the manifest names a namespace itself; the loader fills in `default`.
fn is_given<T>(located: &Located<T>) -> bool {
    located.place(".metadata.namespace") != located.place(".metadata")
}

/// How an object is named: `ImagePolicy/default/app`.
pub(crate) fn title<T: Resource<DynamicType = ()>>(located: &Located<T>) -> String {
    let object = &located.object;
    format!("{}/{}/{}", T::kind(&()), object.namespace().unwrap_or_default(), object.name_any())
}
