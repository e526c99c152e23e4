//! One site's way back through history: the commits that changed it, each with what stood there, as the nodes that
//! `Policy::pins` judges. Reads only commits, and of trees and files only what differs.

use super::LookBack;
use super::hand;
use super::stretch::Stretches;
use super::twin;
use crate::automation::index::{BlobKey, SiteIndex};
use crate::automation::look::{Scope, blob_key};
use std::collections::HashMap;
use std::sync::Arc;
use tagalong_edit::{Scan, Site, scan};
use tagalong_git::{BlobId, Change, CommitId, ErrorKind, GitError, Mirror, PastCommit, PastReader, TreeId};
use tagalong_model::RepoPath;
use tagalong_policy::{Node, Parent, Standing};

/// Where a site stands in one commit.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Place {
    pub(super) path: Arc<str>,
    pub(super) blob: BlobId,
    pub(super) index: usize,
}

/// What a way back led to.
pub(super) enum Traced {
    /// To its end.
    Whole(Vec<Node>),
    /// To a commit that the mirror does not hold.
    Short,
}

/// A step that may need a commit which is not there.
enum Step<T> {
    Done(T),
    Short,
}

/// A commit on the way, before parents are put in front of children.
struct Stop {
    commit: Arc<PastCommit>,
    place: Place,
    ours: bool,
    parents: Vec<Parent>,
}

/// Reads the history of one mirror for the sites of one automation.
pub(super) struct Tracer<'a> {
    reader: PastReader<'a>,
    scans: &'a mut HashMap<BlobKey, Arc<Scan>>,
    stretches: &'a mut Stretches,
    index: &'a SiteIndex,
    scope: &'a Scope,
    /// How the automation is named in its trailers.
    name: &'a str,
}

impl<'a> Tracer<'a> {
    pub(super) fn new(
        mirror: &Mirror,
        known: &'a mut LookBack,
        index: &'a SiteIndex,
        scope: &'a Scope,
        name: &'a str,
    ) -> Self {
        known.fit(mirror);
        let LookBack { past, scans, stretches, .. } = known;
        Self { reader: mirror.past(past), scans, stretches, index, scope, name }
    }

    /// The way back from `tip`; `judge` says what stands at a site.
    pub(super) fn trace(
        &mut self,
        tip: CommitId,
        place: Place,
        judge: &dyn Fn(&Site) -> Standing,
    ) -> Result<Traced, GitError> {
        let mut way = Way::default();
        let Step::Done(first) = self.stop(&mut way, tip, place)? else { return Ok(Traced::Short) };
        let mut next = 0;
        while next < way.stops.len() {
            if let Step::Short = self.expand(&mut way, next)? {
                return Ok(Traced::Short);
            }
            next += 1;
        }
        self.nodes(&way, first, judge).map(Traced::Whole)
    }

    /// A commit that was met.
    pub(super) fn commit(&mut self, id: CommitId) -> Result<Option<Arc<PastCommit>>, GitError> {
        self.reader.commit(id)
    }

    /// The stop that a walk from `commit` on comes to first.
    fn stop(&mut self, way: &mut Way, commit: CommitId, place: Place) -> Result<Step<usize>, GitError> {
        let found = self.stretches.next(&mut self.reader, commit, &place.path)?;
        let Some(commit) = found else { return Ok(Step::Short) };
        let key = (commit.id, place.clone());
        if let Some(known) = way.known.get(&key) {
            return Ok(Step::Done(*known));
        }
        let at = way.stops.len();
        way.known.insert(key, at);
        way.stops.push(Stop { commit, place, ours: false, parents: Vec::new() });
        Ok(Step::Done(at))
    }

    /// Fills in what a stop stands on.
    fn expand(&mut self, way: &mut Way, at: usize) -> Result<Step<()>, GitError> {
        let Some(Stop { commit, place, .. }) = way.stops.get(at) else { return Ok(Step::Done(())) };
        let (commit, place) = (Arc::clone(commit), place.clone());
        let scan = self.scan(&place.path, place.blob)?;
        let Some(site) = scan.sites.get(place.index) else { return Ok(Step::Done(())) };
        if hand::lifts(&commit, site, &place.path) {
            return Ok(Step::Done(()));
        }
        let (mut parents, mut ours) = (Vec::new(), false);
        for id in &commit.parents {
            let Some(parent) = self.reader.commit(*id)? else { return Ok(Step::Short) };
            let Some(before) = self.before(parent.tree, commit.tree, &place)? else { continue };
            let old = self.scan(&before.path, before.blob)?;
            let Some(old) = old.sites.get(before.index) else { continue };
            if commit.parents.len() == 1 && hand::is_ours(self.name, &commit, old, site) {
                if !hand::leaves_refused(&commit, site) {
                    // What we wrote was above all that was refused: the look-back ends here (RULES 13).
                    return Ok(Step::Done(()));
                }
                ours = true;
            }
            let by_merge = if commit.parents.len() > 1 && values(old) != values(site) {
                match self.came_by_merge(&commit, &parent, &before, old)? {
                    Step::Done(by_merge) => by_merge,
                    Step::Short => return Ok(Step::Short),
                }
            } else {
                false
            };
            let Step::Done(node) = self.stop(way, *id, before)? else { return Ok(Step::Short) };
            parents.push(Parent { node, by_merge });
        }
        if let Some(stop) = way.stops.get_mut(at) {
            stop.parents = parents;
            stop.ours = ours;
        }
        Ok(Step::Done(()))
    }

    /// Whether the base that `parent` shares with another parent of the merge holds the parent's value already.
    fn came_by_merge(
        &mut self,
        merge: &PastCommit,
        parent: &PastCommit,
        place: &Place,
        site: &Site,
    ) -> Result<Step<bool>, GitError> {
        for other in merge.parents.iter().filter(|other| **other != parent.id) {
            let Some(bases) = self.reader.bases(parent.id, *other)? else { return Ok(Step::Short) };
            for base in bases {
                let Some(base) = self.reader.commit(base)? else { return Ok(Step::Short) };
                let Some(then) = self.before(base.tree, parent.tree, place)? else { continue };
                let old = self.scan(&then.path, then.blob)?;
                if old.sites.get(then.index).is_some_and(|old| values(old) == values(site)) {
                    return Ok(Step::Done(true));
                }
            }
        }
        Ok(Step::Done(false))
    }

    /// Where the site stood in the tree `before`, given where it stands in `after` (RULES 14).
    fn before(&mut self, before: TreeId, after: TreeId, place: &Place) -> Result<Option<Place>, GitError> {
        let changes = self.reader.changes(before, after)?;
        let Some(change) = find(&changes, &place.path) else { return Ok(Some(place.clone())) };
        let now = self.scan(&place.path, place.blob)?;
        if let Some(blob) = change.before {
            let then = self.scan(&place.path, blob)?;
            let index = twin::twin(&now, place.index, &then);
            return Ok(index.map(|index| Place { path: Arc::clone(&place.path), blob, index }));
        }
        let Some(site) = now.sites.get(place.index) else { return Ok(None) };
        self.moved_from(&changes, place, site)
    }

    /// The place among the files that went from which a site came: the very same content first, then a file of the
    /// same name, then any.
    fn moved_from(
        &mut self,
        changes: &[Change],
        place: &Place,
        site: &Site,
    ) -> Result<Option<Place>, GitError> {
        let name = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
        let wanted = name(&place.path);
        let mut gone: Vec<(bool, bool, &Change, BlobId)> = changes
            .iter()
            .filter(|change| change.after.is_none())
            .filter_map(|change| {
                let blob = change.before?;
                Some((blob != place.blob, name(&change.path) != wanted, change, blob))
            })
            .collect();
        gone.sort_by_key(|(other_content, other_name, ..)| (*other_content, *other_name));
        for (other_content, _, change, blob) in gone {
            let path: Arc<str> = Arc::from(&*change.path);
            if !other_content {
                return Ok(Some(Place { path, blob, index: place.index }));
            }
            let old = self.scan(&path, blob)?;
            if let Some(index) = old.sites.iter().position(|old| twin::is_same(old, site)) {
                return Ok(Some(Place { path, blob, index }));
            }
        }
        Ok(None)
    }

    /// What is found in a file of the past.
    fn scan(&mut self, path: &str, blob: BlobId) -> Result<Arc<Scan>, GitError> {
        let Ok(path) = path.parse::<RepoPath>() else { return Ok(Arc::default()) };
        let kind = self.scope.kind(&path).unwrap_or_else(|| Scope::kind_by_name(&path));
        let key = blob_key(blob, kind);
        if let Some(known) = self.index.get(&key) {
            return Ok(known.unwrap_or_default());
        }
        if let Some(known) = self.scans.get(&key) {
            return Ok(Arc::clone(known));
        }
        let found = match self.reader.read(blob) {
            Ok(bytes) => scan(&bytes, kind),
            Err(error) if error.kind() == ErrorKind::TooLarge => Scan::default(),
            Err(error) => return Err(error),
        };
        let found = Arc::new(found);
        self.scans.insert(key, Arc::clone(&found));
        Ok(found)
    }

    /// The stops as nodes, parents before children.
    fn nodes(
        &mut self,
        way: &Way,
        first: usize,
        judge: &dyn Fn(&Site) -> Standing,
    ) -> Result<Vec<Node>, GitError> {
        let mut place_of = vec![None; way.stops.len()];
        let mut nodes = Vec::with_capacity(way.stops.len());
        let mut open = vec![(first, 0)];
        while let Some((at, done)) = open.pop() {
            let Some(stop) = way.stops.get(at) else { continue };
            if let Some(parent) = stop.parents.get(done) {
                open.push((at, done + 1));
                if place_of.get(parent.node).is_some_and(Option::is_none) {
                    open.push((parent.node, 0));
                }
                continue;
            }
            if place_of.get(at).is_none_or(Option::is_some) {
                continue;
            }
            let found = self.scan(&stop.place.path, stop.place.blob)?;
            let standing = found.sites.get(stop.place.index);
            let standing = standing.map_or(Standing::Outside { value: None, tag: String::new() }, judge);
            let parents = stop.parents.iter().filter_map(|parent| {
                let node = place_of.get(parent.node).copied().flatten()?;
                Some(Parent { node, by_merge: parent.by_merge })
            });
            let parents = parents.collect();
            if let Some(place) = place_of.get_mut(at) {
                *place = Some(nodes.len());
            }
            nodes.push(Node { commit: stop.commit.id.to_string(), standing, ours: stop.ours, parents });
        }
        Ok(nodes)
    }
}

/// A way back as far as it is known.
#[derive(Default)]
struct Way {
    stops: Vec<Stop>,
    known: HashMap<(CommitId, Place), usize>,
}

fn values(site: &Site) -> Vec<(tagalong_model::Setter, &str)> {
    site.fields.iter().map(|field| (field.setter, field.value.as_str())).collect()
}

fn find<'c>(changes: &'c [Change], path: &str) -> Option<&'c Change> {
    changes.binary_search_by(|change| (*change.path).cmp(path)).ok().and_then(|at| changes.get(at))
}
