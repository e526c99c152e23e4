//! What was written and what was refused, in Flux's words. Pure.

use tagalong_apply::{Action, ApplyError, Change};

/// Fields of drift that are told at once; an event is no log.
const FIELDS: usize = 20;

/// The message of an event.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) message: String,
    /// Whether it speaks of drift.
    pub(super) drift: bool,
}

/// A line for each object that was written or deleted; where Git said the same before, the fields that somebody
/// else had changed. `None` where nothing was done.
pub(super) fn told(changes: &[Change], drift: bool) -> Option<Told> {
    let done = |change: &&Change| {
        matches!(change.action, Action::Created | Action::Configured | Action::Deleted)
            && change.health.state != tagalong_apply::State::NotFound
    };
    let mut lines = Vec::new();
    let mut fields = 0;
    for change in changes.iter().filter(done) {
        lines.push(change.to_string());
        if drift && change.action == Action::Created {
            lines.push("  it had been deleted".to_owned());
        }
        for field in change.fields.iter().filter(|_| drift) {
            fields += 1;
            if fields <= FIELDS {
                lines.push(format!("  {field}"));
            }
        }
    }
    if fields > FIELDS {
        lines.push(format!("  and {} fields more", fields - FIELDS));
    }
    (!lines.is_empty()).then(|| Told { message: lines.join("\n"), drift })
}

/// Why objects were not applied, each once.
pub(super) fn failures(failures: &[ApplyError]) -> String {
    let mut lines: Vec<String> = Vec::new();
    for failure in failures {
        let line = failure.to_string();
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use tagalong_apply::{Entry, FieldDrift, Health, Holder, ObjectId, State};

    fn change(name: &str, action: Action, fields: usize) -> Change {
        let field = |at: usize| FieldDrift {
            path: format!("spec.f{at}"),
            live: Some("3".to_owned()),
            wanted: None,
            by: Some(Holder { manager: "kubectl-edit".to_owned(), time: String::new() }),
        };
        let id = ObjectId::parse(&format!("apps_{name}_apps_Deployment")).unwrap();
        Change {
            entry: Entry { id, version: "v1".to_owned() },
            action,
            fields: (0..fields).map(field).collect(),
            health: Health { state: State::Current, message: String::new() },
            standing: None,
        }
    }

    #[test]
    fn what_was_done_is_told_and_drift_with_its_fields() {
        let changes = [
            change("a", Action::Created, 0),
            change("b", Action::Configured, 1),
            change("c", Action::Unchanged, 0),
            change("d", Action::Skipped, 0),
        ];
        let message = |drift| told(&changes, drift).unwrap().message;
        assert_eq!(message(false), "Deployment/apps/a created\nDeployment/apps/b configured");
        assert_eq!(
            message(true),
            "Deployment/apps/a created\n  it had been deleted\nDeployment/apps/b configured\n  spec.f0: 3 instead of nothing, by kubectl-edit"
        );
        assert_eq!(told(&changes[2..], true), None);
    }

    #[test]
    fn what_was_gone_already_is_no_news_and_many_fields_are_cut() {
        let mut gone = change("a", Action::Deleted, 0);
        gone.health.state = State::NotFound;
        assert_eq!(told(&[gone], false), None);
        let message = told(&[change("a", Action::Configured, 30)], true).unwrap().message;
        assert_eq!(message.lines().count(), 22);
        assert!(message.ends_with("  and 10 fields more"), "{message}");
    }
}
