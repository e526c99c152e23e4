//! Whose hand a change is, by the trailers of its commit (RULES, Words: *ours*). Pure; asked by `trace`.

use crate::automation::message::{AUTOMATION, REASON, REFUSED, UNHEALTHY, UPDATE, update_text, words};
use std::borrow::Cow;
use std::path::Path;
use tagalong_edit::Site;
use tagalong_git::PastCommit;
use tagalong_model::MarkerTarget;

/// Trailer that lifts what was refused at one site so far: `default:web apps/web.yaml spec.image`.
pub const UNPIN: &str = "Tagalong-Unpin";

/// Whether a commit says that it is the automation's of this name, and no revert of what was unhealthy (RULES 11).
pub(in crate::automation) fn is_named(name: &str, commit: &PastCommit) -> bool {
    let has = |key: &str, text: &str| {
        commit.trailers.iter().any(|(name, value)| name == key && words(value) == words(text))
    };
    let unhealthy = commit.trailers.iter().any(|(key, value)| key == REASON && value.starts_with(UNHEALTHY));
    !unhealthy && has(AUTOMATION, name)
}

/// Whether the change from `old` to `new` at a site is the automation's of this name: the commit names it, and
/// recorded this very change. One that took an unhealthy value back counts as somebody's: it refuses.
pub(in crate::automation) fn is_ours(name: &str, commit: &PastCommit, old: &Site, new: &Site) -> bool {
    if !is_named(name, commit) || old.fields.len() != new.fields.len() {
        return false;
    }
    let has = |key: &str, text: &str| {
        commit.trailers.iter().any(|(name, value)| name == key && words(value) == words(text))
    };
    let policy = &new.policy;
    let mut changed =
        old.fields.iter().zip(&new.fields).filter(|(old, new)| old.value != new.value).peekable();
    changed.peek().is_some()
        && changed.all(|(old, new)| {
            let target = MarkerTarget { policy: policy.clone(), setter: new.setter };
            has(UPDATE, &update_text(&target.to_string(), &old.value, &new.value))
        })
}

/// Whether a write of ours left something refused that it was not above: then what lies before it counts as well.
pub(super) fn leaves_refused(commit: &PastCommit, site: &Site) -> bool {
    let policy = format!("{}:{}", site.policy.namespace, site.policy.name);
    commit.trailers.iter().any(|(key, value)| {
        key == REFUSED && value.split_once(' ').is_some_and(|(target, _)| target == policy)
    })
}

/// Whether the commit lifts what was refused at this site.
pub(super) fn lifts(commit: &PastCommit, site: &Site, path: &str) -> bool {
    let wanted = words(&unpin_text(site, path));
    commit.trailers.iter().any(|(key, value)| key == UNPIN && words(value) == wanted)
}

/// How a site is named in the trailer that lifts its pin.
pub(crate) fn unpin_text(site: &Site, path: &str) -> String {
    let field = super::twin::main_field(site);
    let policy = &site.policy;
    let key_path = field.map(|field| field.path.as_str()).unwrap_or_default();
    format!("{}:{} {path} {key_path}", policy.namespace, policy.name)
}

/// The command that lifts the pin at a line of a file: with the folder of objects, where they are not in a cluster.
pub(crate) fn unpin_command(folder: Option<&Path>, path: &str, line: u32) -> String {
    let folder = folder.map(|folder| format!("{} ", shell_word(&folder.to_string_lossy())));
    format!("tagalong unpin {}{}", folder.unwrap_or_default(), shell_word(&format!("{path}:{line}")))
}

/// A text as one word of a shell.
fn shell_word(text: &str) -> Cow<'_, str> {
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+=:@%,~".contains(c);
    if text.chars().all(is_plain) && !text.is_empty() {
        return Cow::Borrowed(text);
    }
    Cow::Owned(format!("'{}'", text.replace('\'', "'\\''")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_that_lifts_a_pin_can_be_typed_as_it_stands() {
        let check = |folder: Option<&str>, path: &str, expected: &str| {
            assert_eq!(unpin_command(folder.map(Path::new), path, 7), expected);
        };
        check(None, "apps/web.yaml", "tagalong unpin apps/web.yaml:7");
        check(Some("./fleet"), "apps/web.yaml", "tagalong unpin ./fleet apps/web.yaml:7");
        check(Some("my fleet"), "it's.yaml", r"tagalong unpin 'my fleet' 'it'\''s.yaml:7'");
    }
}
