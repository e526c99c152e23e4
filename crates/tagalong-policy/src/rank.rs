//! Every tag with what becomes of it: for `select --all`, `explain`, and for `decide` where gates take part.

use crate::{Policy, Refusal, order::Key};
use std::{borrow::Cow, cmp::Ordering};

/// Every tag of a listing, sorted into accepted and refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ranking {
    /// Best first; equals by bytes of the tag.
    pub accepted: Vec<Ranked>,
    /// By bytes of the tag.
    pub refused: Vec<(String, Refusal)>,
}

/// An accepted tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ranked {
    /// The tag.
    pub tag: String,
    /// What was compared.
    pub value: String,
}

/// An accepted tag with its key.
pub(crate) struct Candidate<'a, 't> {
    pub(crate) tag: &'t str,
    pub(crate) text: &'a str,
    pub(crate) key: Key<'a>,
}

impl Policy {
    /// Sorts a whole listing. Gates take no part.
    pub fn rank<'t, I: IntoIterator<Item = &'t str>>(&self, tags: I) -> Ranking {
        let mut refused = Vec::new();
        let texts = self.accepted(tags, |tag, refusal| refused.push((tag.to_owned(), refusal)));
        let candidates = self.candidates(&texts);
        let accepted =
            candidates.iter().map(|c| Ranked { tag: c.tag.to_owned(), value: c.text.to_owned() }).collect();
        refused.sort_unstable();
        refused.dedup();
        Ranking { accepted, refused }
    }

    /// The accepted tags with what is compared of each; the others go to `refused`.
    pub(crate) fn accepted<'t, I: IntoIterator<Item = &'t str>>(
        &self,
        tags: I,
        mut refused: impl FnMut(&'t str, Refusal),
    ) -> Vec<(&'t str, Cow<'t, str>)> {
        let mut sieve = self.sieve();
        let mut accepted = Vec::new();
        for tag in tags {
            match sieve.read(tag) {
                Ok((text, _)) => accepted.push((tag, text.into_cow())),
                Err(refusal) => refused(tag, refusal),
            }
        }
        accepted
    }

    /// Accepted tags, best first; equals by bytes, and each tag once.
    pub(crate) fn candidates<'a, 't>(&self, texts: &'a [(&'t str, Cow<'t, str>)]) -> Vec<Candidate<'a, 't>> {
        let with_key = |(tag, text): &'a (&'t str, Cow<'t, str>)| {
            Some(Candidate { tag, text, key: self.order().key(text).ok()? })
        };
        let mut candidates: Vec<_> = texts.iter().filter_map(with_key).collect();
        let better = |a: &Candidate<'_, '_>, b: &Candidate<'_, '_>| self.order().compare(&b.key, &a.key);
        candidates
            .sort_unstable_by(|a, b| better(a, b).unwrap_or(Ordering::Equal).then_with(|| a.tag.cmp(b.tag)));
        candidates.dedup_by(|a, b| a.tag == b.tag);
        candidates
    }
}
