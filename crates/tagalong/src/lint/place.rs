//! Places of things that the parts below know by line and column only.

use super::source::Sources;
use std::path::Path;
use tagalong_edit::Field;
use tagalong_files::Place;
use tagalong_model::ObjectKey;

/// The beginning of a line.
pub(crate) fn start(line: u32) -> Place {
    Place { line: line.max(1), column: 1, length: 1 }
}

/// From a column to the end of its line.
pub(crate) fn rest_of_line(sources: &mut Sources, file: &Path, line: u32, column: u32) -> Place {
    let skipped = (column as usize).saturating_sub(1);
    let shown = sources.line(file, line).trim_end().chars().skip(skipped).count();
    Place { line, column, length: length(shown) }
}

/// The value of a marked field.
pub(crate) fn of_value(field: &Field) -> Place {
    let bytes = field.span.end.saturating_sub(field.span.start);
    let quotes = (bytes as usize).saturating_sub(field.value.len());
    let length = length(field.value.chars().count() + quotes);
    Place { line: field.line, column: field.column, length }
}

/// The name of the policy in the marker of a field, on the field's line or the one above; else the field's value.
pub(crate) fn of_policy(sources: &mut Sources, file: &Path, field: &Field, policy: &ObjectKey) -> Place {
    let target = format!("{}:{}", policy.namespace, policy.name);
    for line in [field.line, field.line.saturating_sub(1)] {
        let text = sources.line(file, line);
        let behind = text.find("$imagepolicy").or_else(|| text.find("$ref")).unwrap_or(text.len());
        let at = text.get(behind..).and_then(|tail| tail.find(&target)).map(|at| behind + at);
        if let Some(before) = at.and_then(|at| text.get(..at)) {
            let column = length(before.chars().count() + 1);
            return Place { line, column, length: length(target.chars().count()) };
        }
    }
    of_value(field)
}

fn length(count: usize) -> u32 {
    u32::try_from(count.max(1)).unwrap_or(u32::MAX)
}
