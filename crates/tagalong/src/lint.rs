//! Checks manifests and marked files without asking anybody: no registry, no Git server, no Secret is read or resolved
//! (RULES 24). Called by `commands::lint`.
//!
//! ```text
//! paths ─┬─► manifests: load's problems, each object validated ──┐
//!        ├─► survey: names in all files, however broken ─────────┼─► findings ─► form::{text, json, github, sarif}
//!        └─► markers: every marked file, each site's policy ─────┘
//! ```

mod alphabetical;
mod cure;
mod finding;
pub(crate) mod form;
mod manifests;
mod markers;
mod names;
mod objects;
mod patches;
mod place;
mod references;
mod scope;
mod sites;
mod source;
mod survey;
mod template;
mod walk;

pub(crate) use finding::{Finding, Severity};

use anyhow::bail;
use std::path::PathBuf;

/// What was found, and what was looked at.
pub(crate) struct Report {
    /// In the order of files, lines and columns.
    pub(crate) findings: Vec<Finding>,
    /// Files that were read.
    pub(crate) files: usize,
    /// Objects of ours in them.
    pub(crate) objects: usize,
    /// Marked fields in them.
    pub(crate) markers: usize,
}

impl Report {
    /// How many findings weigh this much.
    pub(crate) fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }
}

/// Checks everything below the given paths.
///
/// # Errors
/// A path that does not exist or cannot be looked at: nothing was checked.
pub(crate) fn lint(paths: &[PathBuf]) -> anyhow::Result<Report> {
    for path in paths {
        if let Err(error) = path.metadata() {
            let path = source::visible(&path.to_string_lossy());
            match error.kind() {
                std::io::ErrorKind::NotFound => bail!("{path} does not exist"),
                _ => bail!("{path} cannot be read: {error}"),
            }
        }
    }
    let (loaded, problems) = tagalong_files::scan(paths);
    let survey = survey::survey(paths, &loaded.automations);
    let mut findings = manifests::findings(&loaded, problems, &survey.roster);
    let objects = objects::check(&loaded, &survey.roster, &mut findings);
    references::check(&loaded, &objects, &survey.roster, &mut findings);
    markers::check(&objects, &survey, &mut findings);
    findings.sort();
    findings.dedup();
    Ok(Report {
        findings,
        files: survey.files,
        objects: loaded.repositories.len()
            + loaded.policies.len()
            + loaded.automations.len()
            + loaded.sources.len(),
        markers: survey.marked.iter().flat_map(|file| &file.scan.sites).map(|site| site.fields.len()).sum(),
    })
}
