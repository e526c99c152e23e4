//! An object with the places of its fields, so that whoever refuses it later can point at them.

use crate::{
    problem::Place,
    yaml::{Node, Value},
};
use std::{fmt, path::PathBuf, sync::Arc};

/// An object and where it stands. Its `Debug` form shows the place alone: a Secret is an object too.
#[derive(Clone)]
pub struct Located<T> {
    /// The object.
    pub object: T,
    /// The file, as it was reached from the given path.
    pub file: PathBuf,
    /// The line of its first field.
    pub line: u32,
    /// The column of its first field.
    pub column: u32,
    pub(crate) root: Arc<Node>,
}

impl<T> Located<T> {
    /// Line and column of a field, written as `.spec.policy.semver.range`, `.spec.exclusionList[2]` or
    /// `.metadata.labels[app.kubernetes.io/name]`. For a field that is absent, those of the nearest one around it.
    pub fn position(&self, field: &str) -> (u32, u32) {
        let place = self.place(field);
        (place.line, place.column)
    }

    /// The place of a field's value; see [`Located::position`].
    pub fn place(&self, field: &str) -> Place {
        let mut node = &self.root;
        let mut place = node.place;
        let mut rest = field;
        while let Some((step, tail)) = next_step(rest) {
            let next = match &node.value {
                Value::Map(entries) => {
                    entries.iter().find(|entry| entry.key == step).map(|entry| (&entry.value, entry.place))
                }
                Value::List(items) => {
                    step.parse().ok().and_then(|index: usize| items.get(index)).map(|item| (item, item.place))
                }
                Value::Scalar { .. } => None,
            };
            let Some((value, key)) = next else { break };
            // A map is pointed at by its key: its own first line says nothing about it.
            place = if matches!(value.value, Value::Scalar { .. }) { value.place } else { key };
            node = value;
            rest = tail;
        }
        place
    }
}

/// Splits `.a.b[c]` into `a` and `.b[c]`, and `[c].d` into `c` and `.d`.
fn next_step(path: &str) -> Option<(&str, &str)> {
    if let Some(rest) = path.strip_prefix('[') {
        return rest.split_once(']');
    }
    let rest = path.strip_prefix('.')?;
    let end = rest.find(['.', '[']).unwrap_or(rest.len());
    rest.split_at_checked(end)
}

impl<T> fmt::Debug for Located<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file.display(), self.line, self.column)
    }
}
