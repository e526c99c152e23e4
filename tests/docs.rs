//! The manual says what there is: every reason, every field, and no link into nothing.

use kube::CustomResourceExt as _;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use tagalong_api::{
    GitRepository, ImagePolicy, ImageRepository, ImageUpdateAutomation, Kustomization, Reason,
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn page(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The words between backticks of a page.
fn code_words(page: &str) -> BTreeSet<String> {
    let spans = page.split('`').skip(1).step_by(2);
    let word = |c: char| c.is_ascii_alphanumeric();
    spans.flat_map(|span| span.split(|c| !word(c))).map(ToOwned::to_owned).collect()
}

/// What `Self::X => "X"` says in a source of reasons that keeps no list of them.
fn reasons_in(source: &str) -> Vec<&str> {
    source
        .lines()
        .filter(|line| line.trim_start().starts_with("Self::"))
        .filter_map(|line| line.split_once("=> \"")?.1.strip_suffix("\","))
        .filter(|word| !word.contains(' '))
        .collect()
}

#[test]
fn every_reason_is_explained() {
    let words = code_words(&page("docs/reference/reasons.md"));
    let sources = [
        page("crates/tagalong-edit/src/problem.rs"),
        page("crates/tagalong-policy/src/refusal.rs"),
        page("crates/tagalong-policy/src/decide.rs"),
    ];
    let mut reasons: Vec<&str> = Reason::ALL.iter().map(|reason| reason.as_str()).collect();
    for source in &sources {
        let found = reasons_in(source);
        assert!(found.len() >= 2, "{found:?}");
        reasons.extend(found);
    }
    let missing: Vec<&str> = reasons.into_iter().filter(|reason| !words.contains(*reason)).collect();
    assert!(missing.is_empty(), "docs/reference/reasons.md says nothing of {missing:?}");
}

#[test]
fn every_field_is_explained() {
    let words = code_words(&page("docs/reference/objects.md"));
    let mut fields = BTreeSet::new();
    let kinds = [
        ImageRepository::crd(),
        ImagePolicy::crd(),
        ImageUpdateAutomation::crd(),
        GitRepository::crd(),
        Kustomization::crd(),
    ];
    for kind in kinds {
        let schema = serde_json::to_value(&kind.spec.versions[0].schema).unwrap();
        collect(&schema["openAPIV3Schema"], &mut fields);
    }
    assert!(fields.len() > 60, "{fields:?}");
    let missing: Vec<&String> = fields.iter().filter(|field| !words.contains(*field)).collect();
    assert!(missing.is_empty(), "docs/reference/objects.md says nothing of {missing:?}");
}

#[test]
fn every_field_is_compared_with_fluxs() {
    let page = page("docs/migrate-from-flux.md");
    for kind in
        [ImageRepository::crd(), ImagePolicy::crd(), ImageUpdateAutomation::crd(), GitRepository::crd()]
    {
        let name = &kind.spec.names.kind;
        let (_, rest) = page.split_once(&format!("\n### {name}\n")).unwrap_or_else(|| panic!("{name}"));
        let section = rest.split("\n#").next().unwrap();
        let mut compared = BTreeSet::new();
        for row in section.lines().filter(|line| line.starts_with("| `")) {
            let cells: Vec<&str> = row.split(" | ").collect();
            let verdict = cells[1].split([' ', ':', ';', ',']).next().unwrap();
            assert!(["same", "extended", "ignored", "refused"].contains(&verdict), "{name}: {row}");
            let fields = cells[0].split('`').skip(1).step_by(2);
            fields.for_each(|field| assert!(compared.insert(field.to_owned()), "{name}: {field} twice"));
        }
        let schema = serde_json::to_value(&kind.spec.versions[0].schema).unwrap();
        let mut there = BTreeSet::new();
        for part in ["spec", "status"] {
            leaves(&schema["openAPIV3Schema"]["properties"][part], part, &mut there);
        }
        let missing: Vec<_> = there.difference(&compared).collect();
        let unknown: Vec<_> = compared.difference(&there).collect();
        assert!(missing.is_empty() && unknown.is_empty(), "{name}: missing {missing:?}, unknown {unknown:?}");
    }
}

/// The paths of all fields that hold a value; a condition is one.
fn leaves(schema: &serde_json::Value, path: &str, fields: &mut BTreeSet<String>) {
    let items = &schema["items"];
    if path.ends_with(".conditions") || !(schema["properties"].is_object() || items["properties"].is_object())
    {
        fields.insert(path.to_owned());
        return;
    }
    let (schema, path) =
        if items.is_object() { (items, format!("{path}[]")) } else { (schema, path.to_owned()) };
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        leaves(property, &format!("{path}.{name}"), fields);
    }
}

/// The names of all properties of a schema.
fn collect(schema: &serde_json::Value, fields: &mut BTreeSet<String>) {
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        fields.insert(name.clone());
        collect(property, fields);
    }
    for inner in ["items", "additionalProperties"] {
        if schema[inner].is_object() {
            collect(&schema[inner], fields);
        }
    }
}

/// Written by `cargo xtask gen` and from what `cargo xtask bench` measures; a tree may be without them for a while.
const MADE: [&str; 2] = ["cli.md", "performance.md"];

#[test]
fn links_lead_somewhere() {
    let mut pages = Vec::new();
    for folder in ["docs", "examples", "policies"] {
        pages_below(&root().join(folder), &mut pages);
    }
    pages.extend(["README.md", "ARCHITECTURE.md", "SECURITY.md"].map(|name| root().join(name)));
    let mut broken = Vec::new();
    for page in &pages {
        let text = std::fs::read_to_string(page).unwrap();
        for link in links(&text) {
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if path.is_empty() { page.clone() } else { page.parent().unwrap().join(path) };
            let made = MADE.contains(&target.file_name().unwrap_or_default().to_string_lossy().as_ref());
            let leads = made || target.exists() && (anchor.is_empty() || anchors(&target).contains(anchor));
            if !leads {
                broken.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

fn pages_below(folder: &Path, pages: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            pages_below(&path, pages);
        } else if path.extension().is_some_and(|ending| ending == "md") {
            pages.push(path);
        }
    }
}

/// The targets of `[…](target)` outside of code, without those on other hosts.
fn links(text: &str) -> Vec<&str> {
    let mut fenced = false;
    let lines = text.lines().filter(|line| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        !fence && !fenced
    });
    lines
        .flat_map(|line| line.split("](").skip(1))
        .filter_map(|rest| rest.split_once(')').map(|(target, _)| target))
        .filter(|target| !target.contains("://"))
        .collect()
}

/// The anchors that GitHub makes of a page's headings.
fn anchors(page: &Path) -> BTreeSet<String> {
    let text = std::fs::read_to_string(page).unwrap();
    let headings = text.lines().filter(|line| line.starts_with('#'));
    headings
        .map(|line| {
            let words = line.trim_start_matches('#').trim().to_lowercase();
            let kept = words.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
            kept.map(|c| if c == ' ' { '-' } else { c }).collect()
        })
        .collect()
}
