//! Which of several tags that are equal in order a site gets (RULES 3). Used by the engine for every site.

use crate::Decision;

impl Decision {
    /// The spelling for a site: the one that stands there now, else one in the style that stands there (with a leading
    /// `v` or without), else the first by bytes. `current` is the site's tag, if it has one. `None` if nothing won.
    pub fn spelling(&self, current: Option<&str>) -> Option<&str> {
        spelling(&self.equals, current)
    }
}

/// [`Decision::spelling`] over the equals alone, for whoever kept those and not the decision.
pub fn spelling<'e>(equals: &'e [String], current: Option<&str>) -> Option<&'e str> {
    let equals = equals.iter().map(String::as_str);
    let first = equals.clone().next();
    let Some(current) = current else { return first };
    let same = equals.clone().find(|tag| *tag == current);
    let styled = || equals.clone().find(|tag| has_v(tag) == has_v(current));
    same.or_else(styled).or(first)
}

/// `v1.2.3`, but not `vanilla`.
fn has_v(tag: &str) -> bool {
    tag.strip_prefix('v').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use crate::{OrderSpec, Policy};

    #[track_caller]
    fn check(tags: &[&str], current: Option<&str>, expected: Option<&str>) {
        let policy = Policy::compile(&OrderSpec::Semver { range: ">=1.0.0".to_owned() }, None).unwrap();
        assert_eq!(policy.decide(tags.iter().copied(), &[]).spelling(current), expected, "{current:?}");
    }

    #[test]
    fn the_site_keeps_its_spelling_or_its_style() {
        let tags = ["v1.2.0", "01.2.0", "1.2.0", "v01.2.0", "1.1.0", "v1.1.0"];
        for (current, expected) in [
            (None, "01.2.0"),
            (Some("1.2.0"), "1.2.0"),
            (Some("v1.2.0"), "v1.2.0"),
            (Some("v01.2.0"), "v01.2.0"),
            (Some("v1.1.0"), "v01.2.0"),
            (Some("1.1.0"), "01.2.0"),
            (Some("latest"), "01.2.0"),
            (Some("vanilla"), "01.2.0"),
            (Some(""), "01.2.0"),
        ] {
            check(&tags, current, Some(expected));
        }
        check(&["v1.2.0"], Some("1.1.0"), Some("v1.2.0"));
        check(&["1.2.0"], Some("v1.1.0"), Some("1.2.0"));
        check(&["0.1.0"], Some("v1.1.0"), None);
    }
}
