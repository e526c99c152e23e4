//! One pass over all files: what is marked in them, and who is named in them.

use super::names::Roster;
use super::scope::Scope;
use super::source::Texts;
use super::walk::{Found, files};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use tagalong_api::ImageUpdateAutomation;
use tagalong_edit::{FileKind, LineFormat, Scan, is_yaml_name, line_format, scan};
use tagalong_files::Located;

/// Larger YAML files are not read; the editor reads none of them either.
const YAML_LIMIT: u64 = 32 << 20;
/// Larger files of other kinds are taken for data.
const OTHER_LIMIT: u64 = 1 << 20;
/// Prose and diffs, in which markers are examples.
const PROSE: [&str; 8] = ["md", "markdown", "mdx", "rst", "adoc", "txt", "diff", "patch"];

/// What all files say.
pub(crate) struct Survey {
    /// How many were read.
    pub(crate) files: usize,
    /// Those with markers, or with what looks like one.
    pub(crate) marked: Vec<MarkedFile>,
    /// Who is named.
    pub(crate) roster: Roster,
    /// What each automation reads.
    pub(crate) scopes: Vec<Scope>,
}

/// A file with markers.
pub(crate) struct MarkedFile {
    pub(crate) found: Found,
    /// What stands in it.
    pub(crate) scan: Scan,
    /// Whether an automation can read it: it is YAML, or named in `update.lineFiles`.
    pub(crate) is_read: bool,
}

/// Reads everything below `paths`, for these automations.
pub(crate) fn survey(paths: &[PathBuf], automations: &[Located<ImageUpdateAutomation>]) -> Survey {
    let all = files(paths);
    let scopes = automations.iter().map(|located| Scope::new(located.object.spec.update.as_ref(), &all));
    let scopes = scopes.collect();
    let mut survey = Survey { files: 0, marked: Vec::new(), roster: Roster::default(), scopes };
    for found in all {
        let yaml = is_yaml_name(&found.name());
        let kind = survey.kind(&found);
        let limit = if kind.is_some() { YAML_LIMIT } else { OTHER_LIMIT };
        let Some(bytes) = read(&found.path, limit) else { continue };
        survey.files += 1;
        if yaml && let Ok(text) = std::str::from_utf8(&bytes) {
            survey.roster.read(&found.path, text);
        }
        survey.mark(found, kind, &bytes);
    }
    survey.roster.close();
    survey
}

/// Who is named in texts that stand in no file.
pub(crate) fn roster(texts: &Texts) -> Roster {
    let mut roster = Roster::default();
    for (name, text) in texts.iter() {
        roster.read(name, text);
    }
    roster.close();
    roster
}

impl Survey {
    /// How a file is read; `None` where nobody reads it.
    fn kind(&self, file: &Found) -> Option<FileKind> {
        let name = file.name();
        if self.scopes.iter().any(|scope| scope.is_line_file(file)) {
            return Some(FileKind::Lines(line_format(&name).unwrap_or_default()));
        }
        is_yaml_name(&name).then_some(FileKind::Yaml)
    }

    fn mark(&mut self, found: Found, kind: Option<FileKind>, bytes: &[u8]) {
        let name = found.name();
        let extension = Path::new(&name).extension().unwrap_or_default().to_string_lossy();
        let is_prose = PROSE.contains(&extension.as_ref());
        if kind.is_none() && is_prose {
            return;
        }
        let format = line_format(&name);
        let scan = scan(bytes, kind.unwrap_or(FileKind::Lines(format.unwrap_or(LineFormat::Text))));
        // In a file of a format that nobody knows, what is no marker is nothing.
        let has_problems = !scan.problems.is_empty() && (kind.is_some() || format.is_some());
        if scan.sites.is_empty() && !has_problems {
            return;
        }
        self.marked.push(MarkedFile { found, scan, is_read: kind.is_some() });
    }
}

/// The bytes of a file; `None` where it is too large or holds no text, and where it cannot be read.
fn read(path: &Path, limit: u64) -> Option<Vec<u8>> {
    let mut file = File::open(path).ok()?;
    let size = file.metadata().ok().filter(std::fs::Metadata::is_file).map_or(0, |meta| meta.len());
    if size > limit {
        return None;
    }
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default() + 1);
    file.by_ref().take(limit).read_to_end(&mut bytes).ok()?;
    (!bytes.iter().take(8000).any(|byte| *byte == 0)).then_some(bytes)
}
