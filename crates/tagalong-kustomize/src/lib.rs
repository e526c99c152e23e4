//! Renders kustomizations as kustomize 5.8.1 does: a tree of files in, the cluster's objects out. Pure: the caller
//! reads the files.
//!
//! ```text
//! Tree ── kustomization ── load, parse ─▶ nodes ── generate ── transform ── nameref ── order ─▶ [Object] ── emit ─▶ text
//!            (one folder after the other, innermost first)                (once, at the outermost)
//! ```
//!
//! What kustomize knows and this does not render is refused by its name and line; nothing is passed over.
//! The tests hold both the objects and the printed bytes against the real `kustomize`.

mod config;
mod decode;
mod emit;
mod envsubst;
mod error;
mod field;
mod fieldspec;
mod flux;
mod fold;
mod generate;
mod id;
mod jsonpatch;
mod kustomization;
mod limits;
mod load;
mod merge;
mod nameref;
mod node;
mod number;
mod order;
mod parse;
mod resmap;
mod resolve;
mod resource;
mod schema;
mod selector;
mod target;
mod time;
mod transform;
mod tree;
mod value;

pub use error::{KustomizeError, Place};
pub use flux::{Additions, CommonMetadata, Image, Patch, Target, Variables, render_for};
pub use limits::FILE as MAX_FILE_BYTES;
pub use resolve::{Resolved as Scalar, core as scalar};
pub use tree::{Entry, Files, Purpose, Tree};
pub use value::{Object, Value};

/// Renders the kustomization in `folder`; the root is the empty path.
///
/// # Errors
/// [`KustomizeError`] names the file, the line and the field. Nothing is rendered in part.
pub fn build(files: &dyn Files, folder: &str) -> Result<Vec<Object>, KustomizeError> {
    render(files, folder, None)
}

fn render(
    files: &dyn Files,
    folder: &str,
    additions: Option<&Additions>,
) -> Result<Vec<Object>, KustomizeError> {
    let mut nodes = node::Nodes::default();
    let map = target::build(files, folder, additions, &mut nodes)?;
    let objects = map.list.iter().map(|resource| {
        let root = resource.root.ok_or_else(|| error::Fault::new("an object is empty"))?;
        let value = value::read(&nodes, root).and_then(value::printable);
        value.map(Object::new).map_err(|fault| fault.under(&resmap::describe(&resource.id(&nodes))))
    });
    objects.collect::<error::Result<_>>().map_err(|fault| in_folder(folder, fault))
}

fn in_folder(folder: &str, fault: error::Fault) -> KustomizeError {
    let file = if folder.is_empty() { "." } else { folder };
    fault.at(Place { file: file.to_owned(), line: None }, "build")
}

/// The objects as `kustomize build` prints them, byte for byte.
pub fn to_yaml(objects: &[Object]) -> String {
    let documents: Vec<String> = objects.iter().map(|object| emit::document(object.value())).collect();
    documents.join("---\n")
}
