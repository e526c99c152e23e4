//! What became of one object. Read by whoever reports it.

use std::fmt;

use crate::error::ApplyError;
use crate::health::Health;
use crate::inventory::Entry;
use crate::secret::{Hidden, MASK};
use crate::standing::Standing;

/// What was done; its word is the one in Flux's events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// It was not there.
    Created,
    /// It differed, or was made anew because a field cannot change.
    Configured,
    /// It stood as wanted: nothing was written.
    Unchanged,
    /// It is not to be touched: it says so, or bears no owner's labels where it was to be pruned.
    Skipped,
    /// It was deleted, or was already gone.
    Deleted,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Created => "created",
            Self::Configured => "configured",
            Self::Unchanged => "unchanged",
            Self::Skipped => "skipped",
            Self::Deleted => "deleted",
        })
    }
}

/// One object and what became of it; shown as `Deployment/apps/podinfo configured`.
#[derive(Clone, Debug)]
pub struct Change {
    /// The object.
    pub entry: Entry,
    /// What was done.
    pub action: Action,
    /// For [`Action::Configured`]: each field that stood otherwise. Drift, where Git has not changed since the last time.
    pub fields: Vec<FieldDrift>,
    /// How it stood at that moment: only what is not [`State::Current`](crate::State) is worth waiting for.
    pub health: Health,
    /// Which version that was; `None` where it is not ours to say how it stands.
    pub standing: Option<Standing>,
}

impl Change {
    /// The same without the values of its fields, where some of what is wanted came out of Secrets.
    #[must_use]
    pub(crate) fn hiding(mut self, hidden: &Hidden) -> Self {
        if !hidden.is_empty() {
            for field in &mut self.fields {
                field.live = field.live.take().map(|_| MASK.to_owned());
                field.wanted = field.wanted.take().map(|_| MASK.to_owned());
            }
        }
        self
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.entry.id, self.action)
    }
}

/// What became of a set of objects.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Each object that was reached, in the order of writing.
    pub changes: Vec<Change>,
    /// Why the rest was not; empty where all went well. With failures, the stages after theirs were not begun.
    pub failures: Vec<ApplyError>,
    /// Of those to be deleted, each that is still there, held by its finalizers.
    pub staying: Vec<Entry>,
}

impl Outcome {
    /// The same without values that came out of Secrets.
    #[must_use]
    pub fn hiding(mut self, hidden: &Hidden) -> Self {
        self.changes = self.changes.into_iter().map(|change| change.hiding(hidden)).collect();
        self.failures = self.failures.into_iter().map(|failure| failure.hiding(hidden)).collect();
        self
    }
}

/// A field that stood otherwise than wanted. Values are short JSON; those of a Secret read `***`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldDrift {
    /// Such as `spec.template.spec.containers[app].image`.
    pub path: String,
    /// What stood there; `None` where nothing did.
    pub live: Option<String>,
    /// What is wanted; `None` where nothing is.
    pub wanted: Option<String>,
    /// Who wrote it since: `None` where it was still ours, a default, or taken away.
    pub by: Option<Holder>,
}

impl fmt::Display for FieldDrift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let or_nothing = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".to_owned());
        write!(f, "{}: {} instead of {}", self.path, or_nothing(&self.live), or_nothing(&self.wanted))?;
        match &self.by {
            Some(holder) => write!(f, ", by {}", holder.manager),
            None => Ok(()),
        }
    }
}

/// Who holds a field, from `metadata.managedFields`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The field manager, such as `kubectl-edit`.
    pub manager: String,
    /// When it last wrote, in RFC 3339; empty where the API server does not say.
    pub time: String,
}
