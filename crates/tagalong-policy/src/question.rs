//! Which candidate has to be looked at next, where gates need to know more of it than its name. Called by the engine
//! before it decides: each answer costs a request to the registry, so no more are asked for than decide something.

use crate::{Gate, Policy, Ranked};
use std::cmp::Ordering;
use std::collections::BTreeSet;

impl Policy {
    /// The best candidate that `decide` cannot do without; `None` when all is known. `looked` holds the candidates that
    /// were looked at in this turn; `gates` answer from what is known of them and of earlier turns.
    ///
    /// ```text
    /// looked at ─passes─▶ it wins: done        known from before, and has only to wait ─▶ nothing to ask, the next
    ///           └refused─▶ the next            a better one has only to wait, and nothing known ─▶ the next
    ///                                          otherwise ─▶ ask
    /// ```
    /// What was seen before may have moved to another image, so nothing wins without a look in the same turn. A
    /// candidate below one that waits is not asked about: it would wait longer.
    pub fn question<'r>(
        &self,
        ranked: &'r [Ranked],
        gates: &[&dyn Gate],
        known: impl Fn(&str) -> bool,
        looked: &BTreeSet<String>,
    ) -> Option<&'r str> {
        let mut waits = false;
        for equals in ranked.chunk_by(|a, b| self.ranks_equal(a, b)) {
            let (mut passes, mut waits_here) = (false, false);
            for candidate in equals {
                let tag = candidate.tag.as_str();
                let answer = gates.iter().try_for_each(|gate| gate.check(tag));
                let only_waits = answer.as_ref().is_err_and(|refusal| refusal.until.is_some());
                waits_here |= only_waits;
                if looked.contains(tag) {
                    passes |= answer.is_ok();
                } else if !only_waits && (known(tag) || !waits) {
                    return Some(tag);
                }
            }
            if passes {
                return None;
            }
            waits |= waits_here;
        }
        None
    }

    fn ranks_equal(&self, a: &Ranked, b: &Ranked) -> bool {
        let order = self.order();
        let (Ok(a), Ok(b)) = (order.key(&a.value), order.key(&b.value)) else { return false };
        order.compare(&a, &b) == Some(Ordering::Equal)
    }
}
