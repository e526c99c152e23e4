//! Every marked file: what the editor cannot serve, and whether somebody serves each site.

use super::objects::{Checked, Objects};
use super::source::Sources;
use super::survey::{MarkedFile, Survey};
use super::{Finding, Severity, place, sites};
use kube::ResourceExt;
use std::collections::{BTreeMap, BTreeSet};
use tagalong_api::validate::ValidPolicy;
use tagalong_api::{ImagePolicy, ImageUpdateAutomation};
use tagalong_edit::{Problem, ProblemReason, Site};
use tagalong_files::Located;

/// A policy that markers may name.
pub(crate) type Policy<'o> = &'o Checked<'o, ImagePolicy, ValidPolicy>;

/// Checks every marker.
pub(crate) fn check(objects: &Objects<'_>, survey: &Survey, findings: &mut Vec<Finding>) {
    let mut policies: BTreeMap<&str, Vec<Policy<'_>>> = BTreeMap::new();
    for policy in &objects.policies {
        policies.entry(policy.name.as_str()).or_default().push(policy);
    }
    let mut checker =
        Checker { objects, survey, policies, named: BTreeSet::new(), sources: Sources::default(), findings };
    for file in &survey.marked {
        checker.file(file);
    }
    checker.unnamed();
}

/// Globs of `update.lineFiles` that match nothing, where the files of the automation are among those that are looked at.
pub(crate) fn globs(
    automations: &[Located<ImageUpdateAutomation>],
    survey: &Survey,
    findings: &mut Vec<Finding>,
) {
    for (located, scope) in automations.iter().zip(&survey.scopes) {
        if !survey.marked.iter().any(|file| file.is_read && scope.covers(&file.found)) {
            continue;
        }
        for index in scope.idle() {
            let field = format!(".spec.update.lineFiles[{index}]");
            let message = "this matches no file: globs count from .spec.update.path, and `*` does not go into folders, \
                           `**/` does";
            let place = located.place(&field);
            findings.push(Finding::at(&located.file, place, Severity::Note, "matches-nothing", message));
        }
    }
}

/// What the parts of the check share.
pub(crate) struct Checker<'c> {
    pub(crate) objects: &'c Objects<'c>,
    pub(crate) survey: &'c Survey,
    policies: BTreeMap<&'c str, Vec<Policy<'c>>>,
    /// Policies that some marker names.
    named: BTreeSet<(String, String)>,
    pub(crate) sources: Sources,
    pub(crate) findings: &'c mut Vec<Finding>,
}

impl<'c> Checker<'c> {
    fn file(&mut self, file: &MarkedFile) {
        if !file.is_read {
            return self.not_read(file);
        }
        for problem in &file.scan.problems {
            self.problem(file, problem);
        }
        for site in &file.scan.sites {
            self.site(file, site);
        }
    }

    /// One word about a file that carries markers, or what looks like them, and that nobody reads.
    fn not_read(&mut self, file: &MarkedFile) {
        let path = &file.found.path;
        let field = file.scan.sites.first().and_then(|site| site.fields.first());
        let (place, severity) = match (field, file.scan.problems.first()) {
            (Some(field), _) => (place::of_value(field), Severity::Warning),
            (None, Some(Problem { line, column, .. })) => {
                (place::rest_of_line(&mut self.sources, path, *line, *column), Severity::Note)
            }
            (None, None) => return,
        };
        let message = "this file is not YAML, so nobody reads its markers; name it in .spec.update.lineFiles of an \
                       ImageUpdateAutomation";
        self.findings.push(Finding::at(path, place, severity, "not-read", message));
    }

    fn problem(&mut self, file: &MarkedFile, problem: &Problem) {
        let path = &file.found.path;
        let place = place::rest_of_line(&mut self.sources, path, problem.line, problem.column);
        let severity = match problem.reason {
            ProblemReason::MarkerCommentedOut => Severity::Warning,
            ProblemReason::InvalidMarker
                if is_prose(self.sources.line(path, problem.line), problem.column) =>
            {
                Severity::Warning
            }
            _ => Severity::Error,
        };
        let message = problem.message.as_str();
        self.findings.push(Finding::at(path, place, severity, problem.reason.reason(), message));
    }

    fn site(&mut self, file: &MarkedFile, site: &Site) {
        let key = &site.policy;
        self.named.insert((key.namespace.clone(), key.name.clone()));
        let space = BTreeSet::from([key.namespace.clone()]);
        let candidates = self.policies.get(key.name.as_str()).map_or(&[][..], Vec::as_slice);
        let policy = candidates.iter().find(|policy| policy.spaces.contains(&key.namespace)).copied();
        match policy {
            Some(policy) => sites::check(self, file, site, policy),
            None if self.survey.roster.has("ImagePolicy", &space, &key.name) => {}
            None => self.unknown(file, site),
        }
    }

    fn unknown(&mut self, file: &MarkedFile, site: &Site) {
        let Some(field) = site.fields.first() else { return };
        let (key, roster) = (&site.policy, &self.survey.roster);
        let (severity, hint) = if !roster.has_any("ImagePolicy") {
            let hint =
                "; no ImagePolicy is among these files, so name the folder with the policies too".to_owned();
            (Severity::Warning, hint)
        } else if let Some(policy) = roster.all("ImagePolicy", &key.name).next() {
            let namespace = policy.namespace.as_deref().unwrap_or("default");
            (Severity::Error, format!("; there is ImagePolicy/{namespace}/{}", key.name))
        } else {
            (Severity::Error, roster.near("ImagePolicy", &key.name))
        };
        let at = place::of_policy(&mut self.sources, &file.found.path, field, key);
        let message = format!("there is no ImagePolicy/{key}{hint}");
        self.findings.push(Finding::at(&file.found.path, at, severity, "UnknownPolicy", message));
    }

    /// Policies that no marker names, once there are markers at all.
    fn unnamed(&mut self) {
        if self.named.is_empty() {
            return;
        }
        for policy in &self.objects.policies {
            let is_named = |space: &String| self.named.contains(&(space.clone(), policy.name.clone()));
            if !policy.spaces.iter().any(is_named) {
                let message = format!("no marker names ImagePolicy/{}", shown(policy));
                let located = policy.located;
                let place = located.place(".metadata.name");
                self.findings.push(Finding::at(
                    &located.file,
                    place,
                    Severity::Note,
                    "unused-policy",
                    message,
                ));
            }
        }
    }
}

/// Whether the comment at a column stands alone on its line and begins with words: it speaks of a marker.
fn is_prose(line: &str, column: u32) -> bool {
    let mut chars = line.chars();
    let alone = chars.by_ref().take((column as usize).saturating_sub(1)).all(char::is_whitespace);
    let comment = chars.as_str().trim_start_matches(['#', '/', ' ', '\t']);
    alone && !comment.starts_with('{')
}

/// A policy with the namespace that its manifest gives it.
pub(crate) fn shown(policy: Policy<'_>) -> String {
    let namespace = policy.located.object.namespace().unwrap_or_default();
    format!("{namespace}/{}", policy.name)
}
