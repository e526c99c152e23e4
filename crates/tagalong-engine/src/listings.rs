//! Tag lists as the reconcilers see them: the store of the state folder, and over it, for commands that only read
//! beside a running `run`, a store of their own with what they scanned themselves.

use jiff::Timestamp;
use tagalong_store::{Listing, ListingHead, ListingKey, Saved, Store, StoreError};

/// Tag lists, on disk or beside it.
pub struct Listings {
    store: Store,
    /// `None` where this process may write the store.
    beside: Option<Store>,
}

impl Listings {
    /// Reads and writes the store; for the one `run` that holds its lock.
    pub fn writing(store: Store) -> Self {
        Self { store, beside: None }
    }

    /// Reads `store` and keeps what it scans itself in `beside` (RULES 23: readers never wait).
    pub fn reading(store: Store, beside: Store) -> Self {
        Self { store, beside: Some(beside) }
    }

    /// When the image was last listed, how many tags there were, and their checksum.
    pub fn head(&self, key: &ListingKey) -> Option<ListingHead> {
        self.beside.as_ref().and_then(|beside| beside.head(key)).or_else(|| self.store.head(key))
    }

    /// The tags of the last complete listing.
    ///
    /// # Errors
    /// When the file cannot be read or is damaged.
    pub fn tags(&self, key: &ListingKey) -> Result<Option<Listing>, StoreError> {
        if let Some(beside) = &self.beside
            && let Some(own) = beside.tags(key)?
        {
            return Ok(Some(own));
        }
        self.store.tags(key)
    }

    /// Takes a complete listing.
    ///
    /// # Errors
    /// When the disk refuses; the last list stays.
    pub fn save(&self, key: &ListingKey, tags: &[String], now: Timestamp) -> Result<Saved, StoreError> {
        self.beside.as_ref().unwrap_or(&self.store).save(key, tags, now)
    }
}
