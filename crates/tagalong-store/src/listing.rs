//! A listing as it is read back: one buffer and where the tags stand in it. Read by the engine.

use jiff::Timestamp;
use std::ops::Range;

/// What is known of a listing without reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListingHead {
    /// When the registry last gave it, whole.
    pub scanned_at: Timestamp,
    /// How many tags it holds.
    pub count: usize,
    /// Its checksum, see [`crate::revision`].
    pub revision: String,
}

/// A listing with the first sight of each tag, in some 40 bytes per tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    pub(crate) head: ListingHead,
    /// The file; `spans` are ranges of it, on character boundaries.
    pub(crate) text: String,
    /// The listed tags, then those that are gone.
    pub(crate) spans: Vec<Range<u32>>,
    /// Seconds since 1970, for each span.
    pub(crate) seen: Vec<i64>,
}

impl Listing {
    /// When it was made, how long it is, its checksum.
    pub fn head(&self) -> &ListingHead {
        &self.head
    }

    /// The tags in the registry's order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> + Clone {
        self.spans.iter().take(self.head.count).map(|span| self.slice(span))
    }

    /// The tags with the time of their first sight.
    pub fn entries(&self) -> impl ExactSizeIterator<Item = (&str, Timestamp)> {
        self.iter().zip(&self.seen).map(|(tag, seen)| (tag, time(*seen)))
    }

    /// The first sight of a tag, also of one that is gone.
    pub fn first_seen(&self, tag: &str) -> Option<Timestamp> {
        self.known().find(|(known, _)| *known == tag).map(|(_, seen)| time(seen))
    }

    /// Every tag ever seen, listed ones first, with seconds since 1970.
    pub(crate) fn known(&self) -> impl ExactSizeIterator<Item = (&str, i64)> {
        self.spans.iter().map(|span| self.slice(span)).zip(self.seen.iter().copied())
    }

    fn slice(&self, span: &Range<u32>) -> &str {
        self.text.get(span.start as usize..span.end as usize).unwrap_or_default()
    }
}

/// A time that no calendar knows was never written by us; it counts as long ago.
fn time(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH)
}
