//! Values while a template runs: cheap to copy, and dictionaries that `set` changes in place.
//! Made by [`crate::context::Context`], which meters them; used by every function.

use std::borrow::Cow;
use std::cell::Cell;
use std::cmp::Ordering;
use std::ops::Deref;
use std::rc::Rc;

use crate::value::Value;

/// A value. Copies share what they hold.
#[derive(Debug, Clone)]
pub(crate) enum Val {
    Nil,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(Text),
    List(List),
    /// A map of the data; it never changes.
    Map(Rc<Map>),
    /// A dictionary made by the template, as an index into the context's dictionaries.
    Dict(usize),
    Struct(Rc<Struct>),
}

/// Shared text, counted while alive.
#[derive(Debug, Clone)]
pub(crate) struct Text(Rc<Metered<str>>);

/// Shared items, counted while alive.
#[derive(Debug, Clone)]
pub(crate) struct List {
    items: Rc<Metered<[Val]>>,
    /// 1 for a list of plain values, one more for each list around.
    depth: usize,
}

/// Something whose size stands on a meter until it is dropped.
#[derive(Debug)]
struct Metered<T: ?Sized> {
    meter: Meter,
    bytes: usize,
    content: Box<T>,
}

/// The bytes alive.
pub(crate) type Meter = Rc<Cell<usize>>;

impl<T: ?Sized> Metered<T> {
    fn new(content: Box<T>, meter: &Meter) -> Self {
        // What the reference counts, the meter and the allocator add.
        let bytes = size_of_val(&*content).saturating_add(64);
        meter.set(meter.get().saturating_add(bytes));
        Self { meter: Rc::clone(meter), bytes, content }
    }
}

impl<T: ?Sized> Drop for Metered<T> {
    fn drop(&mut self) {
        self.meter.set(self.meter.get().saturating_sub(self.bytes));
    }
}

impl Text {
    pub(crate) fn new(text: impl Into<Box<str>>, meter: &Meter) -> Self {
        Self(Rc::new(Metered::new(text.into(), meter)))
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0.content
    }
}

impl List {
    pub(crate) fn new(items: Vec<Val>, meter: &Meter) -> Self {
        let depth = 1 + items.iter().map(Val::depth).max().unwrap_or(0);
        Self { items: Rc::new(Metered::new(items.into(), meter)), depth }
    }
}

impl Deref for List {
    type Target = [Val];

    fn deref(&self) -> &[Val] {
        &self.items.content
    }
}

/// A map of the data, its entries in the order of their keys.
#[derive(Debug)]
pub(crate) struct Map {
    pub(crate) entries: Vec<(Val, Val)>,
}

impl Map {
    /// The value of a key of text.
    pub(crate) fn get(&self, name: &str) -> Option<&Val> {
        let order = |(key, _): &(Val, Val)| match key {
            Val::Text(key) => (**key).cmp(name),
            Val::Nil | Val::Bool(_) | Val::Int(_) | Val::Float(_) => Ordering::Less,
            _ => Ordering::Greater,
        };
        let at = self.entries.binary_search_by(order).ok()?;
        self.entries.get(at).map(|(_, value)| value)
    }
}

/// A structure of the data.
#[derive(Debug)]
pub(crate) struct Struct {
    pub(crate) name: Cow<'static, str>,
    pub(crate) fields: Vec<(Cow<'static, str>, Val)>,
    pub(crate) display: Option<String>,
}

impl Struct {
    pub(crate) fn get(&self, name: &str) -> Option<&Val> {
        self.fields.iter().find(|(field, _)| field == name).map(|(_, value)| value)
    }
}

impl Val {
    /// The caller's data as a value, to be read only.
    pub(crate) fn of(value: &Value, meter: &Meter) -> Self {
        match value {
            Value::Nil => Self::Nil,
            Value::Bool(value) => Self::Bool(*value),
            Value::Int(value) => Self::Int(*value),
            Value::Float(value) => Self::Float(*value),
            Value::Str(text) => Self::Text(Text::new(text.as_str(), meter)),
            Value::List(items) => {
                let items = items.iter().map(|item| Self::of(item, meter)).collect();
                Self::List(List::new(items, meter))
            }
            Value::Map(entries) => {
                let entries =
                    entries.iter().map(|(key, value)| (Self::of(key, meter), Self::of(value, meter)));
                Self::Map(Rc::new(Map { entries: entries.collect() }))
            }
            Value::Struct { name, fields, display } => {
                let fields = fields.iter().map(|(name, value)| (name.clone(), Self::of(value, meter)));
                Self::Struct(Rc::new(Struct {
                    name: name.clone(),
                    fields: fields.collect(),
                    display: display.clone(),
                }))
            }
        }
    }

    /// How deep lists nest in it. Dictionaries are held elsewhere and count as plain.
    pub(crate) fn depth(&self) -> usize {
        match self {
            Self::List(list) => list.depth,
            _ => 0,
        }
    }

    /// What the value is, in words for an error message.
    pub(crate) fn noun(&self) -> &str {
        match self {
            Self::Nil => "nothing",
            Self::Bool(_) => "a truth value",
            Self::Int(_) => "a whole number",
            Self::Float(_) => "a floating-point number",
            Self::Text(_) => "text",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
            Self::Dict(_) => "a dictionary",
            Self::Struct(value) => &value.name,
        }
    }
}
