//! Taking away what left an inventory. Only what bears the owner's labels goes; what says otherwise stays.

use futures::StreamExt as _;
use futures::stream;
use jiff::Timestamp;
use serde_json::Value;

use crate::change::{Action, Change, Outcome};
use crate::cluster::Cluster;
use crate::error::{self, ApplyError};
use crate::health::{Health, State};
use crate::inventory::Entry;
use crate::kinds::Served;
use crate::object::is_leaving;
use crate::owner::Owner;
use crate::stage::{AT_ONCE, TRIES, unserved};
use crate::{mark, order};

impl Cluster {
    /// Deletes objects that were once applied for an owner, in the reverse of the order in which they were. One that
    /// fails does not keep the others. Dependents go in the background: [`Self::wait_gone`] waits for what was deleted.
    pub async fn prune(&self, owner: &Owner, gone: &[Entry]) -> Outcome {
        let mut entries: Vec<&Entry> = gone.iter().collect();
        entries.sort_by(|a, b| order::key(&b.id).cmp(&order::key(&a.id)));
        let mut outcome = Outcome::default();
        for rank in entries.chunk_by(|a, b| order::rank(&a.id) == order::rank(&b.id)) {
            let acts: Vec<_> = rank.iter().map(|entry| self.prune_one(owner, entry)).collect();
            for change in stream::iter(acts).buffered(AT_ONCE).collect::<Vec<_>>().await {
                match change {
                    Ok((change, staying)) => {
                        outcome.staying.extend(staying.then(|| change.entry.clone()));
                        outcome.changes.push(change);
                    }
                    Err(failure) => outcome.failures.push(failure),
                }
            }
        }
        outcome
    }

    /// What became of one object, and whether it is still there although it is being deleted.
    async fn prune_one(&self, owner: &Owner, entry: &Entry) -> Result<(Change, bool), ApplyError> {
        let change = |action, health| Change {
            entry: entry.clone(),
            action,
            fields: Vec::new(),
            health,
            standing: None,
        };
        let absent = || (change(Action::Deleted, Health::new(State::NotFound, "")), false);
        let served = self.kinds.find_any(&self.client, &entry.id, &entry.api_version()).await?;
        let Some(mut served) = served else { return Ok(absent()) };
        let health = Health::new(State::Terminating, "Resource scheduled for deletion");
        let mut staying = true;
        for left in (0..TRIES).rev() {
            let Some(live) = self.get_anywhere(&mut served, entry).await? else { return Ok(absent()) };
            if !owner.owns(&live) || mark::kept(&live) {
                return Ok((change(Action::Skipped, Health::of(&live, Timestamp::now())), false));
            }
            if is_leaving(&live) {
                return Ok((change(Action::Unchanged, health), true));
            }
            match self.delete_unchanged(&served, &entry.id, &live).await {
                Ok(there) => {
                    staying = there;
                    break;
                }
                // Somebody wrote it meanwhile: it may be another's by now.
                Err(failure) if error::code(&failure) == 409 && left > 0 => {}
                Err(failure) => return Err(ApplyError::of(&entry.id, "delete", &failure)),
            }
        }
        Ok((change(Action::Deleted, health), staying))
    }

    /// The object as it stands, where its kind is served now: a definition may have been made anew since it was asked.
    async fn get_anywhere(&self, served: &mut Served, entry: &Entry) -> Result<Option<Value>, ApplyError> {
        match self.request(served, &entry.id).await {
            Err(failure) if unserved(&failure) => {
                self.kinds.forget(&entry.id.group);
                let found = self.kinds.find_any(&self.client, &entry.id, &entry.api_version()).await?;
                let Some(found) = found else { return Ok(None) };
                *served = found;
                self.get(served, &entry.id).await
            }
            Err(failure) if error::code(&failure) == 404 => Ok(None),
            answer => answer.map(Some).map_err(|failure| ApplyError::of(&entry.id, "query", &failure)),
        }
    }
}
