//! Commit message templates: the line at fault, and fields that do not exist, found by rendering a sample.

use super::objects::title;
use super::source::Sources;
use super::{Finding, Severity};
use tagalong_api::validate::ValidAutomation;
use tagalong_api::{ImageUpdateAutomation, Reason};
use tagalong_files::{Located, Place};
use tagalong_template::{Template, TemplateError, Value};

/// Where the template stands.
const FIELD: &str = ".spec.git.commit.messageTemplate";
/// How many blank lines a template may begin with and still be found.
const BLANK_LINES: u32 = 16;

/// The place of what a validation says about the template with this reason.
pub(crate) fn place(located: &Located<ImageUpdateAutomation>, reason: &str, sources: &mut Sources) -> Place {
    let text = template(located);
    let line = if reason == Reason::RemovedTemplateField.as_str() {
        text.lines()
            .position(|line| line.contains(".Updated") || line.contains(".ImageResult"))
            .map(|at| at + 1)
    } else {
        Template::parse(text).err().map(|error| line_of(&error))
    };
    on_line(located, line, sources)
}

/// What only shows when the template is used: a field that the data does not have.
pub(crate) fn missing_field(
    located: &Located<ImageUpdateAutomation>,
    valid: &ValidAutomation,
    sources: &mut Sources,
) -> Option<Finding> {
    match valid.message.as_ref()?.render(&sample(valid)) {
        Err(error @ TemplateError::MissingField { .. }) => {
            let place = on_line(located, Some(line_of(&error)), sources);
            let code = Reason::GitOperationFailed.as_str();
            let message = format!("{}: {error}", title(located));
            Some(Finding::at(&located.file, place, Severity::Error, code, message))
        }
        _ => None,
    }
}

fn template(located: &Located<ImageUpdateAutomation>) -> &str {
    let git = located.object.spec.git.as_ref();
    git.and_then(|git| git.commit.message_template.as_deref()).unwrap_or_default()
}

fn line_of(error: &TemplateError) -> usize {
    match error {
        TemplateError::Syntax { line, .. }
        | TemplateError::UnknownFunction { line, .. }
        | TemplateError::UnsupportedFunction { line, .. }
        | TemplateError::MissingField { line, .. }
        | TemplateError::Failed { line, .. }
        | TemplateError::Bound { line, .. } => *line,
    }
}

/// A line of the template in the file: below its `|`, or the whole value where lines do not stand as written.
fn on_line(located: &Located<ImageUpdateAutomation>, line: Option<usize>, sources: &mut Sources) -> Place {
    let place = located.place(FIELD);
    let (Some(line), Some(header)) = (line, header(located, place, sources)) else { return place };
    let number = header.saturating_add(u32::try_from(line).unwrap_or(u32::MAX));
    let shown = sources.line(&located.file, number);
    let indent = shown.chars().take_while(|c| c.is_whitespace()).count();
    let length = shown.trim().chars().count().max(1);
    let cut = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    Place { line: number, column: cut(indent + 1), length: cut(length) }
}

/// The line that ends with `|`, above the template's first line, if there is one. Blank lines may follow it.
fn header(located: &Located<ImageUpdateAutomation>, place: Place, sources: &mut Sources) -> Option<u32> {
    let mut number = place.line;
    while number > 0 && place.line - number <= BLANK_LINES {
        let line = sources.line(&located.file, number);
        if let Some((_, style)) = line.split_once("messageTemplate:") {
            return style.trim_start().starts_with('|').then_some(number);
        }
        number -= 1;
    }
    None
}

/// One change of one field, in the shape that templates are given.
fn sample(valid: &ValidAutomation) -> Value {
    let text = |text: &str| Value::from(text);
    let change = Value::structure(
        "Change",
        [("OldValue", text("app:1.0.0")), ("NewValue", text("app:1.1.0")), ("Setter", text("default:app"))],
    );
    let object = Value::structure(
        "ObjectIdentifier",
        [
            ("APIVersion", text("apps/v1")),
            ("Kind", text("Deployment")),
            ("Name", text("app")),
            ("Namespace", text("default")),
        ],
    );
    let changes = || Value::List(vec![change.clone()]);
    let objects = || Value::map([(object.clone(), changes())]);
    let files = Value::map([(text("app.yaml"), objects())]);
    let result =
        Value::structure("Result", [("FileChanges", files), ("Objects", objects()), ("Changes", changes())]);
    let key = &valid.key;
    let automation =
        Value::structure("NamespacedName", [("Namespace", text(&key.namespace)), ("Name", text(&key.name))]);
    let values = valid.values.iter().map(|(key, value)| (text(key), text(value)));
    let automation = automation.displayed_as(key.to_string());
    Value::structure(
        "TemplateData",
        [("AutomationObject", automation), ("Changed", result), ("Values", Value::map(values))],
    )
}
