//! What SOPS notes in a file: who may open it, which values are encrypted, and the checksum over them.

use std::collections::BTreeMap;

use secrecy::ExposeSecret as _;
use serde_json::Value;
use tagalong_pattern::Pattern;

use crate::age::{self, Identities};
use crate::cipher::{self, DataKey, Plain};
use crate::error::SopsError;

/// Key services beside age, by the name of their field.
const OTHERS: [&str; 5] = ["pgp", "kms", "gcp_kms", "azure_kv", "hc_vault"];

pub(crate) struct Metadata {
    /// Armored files with the data key, each for one recipient.
    envelopes: Vec<String>,
    recipients: Vec<String>,
    /// Fields of other key services that are there.
    others: Vec<&'static str>,
    /// Whether the data key is split.
    grouped: bool,
    pub(crate) mac: String,
    modified: String,
    pub(crate) mac_only_encrypted: bool,
    rule: Rule,
}

/// Which values are encrypted.
enum Rule {
    /// All but those below a key with this ending.
    NotBehind(String),
    /// Those below a key with this ending.
    Behind(String),
    NotMatching(Pattern),
    Matching(Pattern),
    /// Comments decide, which are not read: a value says itself whether it is encrypted.
    Said,
}

impl Metadata {
    /// Reads the `sops` field of a document.
    pub(crate) fn of(field: &Value) -> Result<Self, SopsError> {
        let text = |name: &str| field.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let list = |name: &str| field.get(name).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let every = |name: &str| -> Vec<String> {
            let all = list("age").iter().filter_map(|one| one.get(name)?.as_str());
            all.map(str::to_owned).collect()
        };
        let metadata = Self {
            envelopes: every("enc"),
            recipients: every("recipient"),
            others: OTHERS.into_iter().filter(|name| !list(name).is_empty()).collect(),
            grouped: !list("key_groups").is_empty(),
            mac: text("mac"),
            modified: text("lastmodified"),
            mac_only_encrypted: text("mac_only_encrypted") == "true",
            rule: rule(&text)?,
        };
        if metadata.mac.is_empty() || metadata.modified.is_empty() {
            let lacks = "its SOPS metadata lack mac or lastmodified; encrypt it again";
            return Err(SopsError::Metadata(lacks.to_owned()));
        }
        Ok(metadata)
    }

    /// The same from the flat names that dotenv files have, such as `age__list_0__map_enc`.
    pub(crate) fn of_flat(flat: &BTreeMap<String, String>) -> Result<Self, SopsError> {
        let mut field = serde_json::Map::new();
        for (name, text) in flat {
            let mut parts = name.split("__");
            let (Some(first), list, map) = (parts.next(), parts.next(), parts.next()) else { continue };
            let Some(map) = map.and_then(|map| map.strip_prefix("map_")) else {
                field.insert(first.to_owned(), Value::String(text.clone()));
                continue;
            };
            // The lists are short, and their order does not matter: each index is an entry.
            let index = list.unwrap_or_default();
            let entries = field.entry(first.to_owned()).or_insert_with(|| Value::Array(Vec::new()));
            let Some(entries) = entries.as_array_mut() else { continue };
            let own = entries.iter_mut().find(|entry| entry.get("").is_some_and(|known| known == index));
            let pair = (map.to_owned(), Value::String(text.clone()));
            match own.and_then(Value::as_object_mut) {
                Some(entry) => drop(entry.insert(pair.0, pair.1)),
                None => {
                    let number = (String::new(), Value::String(index.to_owned()));
                    entries.push(Value::Object([number, pair].into_iter().collect()));
                }
            }
        }
        Self::of(&Value::Object(field))
    }

    /// Whether the value at a path is one that SOPS encrypts.
    pub(crate) fn encrypts(&self, path: &[&str], value: &str) -> bool {
        match &self.rule {
            Rule::NotBehind(ending) => !path.iter().any(|key| key.ends_with(ending.as_str())),
            Rule::Behind(ending) => path.iter().any(|key| key.ends_with(ending.as_str())),
            Rule::NotMatching(pattern) => !path.iter().any(|key| pattern.is_match(key)),
            Rule::Matching(pattern) => path.iter().any(|key| pattern.is_match(key)),
            Rule::Said => cipher::is_encrypted(value),
        }
    }

    /// The key of the values.
    pub(crate) fn data_key(&self, identities: &Identities) -> Result<DataKey, SopsError> {
        let mut damaged = None;
        for envelope in &self.envelopes {
            match age::decrypt(envelope, identities) {
                Ok(Some(secret)) => {
                    return secret.expose_secret().try_into().map_err(|_| SopsError::Envelope);
                }
                Ok(None) => {}
                // Another one may open.
                Err(error) => damaged = Some(error),
            }
        }
        Err(damaged.unwrap_or_else(|| SopsError::NoKey(self.unopened(identities))))
    }

    /// Why no key opens it, and what to do.
    fn unopened(&self, identities: &Identities) -> String {
        if self.grouped {
            return "its data key is split over key groups, which is not supported; encrypt it for age keys alone"
                .to_owned();
        }
        if self.envelopes.is_empty() {
            let others = self.others.join(", ");
            return format!(
                "it is encrypted for {others} alone, and only age keys are supported; add one with \
                 `sops rotate --in-place --add-age <recipient>`"
            );
        }
        let recipients = self.recipients.join(", ");
        if identities.is_empty() {
            return format!(
                "there is no age key to open it with; put the key of {recipients} into the Secret of \
                 .spec.decryption.secretRef, under a name that ends in .agekey"
            );
        }
        format!("none of the age keys opens it; it is encrypted for {recipients}")
    }

    /// Whether a checksum is the one that was encrypted with the values.
    pub(crate) fn check(&self, key: &DataKey, sum: &str) -> Result<(), SopsError> {
        match cipher::decrypt(&self.mac, key, &self.modified) {
            Some(Plain::Text(known)) if known == sum => Ok(()),
            _ => Err(SopsError::Checksum),
        }
    }
}

fn rule(text: &dyn Fn(&str) -> String) -> Result<Rule, SopsError> {
    let given = |name: &str| Some(text(name)).filter(|value| !value.is_empty());
    let pattern = |name: &str, value: &str| {
        Pattern::compile(value).map_err(|error| SopsError::Metadata(format!("sops.{name}: {error}")))
    };
    if given("encrypted_comment_regex").or_else(|| given("unencrypted_comment_regex")).is_some() {
        return Ok(Rule::Said);
    }
    if let Some(value) = given("encrypted_regex") {
        return Ok(Rule::Matching(pattern("encrypted_regex", &value)?));
    }
    if let Some(value) = given("unencrypted_regex") {
        return Ok(Rule::NotMatching(pattern("unencrypted_regex", &value)?));
    }
    if let Some(value) = given("encrypted_suffix") {
        return Ok(Rule::Behind(value));
    }
    Ok(Rule::NotBehind(given("unencrypted_suffix").unwrap_or_else(|| "_unencrypted".to_owned())))
}
