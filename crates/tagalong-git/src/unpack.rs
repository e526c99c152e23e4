//! The files of an archive that this crate made, read back into memory. Called by the engine, which builds from them.

use crate::error::{ErrorKind, GitError, Result};
use flate2::read::GzDecoder;
use std::io::Read;

/// Hands each file of a tar.gz to `take`, by its path. `limit` is how many bytes all of them may have together.
///
/// # Errors
/// `Damaged` for what is no such archive, `TooLarge` for one that holds more than `limit`.
pub fn unpack(archive: &[u8], limit: u64, mut take: impl FnMut(&str, Vec<u8>)) -> Result<()> {
    let damaged = |error: std::io::Error| {
        GitError::new(ErrorKind::Damaged, format!("the archive cannot be read: {error}"))
    };
    let mut left = limit;
    let mut archive = tar::Archive::new(GzDecoder::new(archive));
    for entry in archive.entries().map_err(damaged)? {
        let mut entry = entry.map_err(damaged)?;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let mut bytes = Vec::new();
        (&mut entry).take(left + 1).read_to_end(&mut bytes).map_err(damaged)?;
        left = left.checked_sub(bytes.len() as u64).ok_or_else(|| {
            GitError::new(ErrorKind::TooLarge, format!("the archive holds more than {limit} bytes"))
        })?;
        take(&path, bytes);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};
    use tar::{Builder, EntryType, Header};

    fn archive() -> Vec<u8> {
        let mut builder = Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        for (path, kind, bytes) in [
            ("apps", EntryType::Directory, &b""[..]),
            ("apps/web.yaml", EntryType::Regular, b"kind: A\n"),
            ("apps/link", EntryType::Symlink, b""),
        ] {
            let mut header = Header::new_gnu();
            header.set_entry_type(kind);
            header.set_size(bytes.len() as u64);
            builder.append_data(&mut header, path, bytes).unwrap();
        }
        builder.into_inner().unwrap().finish().unwrap()
    }

    #[test]
    fn files_come_back_and_nothing_else() {
        let mut files = Vec::new();
        unpack(&archive(), 8, |path, bytes| files.push((path.to_owned(), bytes))).unwrap();
        assert_eq!(files, [("apps/web.yaml".to_owned(), b"kind: A\n".to_vec())]);
    }

    #[test]
    fn more_than_the_limit_and_what_is_no_archive_are_refused() {
        let kind = |archive: &[u8], limit| unpack(archive, limit, |_, _| {}).unwrap_err().kind();
        assert_eq!(kind(&archive(), 7), ErrorKind::TooLarge);
        assert_eq!(kind(b"no archive", 100), ErrorKind::Damaged);
        let whole = archive();
        assert_eq!(kind(&whole[..whole.len() / 2], 100), ErrorKind::Damaged);
    }
}
