//! Merging a list by the keys of its elements. What the patch brings comes first, then the rest in its order.

use super::{Directive, Sources, element, take_directive};
use crate::error::{Fault, Result};
use crate::field::{self, Setting};
use crate::node::{Kind, Node, NodeId, Nodes};
use crate::schema::Schema;

/// The values of the keys of one element; empty where it lacks one.
type Values = Vec<String>;

pub(super) fn walk(nodes: &mut Nodes, schema: &Schema, sources: Sources) -> Result<Option<Setting>> {
    let Some(target) = visit(nodes, sources)? else { return Ok(None) };
    let sources = Sources { own: Some(target), ..sources };
    let keys: Vec<String> =
        schema.merged_by().unwrap_or_default().iter().map(|key| (*key).to_owned()).collect();
    if keys.is_empty() {
        let values = primitive_values(nodes, sources);
        return merge(nodes, schema, sources, values, &[String::new()]);
    }
    let values = element_values(nodes, sources, &keys);
    merge(nodes, schema, sources, values, &keys)
}

fn visit(nodes: &mut Nodes, sources: Sources) -> Result<Option<Setting>> {
    let Sources { own, patch } = sources;
    if nodes.is_missing_or_null(Sources::id(own)) {
        return Ok(patch);
    }
    if patch.is_some_and(|patch| nodes.get(patch.id).is_null()) {
        return Ok(None);
    }
    Ok(match take_directive(nodes, patch)? {
        Directive::Delete => None,
        Directive::Replace => patch,
        Directive::Merge => own,
    })
}

/// The patch first, then the object.
fn in_order(sources: Sources) -> impl Iterator<Item = Setting> {
    [sources.patch, sources.own].into_iter().flatten()
}

fn element_values(nodes: &Nodes, sources: Sources, keys: &[String]) -> Vec<Values> {
    let mut found: Vec<Values> = Vec::new();
    for source in in_order(sources) {
        for element in nodes.elements(source.id) {
            let value = |key: &String| {
                let field = nodes.field(*element, key).map(|field| nodes.get(field));
                field
                    .filter(|field| !field.is_nil_or_empty())
                    .map_or(String::new(), |field| field.value.clone())
            };
            let values: Values = keys.iter().map(value).collect();
            if !found.contains(&values) {
                found.push(values);
            }
        }
    }
    found
}

fn primitive_values(nodes: &Nodes, sources: Sources) -> Vec<Values> {
    let mut found: Vec<Values> = Vec::new();
    for source in in_order(sources) {
        for element in nodes.elements(source.id) {
            let values = vec![nodes.get(*element).value.clone()];
            if !found.contains(&values) {
                found.push(values);
            }
        }
    }
    found
}

/// Lets two elements be one where they agree in a key and contradict in none.
fn unite(list: &mut [Values]) {
    for left in 0..list.len() {
        for right in 0..list.len() {
            let (Some(a), Some(b)) = (list.get(left), list.get(right)) else { continue };
            if let Some(united) = united(a, b) {
                for at in [left, right] {
                    if let Some(values) = list.get_mut(at) {
                        values.clone_from(&united);
                    }
                }
            }
        }
    }
}

fn united(a: &Values, b: &Values) -> Option<Values> {
    let mut common = false;
    let mut found = Vec::with_capacity(a.len());
    for (a, b) in a.iter().zip(b) {
        if a == b {
            common = true;
            found.push(a.clone());
        } else if !a.is_empty() && !b.is_empty() {
            return None;
        } else {
            found.push(if a.is_empty() { b.clone() } else { a.clone() });
        }
    }
    (common && a.len() == b.len()).then_some(found)
}

/// The keys that any element has, and the values that belong to them.
fn valid(list: &[Values], values: &Values, keys: &[String]) -> (Vec<String>, Values) {
    let has = |at: usize| list.iter().any(|values| values.get(at).is_some_and(|value| !value.is_empty()));
    let used: Vec<bool> = (0..keys.len()).map(has).collect();
    if !used.contains(&true) {
        return (keys.to_vec(), values.clone());
    }
    let is_used = |at: usize| used.get(at).copied().unwrap_or(false);
    let keep = |list: &[String]| {
        list.iter().enumerate().filter(|(at, _)| is_used(*at)).map(|(_, text)| text.clone()).collect()
    };
    (keep(keys), keep(values))
}

fn merge(
    nodes: &mut Nodes,
    schema: &Schema,
    sources: Sources,
    mut list: Vec<Values>,
    keys: &[String],
) -> Result<Option<Setting>> {
    let Some(target) = sources.own else { return Ok(None) };
    let merged = nodes.add(Node::of(Kind::Sequence));
    if keys.len() > 1 {
        unite(&mut list);
    }
    let mut valid_keys = Vec::new();
    for values in &list {
        let (own_keys, own_values) = valid(&list, values, keys);
        let value = element_of(nodes, schema, sources, &own_keys, &own_values)?;
        let gone = value.filter(|value| {
            let node = nodes.get(value.id);
            !(node.is_null() || (node.kind == Kind::Mapping && node.content.is_empty()))
        });
        let Some(value) = gone else {
            element::set(nodes, target.id, &own_keys, &own_values, None)?;
            valid_keys = own_keys;
            continue;
        };
        for (key, text) in own_keys.iter().zip(&own_values) {
            if !key.is_empty() && !text.is_empty() && nodes.field(value.id, key).is_none() {
                field::set_text(nodes, value.id, key, text)?;
            }
        }
        element::set(nodes, merged, &own_keys, &own_values, Some(value.id))?;
        valid_keys = own_keys;
    }
    if list.is_empty() {
        return Ok(Some(target));
    }
    append(nodes, merged, target.id, &valid_keys)?;
    Ok(Some(merged.into()))
}

fn element_of(
    nodes: &mut Nodes,
    schema: &Schema,
    sources: Sources,
    keys: &[String],
    values: &Values,
) -> Result<Option<Setting>> {
    let (keys, values) = valid(std::slice::from_ref(values), values, keys);
    let find = |source: Option<Setting>| element::find(nodes, source?.id, &keys, &values).map(Setting::from);
    let inner = Sources { own: find(sources.own), patch: find(sources.patch) };
    super::walk(nodes, schema.elements(), inner)
}

/// Adds the elements of `from` that `to` lacks.
fn append(nodes: &mut Nodes, to: NodeId, from: NodeId, keys: &[String]) -> Result<()> {
    let Some(first) = keys.first() else { return Err(Fault::new("a merged list has no key")) };
    for element in nodes.get(from).content.clone() {
        if first.is_empty() {
            let text = nodes.get(element).value.clone();
            element::set(nodes, to, &[String::new()], &[text], Some(element))?;
            continue;
        }
        let mut values = Vec::new();
        for key in keys {
            match field::get(nodes, element, key)? {
                Some(value) => values.push(nodes.get(value).value.clone()),
                None => nodes.get_mut(to).content.push(element),
            }
        }
        if keys.len() > 1 {
            element::set(nodes, to, keys, &values, None)?;
        }
        element::set(nodes, to, keys, &values, Some(element))?;
    }
    Ok(())
}
