//! `images`: another name, tag or digest for the images of containers.

use regex::Regex;

use crate::config::FieldSpec;
use crate::error::{Fault, Result};
use crate::field;
use crate::fieldspec;
use crate::kustomization::Image;
use crate::node::{Kind, NodeId, Nodes, Tag};
use crate::resmap::ResMap;

pub(super) fn run(nodes: &mut Nodes, map: &mut ResMap, images: &[Image], fields: &[FieldSpec]) -> Result<()> {
    for image in images {
        let rule = Rule::new(image)?;
        map.drop_empty(nodes);
        for resource in &map.list {
            if resource.kind(nodes) == "CustomResourceDefinition" {
                continue;
            }
            if let Some(root) = resource.root {
                containers(nodes, root, &rule)?;
            }
        }
        for resource in &map.list {
            if resource.kind(nodes) == "CustomResourceDefinition" {
                continue;
            }
            fieldspec::apply_all(nodes, *resource, fields, None, &mut |nodes, id| rule.write(nodes, id))?;
        }
    }
    Ok(())
}

/// Looks for `containers` and `initContainers` at any depth.
fn containers(nodes: &mut Nodes, at: NodeId, rule: &Rule<'_>) -> Result<()> {
    match nodes.kind(at) {
        Kind::Mapping => {
            for name in nodes.names(at) {
                let Some(value) = nodes.field(at, &name) else { continue };
                containers(nodes, value, rule)?;
                if !matches!(name.as_str(), "containers" | "initContainers") {
                    continue;
                }
                for container in nodes.elements(value).to_vec() {
                    if let Some(image) = field::get(nodes, container, "image")? {
                        rule.write(nodes, image)?;
                    }
                }
            }
            Ok(())
        }
        Kind::Sequence => {
            nodes.elements(at).to_vec().into_iter().try_for_each(|element| containers(nodes, element, rule))
        }
        Kind::Scalar => Ok(()),
    }
}

struct Rule<'a> {
    image: &'a Image,
    name: Regex,
}

impl<'a> Rule<'a> {
    fn new(image: &'a Image) -> Result<Self> {
        let tail = "(:[a-zA-Z0-9_.{}-]*)?(@sha256:[a-zA-Z0-9_.{}-]*)?$";
        let name = Regex::new(&format!("^{}{tail}", image.name))
            .map_err(|_| Fault::new(format!("the name {} is no pattern", image.name)))?;
        Ok(Self { image, name })
    }

    fn write(&self, nodes: &mut Nodes, id: NodeId) -> Result<()> {
        field::expect(nodes, id, Kind::Scalar)?;
        let old = nodes.get(id).value.clone();
        if !self.name.is_match(&old) {
            return Ok(());
        }
        let (name, tag, digest) = split(&old);
        let rule = self.image;
        let name = if rule.new_name.is_empty() { name } else { &rule.new_name };
        let suffixed = format!("{tag}{}", rule.tag_suffix);
        let has = |text: &str| !text.is_empty();
        let (tag, digest) = if has(&rule.new_tag) {
            (rule.new_tag.as_str(), rule.digest.as_str())
        } else if has(&rule.digest) {
            ("", rule.digest.as_str())
        } else if has(&rule.tag_suffix) {
            (suffixed.as_str(), "")
        } else {
            (tag, digest)
        };
        let mut new = name.to_owned();
        for (mark, part) in [(':', tag), ('@', digest)] {
            if has(part) {
                new.push(mark);
                new.push_str(part);
            }
        }
        field::set_scalar(nodes, id, &new, Tag::Empty)
    }
}

/// Name, tag and digest; a port of the registry belongs to the name.
fn split(image: &str) -> (&str, &str, &str) {
    let start = image.find('/').unwrap_or(0);
    let (head, rest) = image.split_at(start);
    let at = |end: usize| image.get(..head.len() + end).unwrap_or(image);
    match (rest.find(':'), rest.find('@')) {
        (None, None) => (image, "", ""),
        (Some(colon), None) => (at(colon), rest.get(colon + 1..).unwrap_or_default(), ""),
        (Some(colon), Some(mark)) if colon < mark => {
            let tag = rest.get(colon + 1..mark).unwrap_or_default();
            (at(colon), tag, rest.get(mark + 1..).unwrap_or_default())
        }
        (_, Some(mark)) => (at(mark), "", rest.get(mark + 1..).unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_taken_apart() {
        for (image, expected) in [
            ("nginx", ("nginx", "", "")),
            ("host:5000/a/b", ("host:5000/a/b", "", "")),
            ("host:5000/a:1", ("host:5000/a", "1", "")),
            ("a:1@sha256:ff", ("a", "1", "sha256:ff")),
            ("a@sha256:ff", ("a", "", "sha256:ff")),
        ] {
            assert_eq!(split(image), expected, "{image}");
        }
    }
}
