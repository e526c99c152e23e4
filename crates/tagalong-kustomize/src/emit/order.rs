//! The order of keys in the output: text by code point, runs of digits by their number.

use std::cmp::Ordering;

/// Compares two keys as Go's YAML 2 library sorts them.
pub(super) fn natural(left: &str, right: &str) -> Ordering {
    let (a, b): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    let Some(at) = a.iter().zip(&b).position(|(a, b)| a != b) else { return a.len().cmp(&b.len()) };
    let (Some(&x), Some(&y)) = (a.get(at), b.get(at)) else { return Ordering::Equal };
    match (x.is_alphabetic(), y.is_alphabetic()) {
        (true, true) => return x.cmp(&y),
        (true, false) => return Ordering::Greater,
        (false, true) => return Ordering::Less,
        (false, false) => {}
    }
    let start = if x == '0' || y == '0' { carried(&a, at) } else { 0 };
    let (left_number, left_end) = number(&a, at, start);
    let (right_number, right_end) = number(&b, at, start);
    left_number.cmp(&right_number).then(left_end.cmp(&right_end)).then(x.cmp(&y))
}

/// 1 where the common digits before the difference hold more than zeros: a zero then counts as a digit.
fn carried(text: &[char], at: usize) -> i64 {
    let before = text.iter().take(at).rev().take_while(|c| c.is_numeric());
    i64::from(before.into_iter().any(|c| *c != '0'))
}

fn number(text: &[char], at: usize, start: i64) -> (i64, usize) {
    let digits = text.iter().skip(at).take_while(|c| c.is_numeric());
    let mut value = start;
    let mut end = at;
    for digit in digits {
        let digit = i64::from(u32::from(*digit)) - i64::from(u32::from('0'));
        value = value.wrapping_mul(10).wrapping_add(digit);
        end += 1;
    }
    (value, end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_count_as_numbers_and_letters_come_last() {
        let mut keys = ["a10", "a2", "a", "a-b", "ab", "A", "_", "a01", "a1", "b"];
        keys.sort_by(|a, b| natural(a, b));
        assert_eq!(keys, ["_", "A", "a", "a-b", "a1", "a01", "a2", "a10", "ab", "b"]);
    }
}
