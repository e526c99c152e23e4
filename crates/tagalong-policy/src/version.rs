//! Versions as Flux reads them out of tags: lenient in form, strict in pre-releases, ordered by SemVer 2.
//!
//! Borrowed from the tag, so that reading 100,000 of them allocates nothing. Used by `range` and `order::semver`.

use std::cmp::Ordering;

/// A version without its build metadata, which has no part in the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Version<'t> {
    pub(crate) major: u64,
    pub(crate) minor: u64,
    pub(crate) patch: u64,
    /// Dot-separated identifiers; empty for a release.
    pub(crate) pre: &'t str,
}

impl<'t> Version<'t> {
    /// Reads a tag by Flux's rule: at least two dots, an optional lower-case `v`, leading zeros allowed in the
    /// numbers (up to 64 bits) but not in numeric pre-release identifiers.
    pub(crate) fn parse(text: &'t str) -> Option<Self> {
        let (version, parts) = Self::coerce(text)?;
        // Flux counts dots anywhere: `1.2-beta.5` has enough of them.
        (parts == 3 || text.bytes().filter(|byte| *byte == b'.').count() >= 2).then_some(version)
    }

    /// Reads one to three numbers with optional pre-release and metadata; missing numbers are 0. Also tells how many
    /// numbers there were.
    fn coerce(text: &'t str) -> Option<(Self, usize)> {
        let text = text.strip_prefix('v').unwrap_or(text);
        let mut numbers = [0; 3];
        let mut parts = 0;
        let mut rest = text;
        for slot in &mut numbers {
            (*slot, rest) = leading_number(rest)?;
            parts += 1;
            match rest.strip_prefix('.') {
                Some(tail) if parts < 3 => rest = tail,
                _ => break,
            }
        }
        let pre = pre_release(rest)?;
        let [major, minor, patch] = numbers;
        Some((Self { major, minor, patch, pre }, parts))
    }
}

/// Splits off the number in front.
pub(crate) fn leading_number(text: &str) -> Option<(u64, &str)> {
    let mut number = 0u64;
    let mut digits = 0;
    for byte in text.bytes().take_while(u8::is_ascii_digit) {
        number = number.checked_mul(10)?.checked_add(u64::from(byte - b'0'))?;
        digits += 1;
    }
    if digits == 0 { None } else { Some((number, text.get(digits..)?)) }
}

/// Reads what follows the numbers, `[-pre][+build]`, and answers the pre-release; `None` if it is something else.
pub(crate) fn pre_release(rest: &str) -> Option<&str> {
    let (rest, build) = match rest.split_once('+') {
        Some((rest, build)) => (rest, Some(build)),
        None => (rest, None),
    };
    let pre = if rest.is_empty() { "" } else { rest.strip_prefix('-')? };
    let fits = |id: &str| !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let zero_led = |id: &str| id.len() > 1 && id.starts_with('0') && is_numeric(id);
    let pre_fits = rest.is_empty() || pre.split('.').all(|id| fits(id) && !zero_led(id));
    let build_fits = build.is_none_or(|build| build.split('.').all(fits));
    (pre_fits && build_fits).then_some(pre)
}

fn is_numeric(identifier: &str) -> bool {
    identifier.bytes().all(|byte| byte.is_ascii_digit())
}

impl Ord for Version<'_> {
    /// SemVer 2 precedence (its item 11).
    fn cmp(&self, other: &Self) -> Ordering {
        let triple = (self.major, self.minor, self.patch).cmp(&(other.major, other.minor, other.patch));
        triple.then_with(|| match (self.pre, other.pre) {
            ("", "") => Ordering::Equal,
            ("", _) => Ordering::Greater,
            (_, "") => Ordering::Less,
            (a, b) => compare_pre(a, b),
        })
    }
}

impl PartialOrd for Version<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

fn compare_pre(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a.split('.'), b.split('.'));
    loop {
        let step = match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => Ordering::Less,
            (Some(_), None) => Ordering::Greater,
            (Some(a), Some(b)) => compare_identifier(a, b),
        };
        if step.is_ne() {
            return step;
        }
    }
}

/// Numbers by value, whatever their length, and below words; words by bytes.
fn compare_identifier(a: &str, b: &str) -> Ordering {
    match (is_numeric(a), is_numeric(b)) {
        (true, true) => a.len().cmp(&b.len()).then_with(|| a.cmp(b)),
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
        (false, false) => a.cmp(b),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parsed(text: &str) -> Option<(u64, u64, u64, &str)> {
        Version::parse(text).map(|v| (v.major, v.minor, v.patch, v.pre))
    }

    #[test]
    fn reads_what_flux_reads() {
        for (text, expected) in [
            ("1.2.3", (1, 2, 3, "")),
            ("v1.2.3", (1, 2, 3, "")),
            ("01.02.03", (1, 2, 3, "")),
            ("1.2.3-rc.1", (1, 2, 3, "rc.1")),
            ("1.2.3-rc.1+meta.01", (1, 2, 3, "rc.1")),
            ("1.2.3+meta", (1, 2, 3, "")),
            ("1.2.3--x", (1, 2, 3, "-x")),
            ("1.2.3-0", (1, 2, 3, "0")),
            ("1.2.3-0a", (1, 2, 3, "0a")),
            ("1.2-beta.5", (1, 2, 0, "beta.5")),
            ("1-a.b.c", (1, 0, 0, "a.b.c")),
            ("1.2+a.b", (1, 2, 0, "")),
            ("18446744073709551615.0.0", (u64::MAX, 0, 0, "")),
            ("2024.01.31", (2024, 1, 31, "")),
        ] {
            assert_eq!(parsed(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn refuses_what_flux_refuses() {
        for text in [
            "",
            "v",
            "1",
            "1.2",
            "v1.2",
            "1.2-beta",
            "V1.2.3",
            "vv1.2.3",
            "1.2.3.4",
            "release-1.2.3",
            "1..3",
            ".1.2",
            "1.2.",
            "1.2.3-",
            "1.2.3-a..b",
            "1.2.3-01",
            "1.2.3-a.00",
            "1.2.3+",
            "1.2.3+a..b",
            "1.2.3_a",
            "1.2.3-a_b",
            "1.2.x",
            "18446744073709551616.0.0",
            "-1.2.3",
            "1.-2.3",
            "1 .2.3",
            " 1.2.3",
            "1.2.3 ",
            "١.2.3",
            "1.2.3-ä",
            "1234567",
        ] {
            assert_eq!(parsed(text), None, "{text}");
        }
    }

    #[test]
    fn precedence_is_semvers() {
        let ascending = [
            "1.0.0-0",
            "1.0.0-9",
            "1.0.0-10",
            "1.0.0-99999999999999999999999",
            "1.0.0--",
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-alpha.beta",
            "1.0.0-beta",
            "1.0.0-beta.2",
            "1.0.0-beta.11",
            "1.0.0-rc.1",
            "1.0.0",
            "1.0.1-0",
            "1.0.1",
            "1.1.0",
            "2.0.0",
        ];
        for (i, a) in ascending.iter().enumerate() {
            for (j, b) in ascending.iter().enumerate() {
                assert_eq!(Version::parse(a).unwrap().cmp(&Version::parse(b).unwrap()), i.cmp(&j), "{a} {b}");
            }
        }
        assert_eq!(Version::parse("v1.0.0+a"), Version::parse("1.0.0+b"));
    }

    proptest! {
        /// The library that everybody uses for strict versions is the oracle wherever it has an opinion.
        #[test]
        fn agrees_with_the_semver_crate(
            a in "[0-3]\\.[0-3]\\.[0-3](-[0-9a-b-]{1,3}(\\.[0-9a-b-]{1,3}){0,2})?",
            b in "[0-3]\\.[0-3]\\.[0-3](-[0-9a-b-]{1,3}(\\.[0-9a-b-]{1,3}){0,2})?",
        ) {
            let oracle = (semver::Version::parse(&a), semver::Version::parse(&b));
            prop_assert_eq!(Version::parse(&a).is_some(), oracle.0.is_ok());
            if let (Ok(x), Ok(y)) = oracle {
                let ours = Version::parse(&a).unwrap().cmp(&Version::parse(&b).unwrap());
                prop_assert_eq!(ours, x.cmp_precedence(&y));
            }
        }
    }
}
