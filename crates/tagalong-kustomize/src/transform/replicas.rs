//! `replicas`: the count of the workloads of a name.

use crate::config::FieldSpec;
use crate::error::Fault;
use crate::field;
use crate::fieldspec::{self, Create};
use crate::node::{Kind, Nodes, Tag};
use crate::resmap::ResMap;
use crate::resource::Resource;
use crate::target::Unit;

pub(super) fn run(
    unit: &Unit<'_>,
    nodes: &mut Nodes,
    map: &ResMap,
    fields: &[FieldSpec],
) -> super::Result<()> {
    for replica in &unit.read.replicas {
        let refuse = |fault| unit.refuse(replica.line, "replicas", fault);
        let mut found = false;
        for spec in fields {
            let named = |resource: &&Resource| {
                let fits =
                    |id: &crate::id::Id<'_>| id.name == replica.name && id.gvk.is_selected(&spec.gvk());
                resource.previous_ids(nodes).any(|id| fits(&id)) || fits(&resource.id(nodes))
            };
            let targets: Vec<Resource> = map.list.iter().filter(named).copied().collect();
            for resource in targets {
                found = true;
                let create = Create { kind: Kind::Scalar, tag: Tag::Int };
                fieldspec::apply(nodes, resource, spec, Some(create), &mut |nodes, id| {
                    field::set_scalar(nodes, id, &replica.count.to_string(), Tag::Int)
                })
                .map_err(refuse)?;
            }
        }
        if !found {
            return Err(refuse(Fault::new(format!("no object with replicas is called {}", replica.name))));
        }
    }
    Ok(())
}
