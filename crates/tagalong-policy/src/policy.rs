//! A compiled policy: what is asked of one tag or of two values. The questions about many tags are in `decide` and `rank`.

use crate::{
    FilterSpec, OrderSpec, Pattern, PolicyError, Refusal,
    filter::{Extractor, Filter, Text},
    order::{Key, Order},
};
use std::{cmp::Ordering, fmt, sync::Arc};

/// A compiled policy. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Policy {
    rules: Arc<Rules>,
}

#[derive(Debug, Clone)]
struct Rules {
    exclusions: Vec<Pattern>,
    filter: Option<Filter>,
    order: Order,
}

/// What a policy compares of an accepted tag: the extracted text, or the tag itself.
///
/// Equality is of the text; `1.0` and `1.00` differ here and are equal in numerical order ([`Policy::compare`]).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Value(String);

impl Value {
    pub(crate) fn into_string(self) -> String {
        self.0
    }

    /// The text that is compared.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Policy {
    /// Compiles `spec.policy` and `spec.filterTags`.
    ///
    /// # Errors
    /// [`PolicyError`] names the field that is wrong, and what to do.
    pub fn compile(order: &OrderSpec, filter: Option<&FilterSpec>) -> Result<Self, PolicyError> {
        let rules = Rules {
            exclusions: Vec::new(),
            filter: filter.map(Filter::compile).transpose()?,
            order: Order::compile(order)?,
        };
        Ok(Self { rules: Arc::new(rules) })
    }

    /// The same policy, which also refuses what the image repository's `spec.exclusionList` matches. RULES 2 judges the
    /// value at a site by it, without a listing.
    ///
    /// # Errors
    /// [`PolicyError::Exclusion`] for the first pattern that is wrong.
    pub fn excluding<S: AsRef<str>>(&self, patterns: &[S]) -> Result<Self, PolicyError> {
        let exclusions =
            patterns.iter().map(|pattern| Pattern::compile(pattern.as_ref())).collect::<Result<_, _>>();
        let exclusions = exclusions.map_err(PolicyError::Exclusion)?;
        Ok(Self { rules: Arc::new(Rules { exclusions, ..Rules::clone(&self.rules) }) })
    }

    /// Whether exclusions, filter and order accept this one tag; no listing and no gate takes part (RULES 2).
    ///
    /// # Errors
    /// Why it is not accepted.
    pub fn judge(&self, tag: &str) -> Result<Value, Refusal> {
        self.sieve().read(tag).map(|(text, _)| Value(text.as_str().to_owned()))
    }

    /// What would be compared of a tag that exclusions or bounds refuse; `None` where the order reads nothing from it.
    /// A range that is widened again finds in its place what stood there before.
    pub fn compared(&self, tag: &str) -> Option<Value> {
        let mut extractor = self.rules.filter.as_ref().map(Filter::extractor);
        let text = match &mut extractor {
            None => Text::Tag(tag),
            Some(extractor) => extractor.text(tag).ok()?,
        };
        self.rules.order.key(text.as_str()).ok()?;
        Some(Value(text.as_str().to_owned()))
    }

    /// How `a` stands to `b` in the policy's order: `Greater` is better, `desc` is already turned round. `None` where
    /// one of them is nothing that this order compares, as a value that an earlier policy accepted may be.
    pub fn compare(&self, a: &Value, b: &Value) -> Option<Ordering> {
        let order = self.order();
        order.compare(&order.key(&a.0).ok()?, &order.key(&b.0).ok()?)
    }

    /// Whether any tag at all could be accepted by the range. `>2 <1` is valid and never selects anything.
    pub fn range_is_satisfiable(&self) -> bool {
        self.order().is_satisfiable()
    }

    /// The groups that `extract` asks for and `pattern` lacks; each of them is empty in every tag.
    pub fn extract_groups_missing(&self) -> &[String] {
        self.rules.filter.as_ref().map_or(&[], Filter::missing_groups)
    }

    pub(crate) fn order(&self) -> &Order {
        &self.rules.order
    }

    pub(crate) fn sieve(&self) -> Sieve<'_> {
        Sieve { rules: &self.rules, extractor: self.rules.filter.as_ref().map(Filter::extractor) }
    }
}

/// The rules with the memory they need while they go over many tags.
pub(crate) struct Sieve<'p> {
    rules: &'p Rules,
    extractor: Option<Extractor<'p>>,
}

impl Sieve<'_> {
    /// What is compared of an accepted tag, as text and as key; or why the tag is refused.
    pub(crate) fn read<'t: 'b, 'b>(&'b mut self, tag: &'t str) -> Result<(Text<'t, 'b>, Key<'b>), Refusal> {
        if self.rules.exclusions.iter().any(|pattern| pattern.is_match(tag)) {
            return Err(Refusal::Excluded);
        }
        let text = match &mut self.extractor {
            None => Text::Tag(tag),
            Some(extractor) => extractor.text(tag)?,
        };
        let key = self.rules.order.key(text.as_str())?;
        self.rules.order.admits(&key)?;
        Ok((text, key))
    }
}
