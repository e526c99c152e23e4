//! What a status and an event say of drift: which objects somebody else had changed, in which fields, and what is not
//! watched although that was asked for. Pure but for the watches themselves.

use super::{Failure, Syncing, Turn};
use crate::context::Context;
use crate::desk::{Desk, Event, EventType};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::runtime::reflector::ObjectRef;
use std::collections::BTreeSet;
use tagalong_api::validate::ValidKustomization;
use tagalong_api::{DriftStatus, DriftedObject, Kustomization, Reason};
use tagalong_apply::{Action, Change};
use tagalong_model::ObjectKey;

/// Objects, fields of each, and lines about what is not watched: a status is no log.
const KEPT: usize = 10;

impl<D: Desk> Turn<'_, D> {
    /// Notes the objects that were set right.
    pub(super) fn corrected(&mut self, changes: &[Change]) {
        let mut objects: Vec<DriftedObject> = changes.iter().filter_map(drifted).collect();
        if objects.is_empty() {
            return;
        }
        self.context.meters.corrected(objects.len());
        objects.truncate(KEPT);
        let drift = self.status.drift.get_or_insert_default();
        (drift.last_corrected, drift.corrected) = (Some(Time(self.now)), objects);
    }

    /// Follows what was applied, where that is asked for, and says what cannot be followed.
    pub(super) async fn watch(
        &mut self,
        valid: &ValidKustomization,
        target: &D::Target,
        changes: &[Change],
    ) -> Result<(), Failure> {
        let mut unwatched = Vec::new();
        if valid.watch {
            let watches = &self.syncing.watches;
            let known = &self.context.desk.kinds().kustomizations;
            watches.retain(|key| {
                known.get(&ObjectRef::<Kustomization>::new(&key.name).within(&key.namespace)).is_some()
            });
            unwatched = watches.hold(&self.key, target, changes).await;
            self.context.meters.watching(watches.count());
        } else {
            unwatch(self.context, self.syncing, &self.key);
        }
        shorten(&mut unwatched);
        let before = self.status.drift.take().unwrap_or_default();
        let news = !unwatched.is_empty() && unwatched != before.unwatched;
        let message = format!("drift of these is seen at each interval only:\n{}", unwatched.join("\n"));
        let drift = DriftStatus { unwatched, ..before };
        self.status.drift = (drift != DriftStatus::default()).then_some(drift);
        if news {
            self.tell(Event { event_type: EventType::Warning, reason: Reason::WatchFailed, message }).await?;
        }
        Ok(())
    }
}

/// Follows nothing of a Kustomization any more.
pub(super) fn unwatch<D>(context: &Context<D>, syncing: &Syncing, key: &ObjectKey) {
    syncing.watches.leave(key);
    context.meters.watching(syncing.watches.count());
}

/// What was otherwise than it had been applied; `None` where nothing was.
fn drifted(change: &Change) -> Option<DriftedObject> {
    let deleted = change.action == Action::Created;
    if !deleted && (change.action != Action::Configured || change.fields.is_empty()) {
        return None;
    }
    let managers: BTreeSet<&String> =
        change.fields.iter().filter_map(|field| field.by.as_ref()).map(|holder| &holder.manager).collect();
    Some(DriftedObject {
        id: change.entry.id.encode(),
        deleted,
        fields: change.fields.iter().take(KEPT).map(|field| field.path.clone()).collect(),
        managers: managers.into_iter().take(KEPT).cloned().collect(),
    })
}

fn shorten(lines: &mut Vec<String>) {
    lines.sort();
    if lines.len() > KEPT {
        let more = lines.len() - KEPT + 1;
        lines.truncate(KEPT - 1);
        lines.push(format!("and {more} more"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tagalong_apply::{Entry, FieldDrift, Health, Holder, ObjectId, State};

    fn change(action: Action, fields: usize) -> Change {
        let field = |at: usize| FieldDrift {
            path: format!("data.f{at}"),
            live: Some("\"a value\"".to_owned()),
            wanted: None,
            by: at
                .is_multiple_of(2)
                .then(|| Holder { manager: format!("manager-{}", at % 4), time: String::new() }),
        };
        let id = ObjectId::parse("shop_web__ConfigMap").unwrap();
        Change {
            entry: Entry { id, version: "v1".to_owned() },
            action,
            fields: (0..fields).map(field).collect(),
            health: Health { state: State::Current, message: String::new() },
            standing: None,
        }
    }

    #[test]
    fn an_object_is_named_with_its_fields_and_who_wrote_them_and_no_value() {
        assert_eq!(drifted(&change(Action::Unchanged, 0)), None);
        // Only who holds what was cleared up.
        assert_eq!(drifted(&change(Action::Configured, 0)), None);
        assert!(drifted(&change(Action::Created, 0)).unwrap().deleted);
        let object = drifted(&change(Action::Configured, 3)).unwrap();
        assert_eq!(object.id, "shop_web__ConfigMap");
        assert_eq!(object.fields, ["data.f0", "data.f1", "data.f2"]);
        assert_eq!(object.managers, ["manager-0", "manager-2"]);
        assert_eq!(drifted(&change(Action::Configured, 30)).unwrap().fields.len(), KEPT);
    }

    #[test]
    fn many_lines_are_cut() {
        let mut lines: Vec<String> = (0..13).map(|at| format!("line {at:02}")).collect();
        shorten(&mut lines);
        assert_eq!((lines.len(), lines.last().map(String::as_str)), (KEPT, Some("and 4 more")));
    }
}
