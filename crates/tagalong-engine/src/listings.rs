//! Tag lists as the reconcilers see them: the store of the state folder, and over it, for commands that only read
//! beside a running `run`, a store of their own with what they scanned themselves.

use jiff::Timestamp;
use tagalong_store::{Listing, ListingHead, ListingKey, Saved, Sight, Sights, Store, StoreError};

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

    /// The first sights of images under the tags of a listing.
    ///
    /// # Errors
    /// When the file cannot be read or is damaged.
    pub fn sights(&self, key: &ListingKey) -> Result<Sights, StoreError> {
        let mut sights = self.store.sights(key)?;
        if let Some(beside) = &self.beside {
            sights.add(beside.sights(key)?.into_inner());
        }
        Ok(sights)
    }

    /// Keeps first sights; of two of one image the older one stays.
    ///
    /// # Errors
    /// When the disk refuses; the old ones stay.
    pub fn add_sights(&self, key: &ListingKey, sights: Vec<Sight>, now: Timestamp) -> Result<(), StoreError> {
        self.beside.as_ref().unwrap_or(&self.store).add_sights(key, sights, now)
    }

    /// Whether what is added is there for the next process.
    pub fn are_kept(&self) -> bool {
        self.beside.is_none()
    }

    /// Takes a complete listing.
    ///
    /// # Errors
    /// When the disk refuses; the last list stays.
    pub fn save(&self, key: &ListingKey, tags: &[String], now: Timestamp) -> Result<Saved, StoreError> {
        self.beside.as_ref().unwrap_or(&self.store).save(key, tags, now)
    }
}
