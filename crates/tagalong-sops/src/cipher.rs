//! One value: AES-256-GCM with a nonce of 32 bytes, bound to the path of its key.

use aes_gcm::aead::consts::U32;
use aes_gcm::aead::{Aead as _, KeyInit as _, Payload};
use aes_gcm::aes::Aes256;
use aes_gcm::{AesGcm, Nonce};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

const PREFIX: &str = "ENC[AES256_GCM,data:";

/// The key of a file's values.
pub(crate) type DataKey = [u8; 32];

/// A value as it was before it was encrypted.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Plain {
    Text(String),
    /// A number or a time, as it is written.
    Word(String),
    Bool(bool),
}

impl Plain {
    /// What the checksum is of.
    pub(crate) fn bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) | Self::Word(text) => text.as_bytes(),
            Self::Bool(true) => b"True",
            Self::Bool(false) => b"False",
        }
    }
}

/// Whether a text is an encrypted value.
pub(crate) fn is_encrypted(text: &str) -> bool {
    text.starts_with(PREFIX) && text.ends_with(']')
}

/// The value behind a text; none where key, path or text are not those with which it was encrypted.
pub(crate) fn decrypt(text: &str, key: &DataKey, path: &str) -> Option<Plain> {
    let (data, rest) = text.strip_prefix(PREFIX)?.strip_suffix(']')?.split_once(",iv:")?;
    let (iv, rest) = rest.split_once(",tag:")?;
    let (tag, kind) = rest.split_once(",type:")?;
    let [data, iv, tag] = [data, iv, tag].map(|part| STANDARD.decode(part).ok());
    let iv: [u8; 32] = iv?.try_into().ok()?;
    let sealed = [data?, tag?].concat();
    let cipher = AesGcm::<Aes256, U32>::new_from_slice(key).ok()?;
    let payload = Payload { msg: &sealed, aad: path.as_bytes() };
    let plain = cipher.decrypt(&Nonce::<U32>::from(iv), payload).ok()?;
    let text = String::from_utf8(plain).ok()?;
    Some(match kind {
        "str" | "bytes" | "comment" => Plain::Text(text),
        "int" | "int64" | "float" | "time" => Plain::Word(word(text)?),
        "bool" => Plain::Bool(text.eq_ignore_ascii_case("true")),
        _ => return None,
    })
}

/// A number or a time, and nothing that could be more than that where it is put.
fn word(text: String) -> Option<String> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.' | b':');
    (!text.is_empty() && text.bytes().all(plain)).then_some(text)
}
