//! What all that is kept on disk has in common. Used by `artifacts`, `format`, `key` and `store`.

use crate::StoreError;
use std::{fmt::Write as _, fs::DirBuilder, os::unix::fs::DirBuilderExt as _, path::Path};

/// A folder that only this user may look into, with those above it.
///
/// # Errors
/// When it cannot be made; that it is there already is no error.
pub(crate) fn make_folder(dir: &Path) -> Result<(), StoreError> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(StoreError::io("make", dir))
}

/// Bytes as lower-case hex digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a String cannot fail.
        _ = write!(text, "{byte:02x}").is_ok();
        text
    })
}
