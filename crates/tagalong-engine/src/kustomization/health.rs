//! Waits until what was applied is healthy, or until there is something newer to apply.

use super::act::Set;
use super::running::Place;
use super::{Failure, Next, Turn};
use crate::desk::{Desk, Event, EventType};
use crate::target::Target as _;
use crate::wake::requested_at;
use kube::runtime::reflector::ObjectRef;
use std::time::{Duration, Instant};
use tagalong_api::condition::{self, HEALTHY};
use tagalong_api::validate::{HealthCheck, HealthChecks, ValidKustomization};
use tagalong_api::{GitRepository, KUSTOMIZE_GROUP, Kustomization, Reason};
use tagalong_apply::{Action, Change, Entry, ObjectId, State};
use tagalong_model::{ObjectKey, format_duration};
use tokio::time::sleep;

/// A wait that is shorter is not worth a status of its own.
const QUIET: Duration = Duration::from_millis(300);

impl<D: Desk> Turn<'_, D> {
    pub(super) async fn check_health(
        &mut self,
        valid: &ValidKustomization,
        target: &D::Target,
        changes: &[Change],
        set: &Set,
        place: &Place,
    ) -> Result<(), Failure> {
        let Some(open) = wanted(valid, changes).filter(|_| target.tells_health()) else {
            self.status.conditions.retain(|condition| condition.type_ != HEALTHY);
            return Ok(());
        };
        let was = condition::find(&self.status.conditions, HEALTHY).is_some_and(|was| was.status == "True");
        let begun = Instant::now();
        if !open.is_empty() {
            let checked = {
                let mut quiet = std::pin::pin!(sleep(QUIET));
                let mut announced = false;
                let mut healthy = std::pin::pin!(target.healthy(&open, self.left(valid)));
                loop {
                    tokio::select! {
                        checked = &mut healthy => break Some(checked),
                        () = &mut quiet, if !announced => {
                            announced = true;
                            self.announce_checks(valid, set).await?;
                        }
                        () = place.nudged() => if self.superseded(valid, &set.revision) { break None },
                    }
                }
            };
            match checked {
                Some(Ok(())) => {}
                Some(Err(unhealthy)) => {
                    return Err(self.unhealthy(set, unhealthy.hiding(&self.hidden).to_string()));
                }
                None => return Err(self.canceled(set)),
            }
        }
        let message = format!("Health check passed in {}", format_duration(begun.elapsed()));
        if !was || !open.is_empty() {
            let event_type = if was { EventType::Trace } else { EventType::Normal };
            let event = Event { event_type, reason: Reason::Progressing, message: message.clone() };
            self.tell(event).await?;
            let said = (true, Reason::Succeeded, message.as_str());
            self.set_healthy(said);
        }
        Ok(())
    }

    fn set_healthy(&mut self, said: (bool, Reason, &str)) {
        let generation = self.generation();
        condition::set(&mut self.status.conditions, HEALTHY, said, generation, self.now);
    }

    /// A wait may be long: the status says what is waited for.
    async fn announce_checks(&mut self, valid: &ValidKustomization, set: &Set) -> Result<(), Failure> {
        let message = format!(
            "Running health checks for revision {} with a timeout of {}",
            set.revision,
            format_duration(self.left(valid))
        );
        self.progress(message, true);
        self.note().await
    }

    fn unhealthy(&mut self, set: &Set, message: String) -> Failure {
        let said = (false, Reason::HealthCheckFailed, message.as_str());
        self.set_healthy(said);
        self.end(set, Reason::HealthCheckFailed);
        Failure::new(Reason::HealthCheckFailed, message)
    }

    fn canceled(&mut self, set: &Set) -> Failure {
        self.end(set, Reason::HealthCheckCanceled);
        let message = "the health checks were ended: there is something newer to apply";
        Failure { next: Next::Now, ..Failure::new(Reason::HealthCheckCanceled, message) }
    }

    /// Whether it was suspended during its turn.
    pub(super) fn is_suspended_now(&self) -> bool {
        let own = ObjectRef::<Kustomization>::new(&self.key.name).within(&self.key.namespace);
        let now = self.context.desk.kinds().kustomizations.get(&own);
        now.is_some_and(|now| now.spec.suspend == Some(true))
    }

    /// Whether there is something newer to apply than what is waited for.
    fn superseded(&self, valid: &ValidKustomization, revision: &str) -> bool {
        if self.syncing.watches.drifted(&self.key) {
            return true;
        }
        let kinds = self.context.desk.kinds();
        let own = ObjectRef::<Kustomization>::new(&self.key.name).within(&self.key.namespace);
        let Some(now) = kinds.kustomizations.get(&own) else { return true };
        let asked = |object: &Kustomization| {
            let leaving = object.metadata.deletion_timestamp.is_some();
            (object.metadata.generation, leaving, requested_at(object).map(ToOwned::to_owned))
        };
        if asked(&now) != asked(self.object) {
            return true;
        }
        let source = ObjectRef::<GitRepository>::new(&valid.source.name).within(&valid.source.namespace);
        let artifact = kinds.sources.get(&source).and_then(|source| source.status.as_ref()?.artifact.clone());
        artifact.is_some_and(|artifact| artifact.revision != revision)
    }
}

/// What has to be waited for; `None` where nothing has to be healthy.
fn wanted(valid: &ValidKustomization, changes: &[Change]) -> Option<Vec<Entry>> {
    let entries: Vec<Entry> = match &valid.health {
        HealthChecks::None => return None,
        HealthChecks::All => changes
            .iter()
            .filter(|change| change.action != Action::Skipped && change.health.state != State::Current)
            .map(|change| change.entry.clone())
            .collect(),
        HealthChecks::These(checks) => checks.iter().map(entry).collect(),
    };
    Some(entries.into_iter().filter(|entry| !is_itself(&entry.id, &valid.key)).collect())
}

/// Nobody waits for himself.
fn is_itself(id: &ObjectId, key: &ObjectKey) -> bool {
    let kind = id.group == KUSTOMIZE_GROUP && id.kind == "Kustomization";
    kind && id.namespace == key.namespace && id.name == key.name
}

fn entry(check: &HealthCheck) -> Entry {
    let (group, version) = check.api_version.split_once('/').unwrap_or(("", &check.api_version));
    let id = ObjectId {
        namespace: check.key.namespace.clone(),
        name: check.key.name.clone(),
        group: group.to_owned(),
        kind: check.kind.clone(),
    };
    Entry { id, version: if version.is_empty() { "v1".to_owned() } else { version.to_owned() } }
}
