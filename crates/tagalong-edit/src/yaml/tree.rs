//! Where a value stands: the collections above it, for its key path, and the object it belongs to. Filled by
//! the walk, asked once the file is read, since names and kinds may come after the fields that they name.

use crate::ObjectIdentifier;
use std::borrow::Cow;

/// Keys and names longer than this are cut in paths; no API has longer ones.
const MAX_SEGMENT: usize = 253;
/// Paths longer than this are cut at the front.
const MAX_PATH: usize = 1024;

/// The step from a collection to one of its children.
#[derive(Debug, Clone)]
pub(super) enum Step<'s> {
    Key(Cow<'s, str>),
    /// A key that is a collection or an alias.
    Complex,
    Index(u32),
}

/// A collection on the way to a marked value.
#[derive(Debug)]
pub(super) struct Frame<'s> {
    /// The collection above it and the step from there; `None` at the root of a document.
    pub(super) parent: Option<(usize, Step<'s>)>,
    /// The `name` of a mapping that is a list item.
    pub(super) name: Option<Cow<'s, str>>,
}

/// A document's or list item's identity as it is gathered.
#[derive(Debug, Default)]
pub(super) struct Object<'s> {
    /// The document that a list item belongs to.
    pub(super) list: Option<usize>,
    pub(super) api_version: Cow<'s, str>,
    pub(super) kind: Cow<'s, str>,
    pub(super) namespace: Cow<'s, str>,
    pub(super) name: Cow<'s, str>,
}

#[derive(Debug, Default)]
pub(super) struct Tree<'s> {
    pub(super) frames: Vec<Frame<'s>>,
    pub(super) objects: Vec<Object<'s>>,
}

impl Tree<'_> {
    /// No longer calls the list item `frame`, or the one whose `metadata` it is, by a name that a policy writes.
    pub(super) fn forget_name(&mut self, frame: Option<usize>) {
        let Some(frame) = frame.and_then(|at| self.frames.get_mut(at)) else { return };
        frame.name = None;
        if let Some((item, Step::Key(key))) = &frame.parent
            && key == "metadata"
        {
            let item = *item;
            if let Some(item) = self.frames.get_mut(item) {
                item.name = None;
            }
        }
    }

    /// The identifier of object `index`; that of the document where it is no item of a `List`.
    pub(super) fn object(&self, index: usize) -> ObjectIdentifier {
        let Some(object) = self.objects.get(index) else { return ObjectIdentifier::default() };
        let document = object.list.and_then(|list| self.objects.get(list));
        let object = match document {
            Some(document) if object.kind.is_empty() || !document.kind.ends_with("List") => document,
            _ => object,
        };
        ObjectIdentifier {
            api_version: cut(&object.api_version).to_owned(),
            kind: cut(&object.kind).to_owned(),
            namespace: cut(&object.namespace).to_owned(),
            name: cut(&object.name).to_owned(),
        }
    }

    /// The key path of the child that `step` leads to from collection `frame`.
    pub(super) fn path(&self, frame: usize, step: &Step<'_>) -> String {
        let mut steps = vec![Self::segment(step, None)];
        let (mut length, mut at) = (0, self.frames.get(frame));
        while let Some((parent, step)) = at.and_then(|frame| frame.parent.as_ref()) {
            let segment = Self::segment(step, at.and_then(|frame| frame.name.as_deref()));
            length += segment.len();
            if length > MAX_PATH {
                steps.push("…".to_owned());
                break;
            }
            steps.push(segment);
            at = self.frames.get(*parent);
        }
        let mut path = String::with_capacity(length + 32);
        for segment in steps.iter().rev() {
            if !path.is_empty() && !segment.starts_with('[') {
                path.push('.');
            }
            path.push_str(segment);
        }
        path
    }

    fn segment(step: &Step<'_>, name: Option<&str>) -> String {
        match (step, name) {
            (Step::Key(key), _) if is_simple(key) => cut(key).to_owned(),
            (Step::Key(key), _) => format!("[{}]", quoted(key)),
            (Step::Complex, _) => "[?]".to_owned(),
            (Step::Index(_), Some(name)) if is_simple(&name.replace('.', "")) => {
                format!("[name={}]", cut(name))
            }
            (Step::Index(_), Some(name)) => format!("[name={}]", quoted(name)),
            (Step::Index(index), None) => format!("[{index}]"),
        }
    }
}

/// Whether a key or name stands in a path without quotes.
fn is_simple(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_/:$".contains(&b))
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(cut(text)).to_string()
}

fn cut(text: &str) -> &str {
    text.get(..text.floor_char_boundary(MAX_SEGMENT)).unwrap_or(text)
}
