//! By value: integers of any length and decimals, with a sign, compared digit by digit and so exactly.
//!
//! Flux reads 64-bit floats, in which timestamps of 17 digits collide, and gives the whole policy up over one tag
//! that is no number. Here that tag is refused and the others go on.

use super::Direction;
use crate::Refusal;
use std::cmp::Ordering;

#[derive(Debug, Clone)]
pub(crate) struct Numerical(pub(super) Direction);

/// A decimal number, stripped of the zeros that do not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Number<'t> {
    /// Never for zero: -0 is 0.
    negative: bool,
    integer: &'t str,
    fraction: &'t str,
}

impl Numerical {
    /// Reads `[+-]digits[.digits]`, where one side of the point may be missing. Exponents, hexadecimals, `Inf` and
    /// `NaN` are words, not numbers: a short commit id such as `1e5` would be one.
    pub(super) fn key(text: &str) -> Result<Number<'_>, Refusal> {
        let negative = text.starts_with('-');
        let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
        let (integer, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if !(digits(integer) && digits(fraction)) || (integer.is_empty() && fraction.is_empty()) {
            return Err(Refusal::NotANumber);
        }
        let (integer, fraction) = (integer.trim_start_matches('0'), fraction.trim_end_matches('0'));
        let zero = integer.is_empty() && fraction.is_empty();
        Ok(Number { negative: negative && !zero, integer, fraction })
    }

    pub(super) fn compare(&self, a: &Number<'_>, b: &Number<'_>) -> Ordering {
        self.0.turn(a.cmp(b))
    }
}

impl Number<'_> {
    fn compare_size(&self, other: &Self) -> Ordering {
        // Without leading zeros the longer integer is the larger; fractions compare from the point on, as text does.
        let integers =
            self.integer.len().cmp(&other.integer.len()).then_with(|| self.integer.cmp(other.integer));
        integers.then_with(|| self.fraction.cmp(other.fraction))
    }
}

impl Ord for Number<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.negative, other.negative) {
            (false, false) => self.compare_size(other),
            (true, true) => other.compare_size(self),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
        }
    }
}

impl PartialOrd for Number<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_decimals_are_numbers() {
        for good in ["0", "007", "-1", "+1", "1.5", ".5", "5.", "20240131235959999", "-0.0"] {
            assert!(Numerical::key(good).is_ok(), "{good}");
        }
        for bad in [
            "", ".", "-", "+", "+-1", "1e5", "0x1F", "Inf", "-inf", "NaN", "1_000", "1,5", "1.2.3", " 1",
            "1 ", "١", "v1",
        ] {
            assert_eq!(Numerical::key(bad), Err(Refusal::NotANumber), "{bad}");
        }
    }

    #[test]
    fn the_order_is_exact() {
        let ascending = [
            "-100000000000000000000000",
            "-2",
            "-1.5",
            "-1.25",
            "-.1",
            "0",
            "0.001",
            "0.1",
            "1",
            "1.05",
            "1.5",
            "9",
            "10",
            "551067109282849",
            "20240131235959998",
            "20240131235959999",
            "100000000000000000000000",
        ];
        for (i, a) in ascending.iter().enumerate() {
            for (j, b) in ascending.iter().enumerate() {
                assert_eq!(Numerical::key(a).unwrap().cmp(&Numerical::key(b).unwrap()), i.cmp(&j), "{a} {b}");
            }
        }
        for (a, b) in [("1", "01.00"), ("-0", "0"), ("+.5", "0.50"), ("5.", "5")] {
            assert_eq!(Numerical::key(a), Numerical::key(b), "{a} {b}");
        }
    }

    proptest! {
        /// Six digits on either side of the point fit an integer of millionths, which is the oracle.
        #[test]
        fn agrees_with_integers(a in -999_999_999_999i64..999_999_999_999, b in -999_999_999_999i64..999_999_999_999) {
            let spell = |n: i64| format!("{}{}.{:06}", if n < 0 { "-" } else { "" }, n.abs() / 1_000_000, n.abs() % 1_000_000);
            let (x, y) = (spell(a), spell(b));
            prop_assert_eq!(Numerical::key(&x).unwrap().cmp(&Numerical::key(&y).unwrap()), a.cmp(&b));
        }
    }
}
