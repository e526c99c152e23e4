//! Whether an alphabetical order is over numbers that are not padded, where it puts 10 before 9. Told only where the
//! pattern shows it; used by `objects`.

use tagalong_api::ImagePolicySpec;

/// Names of groups that hold times, which have one length for the next centuries.
const TIMES: [&str; 5] = ["ts", "time", "date", "stamp", "epoch"];
/// Digits without end.
const DIGITS: [&str; 4] = ["[0-9]+", r"\d+", "[0-9]*", r"\d*"];

/// The field at fault and what to do.
pub(crate) fn of_numbers(spec: &ImagePolicySpec) -> Option<(&'static str, String)> {
    if spec.policy.semver.is_some() || spec.policy.alphabetical.is_none() {
        return None;
    }
    let filter = spec.filter_tags.as_ref()?;
    let pattern = filter.pattern.as_deref()?;
    let message = |what: &str| {
        format!(
            "alphabetical order puts 10 before 9, and {what} may be of any length; use numerical, or pad them"
        )
    };
    match filter.extract.as_deref().filter(|extract| !extract.is_empty()) {
        Some(extract) => {
            let name = extract.strip_prefix('$')?.trim_start_matches('{').trim_end_matches('}');
            let is_time = TIMES.iter().any(|time| name.to_ascii_lowercase().contains(time));
            let is_number = DIGITS.contains(&group(pattern, name)?);
            (is_number && !is_time)
                .then(|| (".spec.filterTags.extract", message(&format!("the digits of '{name}'"))))
        }
        None => {
            let whole = pattern.trim_start_matches('^').trim_end_matches('$');
            let whole = whole.trim_start_matches(|c: char| c.is_ascii_alphabetic() || c == '-' || c == '_');
            let is_number = DIGITS.contains(&whole);
            is_number.then(|| (".spec.filterTags.pattern", message("these digits")))
        }
    }
}

/// What stands in the group of this name, if it holds no group of its own.
fn group<'p>(pattern: &'p str, name: &str) -> Option<&'p str> {
    let inside = [format!("(?P<{name}>"), format!("(?<{name}>")]
        .iter()
        .find_map(|opening| pattern.split_once(opening.as_str()).map(|(_, rest)| rest))?;
    inside.split_once(')').map(|(inside, _)| inside)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(pattern: &str, extract: &str, expected: Option<&str>) {
        let spec = json!({
            "imageRepositoryRef": {"name": "a"},
            "policy": {"alphabetical": {"order": "asc"}},
            "filterTags": {"pattern": pattern, "extract": extract},
        });
        let spec: ImagePolicySpec = serde_json::from_value(spec).unwrap();
        assert_eq!(of_numbers(&spec).map(|(field, _)| field), expected, "{pattern} {extract}");
    }

    #[test]
    fn numbers_of_any_length_are_found() {
        check("^main-(?P<n>[0-9]+)$", "$n", Some(".spec.filterTags.extract"));
        check(r"^main-(?<build>\d+)", "${build}", Some(".spec.filterTags.extract"));
        check("^build-[0-9]+$", "", Some(".spec.filterTags.pattern"));
        check("^[0-9]+$", "", Some(".spec.filterTags.pattern"));
        check("^main-(?P<ts>[0-9]+)$", "$ts", None);
        check("^main-(?P<timestamp>[0-9]+)$", "$timestamp", None);
        check("^main-(?P<n>[0-9]{8})$", "$n", None);
        check("^main-(?P<n>.*)$", "$n", None);
        check("^20[0-9]{6}$", "", None);
        check("^(?P<n>[0-9]+)$", "$n.0", None);
    }
}
