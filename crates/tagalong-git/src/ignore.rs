//! What an artifact leaves out: `.sourceignore` files and `spec.ignore`, with Flux's rules. Pure; used by `archive`.
//!
//! They are those of `.gitignore` but for one thing that people rely on: a file below a folder that is left out can be
//! taken back in. The last rule that speaks of a path decides. With any rule of one's own, Flux's defaults but for
//! those of Git's own files no longer count.

mod glob;

use glob::Glob;

/// The file in a repository that holds rules for its folder and what is below.
pub(crate) const FILE_NAME: &str = ".sourceignore";

/// Left out whatever the rules say, unless they take it back in.
const GITS_OWN: [&str; 4] = [".git/", ".gitignore", ".gitmodules", ".gitattributes"];
/// Left out where there are no rules.
const DEFAULTS: [&str; 20] = [
    "*.jpg",
    "*.jpeg",
    "*.gif",
    "*.png",
    "*.wmv",
    "*.flv",
    "*.tar.gz",
    "*.zip",
    ".github/",
    ".circleci/",
    ".travis.yml",
    ".gitlab-ci.yml",
    "appveyor.yml",
    ".drone.yml",
    "cloudbuild.yaml",
    "codeship-services.yml",
    "codeship-steps.yml",
    "**/.goreleaser.yml",
    "**/.sops.yaml",
    "**/.flux.yaml",
];

/// All rules of one artifact, the weakest first.
#[derive(Debug)]
pub(crate) struct Rules(Vec<Rule>);

impl Rules {
    /// Of `.sourceignore` files, each with its folder (`""` is the root), and of `spec.ignore`, which outweighs them.
    pub(crate) fn new(files: &[(String, String)], spec: Option<&str>) -> Self {
        let mut own: Vec<Rule> = files.iter().flat_map(|(folder, text)| read(text, folder)).collect();
        own.extend(spec.into_iter().flat_map(|text| read(text, "")));
        let mut rules: Vec<Rule> = GITS_OWN.iter().map(|line| Rule::parse(line, "")).collect();
        if own.is_empty() {
            rules.extend(DEFAULTS.iter().map(|line| Rule::parse(line, "")));
        }
        rules.extend(own);
        Self(rules)
    }

    /// Whether a path is left out.
    pub(crate) fn leave_out(&self, path: &str, is_folder: bool) -> bool {
        let path: Vec<&str> = path.split('/').collect();
        let deciding = self.0.iter().rev().find(|rule| rule.speaks_of(&path, is_folder));
        deciding.is_some_and(|rule| !rule.takes_in)
    }
}

fn read<'a>(text: &'a str, folder: &'a str) -> impl Iterator<Item = Rule> + 'a {
    text.lines()
        .filter(|line| !line.starts_with('#') && !line.trim().is_empty())
        .map(move |line| Rule::parse(line, folder))
}

/// One line of rules.
#[derive(Debug)]
struct Rule {
    /// Where its file stands.
    folder: Vec<String>,
    parts: Vec<Part>,
    /// It holds a slash, so that it counts from its folder on.
    anchored: bool,
    takes_in: bool,
    folders_only: bool,
}

/// What stands between two slashes.
#[derive(Debug)]
enum Part {
    Nothing,
    AnyFolders,
    Name(Glob),
}

impl Rule {
    fn parse(line: &str, folder: &str) -> Self {
        let (takes_in, line) = line.strip_prefix('!').map_or((false, line), |rest| (true, rest));
        let line = if line.ends_with("\\ ") { line } else { line.trim_end_matches(' ') };
        let (folders_only, line) = line.strip_suffix('/').map_or((false, line), |rest| (true, rest));
        let part = |text: &str| match text {
            "" => Part::Nothing,
            "**" => Part::AnyFolders,
            // Two stars beside anything else match nothing, as in Flux.
            text if text.contains("**") && line.contains('/') => Part::Name(Glob::of_nothing()),
            text => Part::Name(Glob::parse(text)),
        };
        Self {
            folder: folder.split('/').filter(|name| !name.is_empty()).map(ToOwned::to_owned).collect(),
            parts: line.split('/').map(part).collect(),
            anchored: line.contains('/'),
            takes_in,
            folders_only,
        }
    }

    fn speaks_of(&self, path: &[&str], is_folder: bool) -> bool {
        let below = path.split_at_checked(self.folder.len()).filter(|(folder, _)| **folder == *self.folder);
        let Some((_, path)) = below.filter(|(_, rest)| !rest.is_empty()) else { return false };
        if self.anchored { self.leads_to(path, is_folder) } else { self.names(path, is_folder) }
    }

    /// A rule without a slash: any part of the path has the name.
    fn names(&self, path: &[&str], is_folder: bool) -> bool {
        let Some(Part::Name(glob)) = self.parts.first() else {
            // `**` alone.
            return matches!(self.parts.first(), Some(Part::AnyFolders));
        };
        let Some(at) = path.iter().position(|name| glob.matches(name)) else { return false };
        !self.folders_only || is_folder || at + 1 < path.len()
    }

    /// A rule with a slash: it leads to the path, or to a folder above it.
    fn leads_to(&self, path: &[&str], is_folder: bool) -> bool {
        let (mut rest, mut anywhere, mut matched) = (path, false, false);
        for (at, part) in self.parts.iter().enumerate() {
            match part {
                Part::Nothing => anywhere = false,
                Part::AnyFolders if at + 1 == self.parts.len() => break,
                Part::AnyFolders => anywhere = true,
                Part::Name(glob) => {
                    let found = if anywhere {
                        rest.iter().position(|name| glob.matches(name))
                    } else {
                        rest.first().filter(|name| glob.matches(name)).map(|_| 0)
                    };
                    let Some(found) = found else { return false };
                    rest = rest.get(found + 1..).unwrap_or_default();
                    (anywhere, matched) = (false, true);
                }
            }
        }
        matched && (!self.folders_only || is_folder || !rest.is_empty())
    }
}

#[cfg(test)]
mod tests;
