//! The age format (age-encryption.org/v1) as far as SOPS needs it: a small secret, armored, for X25519 recipients. The
//! primitives are ring's and curve25519-dalek's.

use std::fmt;

use base64::Engine as _;
use base64::alphabet::STANDARD as LETTERS;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD, STANDARD};
use curve25519_dalek::montgomery::MontgomeryPoint;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use ring::{hkdf, hmac};
use secrecy::{ExposeSecret as _, SecretSlice};

use crate::bech32;
use crate::error::SopsError;

const BEGIN: &str = "-----BEGIN AGE ENCRYPTED FILE-----";
const END: &str = "-----END AGE ENCRYPTED FILE-----";
const VERSION: &str = "age-encryption.org/v1";
/// Base64 as the header has it.
const BARE: GeneralPurpose = GeneralPurpose::new(&LETTERS, NO_PAD);
/// Bytes of a wrapped key: sixteen, and their tag.
const WRAPPED: usize = 32;
/// More recipients than anybody has.
const STANZAS: usize = 1000;

/// The private keys that files are opened with.
#[derive(Clone, Default)]
pub struct Identities(Vec<Identity>);

#[derive(Clone)]
struct Identity {
    private: SecretSlice<u8>,
    public: [u8; 32],
}

impl fmt::Debug for Identities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} identities", self.0.len())
    }
}

impl Identities {
    /// Adds those of a file as `age-keygen` writes it: one a line; empty lines and comments are passed over.
    ///
    /// # Errors
    /// A line that holds none, by its number.
    pub fn add(&mut self, text: &str) -> Result<(), SopsError> {
        for (at, line) in text.lines().enumerate() {
            let line = line.trim();
            if !line.is_empty() && !line.starts_with('#') {
                self.0.push(Identity::parse(line).ok_or(SopsError::Identity(at + 1))?);
            }
        }
        Ok(())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Identity {
    fn parse(line: &str) -> Option<Self> {
        let bytes = bech32::decode(line, "age-secret-key-")?;
        let private: [u8; 32] = bytes.try_into().ok()?;
        let public = MontgomeryPoint::mul_base_clamped(private).to_bytes();
        Some(Self { private: private.to_vec().into(), public })
    }

    /// The file key out of an X25519 stanza; none where it is for somebody else.
    fn unwrap(&self, share: &[u8; 32], body: &[u8]) -> Option<Vec<u8>> {
        let private: [u8; 32] = self.private.expose_secret().try_into().ok()?;
        let shared = MontgomeryPoint(*share).mul_clamped(private).to_bytes();
        if shared == [0; 32] {
            return None;
        }
        let salt = [share.as_slice(), &self.public].concat();
        let key = derive(&shared, &salt, b"age-encryption.org/v1/X25519");
        open(&key, [0; 12], body)
    }
}

/// The secret in an armored file; none where no identity opens it.
///
/// # Errors
/// It is no such file, or was tampered with.
pub(crate) fn decrypt(armored: &str, identities: &Identities) -> Result<Option<SecretSlice<u8>>, SopsError> {
    let file = unarmor(armored).ok_or(SopsError::Envelope)?;
    let header = Header::parse(&file).ok_or(SopsError::Envelope)?;
    let unwrapped = identities
        .0
        .iter()
        .find_map(|identity| header.stanzas.iter().find_map(|(share, body)| identity.unwrap(share, body)));
    let Some(file_key) = unwrapped else { return Ok(None) };
    let mac = hmac::Key::new(hmac::HMAC_SHA256, &derive(&file_key, &[], b"header"));
    hmac::verify(&mac, header.signed, &header.mac).map_err(|_| SopsError::Envelope)?;
    let (nonce, chunk) = header.payload.split_at_checked(16).ok_or(SopsError::Envelope)?;
    let key = derive(&file_key, nonce, b"payload");
    // A data key is one chunk, the last.
    let last = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    open(&key, last, chunk).map(|secret| Some(secret.into())).ok_or(SopsError::Envelope)
}

fn unarmor(text: &str) -> Option<Vec<u8>> {
    let inside = text.trim().strip_prefix(BEGIN)?.strip_suffix(END)?;
    let joined: String = inside.lines().map(str::trim).collect();
    STANDARD.decode(joined).ok()
}

struct Header<'f> {
    /// The X25519 stanzas: ephemeral share and wrapped key.
    stanzas: Vec<([u8; 32], Vec<u8>)>,
    /// What the MAC is of.
    signed: &'f [u8],
    mac: Vec<u8>,
    payload: &'f [u8],
}

impl<'f> Header<'f> {
    fn parse(file: &'f [u8]) -> Option<Self> {
        let mut lines = Lines { file, at: 0 };
        if lines.next()? != VERSION {
            return None;
        }
        let mut stanzas = Vec::new();
        let mut line = lines.next()?;
        for _ in 0..STANZAS {
            let start = lines.at - line.len() - 1;
            if let Some(mac) = line.strip_prefix("--- ") {
                let signed = file.get(..start + "---".len())?;
                let mac = BARE.decode(mac).ok()?;
                return Some(Self { stanzas, signed, mac, payload: file.get(lines.at..)? });
            }
            let arguments: Vec<&str> = line.strip_prefix("-> ")?.split(' ').collect();
            let mut body = String::new();
            loop {
                line = lines.next()?;
                if line.starts_with("-> ") || line.starts_with("--- ") {
                    break;
                }
                body.push_str(line);
            }
            if let ["X25519", share] = arguments.as_slice() {
                let share = BARE.decode(share).ok()?.try_into().ok()?;
                let body = BARE.decode(&body).ok().filter(|body| body.len() == WRAPPED)?;
                stanzas.push((share, body));
            }
        }
        None
    }
}

struct Lines<'f> {
    file: &'f [u8],
    /// Behind the last line.
    at: usize,
}

impl<'f> Lines<'f> {
    fn next(&mut self) -> Option<&'f str> {
        let rest = self.file.get(self.at..)?;
        let end = memchr::memchr(b'\n', rest)?;
        self.at += end + 1;
        std::str::from_utf8(rest.get(..end)?).ok()
    }
}

/// HKDF-SHA-256 to 32 bytes.
fn derive(secret: &[u8], salt: &[u8], info: &[u8]) -> [u8; 32] {
    let mut key = [0; 32];
    let info = [info];
    let derived = hkdf::Salt::new(hkdf::HKDF_SHA256, salt).extract(secret);
    if let Ok(derived) = derived.expand(&info, hkdf::HKDF_SHA256)
        && derived.fill(&mut key).is_ok()
    {
        return key;
    }
    // 32 bytes are never too many.
    [0; 32]
}

fn open(key: &[u8; 32], nonce: [u8; 12], sealed: &[u8]) -> Option<Vec<u8>> {
    let key = LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, key).ok()?);
    let mut bytes = sealed.to_vec();
    let plain = key.open_in_place(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut bytes).ok()?;
    Some(plain.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made with `age-keygen` for these tests alone.
    const KEY: &str = "AGE-SECRET-KEY-1XXXX";

    #[test]
    fn what_is_no_identity_is_told_by_its_line_alone() {
        let mut identities = Identities::default();
        let refused = identities.add(&format!("# a comment\n\n{KEY}\n")).unwrap_err();
        assert_eq!(refused, SopsError::Identity(3));
        assert!(!refused.to_string().contains("XXXX"));
        assert!(identities.is_empty() && format!("{identities:?}") == "0 identities");
    }

    #[test]
    fn damaged_files_are_refused() {
        let identities = Identities::default();
        for text in ["", BEGIN, &format!("{BEGIN}\n{END}"), &format!("{BEGIN}\nYWdl\n{END}"), "x"] {
            assert!(matches!(decrypt(text, &identities), Err(SopsError::Envelope)), "{text}");
        }
    }
}
