//! One pass over all files: what is marked in them, and who is named in them.

use super::names::Roster;
use super::walk::{Found, LineFiles, files};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use tagalong_edit::{FileKind, LineFormat, Scan, is_yaml_name, line_format, scan};

/// Larger YAML files are not read; the editor reads none of them either.
const YAML_LIMIT: u64 = 32 << 20;
/// Larger files of other kinds are taken for data.
const OTHER_LIMIT: u64 = 1 << 20;
/// Prose, in which markers are examples.
const PROSE: [&str; 6] = ["md", "markdown", "mdx", "rst", "adoc", "txt"];

/// What all files say.
pub(crate) struct Survey {
    /// How many were read.
    pub(crate) files: usize,
    /// Those with markers, or with what looks like one.
    pub(crate) marked: Vec<MarkedFile>,
    /// Who is named.
    pub(crate) roster: Roster,
}

/// A file with markers.
pub(crate) struct MarkedFile {
    pub(crate) found: Found,
    /// What stands in it.
    pub(crate) scan: Scan,
    /// Whether an automation can read it: it is YAML, or named in `update.lineFiles`.
    pub(crate) is_read: bool,
    /// Whether it is a template that must be rendered before it is YAML.
    pub(crate) is_template: bool,
}

/// Reads everything below `paths`.
pub(crate) fn survey(paths: &[PathBuf], lines: &LineFiles) -> Survey {
    let mut survey = Survey { files: 0, marked: Vec::new(), roster: Roster::default() };
    for found in files(paths) {
        let yaml = is_yaml_name(&found.name());
        let kind = lines.kind(&found);
        let limit = if kind.is_some() { YAML_LIMIT } else { OTHER_LIMIT };
        let Some(bytes) = read(&found.path, limit) else { continue };
        survey.files += 1;
        if yaml && let Ok(text) = std::str::from_utf8(&bytes) {
            survey.roster.read(&found.path, text);
        }
        mark(&mut survey, found, kind, &bytes);
    }
    survey.roster.close();
    survey
}

fn mark(survey: &mut Survey, found: Found, kind: Option<FileKind>, bytes: &[u8]) {
    let name = found.name();
    let extension = Path::new(&name).extension().unwrap_or_default().to_string_lossy();
    let is_prose = PROSE.contains(&extension.as_ref());
    if kind.is_none() && is_prose {
        return;
    }
    let guess = || FileKind::Lines(line_format(&name).unwrap_or(LineFormat::Text));
    let scan = scan(bytes, kind.unwrap_or_else(guess));
    if scan.sites.is_empty() && (scan.problems.is_empty() || kind.is_none()) {
        return;
    }
    let is_template = bytes.windows(2).any(|pair| pair == b"{{");
    survey.marked.push(MarkedFile { found, scan, is_read: kind.is_some(), is_template });
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
