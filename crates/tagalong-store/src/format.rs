//! The bytes of a listing's file: written and read here and nowhere else. The crate's `//!` shows one.

use crate::disk::hex;
use crate::{Listing, ListingHead};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use std::{fmt::Write as _, ops::Range};

/// First words of the first line; another version is damage, and damage is rescanned.
const MAGIC: &str = "tagalong-tags 1";
/// No first line is longer.
pub(crate) const MAX_HEADER: usize = 256;

/// The first line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) tags: usize,
    pub(crate) gone: usize,
    pub(crate) bytes: u64,
    pub(crate) revision: u32,
    sha256: String,
    /// Length of the line, its end included.
    pub(crate) length: usize,
}

impl Header {
    /// What is kept in memory of it.
    pub(crate) fn head(&self, scanned_at: Timestamp) -> ListingHead {
        ListingHead { scanned_at, count: self.tags, revision: self.revision.to_string() }
    }
}

/// The checksum of a list of tags as Flux states it: adler32 of its JSON, in decimal.
pub fn revision<'a>(tags: impl IntoIterator<Item = &'a str>) -> String {
    checksum(tags).to_string()
}

pub(crate) fn checksum<'a>(tags: impl IntoIterator<Item = &'a str>) -> u32 {
    let mut sum = adler2::Adler32::new();
    sum.write_slice(b"[");
    for (i, tag) in tags.into_iter().enumerate() {
        sum.write_slice(if i == 0 { b"\"" } else { b",\"" });
        sum.write_slice(tag.as_bytes());
        sum.write_slice(b"\"");
    }
    sum.write_slice(b"]");
    sum.checksum()
}

/// The whole file for these tags and for those that are gone, each with the time of its first sight.
pub(crate) fn write<'a>(
    tags: impl ExactSizeIterator<Item = (&'a str, i64)>,
    gone: impl ExactSizeIterator<Item = (&'a str, i64)>,
    revision: u32,
) -> String {
    let (count, gone_count) = (tags.len(), gone.len());
    let mut body = String::with_capacity((count + gone_count) * 24);
    for (tag, seen) in tags.chain(gone) {
        // Writing to a String cannot fail.
        _ = writeln!(body, "{seen} {tag}");
    }
    let (bytes, sha256) = (body.len(), hex(&Sha256::digest(body.as_bytes())));
    format!(
        "{MAGIC} tags={count} gone={gone_count} bytes={bytes} revision={revision} sha256={sha256}\n{body}"
    )
}

/// Reads the first line of what may be the beginning of a file only.
pub(crate) fn read_header(bytes: &[u8]) -> Result<Header, &'static str> {
    const BROKEN: &str = "its first line is broken";
    let line = bytes.split(|b| *b == b'\n').next().filter(|line| line.len() < bytes.len()).ok_or(BROKEN)?;
    let length = line.len() + 1;
    let line = str::from_utf8(line).map_err(|_| BROKEN)?;
    let mut words = line.strip_prefix(MAGIC).ok_or("it is of another version")?.split_ascii_whitespace();
    let mut field = |name: &str| {
        let word = words.next()?.strip_prefix(name)?.strip_prefix('=')?;
        Some(word)
    };
    let mut header = || {
        Some(Header {
            tags: field("tags")?.parse().ok()?,
            gone: field("gone")?.parse().ok()?,
            bytes: field("bytes")?.parse().ok()?,
            revision: field("revision")?.parse().ok()?,
            sha256: field("sha256")?.to_owned(),
            length,
        })
    };
    header().ok_or(BROKEN)
}

/// Reads a whole file.
pub(crate) fn read(text: String, scanned_at: Timestamp) -> Result<Listing, &'static str> {
    let header = read_header(text.as_bytes())?;
    let body = text.get(header.length..).unwrap_or_default();
    if body.len() as u64 != header.bytes || hex(&Sha256::digest(body.as_bytes())) != header.sha256 {
        return Err("its checksum does not match");
    }
    let mut spans: Vec<Range<u32>> = Vec::with_capacity((header.tags + header.gone).min(body.len()));
    let mut seen: Vec<i64> = Vec::with_capacity(spans.capacity());
    let mut at = header.length;
    for line in body.lines() {
        let (time, tag) = line.split_once(' ').ok_or("a line is broken")?;
        seen.push(time.parse().map_err(|_| "a line is broken")?);
        let start = at + time.len() + 1;
        let span = u32::try_from(start).ok().zip(u32::try_from(start + tag.len()).ok());
        let (start, end) = span.ok_or("it is larger than 4 GiB")?;
        spans.push(start..end);
        at += line.len() + 1;
    }
    if spans.len() != header.tags + header.gone {
        return Err("it holds another number of tags than it says");
    }
    Ok(Listing { head: header.head(scanned_at), text, spans, seen })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_revision_is_fluxs() {
        // adler32 of the JSON, computed with zlib.
        for (tags, expected) in
            [(&[][..], "18153657"), (&["1.0.0"][..], "160432618"), (&["1.0.0", "1.1.0"][..], "494928712")]
        {
            assert_eq!(revision(tags.iter().copied()), expected);
        }
    }

    #[test]
    fn what_is_written_is_read_and_every_changed_byte_is_noticed() {
        let file = write([("1.0", 5), ("1.1", 6)].into_iter(), [("0.9", 1)].into_iter(), 7);
        let listing = read(file.clone(), Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(listing.iter().collect::<Vec<_>>(), ["1.0", "1.1"]);
        assert_eq!(listing.head.revision, "7");
        let body = file.find('\n').unwrap();
        for at in body..file.len() {
            let mut bytes = file.clone().into_bytes();
            bytes[at] ^= 1;
            if let Ok(text) = String::from_utf8(bytes) {
                assert!(read(text, Timestamp::UNIX_EPOCH).is_err(), "byte {at}");
            }
        }
        for end in 0..file.len() {
            assert!(read(file[..end].to_owned(), Timestamp::UNIX_EPOCH).is_err(), "cut at {end}");
        }
    }
}
