//! Our commits between a revision that was Ready and one that was not healthy, and what of them still stands. Blocks.

use super::verdict::Verdict;
use crate::automation::look::{Looked, Scope};
use crate::automation::message::automation_name;
use crate::automation::pins::{self, DEPTHS, twin};
use crate::automation::plan::{MarkedFile, PlannedEdit};
use crate::automation::round::Job;
use crate::mirrors::Opened;
use std::collections::{BinaryHeap, HashMap};
use std::sync::Arc;
use tagalong_edit::{Scan, Site, scan};
use tagalong_git::{BlobId, CommitId, Deepened, GitError, PastCommit, PastReader, TreeId};
use tagalong_model::{ImageRef, MarkerTarget, RepoPath, Setter};

/// The most commits that are looked at for one verdict.
const COMMITS: usize = 1000;

/// A commit of ours that may be why something is not healthy.
pub(super) struct Suspect {
    pub(super) commit: Arc<PastCommit>,
    /// What it stands on.
    pub(super) before: Arc<PastCommit>,
    /// Its fields that still hold what it wrote, with what stood there before.
    pub(super) edits: Vec<PlannedEdit>,
    /// Its other fields, with why they stay.
    pub(super) left_alone: Vec<String>,
    /// The values that it wrote.
    pub(super) wrote: Vec<String>,
    /// What was Ready.
    pub(super) good: Arc<PastCommit>,
    /// What was not.
    pub(super) failed: Arc<PastCommit>,
}

impl Suspect {
    /// The commits that tell whether it is, each with its tree.
    pub(super) fn stages(&self) -> [(TreeId, CommitId); 4] {
        [&self.good, &self.before, &self.commit, &self.failed].map(|stage| (stage.tree, stage.id))
    }
}

/// The suspects of a verdict, the newest first; none where the history is not there, or not the branch's any more.
///
/// # Errors
/// Where the mirror is damaged, or more history cannot be fetched.
pub(super) fn suspects(
    job: &Job,
    opened: &mut Opened,
    looked: &Looked,
    verdict: &Verdict,
) -> Result<Vec<Suspect>, GitError> {
    let tip: CommitId = looked.fetched.commit.parse()?;
    let mut depths = DEPTHS.iter();
    let commits = loop {
        if let Some(commits) = between(&mut reader(opened), verdict.failed, verdict.good)?
            && let Some(since) = between(&mut reader(opened), tip, verdict.failed)?
        {
            // A revision that the branch does not hold any more is nobody's business.
            let known =
                tip == verdict.failed || since.iter().any(|commit| commit.parents.contains(&verdict.failed));
            if !known {
                return Ok(Vec::new());
            }
            break commits;
        }
        let Some(depth) = depths.next() else { return Ok(Vec::new()) };
        let deepened = opened.mirror.deepen(&job.gathered.remote, tip, *depth, job.max_mirror_size)?;
        if deepened != Deepened::Done {
            return Ok(Vec::new());
        }
    };
    let mut found = Vec::new();
    for commit in commits {
        found.extend(suspect(job, opened, looked, verdict, commit, tip)?);
    }
    Ok(found)
}

fn reader(opened: &mut Opened) -> PastReader<'_> {
    opened.look_back.reader(&opened.mirror)
}

/// The commits that `new` stands on and `old` does not, `new` itself among them, newest first; `None` where the mirror's
/// history ends before that is known.
fn between(
    past: &mut PastReader<'_>,
    new: CommitId,
    old: CommitId,
) -> Result<Option<Vec<Arc<PastCommit>>>, GitError> {
    let mut is_old: HashMap<CommitId, bool> = HashMap::from([(new, false)]);
    is_old.insert(old, true);
    let mut open = BinaryHeap::new();
    for id in [new, old] {
        let Some(commit) = past.commit(id)? else { return Ok(None) };
        open.push((commit.committed, id));
    }
    let mut found: Vec<Arc<PastCommit>> = Vec::new();
    while open.iter().any(|(_, id)| is_old.get(id) == Some(&false)) && found.len() < COMMITS {
        let Some((_, id)) = open.pop() else { break };
        let Some(commit) = past.commit(id)? else { return Ok(None) };
        let old = is_old.get(&id) == Some(&true);
        if !old && !found.iter().any(|known| known.id == id) {
            found.push(Arc::clone(&commit));
        }
        for parent in &commit.parents {
            let known = is_old.get(parent).copied();
            if known == Some(true) || known == Some(old) {
                continue;
            }
            is_old.insert(*parent, old);
            match past.commit(*parent)? {
                Some(parent) => open.push((parent.committed, parent.id)),
                None if old => {}
                None => return Ok(None),
            }
        }
    }
    found.retain(|commit| is_old.get(&commit.id) == Some(&false));
    Ok(Some(found))
}

fn suspect(
    job: &Job,
    opened: &mut Opened,
    looked: &Looked,
    verdict: &Verdict,
    commit: Arc<PastCommit>,
    tip: CommitId,
) -> Result<Option<Suspect>, GitError> {
    let [parent] = commit.parents.as_slice() else { return Ok(None) };
    let name = automation_name(&job.valid.key, job.instance.as_deref());
    if !pins::is_named(&name, &commit) || is_reverted(opened, tip, commit.id)? {
        return Ok(None);
    }
    let mut past = reader(opened);
    let Some(before) = past.commit(*parent)? else { return Ok(None) };
    let (Some(good), Some(failed)) = (past.commit(verdict.good)?, past.commit(verdict.failed)?) else {
        return Ok(None);
    };
    let mut own =
        Own { job, looked, name: &name, edits: Vec::new(), left_alone: Vec::new(), wrote: Vec::new() };
    own.collect(&mut past, &before, &commit)?;
    let Own { edits, left_alone, wrote, .. } = own;
    if edits.is_empty() {
        return Ok(None);
    }
    Ok(Some(Suspect { commit, before, edits, left_alone, wrote, good, failed }))
}

/// Whether somebody has taken the commit back already: never more than one revert for a commit.
fn is_reverted(opened: &mut Opened, tip: CommitId, commit: CommitId) -> Result<bool, GitError> {
    let Some(since) = between(&mut reader(opened), tip, commit)? else { return Ok(true) };
    let said = format!("This reverts commit {commit}");
    for later in since {
        if opened.mirror.commit_info(&later.id.to_string())?.message.contains(&said) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The fields that a commit wrote as its trailers say.
struct Own<'a> {
    job: &'a Job,
    looked: &'a Looked,
    name: &'a str,
    edits: Vec<PlannedEdit>,
    left_alone: Vec<String>,
    wrote: Vec<String>,
}

impl Own<'_> {
    fn collect(
        &mut self,
        past: &mut PastReader<'_>,
        before: &PastCommit,
        commit: &PastCommit,
    ) -> Result<(), GitError> {
        for change in past.changes(before.tree, commit.tree)?.iter() {
            let (Some(old), Some(new)) = (change.before, change.after) else { continue };
            let Ok(path) = change.path.parse::<RepoPath>() else { continue };
            let kind = self.job.scope.kind(&path).unwrap_or_else(|| Scope::kind_by_name(&path));
            let (then, now) = (scan(&past.read(old)?, kind), scan(&past.read(new)?, kind));
            let file = self.looked.files.iter().find(|file| file.path == path);
            for (at, site) in now.sites.iter().enumerate() {
                let twin = twin(&now, at, &then).and_then(|at| then.sites.get(at));
                if let Some(was) = twin.filter(|was| pins::is_ours(self.name, commit, was, site)) {
                    self.field(&path, file, new, &now, at, was);
                }
            }
        }
        Ok(())
    }

    /// One site that the commit wrote: back to what it was, where it still is what was written.
    fn field(
        &mut self,
        path: &RepoPath,
        file: Option<&MarkedFile>,
        blob: BlobId,
        then: &Scan,
        at: usize,
        was: &Site,
    ) {
        let Some(wrote) = then.sites.get(at) else { return };
        let values = wrote.fields.iter().zip(&was.fields).filter(|(new, old)| new.value != old.value);
        self.wrote.extend(values.map(|(new, _)| new.value.clone()));
        let place = |line: u32| format!("{path}:{line}");
        let Some(file) = file else {
            self.left_alone.push(format!("{}: the file is gone or was moved", place(wrote_line(wrote))));
            return;
        };
        let index = if BlobId::from(file.blob) == blob {
            Some(at)
        } else {
            (0..file.scan.sites.len()).find(|index| twin(&file.scan, *index, then) == Some(at))
        };
        let Some((index, now)) = index.and_then(|index| Some((index, file.scan.sites.get(index)?))) else {
            self.left_alone.push(format!("{}: its marker is gone", place(wrote_line(wrote))));
            return;
        };
        let same = now.fields.len() == wrote.fields.len()
            && now.fields.iter().zip(&wrote.fields).all(|(now, wrote)| now.value == wrote.value);
        if !same {
            self.left_alone.push(format!("{}: it was changed since", place(wrote_line(now))));
        } else if now.hold.is_some() {
            self.left_alone.push(format!("{}: its marker holds it", place(wrote_line(now))));
        } else {
            self.edits.extend(edits(path, index, now, was));
        }
    }
}

fn wrote_line(site: &Site) -> u32 {
    site.fields.first().map_or(0, |field| field.line)
}

/// The edits that put the old values back at a site.
fn edits(path: &RepoPath, index: usize, now: &Site, was: &Site) -> Vec<PlannedEdit> {
    let tag = tag_of(was);
    let changed =
        now.fields.iter().zip(&was.fields).enumerate().filter(|(_, (now, was))| now.value != was.value);
    let edit =
        |(at, (now_field, was)): (usize, (&tagalong_edit::Field, &tagalong_edit::Field))| PlannedEdit {
            path: path.clone(),
            place: (index, at),
            line: now_field.line,
            column: now_field.column,
            key_path: now_field.path.clone(),
            from: now_field.value.clone(),
            to: was.value.clone(),
            tag: tag.clone(),
            target: MarkerTarget { policy: now.policy.clone(), setter: now_field.setter },
            object: now.object.clone(),
            left_policy: None,
            refused: Vec::new(),
        };
    changed.map(edit).collect()
}

/// The tag that stood at a site, or what stood there in place of one.
fn tag_of(site: &Site) -> String {
    let of = |setter: Setter| site.fields.iter().find(|field| field.setter == setter);
    if let Some(field) = of(Setter::Image)
        && let Ok(image) = field.value.parse::<ImageRef>()
        && let Some(tag) = image.tag
    {
        return tag.as_str().to_owned();
    }
    of(Setter::Tag).or_else(|| site.fields.first()).map(|field| field.value.clone()).unwrap_or_default()
}
