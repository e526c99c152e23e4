//! Tells each finding of the engine as it is posted: scanned, decided and why, the diff, the commit, what is held. What
//! was told already is not told again. Used by `play`.

use super::voice::Voice;
use super::why::{self, Judged};
use crate::print;
use crate::print::plans::count;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Instant;
use tagalong_api::{
    ImagePolicyStatus, ImageReference, ImageRepositoryStatus, KustomizationStatus, Reason, condition,
};
use tagalong_engine::automation::{TurnOutcome, TurnReport};
use tagalong_engine::{Context, Event, Finding};
use tagalong_files::FilesDesk;
use tagalong_model::ObjectKey;

/// What came of a finding, for whoever waits for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Told {
    /// Nothing that ends a wait.
    Else,
    /// A policy looked at new tags and selects what it did before.
    Stays,
    /// An automation had nothing to write.
    UpToDate,
    /// A commit is on the branch.
    Commit,
    /// This commit was applied.
    Applied(String),
}

/// Tells what the engine finds.
pub(crate) struct Teller<'v> {
    voice: &'v Voice,
    context: Arc<Context<FilesDesk>>,
    /// The listing of each repository, as last told.
    tags: HashMap<ObjectKey, Vec<String>>,
    /// Tags that no decision was told about yet.
    fresh: HashMap<ObjectKey, Vec<String>>,
    /// What each policy selects, as last told.
    selected: HashMap<ObjectKey, ImageReference>,
    /// Lines about sites that are held and markers nobody serves.
    noted: BTreeSet<String>,
    /// When the last tag was pushed.
    pushed: Option<Instant>,
}

impl<'v> Teller<'v> {
    /// Tells what is found with `context`.
    pub(crate) fn new(voice: &'v Voice, context: Arc<Context<FilesDesk>>) -> Self {
        Self {
            voice,
            context,
            tags: HashMap::new(),
            fresh: HashMap::new(),
            selected: HashMap::new(),
            noted: BTreeSet::new(),
            pushed: None,
        }
    }

    /// A tag was pushed just now.
    pub(crate) fn pushed(&mut self, image: &str) -> anyhow::Result<()> {
        self.pushed = Some(Instant::now());
        self.voice.plain("\n")?;
        self.voice.say("pushed", image)
    }

    /// Somebody took a commit back.
    pub(crate) fn reverted(&mut self, text: &str) -> anyhow::Result<()> {
        self.voice.plain("\n")?;
        self.voice.say("reverted", text)
    }

    /// Tells one finding. What goes wrong is in the log.
    ///
    /// # Errors
    /// When stdout cannot be written.
    pub(crate) async fn tell(&mut self, finding: Finding) -> anyhow::Result<Told> {
        match finding {
            Finding::Repository { key, status, .. } => {
                self.repository(key, status.as_deref()).await?;
                Ok(Told::Else)
            }
            Finding::Policy { key, status, .. } => self.policy(key, status.as_deref()).await,
            Finding::Automation { turn, .. } => turn.map_or(Ok(Told::Else), |turn| self.automation(&turn)),
            Finding::Source { .. } => Ok(Told::Else),
            Finding::Kustomization { key, status, events, .. } => {
                self.kustomization(&key, status.as_deref(), &events)
            }
        }
    }

    /// What was written, and of which commit.
    fn kustomization(
        &mut self,
        key: &ObjectKey,
        status: Option<&KustomizationStatus>,
        events: &[Event],
    ) -> anyhow::Result<Told> {
        if let Some(written) = events.iter().find(|event| event.reason == Reason::Progressing) {
            self.voice.say("applied", &format!("Kustomization/{key}:\n{}", written.message))?;
        }
        let revision = status.and_then(|status| {
            let ready = condition::find(&status.conditions, condition::READY)?;
            status.last_applied_revision.as_ref().filter(|_| ready.status == "True")
        });
        let commit = revision.and_then(|revision| Some(revision.split_once("@sha1:")?.1.to_owned()));
        Ok(commit.map_or(Told::Else, Told::Applied))
    }

    async fn repository(
        &mut self,
        key: ObjectKey,
        status: Option<&ImageRepositoryStatus>,
    ) -> anyhow::Result<()> {
        let Some(image) = status.and_then(|status| status.canonical_image_name.clone()) else {
            return Ok(());
        };
        let Some(tags) = why::listed(&self.context, &key).await else { return Ok(()) };
        let before = self.tags.get(&key);
        if before == Some(&tags) {
            return Ok(());
        }
        let fresh: Vec<String> =
            tags.iter().filter(|tag| before.is_none_or(|before| !before.contains(tag))).cloned().collect();
        let new = if before.is_some() { format!(", new: {}", fresh.join(", ")) } else { String::new() };
        self.voice.say("scanned", &format!("{image}: {}{new}", count(tags.len(), "tag")))?;
        self.fresh.entry(key.clone()).or_default().extend(fresh);
        self.tags.insert(key, tags);
        Ok(())
    }

    async fn policy(&mut self, key: ObjectKey, status: Option<&ImagePolicyStatus>) -> anyhow::Result<Told> {
        let Some(judged) = Judged::read(&self.context, &key).await else { return Ok(Told::Else) };
        let before = self.selected.get(&key).cloned();
        let now = status.and_then(|status| status.latest_ref.clone()).or_else(|| before.clone());
        let Some(now) = now else { return Ok(Told::Else) };
        if before.as_ref() != Some(&now) {
            self.fresh.remove(judged.repository());
            let digest =
                now.digest.as_ref().map(|digest| format!("\nwith digest {digest}")).unwrap_or_default();
            let moved = match &before {
                Some(before) if before.tag == now.tag => format!("{} moved{digest}", now.tag),
                Some(before) => format!("{} after {}{digest}\n{}", now.tag, before.tag, judged.why()),
                None => format!("{}{digest}\n{}", now.tag, judged.why()),
            };
            self.voice.say("decided", &format!("ImagePolicy/{key}: {moved}"))?;
            self.selected.insert(key, now);
            return Ok(Told::Else);
        }
        let Some(fresh) = self.fresh.remove(judged.repository()) else { return Ok(Told::Else) };
        let verdicts: Vec<String> = fresh.iter().map(|tag| judged.verdict(tag, &now.tag)).collect();
        let text = format!("ImagePolicy/{key}: stays at {}\n{}", now.tag, verdicts.join("\n"));
        self.voice.say("decided", &text)?;
        Ok(Told::Stays)
    }

    fn automation(&mut self, turn: &TurnReport) -> anyhow::Result<Told> {
        let told = match &turn.outcome {
            TurnOutcome::Pushed { commit, message, .. } => {
                self.commit(turn, commit, message)?;
                Told::Commit
            }
            TurnOutcome::UpToDate => Told::UpToDate,
            _ => Told::Else,
        };
        for held in &turn.plan.held {
            let text = format!("{}:{} {}\n{}", held.path, held.line, held.reason, held.message);
            self.note("held", text)?;
        }
        for problem in &turn.plan.problems {
            let text = format!("{}:{} {}\n{}", problem.path, problem.line, problem.reason, problem.message);
            self.note("problem", text)?;
        }
        Ok(told)
    }

    fn commit(&mut self, turn: &TurnReport, commit: &str, message: &str) -> anyhow::Result<()> {
        let (fields, files) = (count(turn.plan.edits.len(), "field"), count(turn.changes.len(), "file"));
        self.voice.say("wrote", &format!("{fields} in {files}, and not one other byte"))?;
        self.voice.diff(&print::diff::of_turn(turn))?;
        let after = self
            .pushed
            .take()
            .map(|pushed| format!(", {:.1} s after the push", pushed.elapsed().as_secs_f64()));
        self.voice
            .say("commit", &format!("{commit} on {}{}\n\n{message}", turn.branch, after.unwrap_or_default()))
    }

    /// Once for each place and reason.
    fn note(&mut self, word: &str, text: String) -> anyhow::Result<()> {
        if self.noted.contains(&text) {
            return Ok(());
        }
        self.voice.say(word, &text)?;
        self.noted.insert(text);
        Ok(())
    }
}
