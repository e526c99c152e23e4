//! First sights of images under their tags, beside the listing of the same key: what `minimumAge` counts from. A tag
//! that is pushed again with another digest has a first sight of its own. Read and written by [`crate::Store`].
//!
//! ```text
//! STATE/lists/ghcr.io_acme_app-<sha256 of the key>.sights
//!     tagalong-sights 1
//!     2026-11-21T10:00:00.25Z 1.2.0 sha256:…                          what it runs on was not asked
//!     2026-11-21T11:00:00.25Z 1.2.0 sha256:… linux/amd64,linux/arm64
//! ```

use jiff::Timestamp;
use std::collections::HashMap;
use std::fmt::Write as _;
use tagalong_model::{Digest, Platform};

/// First line; another version is damage.
const MAGIC: &str = "tagalong-sights 1";
/// An image that runs on nothing that has a name.
const NONE: &str = "-";
/// As many are kept, the latest ones.
const KEPT: usize = 2_000;

/// An image, seen under a tag for the first time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sight {
    /// The tag.
    pub tag: String,
    /// What it pointed to.
    pub digest: Digest,
    /// When that was first seen.
    pub first_seen: Timestamp,
    /// What the image runs on; `None` where nobody asked.
    pub platforms: Option<Vec<Platform>>,
}

/// All sights of one repository, in the order in which they came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sights(Vec<Sight>);

impl Sights {
    /// The first sight of this image under this tag.
    pub fn of(&self, tag: &str, digest: &Digest) -> Option<&Sight> {
        self.0.iter().find(|sight| sight.tag == tag && sight.digest == *digest)
    }

    /// The last image that came under each tag.
    pub fn latest(&self) -> HashMap<&str, &Sight> {
        self.0.iter().map(|sight| (sight.tag.as_str(), sight)).collect()
    }

    /// Adds sights; of two of one image the older time stays. Whether anything changed.
    pub fn add(&mut self, sights: impl IntoIterator<Item = Sight>) -> bool {
        let mut changed = false;
        for sight in sights {
            let known = self.0.iter_mut().find(|old| old.tag == sight.tag && old.digest == sight.digest);
            match known {
                Some(old) => {
                    let learned = old.platforms.is_none() && sight.platforms.is_some();
                    if learned {
                        old.platforms = sight.platforms;
                    }
                    changed |= learned || sight.first_seen < old.first_seen;
                    old.first_seen = old.first_seen.min(sight.first_seen);
                }
                None => {
                    self.0.push(sight);
                    changed = true;
                }
            }
        }
        let surplus = self.0.len().saturating_sub(KEPT);
        self.0.drain(..surplus);
        changed
    }

    /// Each of them.
    pub fn into_inner(self) -> Vec<Sight> {
        self.0
    }

    /// The file.
    pub(crate) fn write(&self) -> String {
        let mut text = format!("{MAGIC}\n");
        for Sight { tag, digest, first_seen, platforms } in &self.0 {
            let list = |platforms: &Vec<Platform>| {
                let words: Vec<String> = platforms.iter().map(ToString::to_string).collect();
                format!(" {}", if words.is_empty() { NONE.to_owned() } else { words.join(",") })
            };
            let platforms = platforms.as_ref().map(list).unwrap_or_default();
            // Writing to a String cannot fail.
            _ = writeln!(text, "{first_seen} {tag} {digest}{platforms}");
        }
        text
    }

    /// Reads the file; each line stands for itself.
    pub(crate) fn read(text: &str) -> Result<Self, &'static str> {
        let body = text.strip_prefix(MAGIC).ok_or("it is of another version")?;
        let sight = |line: &str| {
            let mut words = line.split(' ');
            let first_seen = words.next()?.parse().ok()?;
            let (tag, digest) = (words.next()?.to_owned(), words.next()?.parse().ok()?);
            let platforms = match words.next() {
                None => None,
                Some(NONE) => Some(Vec::new()),
                Some(list) => Some(list.split(',').map(|word| word.parse().ok()).collect::<Option<_>>()?),
            };
            Some(Sight { tag, digest, first_seen, platforms })
        };
        let lines = body.lines().skip(1).map(sight);
        lines.collect::<Option<_>>().map(Self).ok_or("a line is broken")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sight(tag: &str, image: &str, second: i64) -> Sight {
        let first_seen = Timestamp::from_second(second).unwrap();
        Sight { tag: tag.to_owned(), digest: Digest::sha256(image.as_bytes()), first_seen, platforms: None }
    }

    #[test]
    fn the_older_sight_of_one_image_stays_and_another_image_begins_anew() {
        let mut sights = Sights::default();
        assert!(sights.add([sight("1.0.0", "a", 50), sight("1.1.0", "b", 60)]));
        assert!(!sights.add([sight("1.0.0", "a", 70)]));
        assert!(sights.add([sight("1.0.0", "a", 40), sight("1.0.0", "c", 80)]));
        let of = |tag: &str, image: &str| {
            Some(sights.of(tag, &sight(tag, image, 0).digest)?.first_seen.as_second())
        };
        assert_eq!((of("1.0.0", "a"), of("1.0.0", "c"), of("1.1.0", "a")), (Some(40), Some(80), None));
        assert_eq!(sights.latest()["1.0.0"].first_seen.as_second(), 80);
        assert_eq!(Sights::read(&sights.write()), Ok(sights));
    }

    #[test]
    fn what_an_image_runs_on_is_learned_once() {
        let platforms = |list: &[&str]| Some(list.iter().map(|word| word.parse().unwrap()).collect());
        let with = |list: &[&str]| Sight { platforms: platforms(list), ..sight("1.0.0", "a", 50) };
        let mut sights = Sights::default();
        assert!(sights.add([sight("1.0.0", "a", 50)]));
        assert!(sights.add([with(&["linux/amd64", "linux/arm/v7"])]));
        assert!(!sights.add([sight("1.0.0", "a", 60), with(&[])]));
        sights.add([Sight { platforms: platforms(&[]), ..sight("1.0.0", "b", 70) }]);
        assert_eq!(sights.0[0].platforms, platforms(&["linux/amd64", "linux/arm/v7"]));
        assert_eq!(Sights::read(&sights.write()), Ok(sights));
    }

    #[test]
    fn no_more_than_a_bound_are_kept_and_damage_is_noticed() {
        let mut sights = Sights::default();
        sights.add((0..KEPT as i64 + 7).map(|n| sight(&format!("1.{n}.0"), "a", n)));
        assert_eq!((sights.0.len(), sights.0[0].tag.as_str()), (KEPT, "1.7.0"));
        for broken in ["", "tagalong-sights 1\nx", "tagalong-sights 1\n2026-01-01T00:00:00Z 1.0.0"] {
            assert!(Sights::read(broken).is_err(), "{broken}");
        }
    }
}
