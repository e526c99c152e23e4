//! The data a template is rendered with. Built by whoever writes commit messages; read by [`crate::exec`].

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// One value of the template's data, with the distinctions a Go template can see.
#[derive(Debug, Clone)]
pub enum Value {
    /// No value; prints as `<no value>`, inside a list as `<nil>`.
    Nil,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A floating-point number.
    Float(f64),
    /// Text.
    Str(String),
    /// A list; prints as `[a b]`.
    List(Vec<Self>),
    /// A map, visited in the order of its keys. A missing key prints `<no value>`; `index` of a missing key
    /// gives the zero of the other values' kind, or an empty text when the map is empty.
    Map(BTreeMap<Self, Self>),
    /// A structure. A field it does not have is an error.
    Struct {
        /// The type's name, for error messages, e.g. `Change`.
        name: Cow<'static, str>,
        /// The fields in the order of their declaration, which is also the order two keys are compared in.
        fields: Vec<(Cow<'static, str>, Self)>,
        /// What printing the whole structure gives; `None` prints `{a b}` as Go does.
        display: Option<String>,
    },
}

impl Value {
    /// A structure that prints as Go prints structures without a `String` method: `{a b}`.
    pub fn structure<const N: usize>(name: &'static str, fields: [(&'static str, Self); N]) -> Self {
        let fields = fields.into_iter().map(|(name, value)| (Cow::Borrowed(name), value)).collect();
        Self::Struct { name: Cow::Borrowed(name), fields, display: None }
    }

    /// The same value, printing as `text` if it is a structure.
    #[must_use]
    pub fn displayed_as(self, text: impl Into<String>) -> Self {
        match self {
            Self::Struct { name, fields, .. } => Self::Struct { name, fields, display: Some(text.into()) },
            other => other,
        }
    }

    /// A map from pairs; a later pair replaces an earlier one with the same key.
    pub fn map<K: Into<Self>, V: Into<Self>>(pairs: impl IntoIterator<Item = (K, V)>) -> Self {
        Self::Map(pairs.into_iter().map(|(key, value)| (key.into(), value.into())).collect())
    }

    /// A list from items.
    pub fn list<V: Into<Self>>(items: impl IntoIterator<Item = V>) -> Self {
        Self::List(items.into_iter().map(Into::into).collect())
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Nil => 0,
            Self::Bool(_) => 1,
            Self::Int(_) => 2,
            Self::Float(_) => 3,
            Self::Str(_) => 4,
            Self::List(_) => 5,
            Self::Map(_) => 6,
            Self::Struct { .. } => 7,
        }
    }
}

/// Structures are ordered field by field, as Go orders the keys of a map when it visits it.
impl Ord for Value {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Bool(a), Self::Bool(b)) => a.cmp(b),
            (Self::Int(a), Self::Int(b)) => a.cmp(b),
            (Self::Float(a), Self::Float(b)) => a.total_cmp(b),
            (Self::Str(a), Self::Str(b)) => a.cmp(b),
            (Self::List(a), Self::List(b)) => a.cmp(b),
            (Self::Map(a), Self::Map(b)) => a.cmp(b),
            (Self::Struct { fields: a, .. }, Self::Struct { fields: b, .. }) => {
                a.iter().map(|(_, value)| value).cmp(b.iter().map(|(_, value)| value))
            }
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

impl PartialOrd for Value {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Value {}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Str(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Str(text)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

impl From<Vec<Self>> for Value {
    fn from(items: Vec<Self>) -> Self {
        Self::List(items)
    }
}
