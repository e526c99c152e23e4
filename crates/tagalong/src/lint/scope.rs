//! Which files an automation reads, and how: `update.path` and `update.lineFiles` (RULES 27) over files of which it is
//! not certain where their repository begins. Used by `survey` and `sites`.

use super::walk::Found;
use globset::{GlobBuilder, GlobMatcher};
use tagalong_api::UpdateStrategy;
use tagalong_model::RepoPath;

/// What one automation reads. The repository begins at a given folder or at the Git work tree around it; a folder or
/// glob that would name nothing then may begin at any folder.
pub(crate) struct Scope {
    folder: Option<RepoPath>,
    /// Whether the folder may begin anywhere.
    folder_anywhere: bool,
    lines: Vec<Lines>,
    /// Which of the globs match no file at all.
    idle: Vec<usize>,
}

/// One glob of `update.lineFiles`.
struct Lines {
    glob: GlobMatcher,
    anywhere: bool,
}

impl Scope {
    /// The scope of an automation over all files. What is wrong with it is `objects`' business, and matches nothing.
    pub(crate) fn new(update: Option<&UpdateStrategy>, files: &[Found]) -> Self {
        let path = update.and_then(|update| update.path.as_deref()).unwrap_or_default();
        let folder = RepoPath::folder(path).ok().flatten();
        let mut scope = Self { folder, folder_anywhere: false, lines: Vec::new(), idle: Vec::new() };
        scope.folder_anywhere = !files.iter().any(|file| scope.covers(file));
        let globs = update.map_or(&[][..], |update| update.line_files.as_slice());
        for (index, glob) in globs.iter().enumerate() {
            let Ok(glob) = GlobBuilder::new(glob).literal_separator(true).build() else { continue };
            let mut lines = Lines { glob: glob.compile_matcher(), anywhere: false };
            lines.anywhere = !files.iter().any(|file| scope.reads(file, &lines));
            if !files.iter().any(|file| scope.reads(file, &lines)) {
                scope.idle.push(index);
            }
            scope.lines.push(lines);
        }
        scope
    }

    /// Whether the file is below `update.path`. A path with a `$` is not known before Flux has filled it in.
    pub(crate) fn covers(&self, file: &Found) -> bool {
        let Some(folder) = &self.folder else { return true };
        folder.as_str().contains('$') || self.any(file, self.folder_anywhere, |_| true)
    }

    /// Whether the file is read line by line.
    pub(crate) fn is_line_file(&self, file: &Found) -> bool {
        self.lines.iter().any(|lines| self.reads(file, lines))
    }

    /// Which globs of `update.lineFiles` match no file.
    pub(crate) fn idle(&self) -> &[usize] {
        &self.idle
    }

    /// The folder as it is written.
    pub(crate) fn folder(&self) -> &str {
        self.folder.as_ref().map_or("./", RepoPath::as_str)
    }

    fn reads(&self, file: &Found, lines: &Lines) -> bool {
        self.any(file, self.folder_anywhere || lines.anywhere, |path| lines.glob.is_match(path))
    }

    /// Whether any path that the file may have below the folder passes.
    fn any(&self, file: &Found, anywhere: bool, passes: impl Fn(&str) -> bool) -> bool {
        let below = |path: &str| match &self.folder {
            None => passes(path),
            Some(folder) => path
                .strip_prefix(folder.as_str())
                .and_then(|rest| rest.strip_prefix('/'))
                .is_some_and(&passes),
        };
        file.relative.iter().any(|path| {
            let mut tails = path.match_indices('/').filter_map(|(at, _)| path.get(at + 1..));
            below(path) || (anywhere && tails.any(below))
        })
    }
}
