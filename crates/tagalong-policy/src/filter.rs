//! `filterTags`: which tags count, and what part of them is compared. Used by `policy`.

use crate::{Pattern, PolicyError, Refusal};
use regex::CaptureLocations;
use std::borrow::Cow;
use tagalong_pattern::Template;

/// Far above anything written by hand; bounds what a tag can grow to.
pub(crate) const MAX_TEMPLATE: usize = 1024;

/// `spec.filterTags` of an ImagePolicy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterSpec {
    /// A regular expression in Go's dialect; tags that it does not match are refused.
    pub pattern: String,
    /// What to compare instead of the whole tag, in the template language of Go's `Regexp.Expand`. Empty is as absent.
    pub extract: Option<String>,
}

/// A compiled filter.
#[derive(Debug, Clone)]
pub(crate) struct Filter {
    pattern: Pattern,
    template: Option<Template>,
}

/// What is compared: a part of the tag, or text built from it.
#[derive(Clone, Copy)]
pub(crate) enum Text<'t, 'b> {
    Tag(&'t str),
    Built(&'b str),
}

/// A filter with the memory that it needs while it goes over many tags.
pub(crate) struct Extractor<'f> {
    filter: &'f Filter,
    groups: CaptureLocations,
    built: String,
}

impl Filter {
    pub(crate) fn compile(spec: &FilterSpec) -> Result<Self, PolicyError> {
        let pattern = Pattern::compile(&spec.pattern).map_err(PolicyError::Pattern)?;
        let template = match spec.extract.as_deref() {
            None | Some("") => None,
            Some(template) if template.len() > MAX_TEMPLATE => {
                return Err(PolicyError::Extract(template.len()));
            }
            Some(template) => Some(Template::compile(template, pattern.groups())),
        };
        Ok(Self { pattern, template })
    }

    /// The names that the template asks for and the pattern lacks.
    pub(crate) fn missing_groups(&self) -> &[String] {
        self.template.as_ref().map_or(&[], Template::missing)
    }

    pub(crate) fn extractor(&self) -> Extractor<'_> {
        Extractor { filter: self, groups: self.pattern.regex().capture_locations(), built: String::new() }
    }
}

impl Extractor<'_> {
    /// What is compared of this tag, or why it is refused.
    pub(crate) fn text<'t: 'b, 'b>(&'b mut self, tag: &'t str) -> Result<Text<'t, 'b>, Refusal> {
        let regex = self.filter.pattern.regex();
        let Some(template) = &self.filter.template else {
            return if regex.is_match(tag) { Ok(Text::Tag(tag)) } else { Err(Refusal::FilterMismatch) };
        };
        regex.captures_read(&mut self.groups, tag).ok_or(Refusal::FilterMismatch)?;
        let groups = &self.groups;
        let group = |index| groups.get(index).and_then(|(start, end)| tag.get(start..end));
        let text = match template.slice(group) {
            Some(slice) => Text::Tag(slice),
            None => {
                self.built.clear();
                template.expand(group, &mut self.built);
                Text::Built(&self.built)
            }
        };
        if text.as_str().is_empty() { Err(Refusal::ExtractEmpty) } else { Ok(text) }
    }
}

impl<'t: 'b, 'b> Text<'t, 'b> {
    pub(crate) fn as_str(self) -> &'b str {
        match self {
            Self::Tag(text) => text,
            Self::Built(text) => text,
        }
    }

    pub(crate) fn into_cow(self) -> Cow<'t, str> {
        match self {
            Self::Tag(text) => Cow::Borrowed(text),
            Self::Built(text) => Cow::Owned(text.to_owned()),
        }
    }
}
