//! Opens the documents of a file: every encrypted value is replaced where it stands, and the checksum is checked.

use std::ops::Range;

use sha2::{Digest as _, Sha512};
use tagalong_kustomize::{Scalar, scalar};

use crate::age::Identities;
use crate::cipher::{self, DataKey, Plain};
use crate::document::{self, Node, Shape};
use crate::error::SopsError;
use crate::metadata::Metadata;
use crate::write;

/// The field in which SOPS keeps its metadata.
pub(crate) const FIELD: &str = "sops";
/// What stands for a value that is not to be shown; Flux's.
pub(crate) const MASK: &str = "**SOPS**";
/// The beginning of a checksum over encrypted values alone; of SOPS.
const ONLY_ENCRYPTED: [u8; 32] = [
    0x8a, 0x3f, 0xd2, 0xad, 0x54, 0xce, 0x66, 0x52, 0x7b, 0x10, 0x34, 0xf3, 0xd1, 0x47, 0xbe, 0x0b, 0x0b,
    0x97, 0x5b, 0x3b, 0xf4, 0x4f, 0x72, 0xc6, 0xfd, 0xad, 0xec, 0x81, 0x76, 0xf2, 0x7d, 0x69,
];
/// Keeps an object as it is; Flux's annotation.
const OPT_OUT: &str = "kustomize.toolkit.fluxcd.io/decrypt";

/// How encrypted values are opened.
#[derive(Debug, Clone)]
pub enum Opening {
    /// With these keys.
    With(Identities),
    /// Not at all: each value reads `**SOPS**`.
    Masked,
}

/// What becomes of a file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    /// Objects, each of which may opt out.
    Manifest,
    /// Bytes, as `sops decrypt` writes them.
    Bytes,
}

/// What is replaced in a text.
type Edits = Vec<(Range<usize>, String)>;

/// The text with its encrypted documents opened; none where there are none. What was encrypted in objects that are no
/// Secrets is added to `values`.
pub(crate) fn text(
    text: &str,
    json: bool,
    for_use: Use,
    opening: &Opening,
    values: &mut Vec<String>,
) -> Result<Option<String>, SopsError> {
    let documents = document::read(text)?;
    let sealed: Vec<(&Node, Metadata)> = documents
        .iter()
        .filter(|document| is_sealed(document, for_use))
        .map(|document| {
            Ok((document, Metadata::of(&document.get(FIELD).map(Node::json).unwrap_or_default())?))
        })
        .collect::<Result<_, SopsError>>()?;
    if sealed.is_empty() {
        return Ok(None);
    }
    let mut edits = Edits::new();
    // Documents that were encrypted together have one checksum.
    for group in sealed.chunk_by(|(_, one), (_, other)| one.mac == other.mac) {
        let Some((_, metadata)) = group.first() else { continue };
        let documents = group.iter().map(|(document, _)| *document);
        opened(documents, metadata, json, opening, (&mut edits, &mut *values))?;
    }
    for (document, _) in &sealed {
        write::unseal(text, document, &mut edits);
    }
    Ok(Some(replaced(text, edits)))
}

/// Whether a document is encrypted and does not opt out.
fn is_sealed(document: &Node, for_use: Use) -> bool {
    let opted = document.at(&["metadata", "annotations", OPT_OUT]);
    let out = for_use == Use::Manifest && opted.is_some_and(|says| says.eq_ignore_ascii_case("disabled"));
    document.at(&[FIELD, "mac"]).is_some_and(|mac| !mac.is_empty()) && !out
}

/// Whether one of the objects must not be applied as it is: an encrypted Secret, or one whose kind is encrypted.
pub(crate) fn holds_sealed_secret(text: &str) -> Result<bool, SopsError> {
    let secret = |document: &Node| {
        let kind = document.at(&["kind"]).unwrap_or_default();
        is_sealed(document, Use::Manifest) && (kind == "Secret" || cipher::is_encrypted(kind))
    };
    Ok(document::read(text)?.iter().any(secret))
}

/// The key of the values, where they are to be opened, and the checksum as it begins.
pub(crate) fn begin(metadata: &Metadata, opening: &Opening) -> Result<(Option<DataKey>, Sha512), SopsError> {
    let key = match opening {
        Opening::With(identities) => Some(metadata.data_key(identities)?),
        Opening::Masked => None,
    };
    let mut sum = Sha512::new();
    if metadata.mac_only_encrypted {
        sum.update(ONLY_ENCRYPTED);
    }
    Ok((key, sum))
}

fn opened<'d>(
    documents: impl Iterator<Item = &'d Node>,
    metadata: &Metadata,
    json: bool,
    opening: &Opening,
    (edits, values): (&mut Edits, &mut Vec<String>),
) -> Result<(), SopsError> {
    let (key, mut sum) = begin(metadata, opening)?;
    for document in documents {
        let is_secret = document.at(&["kind"]) == Some("Secret");
        let mut walk = Walk {
            metadata,
            key: key.as_ref(),
            json,
            is_secret,
            path: Vec::new(),
            sum: &mut sum,
            edits,
            values,
        };
        for (name, value) in document.entries().iter().filter(|(name, _)| name.text() != Some(FIELD)) {
            walk.entry(name, value)?;
        }
    }
    match key {
        Some(key) => metadata.check(&key, &hex(&sum.finalize())),
        None => Ok(()),
    }
}

/// In capitals, as SOPS writes a checksum.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

/// The bytes in a JSON envelope.
pub(crate) fn envelope(text: &str, opening: &Opening) -> Result<Vec<u8>, SopsError> {
    let no_data =
        || SopsError::Malformed("it has no field 'data', so it is no encrypted binary file".to_owned());
    let opened = self::text(text, true, Use::Bytes, opening, &mut Vec::new())?.ok_or_else(no_data)?;
    let value: serde_json::Value = serde_json::from_str(&opened).map_err(|_| no_data())?;
    value
        .get("data")
        .and_then(serde_json::Value::as_str)
        .map(|data| data.as_bytes().to_vec())
        .ok_or_else(no_data)
}

struct Walk<'w, 'd> {
    metadata: &'w Metadata,
    /// None where values are masked.
    key: Option<&'w DataKey>,
    json: bool,
    is_secret: bool,
    path: Vec<&'d str>,
    sum: &'w mut Sha512,
    edits: &'w mut Edits,
    values: &'w mut Vec<String>,
}

impl<'d> Walk<'_, 'd> {
    fn entry(&mut self, name: &'d Node, value: &'d Node) -> Result<(), SopsError> {
        let Some(name) = name.text() else {
            return Err(SopsError::Malformed("a key in it is no text".to_owned()));
        };
        self.path.push(name);
        let walked = self.value(value);
        self.path.pop();
        walked
    }

    fn value(&mut self, node: &'d Node) -> Result<(), SopsError> {
        match &node.shape {
            Shape::Map { entries, .. } => {
                entries.iter().try_for_each(|(name, value)| self.entry(name, value))
            }
            Shape::List { items, .. } => items.iter().try_for_each(|item| self.value(item)),
            Shape::Scalar { text, plain } => self.scalar(node, text, *plain),
            Shape::Alias => Err(SopsError::Malformed(format!("{}: an alias stands in it", self.place()))),
        }
    }

    fn scalar(&mut self, node: &'d Node, text: &str, plain: bool) -> Result<(), SopsError> {
        let kind = if plain { scalar(text) } else { Scalar::Str };
        if kind == Scalar::Null {
            return Ok(());
        }
        if !self.metadata.encrypts(&self.path, text) {
            if !self.metadata.mac_only_encrypted {
                self.sum.update(self.bytes(text, &kind));
            }
            return Ok(());
        }
        // Nothing stays nothing.
        if text.is_empty() {
            return Ok(());
        }
        let value = match self.key {
            Some(key) => {
                let path = format!("{}:", self.path.join(":"));
                let value =
                    cipher::decrypt(text, key, &path).ok_or_else(|| SopsError::Value(self.place()))?;
                self.sum.update(value.bytes());
                if let (Plain::Text(text) | Plain::Word(text), false) = (&value, self.is_secret) {
                    self.values.push(text.clone());
                }
                value
            }
            None => Plain::Text(self.mask()),
        };
        self.edits.push((node.start..node.end, write::value(&value, self.json)));
        Ok(())
    }

    fn place(&self) -> String {
        self.path.join(".")
    }

    /// Values of `data` are base64.
    fn mask(&self) -> String {
        match self.is_secret && self.path.first() == Some(&"data") {
            true => "KipTT1BTKio=".to_owned(),
            false => MASK.to_owned(),
        }
    }

    /// What the checksum is of: the value, not how it is written.
    fn bytes(&self, text: &str, kind: &Scalar) -> Vec<u8> {
        match kind {
            Scalar::Bool(true) => b"True".to_vec(),
            Scalar::Bool(false) => b"False".to_vec(),
            Scalar::Int(number) if self.json => (*number as f64).to_string().into_bytes(),
            Scalar::UInt(number) if self.json => (*number as f64).to_string().into_bytes(),
            Scalar::Int(number) => number.to_string().into_bytes(),
            Scalar::UInt(number) => number.to_string().into_bytes(),
            Scalar::Float(number) => number.to_string().into_bytes(),
            Scalar::Timestamp(time) => time.clone().into_bytes(),
            Scalar::Null | Scalar::Str => text.as_bytes().to_vec(),
        }
    }
}

fn replaced(text: &str, mut edits: Edits) -> String {
    edits.sort_by_key(|(range, _)| range.start);
    let (mut out, mut at) = (String::with_capacity(text.len()), 0);
    for (range, new) in edits {
        out.push_str(text.get(at..range.start).unwrap_or_default());
        out.push_str(&new);
        at = range.end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}
