//! Encodings and checksums: base 64, base 32, SHA, Adler.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};

use super::{Arguments, Function};
use crate::error::Failure;
use crate::val::Val;

pub(super) const TABLE: &[Function] = &[
    Function::exact("b64enc", 1, |args| args.give(STANDARD.encode(input(args)?))),
    Function::exact("b64dec", 1, |args| {
        let cleaned: String = args.text(0)?.chars().filter(|value| !matches!(value, '\n' | '\r')).collect();
        decoded(args, STANDARD.decode(cleaned).ok(), "base64")
    }),
    Function::exact("b32enc", 1, |args| args.give(base32(input(args)?))),
    Function::exact("b32dec", 1, |args| decoded(args, from_base32(args.text(0)?), "base32")),
    Function::exact("sha1sum", 1, |args| args.give(hex(&Sha1::digest(input(args)?)))),
    Function::exact("sha256sum", 1, |args| args.give(hex(&Sha256::digest(input(args)?)))),
    Function::exact("sha512sum", 1, |args| args.give(hex(&Sha512::digest(input(args)?)))),
    Function::exact("adler32sum", 1, |args| {
        let mut sum = adler2::Adler32::new();
        sum.write_slice(input(args)?);
        args.give(sum.checksum().to_string())
    }),
];

fn input<'a>(args: &Arguments<'a>) -> Result<&'a [u8], Failure> {
    let text = args.text(0)?;
    // Hashing is several times the work of copying.
    args.context.work(text.len() / 2)?;
    Ok(text.as_bytes())
}

fn hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        write!(out, "{byte:02x}").unwrap_or_default();
    }
    out
}

fn decoded(args: &Arguments<'_>, bytes: Option<Vec<u8>>, what: &str) -> Result<Val, Failure> {
    let bytes = bytes.ok_or_else(|| Failure::Problem(format!("the text is not {what}")))?;
    let text = String::from_utf8(bytes).map_err(|_| Failure::from("what was encoded is not text"))?;
    args.give(text)
}

const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

fn base32(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(5) * 8);
    for block in bytes.chunks(5) {
        let mut bits = 0u64;
        for at in 0..5 {
            bits = bits << 8 | u64::from(block.get(at).copied().unwrap_or(0));
        }
        let symbols = (block.len() * 8).div_ceil(5);
        for at in 0..8 {
            let index = usize::try_from(bits >> (35 - 5 * at) & 31).unwrap_or(0);
            let symbol = ALPHABET.get(index).copied().unwrap_or(b'=');
            out.push(if at < symbols { char::from(symbol) } else { '=' });
        }
    }
    out
}

fn from_base32(text: &str) -> Option<Vec<u8>> {
    let cleaned: Vec<u8> = text.bytes().filter(|byte| !matches!(byte, b'\n' | b'\r')).collect();
    if !cleaned.len().is_multiple_of(8) {
        return None;
    }
    let mut out = Vec::with_capacity(cleaned.len() / 8 * 5);
    let blocks = cleaned.len() / 8;
    for (number, block) in cleaned.chunks(8).enumerate() {
        let symbols = block.iter().take_while(|byte| **byte != b'=').count();
        let padded = block.iter().skip(symbols).all(|byte| *byte == b'=');
        if !padded || !matches!(symbols, 2 | 4 | 5 | 7 | 8) || (symbols < 8 && number + 1 < blocks) {
            return None;
        }
        let mut bits = 0u64;
        for at in 0..8 {
            let value = match block.get(at).filter(|_| at < symbols) {
                Some(symbol) => ALPHABET.iter().position(|candidate| candidate == symbol)?,
                None => 0,
            };
            bits = bits << 5 | value as u64;
        }
        let bytes = bits.to_be_bytes();
        out.extend(bytes.iter().skip(3).take(symbols * 5 / 8));
    }
    Some(out)
}
