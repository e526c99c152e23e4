//! Which tag wins. Called by the engine on every new listing, and by `select`.

use crate::{Gate, GateRefusal, Policy, Refusal, Value, order::Key};
use jiff::Timestamp;
use std::{borrow::Cow, cmp::Ordering, collections::BTreeMap, fmt};

/// What a policy makes of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The answer.
    pub verdict: Verdict,
    /// The tags equal in order to the winner, the winner included, by bytes; empty without a winner. Which of them a
    /// site gets is [`Decision::spelling`].
    pub equals: Vec<String>,
    /// How many tags filter and order accepted.
    pub accepted: usize,
    /// How many they refused.
    pub refused: usize,
    /// The refused by reason.
    pub reasons: BTreeMap<Refusal, usize>,
    /// The candidates that a gate refused before one passed, best first.
    pub gated: Vec<GateHit>,
}

/// A candidate that a gate refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateHit {
    /// The candidate.
    pub tag: String,
    /// The first gate's refusal.
    pub refusal: GateRefusal,
}

/// The answer of a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// This tag wins.
    Select {
        /// The winner; the first by bytes among its equals.
        tag: String,
        /// What was compared.
        value: String,
    },
    /// No tag wins now, but one will without anything else happening.
    Hold {
        /// When to ask again.
        until: Timestamp,
        /// The gate's reason and message.
        why: GateRefusal,
    },
    /// No tag wins.
    Refuse {
        /// Why.
        why: NoTag,
    },
}

/// Why no tag wins. Displayed with the words of Flux's failure messages in front, which alerts match on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoTag {
    /// The listing holds no tag.
    EmptyListing,
    /// No tag passed filter and exclusions.
    FilterLeavesNone,
    /// Filter and order accept none; how many they refused, by reason.
    NoneAccepted(BTreeMap<Refusal, usize>),
    /// A gate refused every candidate; the best one's refusal.
    GatesRefuseAll(GateRefusal),
}

impl NoTag {
    /// The reason as one CamelCase word.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::EmptyListing => "EmptyListing",
            Self::FilterLeavesNone => "FilterLeavesNone",
            Self::NoneAccepted(_) => "NoneAccepted",
            Self::GatesRefuseAll(refusal) => refusal.reason,
        }
    }
}

impl fmt::Display for NoTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EmptyListing => f.write_str("version list argument cannot be empty: no tag is listed"),
            Self::FilterLeavesNone => {
                f.write_str("version list argument cannot be empty: no listed tag matches filterTags.pattern")
            }
            Self::NoneAccepted(reasons) => {
                f.write_str(
                    "unable to determine latest version from provided list: no listed tag is accepted (",
                )?;
                for (i, (refusal, count)) in reasons.iter().enumerate() {
                    write!(f, "{}{}: {count}", if i > 0 { ", " } else { "" }, refusal.reason())?;
                }
                f.write_str(")")
            }
            Self::GatesRefuseAll(refusal) => {
                write!(
                    f,
                    "unable to determine latest version from provided list: {}: {}",
                    refusal.reason, refusal.message
                )
            }
        }
    }
}

/// The best tags so far while a listing streams by.
struct Best<'t> {
    text: Cow<'t, str>,
    equals: Vec<&'t str>,
}

impl Policy {
    /// Which tag wins. The order of `tags` does not matter, and a tag that fits nothing fails nothing.
    ///
    /// Without gates only the best tags are kept, and a refused tag costs no allocation. With gates the candidates are
    /// asked best first, and the best that passes all of them wins (RULES 1).
    pub fn decide<'t, I: IntoIterator<Item = &'t str>>(&self, tags: I, gates: &[&dyn Gate]) -> Decision {
        if gates.is_empty() { self.decide_streaming(tags) } else { self.decide_gated(tags, gates) }
    }

    fn decide_streaming<'t, I: IntoIterator<Item = &'t str>>(&self, tags: I) -> Decision {
        let mut tally = Tally::default();
        let mut sieve = self.sieve();
        let mut best: Option<Best<'t>> = None;
        for tag in tags {
            let (text, key) = match sieve.read(tag) {
                Ok(read) => read,
                Err(refusal) => {
                    tally.refuse(refusal);
                    continue;
                }
            };
            tally.accepted += 1;
            match &mut best {
                None => best = Some(Best { text: text.into_cow(), equals: vec![tag] }),
                Some(best) => match self.stand(&key, &best.text) {
                    Ordering::Less => {}
                    Ordering::Equal => best.equals.push(tag),
                    Ordering::Greater => {
                        best.text = text.into_cow();
                        best.equals.clear();
                        best.equals.push(tag);
                    }
                },
            }
        }
        match best {
            Some(best) => self.select(best.equals, Vec::new(), tally),
            None => tally.refuse_all(),
        }
    }

    fn decide_gated<'t, I: IntoIterator<Item = &'t str>>(&self, tags: I, gates: &[&dyn Gate]) -> Decision {
        let mut tally = Tally::default();
        let texts = self.accepted(tags, |_, refusal| tally.refuse(refusal));
        tally.accepted = texts.len();
        if texts.is_empty() {
            return tally.refuse_all();
        }
        let mut gated = Vec::new();
        let candidates = self.candidates(&texts);
        for equals in
            candidates.chunk_by(|a, b| self.order().compare(&a.key, &b.key) == Some(Ordering::Equal))
        {
            let passed: Vec<_> =
                equals.iter().map(|c| c.tag).filter(|tag| passes(tag, gates, &mut gated)).collect();
            if !passed.is_empty() {
                return self.select(passed, gated, tally);
            }
        }
        tally.gated_out(gated)
    }

    fn select(&self, mut equals: Vec<&str>, gated: Vec<GateHit>, tally: Tally) -> Decision {
        equals.sort_unstable();
        equals.dedup();
        let tag = equals.first().copied().unwrap_or_default();
        // Equals may differ in text; the value shown is that of the tag shown, whichever came first.
        let value = self.judge(tag).map_or_else(|_| tag.to_owned(), Value::into_string);
        let verdict = Verdict::Select { tag: tag.to_owned(), value };
        tally.decision(verdict, equals.into_iter().map(str::to_owned).collect(), gated)
    }

    /// How a key stands to the best text so far.
    fn stand(&self, key: &Key<'_>, best: &str) -> Ordering {
        let order = self.order();
        order.key(best).ok().and_then(|best| order.compare(key, &best)).unwrap_or(Ordering::Greater)
    }
}

/// Asks the gates in turn; the first refusal is noted.
fn passes(tag: &str, gates: &[&dyn Gate], gated: &mut Vec<GateHit>) -> bool {
    match gates.iter().try_for_each(|gate| gate.check(tag)) {
        Ok(()) => true,
        Err(refusal) => {
            gated.push(GateHit { tag: tag.to_owned(), refusal });
            false
        }
    }
}

/// What became of the tags, in numbers.
#[derive(Default)]
struct Tally {
    accepted: usize,
    reasons: BTreeMap<Refusal, usize>,
}

impl Tally {
    fn refuse(&mut self, refusal: Refusal) {
        *self.reasons.entry(refusal).or_default() += 1;
    }

    /// No tag was accepted.
    fn refuse_all(self) -> Decision {
        let by_filter = |refusal: &Refusal| matches!(refusal, Refusal::Excluded | Refusal::FilterMismatch);
        let why = if self.reasons.is_empty() {
            NoTag::EmptyListing
        } else if self.reasons.keys().all(by_filter) {
            NoTag::FilterLeavesNone
        } else {
            NoTag::NoneAccepted(self.reasons.clone())
        };
        self.decision(Verdict::Refuse { why }, Vec::new(), Vec::new())
    }

    /// Tags were accepted, but no gate let one through: hold until the first may pass.
    fn gated_out(self, gated: Vec<GateHit>) -> Decision {
        let waiting = gated
            .iter()
            .filter_map(|hit| Some((hit.refusal.until?, &hit.refusal)))
            .min_by_key(|(until, _)| *until);
        let verdict = match (waiting, gated.first()) {
            (Some((until, why)), _) => Verdict::Hold { until, why: why.clone() },
            (None, Some(hit)) => Verdict::Refuse { why: NoTag::GatesRefuseAll(hit.refusal.clone()) },
            (None, None) => Verdict::Refuse { why: NoTag::EmptyListing },
        };
        self.decision(verdict, Vec::new(), gated)
    }

    fn decision(self, verdict: Verdict, equals: Vec<String>, gated: Vec<GateHit>) -> Decision {
        let refused = self.reasons.values().sum();
        Decision { verdict, equals, accepted: self.accepted, refused, reasons: self.reasons, gated }
    }
}
