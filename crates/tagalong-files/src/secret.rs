//! The values of a Secret, with `$env:` and `$file:` looked up within the bounds of RULES 24: a stranger's pull request
//! that adds a Secret must not carry this machine's secrets away.

use crate::{
    Located,
    problem::{Code, Problem},
};
use k8s_openapi::api::core::v1::Secret;
use secrecy::SecretSlice;
use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
};

/// What may be read for a Secret.
#[derive(Debug, Clone, Default)]
pub struct SecretRules {
    /// Environment variables beside those that begin with `TAGALONG_` (`--allow-env`).
    pub allow_env: Vec<String>,
    /// A folder whose files may be named, beside `root` (`--secrets-dir`).
    pub secrets_dir: Option<PathBuf>,
    /// The DIR of the command; its files may be named.
    pub root: PathBuf,
}

/// A value that cannot or must not be looked up. Prints as `file:line:col: what; what to do`, without any value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SecretError(pub Problem);

/// Far above any key or token.
const SIZE_LIMIT: u64 = 1 << 20;
const ENV: &str = "$env:";
const FILE: &str = "$file:";

/// Whether a whole value stands for one that is looked up.
pub(crate) fn is_reference(text: &str) -> bool {
    text.starts_with(ENV) || text.starts_with(FILE)
}

/// The values of a Secret. `stringData` counts before `data`.
///
/// `$env:NAME` is the variable as it is. `$file:PATH`, relative to the manifest, is the file's bytes; the line break at
/// the end of a file of one line is left out, as an editor or `echo` puts it there.
///
/// # Errors
/// [`SecretError`] for the first value that is missing or out of bounds.
pub fn resolve_secret(
    secret: &Located<Secret>,
    rules: &SecretRules,
) -> Result<BTreeMap<String, SecretSlice<u8>>, SecretError> {
    values(secret, |value| look_up(value, &secret.file, rules))
}

/// The values of a Secret that stand in its file, where nothing may be looked up.
///
/// # Errors
/// [`SecretError`] for the first value that stands elsewhere.
pub fn stated_secret(secret: &Located<Secret>) -> Result<BTreeMap<String, SecretSlice<u8>>, SecretError> {
    values(secret, |value| {
        if is_reference(value) {
            return Err("$env: and $file: are not looked up here".to_owned());
        }
        Ok(value.as_bytes().to_vec())
    })
}

fn values(
    secret: &Located<Secret>,
    look_up: impl Fn(&str) -> Result<Vec<u8>, String>,
) -> Result<BTreeMap<String, SecretSlice<u8>>, SecretError> {
    let mut values: BTreeMap<String, SecretSlice<u8>> = BTreeMap::new();
    for (key, value) in secret.object.data.iter().flatten() {
        values.insert(key.clone(), value.0.clone().into());
    }
    for (key, value) in secret.object.string_data.iter().flatten() {
        let value = look_up(value).map_err(|why| error(secret, key, &why))?;
        values.insert(key.clone(), value.into());
    }
    Ok(values)
}

fn error(secret: &Located<Secret>, key: &str, why: &str) -> SecretError {
    let field = format!(".stringData[{key}]");
    let place = [field.clone(), format!(".data[{key}]"), format!(".data.{key}")]
        .iter()
        .map(|field| secret.place(field))
        .max_by_key(|place| (place.line, place.column));
    let metadata = &secret.object.metadata;
    let name = metadata.name.as_deref().unwrap_or_default();
    let namespace = metadata.namespace.as_deref().unwrap_or_default();
    let message = format!("Secret/{namespace}/{name}: {key}: {why}");
    SecretError(Problem { file: secret.file.clone(), place, code: Code::BadValue, message })
}

fn look_up(value: &str, manifest: &Path, rules: &SecretRules) -> Result<Vec<u8>, String> {
    if let Some(name) = value.strip_prefix(ENV) {
        return variable(name, rules);
    }
    if let Some(path) = value.strip_prefix(FILE) {
        return file(path, manifest, rules);
    }
    Ok(value.as_bytes().to_vec())
}

fn variable(name: &str, rules: &SecretRules) -> Result<Vec<u8>, String> {
    let word = |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if !word(name) {
        return Err("$env: must be followed by the name of a variable".to_owned());
    }
    if !name.starts_with("TAGALONG_") && !rules.allow_env.iter().any(|allowed| allowed == name) {
        return Err(format!(
            "${name} must not be read: name it TAGALONG_…, or allow it with --allow-env {name}"
        ));
    }
    let value = env::var_os(name).ok_or_else(|| format!("${name} is not set"))?;
    Ok(value.into_encoded_bytes())
}

fn file(path: &str, manifest: &Path, rules: &SecretRules) -> Result<Vec<u8>, String> {
    let named = manifest.parent().unwrap_or(Path::new("")).join(path);
    let real = named.canonicalize().map_err(|error| format!("$file:{path} cannot be read: {error}"))?;
    let roots = [Some(&rules.root), rules.secrets_dir.as_ref()];
    let inside = roots
        .into_iter()
        .flatten()
        .filter_map(|root| root.canonicalize().ok())
        .any(|root| real.starts_with(root));
    if !inside {
        return Err(format!(
            "$file:{path} is outside of the folder of objects; name its folder with --secrets-dir"
        ));
    }
    let meta = fs::metadata(&real).map_err(|error| format!("$file:{path} cannot be read: {error}"))?;
    if !meta.is_file() || meta.len() > SIZE_LIMIT {
        return Err(format!("$file:{path} must be a file of at most 1 MiB"));
    }
    let mut bytes = fs::read(&real).map_err(|error| format!("$file:{path} cannot be read: {error}"))?;
    if bytes.iter().filter(|b| **b == b'\n').count() == 1 && bytes.last() == Some(&b'\n') {
        bytes.pop();
        bytes.pop_if(|b| *b == b'\r');
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests;
