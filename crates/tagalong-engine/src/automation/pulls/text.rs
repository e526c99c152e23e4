//! Title and text of a pull request: the user's templates or the default ones over what changes. Pure.
//!
//! Whatever comes from outside (a file's path, a value that stood there, the subject of a commit) is made harmless
//! before a template sees it: one line, nothing that Markdown would take for more than text, nobody mentioned.

use super::group::Group;
use super::images::{Link, Told};
use crate::automation::plan::{HeldSite, PlannedEdit};
use crate::automation::rollback::Revert;
use std::collections::BTreeSet;
use tagalong_api::validate::{ValidAutomation, ValidPullRequest};
use tagalong_model::ObjectKey;
use tagalong_template::{Template, TemplateError, Value};

/// The title of a pull request that has no template.
pub const DEFAULT_TITLE: &str = "\
{{ if eq (len .Policies) 1 }}{{ with index .Policies 0 }}Update {{ .Name }} to {{ .Tag }}{{ end }}\
{{ else }}Update {{ len .Policies }} images{{ end }}";

/// The text of a pull request that has no template.
pub const DEFAULT_BODY: &str = include_str!("body.md.tmpl");

/// What an invisible line of ours in a text begins with.
const MARK: &str = "<!-- tagalong:";
/// What the line says once we have closed it.
const CLOSED: &str = "closed";
/// The longest title that every host takes (255 on GitLab and Gitea), with room for the mark of a draft.
const TITLE: usize = 240;
/// The longest text that every host takes, with room for our line.
const BODY: usize = 60_000;

/// Title and text of a pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Text {
    pub(crate) title: String,
    pub(crate) body: String,
}

/// Renders both for a group.
///
/// # Errors
/// A template's error, which names the field or function and its line.
pub(crate) fn text(
    automation: &ValidAutomation,
    spec: &ValidPullRequest,
    group: &Group,
    base: &str,
    told: &Told,
) -> Result<Text, TemplateError> {
    if let Some(revert) = &group.plan.revert {
        return Ok(taken_back(revert, automation, base));
    }
    let data = data(automation, group, base, told);
    let render = |own: &Option<Template>, default: &str| match own {
        Some(template) => template.render(&data),
        None => Template::parse(default)?.render(&data),
    };
    let title = render(&spec.title, DEFAULT_TITLE)?;
    let title = if title.trim().is_empty() { "Update images".to_owned() } else { title };
    let title = title.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(TITLE).collect();
    Ok(Text { title, body: bounded(render(&spec.body, DEFAULT_BODY)?.trim_end()) })
}

/// Of a pull request that takes a commit back: always our own words.
fn taken_back(revert: &Revert, automation: &ValidAutomation, base: &str) -> Text {
    let Revert { commit, subject, kustomization, revision, failing, left_alone, unproven } = revert;
    let list = |items: &[String]| items.iter().map(|item| format!("* {}\n", plain(item))).collect::<String>();
    let mut body = format!(
        "This takes commit {commit} (`{}`) back: `Kustomization/{}` did not become healthy with revision `{}`.\n\n{}",
        code(subject),
        code(&kustomization.to_string()),
        code(revision),
        list(failing)
    );
    if let Some(why) = unproven {
        body.push_str(&format!(
            "\nThis is known from the Kustomization's condition alone: {}.\n",
            plain(why)
        ));
    }
    if !left_alone.is_empty() {
        body.push_str(&format!("\nLeft alone:\n\n{}", list(left_alone)));
    }
    body.push_str(&format!(
        "\n---\nMade by the ImageUpdateAutomation `{}` for `{}`. Merged, these tags are pinned: the next release above them \
         flows. Closed without merging, they stay.",
        code(&automation.key.to_string()),
        code(base)
    ));
    let title: String = format!("Revert \"{subject}\"").chars().take(TITLE).collect();
    Text { title, body: bounded(&body) }
}

/// Which commit a text is about, as our line in it says; `None` where a person has taken the line out.
pub(crate) fn described(body: &str) -> Option<&str> {
    let at = body.rfind(MARK)? + MARK.len();
    body.get(at..)?.split("-->").next().map(str::trim)
}

/// The text with our line for this commit.
pub(crate) fn about(body: &str, commit: &str) -> String {
    format!("{}\n\n{MARK}{commit} -->\n", without_mark(body))
}

/// The text with our line that says that we closed it.
pub(crate) fn closed(body: &str) -> String {
    about(body, CLOSED)
}

/// Whether it was we who closed it.
pub(crate) fn is_closed_by_us(body: &str) -> bool {
    described(body) == Some(CLOSED)
}

fn without_mark(body: &str) -> &str {
    body.rfind(MARK).and_then(|at| body.get(..at)).unwrap_or(body).trim_end()
}

fn bounded(body: &str) -> String {
    if body.len() <= BODY {
        return body.to_owned();
    }
    let end = (0..=BODY).rev().find(|at| body.is_char_boundary(*at)).unwrap_or(0);
    let whole = body.get(..end).and_then(|body| body.rsplit_once('\n')).map_or("", |(whole, _)| whole);
    format!("{whole}\n\n… and more, which the commit shows.")
}

fn data(automation: &ValidAutomation, group: &Group, base: &str, told: &Told) -> Value {
    let key = &automation.key;
    let values = automation.values.iter().map(|(k, v)| (Value::from(k.as_str()), Value::from(v.as_str())));
    let object = Value::structure(
        "NamespacedName",
        [("Namespace", Value::from(key.namespace.as_str())), ("Name", Value::from(key.name.as_str()))],
    )
    .displayed_as(key.to_string());
    Value::structure(
        "PullRequest",
        [
            ("AutomationObject", object),
            (
                "Policies",
                Value::List(group.policies.iter().map(|policy| self::policy(group, policy, told)).collect()),
            ),
            ("Held", Value::List(group.plan.held.iter().map(held).collect())),
            ("Base", Value::from(code(base))),
            ("Branch", Value::from(code(&group.branch))),
            ("Values", Value::map(values)),
        ],
    )
}

fn policy(group: &Group, policy: &ObjectKey, told: &Told) -> Value {
    let about = told.get(policy).cloned().unwrap_or_default();
    let link = |link: &Link| {
        Value::structure(
            "Link",
            [("Title", Value::from(link.title.as_str())), ("URL", Value::from(link.url.as_str()))],
        )
    };
    let edits: Vec<&PlannedEdit> =
        group.plan.edits.iter().filter(|edit| edit.target.policy == *policy).collect();
    let tag = edits.first().map(|edit| code(&edit.tag)).unwrap_or_default();
    let left: BTreeSet<String> =
        edits.iter().filter_map(|edit| edit.left_policy.as_deref()).map(plain).collect();
    Value::structure(
        "Policy",
        [
            ("Namespace", Value::from(code(&policy.namespace))),
            ("Name", Value::from(code(&policy.name))),
            ("Tag", Value::from(tag)),
            ("Changes", Value::List(edits.iter().map(|edit| change(edit)).collect())),
            ("Left", Value::list(left)),
            ("Rule", Value::from(code(&about.rule))),
            ("Links", Value::List(about.links.iter().map(link).collect())),
        ],
    )
}

fn change(edit: &PlannedEdit) -> Value {
    Value::structure(
        "Change",
        [
            ("File", Value::from(code(edit.path.as_str()))),
            ("Line", Value::from(i64::from(edit.line))),
            ("Old", Value::from(code(&edit.from))),
            ("New", Value::from(code(&edit.to))),
        ],
    )
}

fn held(site: &HeldSite) -> Value {
    Value::structure(
        "Held",
        [
            ("File", Value::from(code(site.path.as_str()))),
            ("Line", Value::from(i64::from(site.line))),
            ("Policy", Value::from(code(&site.policy.to_string()))),
            ("Value", Value::from(code(&site.value))),
            ("Reason", Value::from(site.reason.as_str())),
            ("Message", Value::from(plain(&site.message))),
        ],
    )
}

/// Text for between backticks, in a table or not.
fn code(text: &str) -> String {
    let text: String = text
        .chars()
        .map(|c| match c {
            '`' => '\'',
            '|' => '¦',
            c if c.is_control() => ' ',
            c => c,
        })
        .collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(500).collect()
}

/// Text that Markdown takes for text: no markup, no link, nobody mentioned, no issue referred to or closed.
pub(crate) fn plain(text: &str) -> String {
    let words: Vec<&str> =
        text.split(|c: char| c.is_control() || c.is_whitespace()).filter(|word| !word.is_empty()).collect();
    let mut out = String::new();
    for c in words.join(" ").chars().take(1000) {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '|' => out.push('¦'),
            '\\' | '`' | '*' | '_' | '[' | ']' | '~' | '!' => out.extend(['\\', c]),
            // Links and references of GitHub and GitLab that need no colon and no mark.
            '.' | '-' if ends_with_any(&out, if c == '.' { &["www"] } else { &["gh", "gl"] }) => {
                out.extend(['\u{200b}', c]);
            }
            // What follows these is no name, number or address any more once something invisible stands between.
            '@' | '#' | ':' => out.extend([c, '\u{200b}']),
            c => out.push(c),
        }
    }
    out
}

fn ends_with_any(text: &str, words: &[&str]) -> bool {
    let ends = |word: &&str| {
        let at = text.len().checked_sub(word.len());
        at.and_then(|at| text.get(at..)).is_some_and(|end| end.eq_ignore_ascii_case(word))
    };
    words.iter().any(ends)
}
