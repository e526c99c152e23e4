//! What one rendering owns: its bounds, its dictionaries, its compiled patterns. Handed to every function.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use tagalong_pattern::Pattern;

use crate::error::Failure;
use crate::limits;
use crate::val::{List, Map, Meter, Text, Val};

/// A dictionary made by a template.
pub(crate) type Dict = BTreeMap<String, Val>;

/// The state of one rendering that functions share.
#[derive(Debug, Default)]
pub(crate) struct Context {
    work: Cell<u64>,
    steps: Cell<u64>,
    meter: Meter,
    dicts: RefCell<Vec<Dict>>,
    patterns: RefCell<BTreeMap<String, Pattern>>,
}

impl Context {
    pub(crate) fn meter(&self) -> &Meter {
        &self.meter
    }

    /// Counts one action, operand or loop turn.
    pub(crate) fn step(&self) -> Result<(), Failure> {
        self.steps.set(self.steps.get() + 1);
        if self.steps.get() <= limits::STEPS {
            return Ok(());
        }
        Err(Failure::Bound(format!("rendering takes more than {} steps", limits::STEPS)))
    }

    /// Counts work in units of one list item or 16 bytes.
    pub(crate) fn work(&self, units: usize) -> Result<(), Failure> {
        self.work.set(self.work.get().saturating_add(units as u64));
        if self.work.get() <= limits::WORK {
            return Ok(());
        }
        Err(Failure::Bound("rendering takes too much work; use smaller lists and texts".to_owned()))
    }

    /// Fails if a text of `bytes` would be too long; asked before it is made.
    pub(crate) fn room(&self, bytes: usize) -> Result<(), Failure> {
        if bytes <= limits::TEXT {
            return Ok(());
        }
        Err(Failure::Bound(format!("a text would be longer than {} bytes", limits::TEXT)))
    }

    /// Fails if a list of `items` would be too long; asked before it is made.
    pub(crate) fn room_for_items(&self, items: usize) -> Result<(), Failure> {
        if items <= limits::LIST {
            return Ok(());
        }
        Err(Failure::Bound(format!("a list would have more than {} items", limits::LIST)))
    }

    fn memory(&self) -> Result<(), Failure> {
        if self.meter.get() <= limits::MEMORY {
            return Ok(());
        }
        Err(Failure::Bound(format!("rendering needs more than {} bytes of memory", limits::MEMORY)))
    }

    /// A text made by a function.
    pub(crate) fn text(&self, text: impl Into<Box<str>>) -> Result<Val, Failure> {
        let text = Text::new(text, &self.meter);
        self.room(text.len())?;
        self.work(text.len() / 16)?;
        self.memory()?;
        Ok(Val::Text(text))
    }

    /// A list made by a function.
    pub(crate) fn list(&self, items: Vec<Val>) -> Result<Val, Failure> {
        self.room_for_items(items.len())?;
        self.work(items.len())?;
        let list = Val::List(List::new(items, &self.meter));
        self.memory()?;
        if list.depth() > limits::VALUE_DEPTH {
            return Err(Failure::Bound(format!("lists nest deeper than {}", limits::VALUE_DEPTH)));
        }
        Ok(list)
    }

    /// A list of texts.
    pub(crate) fn texts<S: Into<Box<str>>>(
        &self,
        texts: impl IntoIterator<Item = S>,
    ) -> Result<Val, Failure> {
        let mut items = Vec::new();
        for text in texts {
            self.room_for_items(items.len() + 1)?;
            items.push(self.text(text)?);
        }
        self.list(items)
    }

    /// A new dictionary. It lives until the rendering ends, so its size stays on the meter.
    pub(crate) fn dict(&self, entries: Dict) -> Result<Val, Failure> {
        self.room_for_items(entries.len())?;
        self.work(entries.len())?;
        let bytes: usize = entries.keys().map(|key| key.len() + ENTRY).sum();
        self.meter.set(self.meter.get().saturating_add(bytes + ENTRY));
        self.memory()?;
        let mut dicts = self.dicts.borrow_mut();
        dicts.push(entries);
        Ok(Val::Dict(dicts.len() - 1))
    }

    /// The value of a key.
    pub(crate) fn get(&self, dict: usize, key: &str) -> Option<Val> {
        self.dicts.borrow().get(dict)?.get(key).cloned()
    }

    /// Sets a key in place.
    pub(crate) fn set(&self, dict: usize, key: &str, value: Val) -> Result<(), Failure> {
        self.meter.set(self.meter.get().saturating_add(key.len() + ENTRY));
        self.memory()?;
        if let Some(dict) = self.dicts.borrow_mut().get_mut(dict) {
            dict.insert(key.to_owned(), value);
            return self.room_for_items(dict.len());
        }
        Ok(())
    }

    /// Removes a key in place.
    pub(crate) fn unset(&self, dict: usize, key: &str) {
        if let Some(dict) = self.dicts.borrow_mut().get_mut(dict) {
            dict.remove(key);
        }
    }

    /// How many keys a dictionary has.
    pub(crate) fn size(&self, dict: usize) -> usize {
        self.dicts.borrow().get(dict).map_or(0, BTreeMap::len)
    }

    /// A copy of a dictionary's entries, in the order of their keys.
    pub(crate) fn entries(&self, dict: usize) -> Result<Vec<(String, Val)>, Failure> {
        self.work(self.size(dict))?;
        let dicts = self.dicts.borrow();
        Ok(dicts.get(dict).into_iter().flatten().map(|(key, value)| (key.clone(), value.clone())).collect())
    }

    /// The entries of a dictionary or of a map of the data with keys of text; `None` for anything else.
    pub(crate) fn entries_of(&self, value: &Val) -> Result<Option<Vec<(String, Val)>>, Failure> {
        match value {
            Val::Dict(dict) => self.entries(*dict).map(Some),
            Val::Map(map) => {
                self.work(map.entries.len())?;
                let named = |(key, value): &(Val, Val)| match key {
                    Val::Text(key) => Some((key.to_string(), value.clone())),
                    _ => None,
                };
                Ok(map.entries.iter().map(named).collect())
            }
            _ => Ok(None),
        }
    }

    /// A compiled pattern, kept for the rendering.
    pub(crate) fn pattern(&self, source: &str) -> Result<Pattern, Failure> {
        if let Some(pattern) = self.patterns.borrow().get(source) {
            return Ok(pattern.clone());
        }
        // Compiling takes milliseconds at worst and a compiled pattern up to a megabyte: at most 50 of them.
        self.work(limits::WORK as usize / 50)?;
        let pattern = Pattern::compile(source).map_err(|error| Failure::Problem(error.to_string()))?;
        self.patterns.borrow_mut().insert(source.to_owned(), pattern.clone());
        Ok(pattern)
    }

    /// The value a map of the data gives for a key it does not have, as Go's `index` does.
    pub(crate) fn zero(&self, map: &Rc<Map>) -> Result<Val, Failure> {
        Ok(match map.entries.first().map(|(_, value)| value) {
            None | Some(Val::Text(_)) => self.text("")?,
            Some(Val::List(_)) => self.list(Vec::new())?,
            Some(Val::Map(_)) => Val::Map(Rc::new(Map { entries: Vec::new() })),
            Some(Val::Int(_)) => Val::Int(0),
            Some(Val::Float(_)) => Val::Float(0.0),
            Some(Val::Bool(_)) => Val::Bool(false),
            Some(_) => Val::Nil,
        })
    }
}

/// What an entry of a dictionary costs beside its key's text.
const ENTRY: usize = 64;
