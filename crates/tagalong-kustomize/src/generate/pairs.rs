//! The keys and values of a generator.

use std::collections::BTreeMap;

use crate::error::{Fault, Result};
use crate::kustomization::Generator;
use crate::load::Loader;
use crate::tree::Purpose;

/// From this length on kustomize drops a line of an env file and all that follow.
const LONGEST_LINE: usize = 64 << 10;

/// All pairs of a generator; a repeated key is refused.
pub(super) fn load(
    loader: &Loader<'_>,
    generator: &Generator,
    is_secret: bool,
) -> Result<BTreeMap<String, Vec<u8>>> {
    let read = |path: &str, purpose: Purpose<'_>| match is_secret {
        true => loader.file_for(path, purpose),
        false => loader.file(path),
    };
    let mut found = Vec::new();
    for (_, path) in &generator.envs {
        env_file(&read(path, Purpose::Variables)?, &mut found).map_err(|fault| fault.under(path))?;
    }
    for (_, literal) in &generator.literals {
        let (key, value) = literal
            .split_once('=')
            .filter(|(key, _)| !key.is_empty())
            .ok_or_else(|| Fault::new("a literal must be key=value"))?;
        found.push((key.to_owned(), unquoted(value).as_bytes().to_vec()));
    }
    for (_, source) in &generator.files {
        let (key, path) = file_source(source)?;
        found.push((key.to_owned(), read(path, Purpose::Secret { key })?.into_owned()));
    }
    let mut pairs = BTreeMap::new();
    for (key, value) in found {
        if pairs.insert(key.clone(), value).is_some() {
            return Err(Fault::new(format!("the key {key} is there twice")));
        }
    }
    Ok(pairs)
}

/// `path` or `key=path`.
fn file_source(source: &str) -> Result<(&str, &str)> {
    match source.split_once('=') {
        None => Ok((source.trim_end_matches('/').rsplit('/').next().unwrap_or(source), source)),
        Some((key, path)) if !key.is_empty() && !path.is_empty() && !path.contains('=') => Ok((key, path)),
        Some(_) => Err(Fault::new(format!("{source} must be a path or key=path"))),
    }
}

fn unquoted(text: &str) -> &str {
    let stripped = |quote: char| text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    stripped('"').or_else(|| stripped('\'')).unwrap_or(text)
}

fn env_file(bytes: &[u8], found: &mut Vec<(String, Vec<u8>)>) -> Result<()> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    for line in bytes.split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.len() >= LONGEST_LINE {
            return Err(Fault::unsupported(
                "a line of 64 KiB or more ends the file for kustomize; shorten it",
            ));
        }
        let text = std::str::from_utf8(line).map_err(|_| Fault::new("a line is no UTF-8 text"))?;
        let text = text.trim_start();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        let (key, value) = text.split_once('=').unwrap_or((text, ""));
        if key.is_empty() {
            continue;
        }
        found.push((key.to_owned(), value.as_bytes().to_vec()));
    }
    Ok(())
}
