//! The same site in another version of its file (RULES 14): same policy and part of the image, and the same key path;
//! else the same place in the order of the file. Pure; asked by `trace`.

use std::collections::HashMap;
use std::hash::Hash;
use tagalong_edit::{Field, ObjectIdentifier, Scan, Site};
use tagalong_model::{ObjectKey, Setter};

/// The field that stands for a site: what orders it, or else its first.
pub(super) fn main_field(site: &Site) -> Option<&Field> {
    let of = |setter: Setter| site.fields.iter().find(|field| field.setter == setter);
    of(Setter::Image)
        .or_else(|| of(Setter::Tag))
        .or_else(|| of(Setter::Digest))
        .or_else(|| site.fields.first())
}

/// What two versions of one site have in common, whatever moved.
#[derive(PartialEq, Eq, Hash, Clone, Copy)]
struct Kind<'a> {
    policy: &'a ObjectKey,
    setter: Option<Setter>,
}

fn kind(site: &Site) -> Kind<'_> {
    Kind { policy: &site.policy, setter: main_field(site).map(|field| field.setter) }
}

fn key_path(site: &Site) -> &str {
    main_field(site).map(|field| field.path.as_str()).unwrap_or_default()
}

/// Whether two sites of different files are one that moved.
pub(super) fn is_same(a: &Site, b: &Site) -> bool {
    kind(a) == kind(b) && key_path(a) == key_path(b)
}

/// The index in `before` of the site that stands at `index` in `after`.
pub(in crate::automation) fn twin(after: &Scan, index: usize, before: &Scan) -> Option<usize> {
    let wanted = after.sites.get(index)?;
    // Most commits leave the sites as they are but for a value.
    let alike = |a: &Site, b: &Site| is_same(a, b) && a.object == b.object;
    if after.sites.len() == before.sites.len()
        && after.sites.iter().zip(&before.sites).all(|(a, b)| alike(a, b))
    {
        return Some(index);
    }
    let mut pairs = Pairs {
        after,
        before,
        of_after: vec![None; after.sites.len()],
        taken: vec![false; before.sites.len()],
    };
    pairs.by(|site| -> (Kind<'_>, &str, &ObjectIdentifier) { (kind(site), key_path(site), &site.object) });
    pairs.by(|site| -> (Kind<'_>, &str) { (kind(site), key_path(site)) });
    pairs.by(|site| -> Kind<'_> { kind(site) });
    pairs.of_after.get(index).copied().flatten().filter(|_| !wanted.fields.is_empty())
}

struct Pairs<'s> {
    after: &'s Scan,
    before: &'s Scan,
    of_after: Vec<Option<usize>>,
    taken: Vec<bool>,
}

impl<'s> Pairs<'s> {
    /// Pairs what is left and has the same key, in the order of the file.
    fn by<K: Hash + Eq>(&mut self, key: impl Fn(&'s Site) -> K) {
        let mut groups: HashMap<K, (Vec<usize>, Vec<usize>)> = HashMap::new();
        for (at, site) in self.after.sites.iter().enumerate() {
            if self.of_after.get(at).is_some_and(Option::is_none) {
                groups.entry(key(site)).or_default().0.push(at);
            }
        }
        for (at, site) in self.before.sites.iter().enumerate() {
            if self.taken.get(at) == Some(&false) {
                groups.entry(key(site)).or_default().1.push(at);
            }
        }
        for (after, before) in groups.into_values() {
            for (a, b) in self.in_order(&after, &before) {
                if let (Some(slot), Some(taken)) = (self.of_after.get_mut(a), self.taken.get_mut(b)) {
                    *slot = Some(b);
                    *taken = true;
                }
            }
        }
    }

    /// In order; where some came or went, those with equal values at either end are taken to be the same first.
    fn in_order(&self, after: &[usize], before: &[usize]) -> Vec<(usize, usize)> {
        let same = |(a, b): &(usize, usize)| {
            let values = |scan: &'s Scan, at: usize| {
                scan.sites
                    .get(at)
                    .map(|site| site.fields.iter().map(|field| &field.value).collect::<Vec<_>>())
            };
            values(self.after, *a) == values(self.before, *b)
        };
        let zip = |a: &[usize], b: &[usize]| -> Vec<(usize, usize)> {
            a.iter().copied().zip(b.iter().copied()).collect()
        };
        if after.len() == before.len() {
            return zip(after, before);
        }
        let head: Vec<_> = zip(after, before).into_iter().take_while(same).collect();
        let (after, before) =
            (after.get(head.len()..).unwrap_or_default(), before.get(head.len()..).unwrap_or_default());
        let backwards = after.iter().rev().copied().zip(before.iter().rev().copied());
        let tail: Vec<_> = backwards.take_while(same).collect();
        let rest = |all: &'_ [usize]| all.get(..all.len() - tail.len()).unwrap_or_default().to_vec();
        let middle = zip(&rest(after), &rest(before));
        [head, middle, tail].concat()
    }
}
