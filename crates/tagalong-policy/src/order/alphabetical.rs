//! By bytes, as Go sorts strings: `10` before `9`, `Z` before `a`.

use super::Direction;
use std::cmp::Ordering;

#[derive(Debug, Clone)]
pub(crate) struct Alphabetical(pub(super) Direction);

impl Alphabetical {
    pub(super) fn compare(&self, a: &str, b: &str) -> Ordering {
        self.0.turn(a.cmp(b))
    }
}
