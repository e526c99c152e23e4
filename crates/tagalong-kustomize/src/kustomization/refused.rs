//! The fields of kustomize that are refused by name, and what to do instead.

use crate::decode::{Field, Result};
use crate::error::Fault;
use crate::node::Nodes;
use crate::parse::Refused;

/// Every refused field with its advice. `docs/kustomize.md` repeats this list.
const REFUSED: &[(&str, &str)] = &[
    ("vars", "is not rendered; use replacements, which kustomize recommends instead"),
    ("openapi", "another schema than kustomize's built-in one is not rendered"),
    ("crds", "is not rendered; name the fields in a file of configurations"),
    ("helmCharts", "Helm charts are not rendered; use a HelmRelease, or commit what `helm template` prints"),
    ("helmGlobals", "Helm charts are not rendered; use a HelmRelease, or commit what `helm template` prints"),
    (
        "helmChartInflationGenerator",
        "Helm charts are not rendered; use a HelmRelease, or commit what `helm template` prints",
    ),
    (
        "generators",
        "generator plugins are not run; use configMapGenerator, secretGenerator or plain resources",
    ),
    ("transformers", "transformer plugins are not run; use the fields of the kustomization itself"),
    ("validators", "validator plugins are not run; validate before the commit"),
];

/// The names alone, for the test that holds the reference page against them.
#[cfg(test)]
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    REFUSED.iter().map(|(name, _)| *name)
}

/// Refuses the field if it is one of those and says anything.
pub(super) fn check(nodes: &Nodes, field: &Field) -> Result<()> {
    let Some((name, why)) = REFUSED.iter().find(|(name, _)| *name == field.name) else { return Ok(()) };
    if nodes.get(field.value).is_nil_or_empty() {
        return Ok(());
    }
    Err(Refused { line: field.line, fault: Fault::unsupported(format!("{name}: {why}")) })
}
