//! Variables in the text of objects: each is written out, substituted, and read again by YAML 1.1, so that a number
//! put into an unquoted place is a number.

use std::cell::Cell;
use std::collections::HashMap;

use super::Variables;
use crate::emit;
use crate::envsubst::{self, Budget};
use crate::error::{Fault, Result};
use crate::jsonpatch;
use crate::node::Nodes;
use crate::parse;
use crate::value::{self, Object, Value};

/// The label or annotation that keeps an object as it is when it says `disabled`.
const OPT_OUT: &str = "kustomize.toolkit.fluxcd.io/substitute";

/// Substitutes in every object that does not opt out.
///
/// # Errors
/// A name that is no variable's, a text that cannot be read, a variable that is missing, or two objects that become one.
pub(super) fn all(objects: &mut [Object], variables: &mut Variables) -> Result<()> {
    if variables.values.is_empty() && !variables.always {
        return Ok(());
    }
    let mut budget = Budget::default();
    let mut seen: HashMap<[String; 4], usize> = HashMap::new();
    objects.iter().for_each(|object| *seen.entry(identity(object)).or_default() += 1);
    for object in objects {
        let before = identity(object);
        let Some(substituted) = one(object, variables, &mut budget)
            .map_err(|fault| fault.under(&format!("postBuild: {}", describe(object))))?
        else {
            continue;
        };
        *object = substituted;
        seen.entry(before).and_modify(|count| *count -= 1);
        let count = seen.entry(identity(object)).or_default();
        *count += 1;
        if *count > 1 {
            return Err(Fault::new(format!("postBuild: two objects become {}", describe(object))));
        }
    }
    Ok(())
}

fn is_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|first| first == b'_' || first.is_ascii_alphabetic())
        && bytes.all(|byte| byte == b'_' || byte.is_ascii_alphanumeric())
}

fn identity(object: &Object) -> [String; 4] {
    let namespace = if object.namespace().is_empty() { "default" } else { object.namespace() };
    [object.api_version(), object.kind(), namespace, object.name()].map(str::to_owned)
}

fn describe(object: &Object) -> String {
    format!("{} {}", object.kind(), object.name())
}

/// The object with its variables; none where it opts out.
fn one(object: &Object, variables: &mut Variables, budget: &mut Budget) -> Result<Option<Object>> {
    let says = |field: &str| {
        let found = object.value().get("metadata").and_then(|metadata| metadata.get(field)?.get(OPT_OUT));
        found.and_then(Value::as_str) == Some("disabled")
    };
    if says("labels") || says("annotations") {
        return Ok(None);
    }
    if let Some(name) = variables.values.keys().find(|name| !is_name(name)) {
        return Err(Fault::new(format!(
            "{name} cannot be a variable; use letters, digits and _, and begin with no digit"
        )));
    }
    let Variables { values, secret, drawn, strict, .. } = variables;
    let is_secret = Cell::new(false);
    let lookup = |name: &str| {
        is_secret.set(is_secret.get() || secret.contains(name));
        values.get(name).map(String::as_str)
    };
    let mut put = |text: &str| {
        if is_secret.take() {
            drawn.insert(text.to_owned());
        }
    };
    let document = emit::document(object.value());
    let text = envsubst::substitute(&document, &lookup, *strict, budget, &mut put)
        .map_err(|refusal| Fault::new(refusal.to_string()))?;
    let mut nodes = Nodes::default();
    let unreadable = || {
        Fault::new(
            "is no YAML any more once its variables are set; put quotes around the place in the manifest",
        )
    };
    let root =
        parse::single(&mut nodes, text.as_bytes()).map_err(|_| unreadable())?.ok_or_else(unreadable)?;
    budget.keep(nodes.len()).map_err(|refusal| Fault::new(refusal.to_string()))?;
    let read = jsonpatch::yaml11(&nodes, root)?;
    // Flux hands it back to kustomize as JSON, where every number goes through a float.
    let written = value::write_json(&mut nodes, &read);
    let value = value::printable(value::read(&nodes, written)?)?;
    match value {
        Value::Map(_) => Ok(Some(Object::new(value))),
        _ => Err(unreadable()),
    }
}
