//! The rule of docs/pins.md in its own words, over the whole history, with nothing of the product: what the real `git`
//! says of each commit, and the highest refused version at each field.

use crate::estate::{Estate, tag, version};
use anyhow::{Context as _, Result, bail, ensure};
use std::collections::{BTreeMap, HashMap};

/// What stands at a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) path: String,
    pub(crate) line: String,
    pub(crate) value: String,
    pub(crate) policy: String,
    pub(crate) target: String,
    /// `None` is outside of the policy.
    pub(crate) version: Option<u32>,
}

/// What is to be written at a field.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    pub(crate) target: String,
    pub(crate) value: String,
    version: u32,
}

impl Field {
    /// Its value with another version.
    fn with(&self, version: u32) -> String {
        let old = self.value.rsplit(':').next().unwrap_or_default();
        format!("{}{}", self.value.strip_suffix(old).unwrap_or_default(), tag(version))
    }
}

/// A commit, as far as it matters.
#[derive(Debug)]
struct Commit {
    parents: Vec<String>,
    by_bot: bool,
    message: String,
    fields: BTreeMap<String, Field>,
    /// The highest refused version at each field, where there is one.
    ceilings: BTreeMap<String, u32>,
}

/// Everything that main ever held.
pub(crate) struct Judge<'e> {
    estate: &'e Estate,
    commits: HashMap<String, Commit>,
    tip: Option<String>,
}

impl<'e> Judge<'e> {
    pub(crate) fn new(estate: &'e Estate) -> Self {
        Self { estate, commits: HashMap::new(), tip: None }
    }

    /// Takes in what main got since the last call; those of the automation, parents first.
    pub(crate) fn read(&mut self) -> Result<Vec<String>> {
        let tip = self.estate.repo.rev("main").context("main is gone")?;
        // Not `main` again: the push of a killed process may land between the two.
        let mut arguments = vec!["rev-list", "--topo-order", "--reverse", "--parents", &tip];
        let known = self.tip.as_ref().map(|tip| format!("^{tip}"));
        arguments.extend(known.as_deref());
        let listed = self.estate.repo.git(&arguments)?;
        let mut bots = Vec::new();
        for line in listed.lines() {
            let mut ids = line.split(' ').map(ToOwned::to_owned);
            let id = ids.next().context("no commit in a line")?;
            // git goes by dates to find where the known ones begin, and the clocks of people differ.
            if self.commits.contains_key(&id) {
                continue;
            }
            let commit = self.commit(&id, ids.collect())?;
            if commit.by_bot {
                bots.push(id.clone());
            }
            self.commits.insert(id, commit);
        }
        self.tip = Some(tip);
        Ok(bots)
    }

    fn commit(&self, id: &str, parents: Vec<String>) -> Result<Commit> {
        let told = self.estate.repo.git(&["log", "-1", "--format=%cn%n%B", id])?;
        let (committer, message) = told.split_once('\n').unwrap_or((&told, ""));
        let mut commit = Commit {
            parents,
            by_bot: committer == "bot",
            message: message.to_owned(),
            fields: self.fields(id)?,
            ceilings: BTreeMap::new(),
        };
        ensure!(commit.fields.len() == Estate::fields(), "somebody broke {id}");
        for (name, field) in &commit.fields {
            if let Some(ceiling) = self.ceiling(&commit, name, field)? {
                commit.ceilings.insert(name.clone(), ceiling);
            }
        }
        Ok(commit)
    }

    /// The rule.
    fn ceiling(&self, commit: &Commit, name: &str, field: &Field) -> Result<Option<u32>> {
        let mut ceiling = None;
        for parent in &commit.parents {
            let before = self.at(parent)?;
            ceiling = ceiling.max(before.ceilings.get(name).copied());
            let Some(old) = before.fields.get(name) else { continue };
            if commit.records(field, old) {
                return Ok(None);
            }
            if old.version > field.version && self.made_by(commit, parent, name, old)? {
                ceiling = ceiling.max(old.version);
            }
        }
        let lifted = commit.message.lines().any(|line| {
            line.starts_with("Tagalong-Unpin:") && line.contains(&field.path) && line.ends_with(name)
        });
        Ok(ceiling.filter(|ceiling| !lifted && field.version.is_none_or(|version| version < *ceiling)))
    }

    /// Whether the commit itself took a parent's value away: no merge base held it already.
    fn made_by(&self, commit: &Commit, parent: &str, name: &str, old: &Field) -> Result<bool> {
        for other in commit.parents.iter().filter(|other| *other != parent) {
            let bases = self.estate.repo.git(&["merge-base", "--all", parent, other])?;
            for base in bases.lines() {
                if self.at(base)?.fields.get(name).is_some_and(|then| then.value == old.value) {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    fn at(&self, id: &str) -> Result<&Commit> {
        self.commits.get(id).with_context(|| format!("{id} was never read"))
    }

    fn fields(&self, id: &str) -> Result<BTreeMap<String, Field>> {
        let found = self.estate.repo.git(&["grep", "-n", "-F", "$imagepolicy", id, "--", "apps"])?;
        found.lines().map(|line| field(line).with_context(|| format!("odd line: {line}"))).collect()
    }

    /// What stands at the tip, and the versions that are to be written there.
    pub(crate) fn wanted(&self) -> Result<BTreeMap<String, u32>> {
        self.wanted_on(self.tip.as_deref().context("nothing was read")?)
    }

    fn wanted_on(&self, id: &str) -> Result<BTreeMap<String, u32>> {
        let commit = self.at(id)?;
        let wanted = commit.fields.iter().filter_map(|(name, field)| {
            let best = self.estate.best(&field.policy);
            let newer = field.version.is_none_or(|version| version < best);
            let free = commit.ceilings.get(name).is_none_or(|ceiling| *ceiling < best);
            (newer && free).then(|| (name.clone(), best))
        });
        Ok(wanted.collect())
    }

    /// What is to be written at the tip for one policy.
    pub(crate) fn wanted_of(&self, policy: &str) -> Result<BTreeMap<String, Wish>> {
        let commit = self.at(self.tip.as_deref().context("nothing was read")?)?;
        let wanted = self.wanted()?.into_iter().filter_map(|(name, version)| {
            let field = commit.fields.get(&name).filter(|field| field.policy == policy)?;
            Some((name, Wish { target: field.target.clone(), value: field.with(version), version }))
        });
        Ok(wanted.collect())
    }

    /// Checks the branch of a pull request: the tip of main, and one commit that does this and nothing else.
    pub(crate) fn check_branch(&self, branch: &str, wanted: &BTreeMap<String, Wish>) -> Result<()> {
        let tip = self.tip.as_deref().context("nothing was read")?;
        let below = self.estate.repo.rev(&format!("{branch}~1"));
        ensure!(below.as_deref() == Some(tip), "{branch} does not stand on main");
        let wanted = wanted.iter().map(|(name, wish)| (name.clone(), wish.version)).collect();
        self.compare(tip, branch, &wanted)
    }

    /// The fields of the tip that would be written but for a refusal.
    pub(crate) fn pinned(&self) -> Result<Vec<&Field>> {
        let commit = self.at(self.tip.as_deref().context("nothing was read")?)?;
        let pinned = commit.fields.iter().filter(|(name, field)| {
            let best = self.estate.best(&field.policy);
            field.version.is_none_or(|version| version < best)
                && commit.ceilings.get(*name).is_some_and(|ceiling| *ceiling >= best)
        });
        Ok(pinned.map(|(_, field)| field).collect())
    }

    /// Checks a commit of the automation: it does what the rule says of the commit that it stands on, to the byte.
    pub(crate) fn check(&self, id: &str) -> Result<()> {
        let commit = self.at(id)?;
        let [parent] = commit.parents.as_slice() else { bail!("{id} has several parents") };
        if commit.message.contains("Tagalong-Unpin:") {
            return Ok(());
        }
        let wanted = self.wanted_on(parent)?;
        ensure!(!wanted.is_empty(), "{id} had nothing to do");
        self.compare(parent, id, &wanted)
    }

    /// Whether going from one commit to another writes these versions, and not a byte beside.
    fn compare(&self, parent: &str, id: &str, wanted: &BTreeMap<String, u32>) -> Result<()> {
        let before = self.at(parent)?;
        for path in self.estate.repo.git(&["ls-tree", "-r", "--name-only", parent])?.lines() {
            let mut expected = self.estate.repo.read(parent, path)?;
            for (name, version) in wanted {
                let Some(field) = before.fields.get(name).filter(|field| field.path == path) else {
                    continue;
                };
                let line = field.line.replacen(&field.value, &field.with(*version), 1);
                expected = expected.replace(&field.line, &line);
            }
            let found = self.estate.repo.read(id, path)?;
            let told = || self.estate.repo.git(&["show", "--stat", id]).unwrap_or_default();
            ensure!(
                found == expected,
                "{id} made {path}\n{found}\nand not\n{expected}\nwanted {wanted:?} of {}\n{}",
                self.estate.shown(),
                told()
            );
        }
        let count = |id: &str| Ok::<_, anyhow::Error>(self.estate.repo.modes(id)?.len());
        ensure!(count(id)? == count(parent)?, "{id} added or removed files");
        Ok(())
    }
}

impl Commit {
    /// Whether the commit is the automation's by its trailers, and they record this very change.
    fn records(&self, field: &Field, old: &Field) -> bool {
        let has = |line: &str| self.message.lines().any(|found| found == line);
        let update = format!("Tagalong-Update: {} {} -> {}", field.target, old.value, field.value);
        self.parents.len() == 1 && has("Tagalong-Automation: default/fleet") && has(&update)
    }
}

/// `COMMIT:PATH:NUMBER:  image-NAME: VALUE # {"$imagepolicy": "TARGET"}`
fn field(found: &str) -> Option<(String, Field)> {
    let mut parts = found.splitn(4, ':').skip(1);
    let (path, _, line) = (parts.next()?, parts.next()?, parts.next()?);
    let (key, rest) = line.trim().split_once(": ")?;
    let (value, marker) = rest.split_once(" # ")?;
    let value = value.trim_matches('"');
    let target = marker.split('"').nth(3)?;
    let field = Field {
        path: path.to_owned(),
        line: line.to_owned(),
        value: value.to_owned(),
        policy: target.split(':').nth(1)?.to_owned(),
        target: target.to_owned(),
        version: version(value.rsplit(':').next()?),
    };
    Some((key.split_once('-')?.1.to_owned(), field))
}
