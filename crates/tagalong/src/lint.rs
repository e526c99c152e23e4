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
pub(crate) use source::Texts;

use anyhow::bail;
use source::Sources;
use std::path::PathBuf;
use tagalong_files::Loaded;

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
    /// What was looked at beside files.
    pub(crate) texts: Texts,
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
    let objects = objects::check(&loaded, &survey.roster, Sources::default(), &mut findings);
    references::objects(&loaded, &objects, &survey.roster, &mut findings);
    references::secrets(&loaded, &objects, &survey.roster, &mut findings);
    markers::check(&objects, &survey, &mut findings);
    markers::globs(&loaded.automations, &survey, &mut findings);
    findings.sort();
    findings.dedup();
    Ok(Report {
        findings,
        files: survey.files,
        objects: count(&loaded),
        markers: survey.marked.iter().flat_map(|file| &file.scan.sites).map(|site| site.fields.len()).sum(),
        texts: Texts::default(),
    })
}

/// Checks objects that stand in no file, each by its name: those of a cluster. Their Secrets are not looked for, and
/// there are no marked files.
pub(crate) fn lint_texts(texts: Texts) -> Report {
    let (loaded, problems) =
        tagalong_files::scan_texts(texts.iter().map(|(name, text)| (name.as_path(), text.as_str())));
    let roster = survey::roster(&texts);
    let mut findings = manifests::findings(&loaded, problems, &roster);
    let objects = objects::check(&loaded, &roster, Sources::with(&texts), &mut findings);
    references::objects(&loaded, &objects, &roster, &mut findings);
    findings.sort();
    findings.dedup();
    Report { findings, files: 0, objects: count(&loaded), markers: 0, texts }
}

fn count(loaded: &Loaded) -> usize {
    loaded.repositories.len() + loaded.policies.len() + loaded.automations.len() + loaded.sources.len()
}
