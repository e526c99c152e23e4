//! How the tables write markers and findings down.

use tagalong_edit::{Edit, Field, FileKind, Scan, apply, scan};
use tagalong_model::Setter;

/// `«x:tag»` stands for the comment `# {"$imagepolicy": "ns:x:tag"}`.
pub(crate) fn expand(input: &str) -> String {
    input.replace('«', "# {\"$imagepolicy\": \"ns:").replace('»', "\"}")
}

/// One line for each field (`line:column setter policy path = value`), then one for each problem.
pub(crate) fn show(found: &Scan) -> Vec<String> {
    let mut shown = Vec::new();
    for site in &found.sites {
        let hold = site.hold.as_ref().map(|hold| format!(" hold={hold}")).unwrap_or_default();
        let parts: Vec<String> = site.fields.iter().map(show_field).collect();
        shown.push(format!("{} {}{hold}", site.policy, parts.join(" + ")));
    }
    shown.extend(found.problems.iter().map(|p| format!("! {}:{} {}", p.line, p.column, p.reason)));
    shown
}

fn show_field(field: &Field) -> String {
    let setter = match field.setter {
        Setter::Image => "image",
        other => other.word(),
    };
    format!("{}:{} {setter} {}={:?}", field.line, field.column, field.path, field.value)
}

/// The value that the tables write into a field.
pub(crate) fn new_value(field: &Field) -> &'static str {
    match field.setter {
        Setter::Image => "reg.io/x:9.1",
        Setter::Name => "reg.io/x",
        Setter::Tag => "9.1",
        Setter::Digest => "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    }
}

/// Writes [`new_value`] into every field that a scan finds.
pub(crate) fn write_all(input: &[u8], kind: FileKind) -> Result<Vec<u8>, tagalong_edit::Problem> {
    let found = scan(input, kind);
    let fields = found.sites.iter().flat_map(|site| &site.fields);
    let edits: Vec<Edit<'_>> = fields.map(|field| Edit { field, value: new_value(field) }).collect();
    apply(input, kind, &edits).map(|edited| edited.bytes)
}
