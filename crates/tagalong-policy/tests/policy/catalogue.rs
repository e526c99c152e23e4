//! Every policy of `policies/` picks, of the tags beside it, the one that its first line names.

#![expect(clippy::disallowed_methods, reason = "the crate is pure; this test reads the catalogue's files")]
#![expect(clippy::panic, clippy::expect_used, reason = "a test fails by panicking, in its helpers too")]

use serde::Deserialize;
use std::{fs, path::Path};
use tagalong_policy::{Direction, FilterSpec, OrderSpec, Policy, Refusal, Verdict};

#[derive(Deserialize)]
struct Document {
    kind: String,
    metadata: Metadata,
    spec: Spec,
}

#[derive(Deserialize)]
struct Metadata {
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    filter_tags: Option<FilterTags>,
    policy: Choice,
}

#[derive(Deserialize)]
struct FilterTags {
    pattern: String,
    extract: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum Choice {
    Semver { range: String },
    Alphabetical { order: String },
    Numerical { order: String },
}

impl Spec {
    fn compile(self) -> Policy {
        let direction = |order: String| match order.as_str() {
            "asc" => Direction::Asc,
            "desc" => Direction::Desc,
            other => panic!("order: {other}"),
        };
        let order = match self.policy {
            Choice::Semver { range } => OrderSpec::Semver { range },
            Choice::Alphabetical { order } => OrderSpec::Alphabetical { order: direction(order) },
            Choice::Numerical { order } => OrderSpec::Numerical { order: direction(order) },
        };
        let filter = self.filter_tags.map(|f| FilterSpec { pattern: f.pattern, extract: f.extract });
        Policy::compile(&order, filter.as_ref()).unwrap()
    }
}

/// The wanted tag and the listing.
fn tags(file: &Path) -> (String, Vec<String>) {
    let text = fs::read_to_string(file).unwrap();
    let (first, rest) = text.split_once('\n').unwrap();
    let tag = |line: &str| line.split('#').next().unwrap_or_default().trim().to_owned();
    let listed = rest.lines().map(tag).filter(|tag| !tag.is_empty()).collect();
    (first.strip_prefix("want: ").expect("the first line begins with `want: `").to_owned(), listed)
}

#[test]
fn every_policy_picks_what_it_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies");
    let readme = fs::read_to_string(folder.join("README.md")).unwrap();
    let mut files: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    assert!(files.len() >= 30, "{}", files.len());
    for file in files {
        let name = file.file_stem().unwrap().to_str().unwrap();
        let document: Document = serde_saphyr::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
        assert_eq!((document.kind.as_str(), document.metadata.name.as_str()), ("ImagePolicy", name));
        let policy = document.spec.compile();
        assert_eq!(policy.extract_groups_missing(), [""; 0], "{name}");
        assert!(policy.range_is_satisfiable(), "{name}");

        let (want, listed) = tags(&file.with_extension("tags"));
        let decision = policy.decide(listed.iter().map(String::as_str), &[]);
        let Verdict::Select { tag, .. } = decision.verdict else { panic!("{name}: {:?}", decision.verdict) };
        assert_eq!(tag, want, "{name}");
        assert_eq!(decision.equals, [want.as_str()], "{name}");
        assert!(decision.refused > 0 && listed.contains(&want), "{name}");
        assert!(readme.contains(&format!("| [{name}]({name}.yaml) |")), "{name} is not in the table");
        assert!(readme.contains(&format!("| `{want}` |")), "{name}: the table names another tag");
    }
}

/// A refusal that no policy of the catalogue meets would go unnoticed there.
#[test]
fn the_catalogue_meets_the_refusals_of_each_order() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies");
    let reasons = |name: &str| {
        let document: Document =
            serde_saphyr::from_str(&fs::read_to_string(folder.join(format!("{name}.yaml"))).unwrap())
                .unwrap();
        let (_, listed) = tags(&folder.join(format!("{name}.tags")));
        let decision = document.spec.compile().decide(listed.iter().map(String::as_str), &[]);
        decision.reasons.into_keys().collect::<Vec<_>>()
    };
    assert_eq!(reasons("semver-stable"), [Refusal::NotAVersion, Refusal::PreRelease, Refusal::OutOfRange]);
    assert_eq!(reasons("build-number"), [Refusal::FilterMismatch]);
}
