//! The expressions of a Kustomization: how healthy objects look, and when what it depends on is ready. All of them are
//! read before anything is done, so that one that is wrong is told by its place and nothing is applied.

use super::{Invalid, field};
use crate::{HealthCheckExpression, KustomizationSpec, Reason};
use tagalong_cel::{Expression, HealthExpressions};
use tagalong_model::ObjectKey;

/// What an expression of `readyExpr` may use.
const READY_VARIABLES: &[&str] = &["self", "dep"];

/// How healthy objects of a kind look, whatever their version.
#[derive(Debug, Clone, PartialEq)]
pub struct HealthRule {
    /// The group.
    pub group: String,
    /// The kind.
    pub kind: String,
    /// What says so, over the fields of an object.
    pub expressions: HealthExpressions,
}

/// A Kustomization that has to be ready first.
#[derive(Debug, Clone, PartialEq)]
pub struct Dependency {
    /// Namespace and name.
    pub key: ObjectKey,
    /// What says so, over `self` and `dep`, in place of the built-in rule.
    pub ready: Option<Expression>,
}

/// The rules of `healthCheckExprs`, the first of each kind; the others never count, as with Flux.
pub(super) fn health_rules(spec: &KustomizationSpec) -> Result<Vec<HealthRule>, Invalid> {
    let mut rules: Vec<HealthRule> = Vec::new();
    for (at, entry) in spec.health_check_exprs.iter().flatten().enumerate() {
        let rule = health_rule(&format!(".spec.healthCheckExprs[{at}]"), entry)?;
        if !rules.iter().any(|known| known.group == rule.group && known.kind == rule.kind) {
            rules.push(rule);
        }
    }
    Ok(rules)
}

fn health_rule(place: &str, entry: &HealthCheckExpression) -> Result<HealthRule, Invalid> {
    let kind = entry.kind.clone().unwrap_or_default();
    if kind.is_empty() {
        let field = format!("{place}.kind");
        let message = format!("{field}: must name the kind that the expressions are for");
        return Err(Invalid::stalled(Reason::InvalidCELExpression, field, message));
    }
    let group = entry.api_version.split_once('/').map_or("", |(group, _)| group);
    let parse = |field: &str, text: &str| parse(format!("{place}.{field}"), text, None);
    let given = |field, text: &Option<String>| {
        text.as_deref().filter(|text| !text.is_empty()).map(|text| parse(field, text)).transpose()
    };
    Ok(HealthRule {
        group: group.to_owned(),
        kind,
        expressions: HealthExpressions {
            in_progress: given("inProgress", &entry.in_progress)?,
            failed: given("failed", &entry.failed)?,
            current: parse("current", &entry.current)?,
        },
    })
}

/// What has to be ready first.
pub(super) fn dependencies(spec: &KustomizationSpec, key: &ObjectKey) -> Result<Vec<Dependency>, Invalid> {
    let references = spec.depends_on.iter().flatten().enumerate();
    let dependencies = references.map(|(at, other)| {
        let text = other.ready_expr.as_deref().filter(|text| !text.is_empty());
        let place = format!(".spec.dependsOn[{at}].readyExpr");
        let ready = text.map(|text| parse(place, text, Some(READY_VARIABLES))).transpose()?;
        Ok(Dependency { key: field::referent(key, other.namespace.as_deref(), &other.name), ready })
    });
    dependencies.collect()
}

fn parse(field: String, text: &str, variables: Option<&[&str]>) -> Result<Expression, Invalid> {
    Expression::parse(text, variables).map_err(|error| {
        let message = format!("{field}: {error}");
        Invalid::stalled(Reason::InvalidCELExpression, field, message)
    })
}
