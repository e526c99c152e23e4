//! Bech32 (BIP 173), in which age writes its keys. Decoding alone.

const LETTERS: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
const GENERATOR: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
/// Digits of the checksum.
const CHECKSUM: usize = 6;

/// The bytes behind a prefix; none where the text is damaged or has another prefix.
pub(crate) fn decode(text: &str, prefix: &str) -> Option<Vec<u8>> {
    let mixed = text.bytes().any(|b| b.is_ascii_lowercase()) && text.bytes().any(|b| b.is_ascii_uppercase());
    if mixed || !text.is_ascii() {
        return None;
    }
    let lower = text.to_ascii_lowercase();
    let (found, digits) = lower.rsplit_once('1')?;
    if found != prefix || digits.len() < CHECKSUM {
        return None;
    }
    let digits: Vec<u8> = digits
        .bytes()
        .map(|byte| LETTERS.iter().position(|letter| *letter == byte).and_then(|at| u8::try_from(at).ok()))
        .collect::<Option<_>>()?;
    let head = prefix.bytes().map(|b| b >> 5).chain([0]).chain(prefix.bytes().map(|b| b & 31));
    if polymod(head.chain(digits.iter().copied())) != 1 {
        return None;
    }
    bytes(digits.get(..digits.len() - CHECKSUM)?)
}

fn polymod(digits: impl Iterator<Item = u8>) -> u32 {
    digits.fold(1, |sum: u32, digit| {
        let top = sum >> 25;
        let shifted = ((sum & 0x01ff_ffff) << 5) ^ u32::from(digit);
        GENERATOR
            .iter()
            .enumerate()
            .fold(shifted, |sum, (at, part)| if (top >> at) & 1 == 1 { sum ^ part } else { sum })
    })
}

/// Five bits each into eight; what is left over must be nothing.
fn bytes(digits: &[u8]) -> Option<Vec<u8>> {
    let (mut held, mut bits, mut out) = (0_u32, 0_u32, Vec::with_capacity(digits.len() * 5 / 8));
    for digit in digits {
        held = (held << 5) | u32::from(*digit);
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            out.push(u8::try_from((held >> bits) & 0xff).ok()?);
            held &= (1 << bits) - 1;
        }
    }
    (bits < 5 && held == 0).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_decoded_and_damaged_ones_are_not() {
        // Of BIP 173.
        assert_eq!(decode("A12UEL5L", "a"), Some(Vec::new()));
        assert_eq!(
            decode("abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw", "abcdef").map(|b| b.len()),
            Some(20)
        );
        for (text, prefix) in [
            ("A12UEL5M", "a"),
            ("a12UEL5L", "a"),
            ("A12UEL5L", "b"),
            ("12uel5l", ""),
            ("a1é", "a"),
            ("", ""),
            ("abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxx", "abcdef"),
        ] {
            assert_eq!(decode(text, prefix), None, "{text}");
        }
    }
}
