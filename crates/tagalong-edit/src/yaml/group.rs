//! Fields to sites: the marked fields of one policy under one mapping are one unit (RULES, Words). Whole
//! references and list items are units of their own.

use super::tree::{Step, Tree};
use super::walk::{Content, Node};
use crate::marker::Marker;
use crate::place::offset;
use crate::{Field, Site};
use std::collections::HashMap;
use tagalong_model::{ObjectKey, Setter};

/// The served markers of a file, each with its value, in their order.
pub(super) type Found<'a, 's> = Vec<(Marker, &'a Node<'s>)>;

/// Makes the sites of a file.
pub(super) fn sites(found: Found<'_, '_>, mut tree: Tree<'_>) -> Vec<Site> {
    for (_, node) in found.iter().filter(|(_, node)| matches!(&node.step, Step::Key(key) if key == "name")) {
        tree.forget_name(node.parent);
    }
    let mut sites: Vec<Site> = Vec::with_capacity(found.len());
    let mut of_mapping: HashMap<(ObjectKey, usize), usize> = HashMap::new();
    for (marker, node) in found {
        let field = field(marker.target.setter, node, &tree);
        let mapping =
            node.parent.filter(|_| field.setter != Setter::Image && !matches!(node.step, Step::Index(_)));
        let next = sites.len();
        let at = mapping
            .map_or(next, |frame| *of_mapping.entry((marker.target.policy.clone(), frame)).or_insert(next));
        match sites.get_mut(at) {
            Some(site) => {
                site.fields.push(field);
                site.hold = site.hold.take().or(marker.hold);
            }
            None => sites.push(Site {
                policy: marker.target.policy,
                fields: vec![field],
                object: tree.object(node.object),
                hold: marker.hold,
            }),
        }
    }
    sites
}

fn field(setter: Setter, node: &Node<'_>, tree: &Tree<'_>) -> Field {
    let value = match &node.content {
        Content::Scalar(scalar) => scalar.value.clone().into_owned(),
        _ => String::new(),
    };
    let path = node.parent.map(|frame| tree.path(frame, &node.step)).unwrap_or_default();
    let span = offset(node.place.start)..offset(node.place.end);
    Field { setter, span, line: node.place.line, column: node.place.column, value, path }
}
