//! From the plan's edits to the sites that history holds, each with the commit that is the reason.

use super::trace::{Place, Traced, Tracer};
use super::{LookBack, hand};
use crate::automation::index::SiteIndex;
use crate::automation::look::Scope;
use crate::automation::plan::{EditPlan, HeldSite, MarkedFile, PlannedEdit, PolicyState, held};
use crate::automation::site::{Served, standing};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use tagalong_api::Reason;
use tagalong_edit::Site;
use tagalong_git::{BlobId, CommitId, Deepened, GitError, Mirror, PastCommit, Remote};
use tagalong_model::{ObjectKey, RepoPath};
use tagalong_policy::{Policy, Refused, Standing};

/// How far back a shallow mirror is deepened, one step after the other (RULES 13).
pub(in crate::automation) const DEPTHS: [usize; 4] = [50, 500, 5_000, Mirror::ALL];

/// Why a site is pinned: somebody took a value away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    /// The commit that did, 40 hex digits.
    pub commit: String,
    /// Its author: `Ada <ada@example.com>`.
    pub author: String,
    /// When it was written.
    pub authored: Timestamp,
    /// The first line of its message.
    pub subject: String,
    /// The tag or digest that it took away.
    pub refused: String,
    /// What lifts it, for a person.
    pub lifts: String,
    /// How the site is named in a trailer that lifts this.
    pub site: String,
}

/// One turn's question to history.
pub(crate) struct Question<'a> {
    pub(crate) mirror: &'a Mirror,
    pub(crate) remote: &'a Remote,
    pub(crate) tip: CommitId,
    pub(crate) scope: &'a Scope,
    pub(crate) index: &'a SiteIndex,
    /// How the automation is named in its trailers.
    pub(crate) name: String,
    /// The folder of objects, where they are not in a cluster.
    pub(crate) folder: Option<&'a Path>,
    pub(crate) max_mirror_size: u64,
}

/// A site that would be written.
struct Candidate<'a> {
    file: &'a MarkedFile,
    index: usize,
    site: &'a Site,
    served: &'a Served,
    rule: &'a Policy,
    /// What would stand there.
    wanted: Standing,
}

/// What history says, by file and place in it.
#[derive(Debug, Default)]
pub(crate) struct Holds {
    /// The sites that it holds.
    held: BTreeMap<(RepoPath, usize), HeldSite>,
    /// What stays refused at sites that it lets go on.
    refused: BTreeMap<(RepoPath, usize), Vec<String>>,
}

impl Holds {
    /// Takes the held sites out of what is written.
    pub(crate) fn apply(&self, plan: &mut EditPlan) {
        if self.held.is_empty() && self.refused.is_empty() {
            return;
        }
        let key = |edit: &PlannedEdit| (edit.path.clone(), edit.place.0);
        let mut stopped: Vec<_> =
            plan.edits.iter().map(key).filter(|key| self.held.contains_key(key)).collect();
        stopped.dedup();
        plan.edits.retain(|edit| !self.held.contains_key(&key(edit)));
        plan.held.extend(stopped.iter().filter_map(|key| self.held.get(key).cloned()));
        plan.held.sort_by(|a, b| (&a.path, a.line).cmp(&(&b.path, b.line)));
        for edit in &mut plan.edits {
            edit.refused = self.refused.get(&key(edit)).cloned().unwrap_or_default();
        }
    }
}

impl Question<'_> {
    /// Which of the sites that `plan` would write are held.
    ///
    /// # Errors
    /// Where the mirror is damaged, or more history cannot be fetched.
    pub(crate) fn ask(
        &self,
        known: &mut LookBack,
        files: &[MarkedFile],
        policies: &BTreeMap<ObjectKey, PolicyState>,
        plan: &EditPlan,
    ) -> Result<Holds, GitError> {
        let mut open = candidates(files, policies, plan);
        let mut holds = Holds::default();
        let mut depths = DEPTHS.iter();
        loop {
            let short = self.look(known, open, &mut holds)?;
            if short.is_empty() {
                return Ok(holds);
            }
            let deepened = match depths.next() {
                None => Deepened::Nothing,
                Some(depth) => self.mirror.deepen(self.remote, self.tip, *depth, self.max_mirror_size)?,
            };
            if deepened != Deepened::Done {
                let too_short = short.iter().map(|site| (site.key(), site.too_short(deepened)));
                holds.held.extend(too_short);
                return Ok(holds);
            }
            open = short;
        }
    }

    /// Looks back for each site; gives back those whose history is not all there.
    fn look<'c>(
        &self,
        known: &mut LookBack,
        open: Vec<Candidate<'c>>,
        holds: &mut Holds,
    ) -> Result<Vec<Candidate<'c>>, GitError> {
        let mut tracer = Tracer::new(self.mirror, known, self.index, self.scope, &self.name);
        let mut short = Vec::new();
        for site in open {
            let judge = |then: &Site| standing(then, site.served, site.rule);
            let Traced::Whole(nodes) = tracer.trace(self.tip, site.place(), &judge)? else {
                short.push(site);
                continue;
            };
            let pins = site.rule.pins(&nodes);
            if let Some(refused) = pins.refusing(site.rule, &site.wanted)
                && let Some(commit) = tracer.commit(refused.commit.parse()?)?
            {
                holds.held.insert(site.key(), site.reverted(&commit, refused, self.folder));
                continue;
            }
            let staying: Vec<String> =
                pins.staying(site.rule, &site.wanted).into_iter().map(|refused| refused.text).collect();
            if !staying.is_empty() {
                holds.refused.insert(site.key(), staying);
            }
        }
        Ok(short)
    }
}

fn candidates<'a>(
    files: &'a [MarkedFile],
    policies: &'a BTreeMap<ObjectKey, PolicyState>,
    plan: &EditPlan,
) -> Vec<Candidate<'a>> {
    let mut found = Vec::new();
    for edits in plan.edits.chunk_by(|a, b| a.path == b.path && a.place.0 == b.place.0) {
        let [first, ..] = edits else { continue };
        let file =
            files.binary_search_by(|file| file.path.cmp(&first.path)).ok().and_then(|at| files.get(at));
        let Some(file) = file else { continue };
        let Some(site) = file.scan.sites.get(first.place.0) else { continue };
        let Some(PolicyState::Served(served)) = policies.get(&site.policy) else { continue };
        // A policy that is not valid any more judges nothing, so nothing that it accepted is refused.
        let Some(rule) = served.rule.get() else { continue };
        let mut after = site.clone();
        for edit in edits {
            if let Some(field) = after.fields.get_mut(edit.place.1) {
                field.value.clone_from(&edit.to);
            }
        }
        let wanted = standing(&after, served, rule);
        found.push(Candidate { file, index: first.place.0, site, served, rule, wanted });
    }
    found
}

impl Candidate<'_> {
    fn key(&self) -> (RepoPath, usize) {
        (self.file.path.clone(), self.index)
    }

    fn place(&self) -> Place {
        Place {
            path: Arc::from(self.file.path.as_str()),
            blob: BlobId::from(self.file.blob),
            index: self.index,
        }
    }

    fn line(&self) -> u32 {
        self.site.fields.first().map_or(0, |field| field.line)
    }

    fn reverted(&self, commit: &PastCommit, refused: &Refused, folder: Option<&Path>) -> HeldSite {
        let authored = Timestamp::from_second(commit.authored).unwrap_or_default();
        let short: String = refused.commit.chars().take(7).collect();
        let (author, subject) = (printable(&commit.author_name), printable(&commit.subject));
        let (text, path, line) = (&refused.text, &self.file.path, self.line());
        let by_itself = if refused.is_exact() {
            format!("another value than {text}")
        } else {
            format!("a tag above {text}")
        };
        let or_above = if refused.is_exact() { "" } else { " or above" };
        let lifts = format!(
            "{by_itself}, {text}{or_above} set by hand, a revert of {short}, or `{}`",
            hand::unpin_command(folder, path.as_str(), line)
        );
        let date = authored.strftime("%Y-%m-%d");
        let message =
            format!("{author} took {text} away in {short} ({date}), \"{subject}\"; lifted by {lifts}");
        let pin = Pin {
            commit: refused.commit.clone(),
            author: format!("{author} <{}>", printable(&commit.author_email)),
            authored,
            subject,
            refused: text.clone(),
            lifts,
            site: hand::unpin_text(self.site, path.as_str()),
        };
        HeldSite { pin: Some(pin), ..held(self.file, self.site, Reason::Reverted, message) }
    }

    fn too_short(&self, deepened: Deepened) -> HeldSite {
        let message = match deepened {
            Deepened::TooLarge => {
                "cannot tell whether somebody took this tag away: the branch's history would make the mirror larger \
                 than --max-mirror-size allows; raise it, or set spec.rollback.onRevert: Ignore"
            }
            Deepened::Done | Deepened::Nothing => {
                "cannot tell whether somebody took this tag away: the repository is itself a shallow clone, and its \
                 history ends before this field was first marked; fetch it whole (git fetch --unshallow), or set \
                 spec.rollback.onRevert: Ignore"
            }
        };
        held(self.file, self.site, Reason::HistoryTooShort, message.to_owned())
    }
}

/// Words from a commit as a part of one line.
fn printable(text: &str) -> String {
    let words: Vec<&str> =
        text.split(|c: char| c.is_control() || c.is_whitespace()).filter(|word| !word.is_empty()).collect();
    words.join(" ").chars().take(200).collect()
}
