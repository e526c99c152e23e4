//! The files of a render, opened as they are read, where Flux opens them: manifests, patches, and what goes into Secrets.

use std::borrow::Cow;
use std::cell::RefCell;

use memchr::memmem;
use tagalong_kustomize::{Entry, Files, Purpose};

use crate::dotenv;
use crate::error::SopsError;
use crate::format::Format;
use crate::open::{self, Opening, Use};

/// Files that may be encrypted.
pub struct Opened<'f> {
    files: &'f dyn Files,
    opening: Option<&'f Opening>,
    /// What was encrypted in objects that are no Secrets.
    values: RefCell<Vec<String>>,
}

impl<'f> Opened<'f> {
    /// These files; without an opening what is encrypted and would become a Secret is refused.
    pub fn new(files: &'f dyn Files, opening: Option<&'f Opening>) -> Self {
        Self { files, opening, values: RefCell::default() }
    }

    /// What was encrypted in files read so far that make up objects other than Secrets, whose values nobody shows anyway.
    pub fn into_values(self) -> Vec<String> {
        self.values.into_inner()
    }
}

impl Files for Opened<'_> {
    fn file(&self, path: &str) -> Result<Option<Cow<'_, [u8]>>, String> {
        self.files.file(path)
    }

    fn is_folder(&self, path: &str) -> bool {
        self.files.is_folder(path)
    }

    fn entries(&self, folder: &str) -> Result<Vec<Entry>, String> {
        self.files.entries(folder)
    }

    fn real_path(&self, path: &str) -> Result<String, String> {
        self.files.real_path(path)
    }

    fn file_for(&self, path: &str, purpose: Purpose<'_>) -> Result<Option<Cow<'_, [u8]>>, String> {
        let Some(bytes) = self.files.file(path)? else { return Ok(None) };
        if memmem::find(&bytes, b"ENC[AES256_GCM,").is_none() {
            return Ok(Some(bytes));
        }
        let (mut values, mut of_secrets) = (self.values.borrow_mut(), Vec::new());
        let opened = match (self.opening, purpose) {
            (None, purpose) => closed(&bytes, purpose).map(|()| None),
            (Some(opening), Purpose::Manifest) => {
                manifest(&bytes, path.ends_with(".json"), opening, &mut values)
            }
            (Some(opening), Purpose::Patch) => content(&bytes, path, Format::of(path), opening, &mut values),
            (Some(opening), Purpose::Secret { key }) => {
                content(&bytes, key, Format::of(key), opening, &mut of_secrets)
            }
            (Some(opening), Purpose::Variables) => {
                content(&bytes, path, Format::of_env(path), opening, &mut of_secrets)
            }
        };
        let opened = opened.map_err(|error| error.to_string())?;
        Ok(Some(opened.map_or(bytes, Cow::Owned)))
    }
}

/// What is encrypted is no value of a Secret. Objects of other kinds may be meant for somebody in the cluster.
fn closed(bytes: &[u8], purpose: Purpose<'_>) -> Result<(), SopsError> {
    let refused = match (purpose, std::str::from_utf8(bytes)) {
        (Purpose::Manifest, Ok(text)) => open::holds_sealed_secret(&unix(text))?,
        (Purpose::Manifest, Err(_)) => false,
        _ => Format::found(bytes).is_some(),
    };
    if refused { Err(SopsError::Closed) } else { Ok(()) }
}

/// Objects with their encrypted values opened.
fn manifest(
    bytes: &[u8],
    json: bool,
    opening: &Opening,
    values: &mut Vec<String>,
) -> Result<Option<Vec<u8>>, SopsError> {
    // What is no text is refused by whoever reads it next.
    let Ok(text) = std::str::from_utf8(bytes) else { return Ok(None) };
    Ok(open::text(&unix(text), json, Use::Manifest, opening, values)?.map(String::into_bytes))
}

/// A file as `sops decrypt` writes it; `name` says in which format it is read.
pub(crate) fn content(
    bytes: &[u8],
    name: &str,
    read: Format,
    opening: &Opening,
    values: &mut Vec<String>,
) -> Result<Option<Vec<u8>>, SopsError> {
    let Some(found) = Format::found(bytes) else { return Ok(None) };
    let same = found == read || (found == Format::Json && read == Format::Binary);
    if !same {
        let name = name.to_owned();
        return Err(SopsError::OtherFormat { found: found.name(), name, read: read.name() });
    }
    let text = std::str::from_utf8(bytes).map_err(|_| SopsError::Malformed("it is no text".to_owned()))?;
    let opened = match read {
        Format::Dotenv => Some(dotenv::open(text, opening)?),
        Format::Ini => return Err(SopsError::Format(read.name())),
        Format::Yaml => open::text(&unix(text), false, Use::Bytes, opening, values)?,
        Format::Json => open::text(text, true, Use::Bytes, opening, values)?,
        Format::Binary => return open::envelope(text, opening).map(Some),
    };
    Ok(opened.map(String::into_bytes))
}

fn unix(text: &str) -> Cow<'_, str> {
    if text.contains("\r\n") { Cow::Owned(text.replace("\r\n", "\n")) } else { Cow::Borrowed(text) }
}
