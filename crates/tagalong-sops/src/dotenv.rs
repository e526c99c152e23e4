//! Files of variables, `NAME=value` a line. SOPS keeps its metadata in variables that begin `sops_`.

use std::collections::BTreeMap;

use sha2::Digest as _;

use crate::cipher::{self, DataKey};
use crate::error::SopsError;
use crate::metadata::Metadata;
use crate::open::{MASK, Opening, begin, hex};

const METADATA: &str = "sops_";

/// The file without encryption.
pub(crate) fn open(text: &str, opening: &Opening) -> Result<String, SopsError> {
    let mut flat = BTreeMap::new();
    let mut lines = Vec::new();
    for (at, line) in text.split('\n').enumerate().filter(|(_, line)| !line.is_empty()) {
        if line.starts_with('#') {
            lines.push((None, line));
            continue;
        }
        let (name, value) = line
            .split_once('=')
            .ok_or_else(|| SopsError::Malformed(format!("line {}: it is no NAME=value", at + 1)))?;
        match name.strip_prefix(METADATA) {
            Some(name) => drop(flat.insert(name.to_owned(), value.replace("\\n", "\n"))),
            None => lines.push((Some(name), value)),
        }
    }
    let metadata = Metadata::of_flat(&flat)?;
    let (key, mut sum) = begin(&metadata, opening)?;
    let mut out = String::new();
    for (name, value) in lines {
        let Some(name) = name else {
            if let Some(comment) = comment(value, key.as_ref()) {
                out.push_str(&format!("#{comment}\n"));
            }
            continue;
        };
        let value = value.replace("\\n", "\n");
        let encrypted = metadata.encrypts(&[name], &value);
        let plain = match &key {
            Some(key) if encrypted && !value.is_empty() => {
                let plain = cipher::decrypt(&value, key, &format!("{name}:"));
                plain.ok_or_else(|| SopsError::Value(name.to_owned()))?.bytes().to_vec()
            }
            None if encrypted && !value.is_empty() => MASK.as_bytes().to_vec(),
            _ => value.into_bytes(),
        };
        if encrypted || !metadata.mac_only_encrypted {
            sum.update(&plain);
        }
        let plain = String::from_utf8_lossy(&plain).replace('\n', "\\n");
        out.push_str(&format!("{name}={plain}\n"));
    }
    if let Some(key) = key {
        metadata.check(&key, &hex(&sum.finalize()))?;
    }
    Ok(out)
}

/// A comment as it was; none where it stays closed.
fn comment(line: &str, key: Option<&DataKey>) -> Option<String> {
    let text = line.strip_prefix('#')?;
    if !cipher::is_encrypted(text) {
        return Some(text.to_owned());
    }
    let plain = cipher::decrypt(text, key?, ":")?;
    Some(String::from_utf8_lossy(plain.bytes()).replace('\n', " "))
}
