//! One page of tags as registries send it. Used by `list`.

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use std::{borrow::Cow, fmt};

/// `{"name": …, "tags": [ … ]}`; `tags` must be there, `null` is an empty list (Docker's distribution).
#[derive(Deserialize)]
pub(crate) struct Page<'a> {
    #[serde(borrow, deserialize_with = "entries")]
    pub(crate) tags: Vec<Entry<'a>>,
}

/// An entry of the list.
pub(crate) enum Entry<'a> {
    /// A string, tag or not.
    Text(Cow<'a, str>),
    /// No string at all.
    Other,
}

/// Parses a page.
pub(crate) fn parse(body: &[u8]) -> Option<Page<'_>> {
    serde_json::from_slice(body).ok()
}

// With a function of its own the field may be null but not missing.
fn entries<'de: 'a, 'a, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Entry<'a>>, D::Error> {
    Ok(Option::<Vec<Entry<'a>>>::deserialize(deserializer)?.unwrap_or_default())
}

impl<'de: 'a, 'a> Deserialize<'de> for Entry<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(EntryVisitor)
    }
}

struct EntryVisitor;

impl<'de> Visitor<'de> for EntryVisitor {
    type Value = Entry<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }
    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Entry::Text(Cow::Borrowed(text)))
    }
    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Entry::Text(Cow::Owned(text.to_owned())))
    }
    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Entry::Other)
    }
    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Entry::Other)
    }
    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Entry::Other)
    }
    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Entry::Other)
    }
    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Entry::Other)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Entry::Other)
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Entry::Other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(body: &str, expected: Option<&str>) {
        let shown = parse(body.as_bytes()).map(|page| {
            let word = |entry: &Entry| match entry {
                Entry::Text(text) => text.to_string(),
                Entry::Other => "?".to_owned(),
            };
            page.tags.iter().map(word).collect::<Vec<_>>().join(" ")
        });
        assert_eq!(shown.as_deref(), expected, "{body}");
    }

    #[test]
    fn odd_entries_are_kept_apart_and_odd_pages_are_none() {
        check(r#"{"name":"a","tags":["1","2"]}"#, Some("1 2"));
        check(
            r#"{"tags":["\u0031",1,-1,1.5,null,true,[1,[]],{"a":{}}],"more":[1]}"#,
            Some("1 ? ? ? ? ? ? ?"),
        );
        check(r#"{"name":"a","tags":null}"#, Some(""));
        check(r#"{"name":"a","tags":[]}"#, Some(""));
        check(r#"{"name":"a"}"#, None);
        check(r#"{"tags":"1"}"#, None);
        check(r#"{"tags":["1"]"#, None);
        check(r#"{"tags":["1"]} x"#, None);
        check("<html>", None);
        check("", None);
    }
}
