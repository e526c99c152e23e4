//! What the loader says about manifests, weighed: `run` refuses a folder for any of it, while a repository that
//! kustomize builds may hold parts of objects and one object for each cluster.

use super::names::{Named, Roster};
use super::patches::are_apart;
use super::place::start;
use super::source::Sources;
use super::{Finding, Severity};
use std::collections::BTreeSet;
use std::path::Path;
use tagalong_files::{Code, Loaded, Problem};

/// The findings of the loader's problems and notes.
pub(crate) fn findings(loaded: &Loaded, problems: Vec<Problem>, roster: &Roster) -> Vec<Finding> {
    let mut sources = Sources::default();
    let mut findings = Vec::new();
    let mut completed = BTreeSet::new();
    for problem in problems {
        let named = problem.place.and_then(|place| roster.at(&problem.file, place.line));
        if problem.code == Code::MissingField
            && let Some(kind) = named.and_then(|named| completes(roster, &problem.file, named))
        {
            completed.insert(kind.to_owned());
            continue;
        }
        if problem.code == Code::DuplicateObject && is_patch(roster, &problem.file) {
            continue;
        }
        let severity = match problem.code {
            Code::DuplicateObject if elsewhere(roster, &problem, named) => Severity::Warning,
            Code::BadValue if is_substituted(roster, &problem, &mut sources) => Severity::Note,
            _ => Severity::Error,
        };
        findings.push(Finding::of(problem, severity));
    }
    findings.extend(notes(loaded, roster, &mut sources));
    findings.extend(patched(roster, &completed));
    findings
}

fn is_patch(roster: &Roster, file: &Path) -> bool {
    roster.kustomizations.iter().any(|own| own.patches_with(file))
}

/// The kind of a document whose missing fields may come from a patch, or that is a patch itself.
fn completes<'n>(roster: &Roster, file: &Path, named: &'n Named) -> Option<&'n str> {
    let patched = || roster.kustomizations.iter().any(|own| own.completes(&named.kind));
    (is_patch(roster, file) || patched()).then_some(named.kind.as_str())
}

/// One note for each kind of which something was left unchecked.
fn patched(roster: &Roster, kinds: &BTreeSet<String>) -> Vec<Finding> {
    let note = |kind: &String| {
        let own = roster.kustomizations.iter().find(|own| own.completes(kind))?;
        let message = format!(
            "patches of this kustomization may add what some {kind} objects lack, so that was not checked; lint the \
             output of `kustomize build` for that"
        );
        Some(Finding::at(&own.file, start(own.line), Severity::Note, "patched", message))
    };
    kinds.iter().filter_map(note).collect()
}

/// Whether the other object of this name stands in another kustomization.
fn elsewhere(roster: &Roster, problem: &Problem, named: Option<&Named>) -> bool {
    let Some(named) = named else { return false };
    let same = |other: &&Named| other.namespace == named.namespace && other.group == named.group;
    let before = roster
        .all(&named.kind, &named.name)
        .filter(same)
        .take_while(|other| (&other.file, other.line) != (&named.file, named.line));
    let mut before = before.peekable();
    before.peek().is_some()
        && before.all(|other| {
            is_patch(roster, &other.file) || are_apart(&roster.kustomizations, &other.file, &problem.file)
        })
}

/// Whether the value holds a `${variable}` that Flux fills in before anybody reads it.
fn is_substituted(roster: &Roster, problem: &Problem, sources: &mut Sources) -> bool {
    let line = |place: tagalong_files::Place| sources.line(&problem.file, place.line).contains("${");
    roster.substitutes && problem.place.is_some_and(line)
}

/// What the loader left alone; documents of which nothing is expected here are not worth a word.
fn notes(loaded: &Loaded, roster: &Roster, sources: &mut Sources) -> Vec<Finding> {
    let silent = |note: &Problem, sources: &mut Sources| match (note.code, note.place) {
        (Code::NotServed, Some(place)) => {
            let named = roster.at(&note.file, place.line);
            named.is_some_and(|named| named.encrypted || named.kind == "Kustomization")
        }
        // Templates of charts are not YAML yet.
        (Code::Yaml, _) => sources.text(&note.file).contains("{{"),
        _ => false,
    };
    let mut findings = Vec::new();
    for note in &loaded.notes {
        if !silent(note, sources) {
            findings.push(Finding::of(note.clone(), Severity::Note));
        }
    }
    findings
}
