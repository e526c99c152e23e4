//! Label selectors, as the API server reads them.

use super::{Invalid, gitref::printable};
use crate::Reason;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, LabelSelectorRequirement};
use std::collections::{BTreeMap, BTreeSet};

/// A selector whose requirements are well-formed. The default one matches everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selector(Vec<(String, Requirement)>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Requirement {
    In(BTreeSet<String>),
    NotIn(BTreeSet<String>),
    Exists,
    DoesNotExist,
}

impl Selector {
    /// Whether an object with these labels is selected. As in the API server, `NotIn` also selects objects without the
    /// label.
    pub fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        self.0.iter().all(|(key, requirement)| {
            let value = labels.get(key);
            match requirement {
                Requirement::In(values) => value.is_some_and(|value| values.contains(value)),
                Requirement::NotIn(values) => value.is_none_or(|value| !values.contains(value)),
                Requirement::Exists => value.is_some(),
                Requirement::DoesNotExist => value.is_none(),
            }
        })
    }

    /// Reads `spec.policySelector`.
    pub(super) fn read(selector: &LabelSelector) -> Result<Self, Invalid> {
        let mut requirements = Vec::new();
        for (key, value) in selector.match_labels.iter().flatten() {
            let field = format!(".spec.policySelector.matchLabels[{}]", printable(key));
            check_key(&field, key)?;
            check_value(&field, value)?;
            requirements.push((key.clone(), Requirement::In(BTreeSet::from([value.clone()]))));
        }
        for (index, expression) in selector.match_expressions.iter().flatten().enumerate() {
            let field = format!(".spec.policySelector.matchExpressions[{index}]");
            requirements.push((expression.key.clone(), read_expression(&field, expression)?));
        }
        Ok(Self(requirements))
    }
}

fn read_expression(field: &str, expression: &LabelSelectorRequirement) -> Result<Requirement, Invalid> {
    check_key(&format!("{field}.key"), &expression.key)?;
    let values: BTreeSet<String> = expression.values.iter().flatten().cloned().collect();
    let field_values = format!("{field}.values");
    for value in &values {
        check_value(&field_values, value)?;
    }
    match (expression.operator.as_str(), values.is_empty()) {
        ("In", false) => Ok(Requirement::In(values)),
        ("NotIn", false) => Ok(Requirement::NotIn(values)),
        ("Exists", true) => Ok(Requirement::Exists),
        ("DoesNotExist", true) => Ok(Requirement::DoesNotExist),
        ("In" | "NotIn", true) => {
            Err(bad(field_values, "for 'in', 'notin' operators, values set can't be empty"))
        }
        ("Exists" | "DoesNotExist", false) => {
            Err(bad(field_values, "values set must be empty for exists and does not exist"))
        }
        (other, _) => Err(bad(
            format!("{field}.operator"),
            &format!(
                "{:?} is not a valid label selector operator; use In, NotIn, Exists or DoesNotExist",
                printable(other)
            ),
        )),
    }
}

/// `[prefix/]name`: the prefix a DNS name of at most 253, the name of at most 63 characters.
fn check_key(field: &str, key: &str) -> Result<(), Invalid> {
    let (prefix, name) = key.split_once('/').map_or((None, key), |(prefix, name)| (Some(prefix), name));
    let dns_label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let prefix_ok = prefix.is_none_or(|prefix| prefix.len() <= 253 && prefix.split('.').all(dns_label));
    if prefix_ok && !name.is_empty() && is_label_text(name) {
        return Ok(());
    }
    Err(bad(field, &format!("{:?} is not a valid label key", printable(key))))
}

fn check_value(field: &str, value: &str) -> Result<(), Invalid> {
    if is_label_text(value) {
        return Ok(());
    }
    Err(bad(field, &format!("{:?} is not a valid label value", printable(value))))
}

/// At most 63 letters, digits, `-`, `_`, `.`, beginning and ending with a letter or digit; or nothing.
fn is_label_text(text: &str) -> bool {
    let alnum = |c: char| c.is_ascii_alphanumeric();
    text.len() <= 63
        && text.chars().all(|c| alnum(c) || matches!(c, '-' | '_' | '.'))
        && text.starts_with(alnum) == text.ends_with(alnum)
        && (text.is_empty() || text.starts_with(alnum))
}

fn bad(field: impl Into<String>, why: &str) -> Invalid {
    Invalid::stalled(Reason::InvalidPolicySelector, field, format!("failed to parse policy selector: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(yaml: serde_json::Value) -> Result<Selector, String> {
        let selector: LabelSelector = serde_json::from_value(yaml).unwrap();
        Selector::read(&selector).map_err(|invalid| format!("{} | {}", invalid.field, invalid.message))
    }

    fn expression(operator: &str, values: &[&str]) -> serde_json::Value {
        serde_json::json!({"matchExpressions": [{"key": "app", "operator": operator, "values": values}]})
    }

    #[test]
    fn operators_select_as_in_the_api_server() {
        for (selector, with_a, with_b, without) in [
            (serde_json::json!({}), true, true, true),
            (serde_json::json!({"matchLabels": {"app": "a"}, "matchExpressions": []}), true, false, false),
            (expression("In", &["a", "c"]), true, false, false),
            (expression("NotIn", &["a", "c"]), false, true, true),
            (expression("Exists", &[]), true, true, false),
            (expression("DoesNotExist", &[]), false, false, true),
        ] {
            let selector = read(selector).unwrap();
            let labels = |value: &str| BTreeMap::from([("app".to_owned(), value.to_owned())]);
            let got = [labels("a"), labels("b"), BTreeMap::new()].map(|labels| selector.matches(&labels));
            assert_eq!(got, [with_a, with_b, without], "{selector:?}");
        }
    }

    #[test]
    fn malformed_selectors_are_named() {
        let at = ".spec.policySelector.matchExpressions[0]";
        for (selector, field, why) in [
            (
                expression("in", &["a"]),
                format!("{at}.operator"),
                "\"in\" is not a valid label selector operator; use In, NotIn, Exists or DoesNotExist",
            ),
            (
                expression("In", &[]),
                format!("{at}.values"),
                "for 'in', 'notin' operators, values set can't be empty",
            ),
            (
                expression("Exists", &["a"]),
                format!("{at}.values"),
                "values set must be empty for exists and does not exist",
            ),
            (expression("In", &["a b"]), format!("{at}.values"), "\"a b\" is not a valid label value"),
            (
                serde_json::json!({"matchLabels": {"a b": "c"}}),
                ".spec.policySelector.matchLabels[a b]".into(),
                "\"a b\" is not a valid label key",
            ),
            (
                serde_json::json!({"matchLabels": {"x.io/": "c"}}),
                ".spec.policySelector.matchLabels[x.io/]".into(),
                "\"x.io/\" is not a valid label key",
            ),
        ] {
            assert_eq!(
                read(selector).unwrap_err(),
                format!("{field} | failed to parse policy selector: {why}")
            );
        }
    }
}
