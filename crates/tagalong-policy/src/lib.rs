//! Decides which tag a policy selects: filter, order, gates. Pure.
//!
//! ```text
//!  tag ──► filter ──► extract ──► order ──► gates ──► Decision { Select | Hold | Refuse }
//!          pattern    template    key,      named
//!                                 bounds    checks
//! ```
//!
//! One [`Policy`] is compiled from an ImagePolicy's spec and answers everything that is asked of it: which of these
//! tags wins ([`Policy::decide`]), which candidate has to be looked at for that ([`Policy::question`]), what becomes of
//! each ([`Policy::rank`]), whether one tag is accepted at all
//! ([`Policy::judge`], which needs no listing: RULES 2), how two accepted values stand to each other
//! ([`Policy::compare`]), and what a site's history refuses ([`Policy::pins`]). Called by `tagalong-engine` and by the commands `select`, `explain` and `lint`.
//!
//! Where to add a thing:
//!
//! * an ordering: one file under `order/`, and its arms in `order.rs`;
//! * a gate: one file under `gate/`, and one line in `gate.rs`.
//!
//! Invariant: the order in which tags arrive never changes an answer.

mod decide;
mod error;
mod filter;
mod gate;
mod order;
mod pin;
mod policy;
mod question;
mod range;
mod rank;
mod refusal;
mod spelling;
mod version;

pub use decide::{Decision, GateHit, NoTag, Verdict};
pub use error::PolicyError;
pub use filter::FilterSpec;
pub use gate::{Fact, Facts, Gate, GateRefusal, MinimumAge, Platforms};
pub use order::{Direction, OrderSpec};
pub use pin::{Node, Parent, Pins, Refused, Standing};
pub use policy::{Policy, Value};
pub use range::InvalidRange;
pub use rank::{Ranked, Ranking};
pub use refusal::Refusal;
pub use spelling::spelling;
pub use tagalong_pattern::{InvalidPattern, Pattern};
