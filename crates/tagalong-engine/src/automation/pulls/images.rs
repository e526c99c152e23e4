//! What a pull request tells of an image beside the change: by what rule its tag won, and where the publisher says that it
//! comes from. Called by `pulls` for those whose text is written now; what cannot be read is left out.
//!
//! Labels are a stranger's text: only https addresses of plain characters become links, nothing in them is fetched.

use super::group::Group;
use crate::automation::plan::PlannedEdit;
use crate::context::Context;
use crate::credentials;
use crate::desk::Desk;
use crate::policy::in_words;
use kube::runtime::reflector::ObjectRef;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use tagalong_api::{ImagePolicy, ImageRepository, validate};
use tagalong_forge::Provider;
use tagalong_model::{ImageName, ImageRef, ObjectKey, Setter, Tag};
use tagalong_registry::{Access, Reference};

/// The longest that one image may take: a pull request does not wait for a registry.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest address that becomes a link.
const LONGEST: usize = 300;
const SOURCE: &str = "org.opencontainers.image.source";
const REVISION: &str = "org.opencontainers.image.revision";
const URL: &str = "org.opencontainers.image.url";

/// What is told of each policy.
pub(super) type Told = BTreeMap<ObjectKey, About>;

/// What is told of one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct About {
    /// The rule of the policy, such as `semver 1.x`.
    pub(super) rule: String,
    /// Where to look.
    pub(super) links: Vec<Link>,
}

/// A title of ours, and an address that is safe to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) title: String,
    pub(super) url: String,
}

/// What there is to tell of these groups.
pub(super) async fn told<D: Desk>(context: &Context<D>, groups: &[&Group]) -> Told {
    let mut told = Told::new();
    for group in groups {
        for policy in &group.policies {
            let edits: Vec<&PlannedEdit> =
                group.plan.edits.iter().filter(|edit| edit.target.policy == *policy).collect();
            if let Some(about) = about(context, policy, &edits).await {
                told.insert(policy.clone(), about);
            }
        }
    }
    told
}

async fn about<D: Desk>(context: &Context<D>, key: &ObjectKey, edits: &[&PlannedEdit]) -> Option<About> {
    let kinds = context.desk.kinds();
    let policy = kinds.policies.get(&ObjectRef::<ImagePolicy>::new(&key.name).within(&key.namespace))?;
    let rule = in_words(&policy);
    let only_rule = About { rule, links: Vec::new() };
    let Ok(valid) = validate::policy(&policy) else { return Some(only_rule) };
    let reference =
        ObjectRef::<ImageRepository>::new(&valid.repository.name).within(&valid.repository.namespace);
    let repository = kinds.repositories.get(&reference).and_then(|object| validate::repository(&object).ok());
    let Some(repository) = repository else { return Some(only_rule) };
    let Ok(access) = credentials::registry::access(&context.desk, &repository).await else {
        return Some(only_rule);
    };
    let asked = Asked { context, access, deadline: Instant::now() + repository.timeout.min(PATIENCE) };
    let Some(image) = policy.status.as_ref().and_then(|status| status.latest_ref.as_ref()?.name.parse().ok())
    else {
        return Some(only_rule);
    };
    let new = asked.labels(&image, edits.first().map(|edit| edit.tag.as_str())).await;
    let compared = new.contains_key(SOURCE) && new.contains_key(REVISION);
    let old = edits.iter().find_map(|edit| old_tag(edit));
    let old = if compared { asked.labels(&image, old.as_deref()).await } else { BTreeMap::new() };
    Some(About { links: links(&new, &old), ..only_rule })
}

/// The tag that a field holds now.
fn old_tag(edit: &PlannedEdit) -> Option<String> {
    match edit.target.setter {
        Setter::Image => Some(edit.from.parse::<ImageRef>().ok()?.tag?.as_str().to_owned()),
        Setter::Tag => Some(edit.from.clone()),
        Setter::Name | Setter::Digest => None,
    }
}

struct Asked<'a, D> {
    context: &'a Context<D>,
    access: Access,
    deadline: Instant,
}

impl<D: Desk> Asked<'_, D> {
    /// What the publisher says of a tag; nothing where that cannot be read.
    async fn labels(&self, image: &ImageName, tag: Option<&str>) -> BTreeMap<String, String> {
        let Some(tag) = tag.and_then(|tag| tag.parse::<Tag>().ok()) else { return BTreeMap::new() };
        let asked = self.context.registry.labels(image, Reference::Tag(&tag), &self.access, self.deadline);
        match asked.await {
            Ok(labels) => labels,
            Err(error) => {
                tracing::debug!(%image, %tag, "nothing is told of the image: {error}");
                BTreeMap::new()
            }
        }
    }
}

/// Source, what changed in it, and the publisher's page.
fn links(new: &BTreeMap<String, String>, old: &BTreeMap<String, String>) -> Vec<Link> {
    let mut links = Vec::new();
    let mut push = |title: String, url: String| {
        if links.iter().all(|link: &Link| link.url != url) {
            links.push(Link { title, url });
        }
    };
    if let Some(source) = new.get(SOURCE).and_then(|text| address(text)) {
        let place = Place::of(&source);
        if let (Some(from), Some(to)) = (revision(old), revision(new))
            && from != to
            && let Some(url) = place.compare(from, to)
        {
            push(format!("What changed: {} to {}", short(from), short(to)), url);
        }
        if let Some(url) = revision(new).and_then(|to| place.commit(to)) {
            push(format!("Commit {}", short(revision(new).unwrap_or_default())), url);
        }
        if let Some(url) = place.releases() {
            push("Release notes".to_owned(), url);
        }
        push("Source".to_owned(), source);
    }
    if let Some(url) = new.get(URL).and_then(|text| address(text)) {
        push("Home page".to_owned(), url);
    }
    links
}

/// A repository on a host whose addresses are known.
struct Place<'a> {
    source: &'a str,
    /// What stands before the words of an address.
    words: Option<&'static str>,
}

impl<'a> Place<'a> {
    fn of(source: &'a str) -> Self {
        let rest = source.trim_start_matches("https://");
        let host = rest.split(['/', ':']).next().unwrap_or_default();
        let words = Provider::of_host(host).map(|provider| match provider {
            Provider::GitLab => "/-",
            Provider::GitHub | Provider::Gitea | Provider::Forgejo => "",
        });
        let plain = !source.contains(['?', '#']);
        let source = source.trim_end_matches('/');
        Self { source: source.strip_suffix(".git").unwrap_or(source), words: words.filter(|_| plain) }
    }

    fn compare(&self, from: &str, to: &str) -> Option<String> {
        Some(format!("{}{}/compare/{from}...{to}", self.source, self.words?))
    }

    fn commit(&self, id: &str) -> Option<String> {
        Some(format!("{}{}/commit/{id}", self.source, self.words?))
    }

    fn releases(&self) -> Option<String> {
        Some(format!("{}{}/releases", self.source, self.words?))
    }
}

/// A commit's name in full or in part.
fn revision(labels: &BTreeMap<String, String>) -> Option<&str> {
    let revision = labels.get(REVISION)?.trim();
    let is_name = (7..=64).contains(&revision.len()) && revision.chars().all(|c| c.is_ascii_hexdigit());
    is_name.then_some(revision)
}

fn short(revision: &str) -> &str {
    revision.get(..7).unwrap_or(revision)
}

/// An address that is https, names a host and nobody, and holds nothing that means something to Markdown.
fn address(text: &str) -> Option<String> {
    let text = text.trim();
    let rest = text.strip_prefix("https://")?;
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let is_host = |c: char| c.is_ascii_alphanumeric() || ".-:".contains(c);
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._~/:?#=&%+,".contains(c);
    let safe = text.len() <= LONGEST
        && host.contains(|c: char| c.is_ascii_alphanumeric())
        && host.chars().all(is_host)
        && rest.chars().all(is_plain);
    safe.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        let full = |name: &str| format!("org.opencontainers.image.{name}");
        pairs.iter().map(|(name, value)| (full(name), (*value).to_owned())).collect()
    }

    #[track_caller]
    fn check(new: &[(&str, &str)], old: &[(&str, &str)], expected: &[(&str, &str)]) {
        let found = links(&labels(new), &labels(old));
        let found: Vec<(&str, &str)> =
            found.iter().map(|link| (link.title.as_str(), link.url.as_str())).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn labels_become_links_in_the_words_of_each_host() {
        let new = |source: &'static str| [("source", source), ("revision", "bbbbbbbbbb")];
        let old = [("revision", "aaaaaaaaaa")];
        check(
            &new("https://github.com/acme/web.git"),
            &old,
            &[
                (
                    "What changed: aaaaaaa to bbbbbbb",
                    "https://github.com/acme/web/compare/aaaaaaaaaa...bbbbbbbbbb",
                ),
                ("Commit bbbbbbb", "https://github.com/acme/web/commit/bbbbbbbbbb"),
                ("Release notes", "https://github.com/acme/web/releases"),
                ("Source", "https://github.com/acme/web.git"),
            ],
        );
        check(
            &new("https://gitlab.example.com/acme/web/"),
            &[],
            &[
                ("Commit bbbbbbb", "https://gitlab.example.com/acme/web/-/commit/bbbbbbbbbb"),
                ("Release notes", "https://gitlab.example.com/acme/web/-/releases"),
                ("Source", "https://gitlab.example.com/acme/web/"),
            ],
        );
        // Of a host whose addresses are not known there is no more than its own.
        check(&new("https://git.example.com/web"), &old, &[("Source", "https://git.example.com/web")]);
        check(&[("url", "https://example.com/web")], &[], &[("Home page", "https://example.com/web")]);
        check(&[("revision", "bbbbbbbbbb")], &old, &[]);
    }

    #[test]
    fn what_a_stranger_writes_is_no_more_than_an_address() {
        let long = format!("https://example.com/{}", "a".repeat(300));
        for text in [
            "http://example.com",
            "javascript:alert(1)",
            "https://",
            "https://user:secret@example.com/x",
            "https://example.com/) [x](https://evil.example",
            "https://example.com/<script>",
            "https://example.com/a b",
            "https://example.com/\nx",
            "https://example.com/@everyone",
            "https://example.com/`x`",
            &long,
        ] {
            assert_eq!(address(text), None, "{text}");
        }
        for revision_text in ["main", "abc", "bbbbbbbbbb)", "../../x", &"b".repeat(65)] {
            assert_eq!(revision(&labels(&[("revision", revision_text)])), None, "{revision_text}");
        }
    }
}
