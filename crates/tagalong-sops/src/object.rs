//! Objects after the render: encrypted files inside Secrets are opened.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::error::SopsError;
use crate::files;
use crate::format::Format;
use crate::open::Opening;

/// Opens the values of a Secret's `data` that are whole encrypted files, each in the format of its key's ending.
///
/// # Errors
/// A value that cannot be opened; without an opening every encrypted one.
pub fn open_values(object: &mut Value, opening: Option<&Opening>) -> Result<(), SopsError> {
    let is_secret = object.get("kind").is_some_and(|kind| kind == "Secret");
    let Some(data) = object.get_mut("data").and_then(Value::as_object_mut).filter(|_| is_secret) else {
        return Ok(());
    };
    for (key, value) in data {
        // What is no base64 is for the API server to refuse.
        let Some(Ok(bytes)) = value.as_str().map(|text| STANDARD.decode(text)) else { continue };
        let Some(found) = Format::found(&bytes) else { continue };
        let opening = opening.ok_or(SopsError::Closed)?;
        // The key says how it is written; the value how it is read.
        let format =
            if found == Format::Json && Format::of(key) == Format::Binary { Format::Binary } else { found };
        if let Some(opened) = files::content(&bytes, key, format, opening, &mut Vec::new())? {
            *value = Value::String(STANDARD.encode(opened));
        }
    }
    Ok(())
}
