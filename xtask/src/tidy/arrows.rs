//! Arrows between crates run downwards only; test tools stand beside and are never part of the product.

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::Finding;
use crate::tree;

/// The floor of each crate of the product. A new crate is one line here.
const FLOORS: &[(&str, u8)] = &[
    ("tagalong-model", 1),
    ("tagalong-pattern", 1),
    ("tagalong-cel", 1),
    ("tagalong-policy", 2),
    ("tagalong-edit", 2),
    ("tagalong-template", 2),
    ("tagalong-kustomize", 2),
    ("tagalong-registry", 2),
    ("tagalong-git", 2),
    ("tagalong-forge", 2),
    ("tagalong-apply", 2),
    ("tagalong-store", 2),
    ("tagalong-api", 3),
    ("tagalong-sops", 3),
    ("tagalong-engine", 4),
    ("tagalong-files", 5),
    ("tagalong-cluster", 5),
    ("tagalong", 6),
];

/// Beside the floors: the first is for `[dev-dependencies]` and the second, the second is for nobody.
const BESIDE: &[&str] = &["tagalong-testkit", "xtask"];

/// A crate of the workspace and what its manifest names.
#[derive(Clone, Debug, Default)]
pub(super) struct Crate {
    pub(super) name: String,
    /// `[dependencies]` and `[build-dependencies]`.
    pub(super) uses: Vec<String>,
}

/// Reads the manifests through cargo.
pub(super) fn crates() -> Result<Vec<Crate>> {
    let output = tree::cargo()?
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .output()
        .context("cannot run cargo metadata")?;
    if !output.status.success() {
        bail!("cargo metadata failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    let metadata: Value = serde_json::from_slice(&output.stdout)?;
    let packages =
        metadata.get("packages").and_then(Value::as_array).context("cargo metadata has no packages")?;
    Ok(packages.iter().map(read).collect())
}

fn read(package: &Value) -> Crate {
    let text =
        |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let dependencies = package.get("dependencies").and_then(Value::as_array);
    let uses = dependencies
        .into_iter()
        .flatten()
        .filter(|dependency| text(dependency, "kind") != "dev")
        .map(|dependency| text(dependency, "name"))
        .collect();
    Crate { name: text(package, "name"), uses }
}

/// Every arrow that does not run down.
pub(super) fn check(crates: &[Crate]) -> Vec<Finding> {
    let floor = |name: &str| FLOORS.iter().find(|(known, _)| *known == name).map(|(_, floor)| *floor);
    let mut findings = Vec::new();
    for Crate { name, uses } in crates {
        let mut find = |text: String| findings.push(Finding::new(&manifest(name), 0, text));
        let own = floor(name);
        if own.is_none() && !BESIDE.contains(&name.as_str()) {
            find(format!("{name} has no floor; give it one in xtask/src/tidy/arrows.rs"));
        }
        for used in uses {
            if BESIDE.contains(&used.as_str()) && name != "xtask" {
                find(format!("{used} is for tests: name it under [dev-dependencies]"));
            }
            if let (Some(own), Some(below)) = (own, floor(used))
                && below >= own
            {
                find(format!("floor {own} names {used} of floor {below}: arrows run down only"));
            }
        }
    }
    findings
}

fn manifest(name: &str) -> String {
    if name == "xtask" { "xtask/Cargo.toml".to_owned() } else { format!("crates/{name}/Cargo.toml") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(name: &str, uses: &[&str]) -> Vec<String> {
        let uses = uses.iter().map(|used| (*used).to_owned()).collect();
        check(&[Crate { name: name.to_owned(), uses }]).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn an_arrow_down_is_fine() {
        assert!(texts("tagalong-engine", &["tagalong-api", "tagalong-model", "serde"]).is_empty());
        assert!(texts("xtask", &["tagalong-testkit"]).is_empty());
    }

    #[test]
    fn an_arrow_up_or_sideways_is_found() {
        let up =
            "crates/tagalong-model/Cargo.toml: floor 1 names tagalong-edit of floor 2: arrows run down only";
        assert_eq!(texts("tagalong-model", &["tagalong-edit"]), [up]);
        assert_eq!(texts("tagalong-edit", &["tagalong-policy"]).len(), 1);
    }

    #[test]
    fn test_tools_stay_out_of_the_product() {
        assert_eq!(texts("tagalong-git", &["tagalong-testkit"]).len(), 1);
        assert_eq!(texts("tagalong-testkit", &["xtask"]).len(), 1);
    }

    #[test]
    fn a_new_crate_needs_a_floor() {
        assert_eq!(texts("tagalong-attic", &[]).len(), 1);
    }

    #[test]
    fn dev_dependencies_are_not_arrows() {
        let package = serde_json::json!({"name": "a", "dependencies": [
            {"name": "b", "kind": null}, {"name": "c", "kind": "dev"}, {"name": "d", "kind": "build"},
        ]});
        assert_eq!(read(&package).uses, ["b", "d"]);
    }
}
