//! A policy's rule in its own words, for `explain` and for pull requests. Pure.

use tagalong_api::ImagePolicy;

/// The rule: `filter ^v, then semver 1.x`.
pub fn in_words(policy: &ImagePolicy) -> String {
    let spec = &policy.spec;
    let order = |order: &Option<String>| order.clone().unwrap_or_else(|| "asc".to_owned());
    let choice = if let Some(semver) = &spec.policy.semver {
        format!("semver {}", semver.range)
    } else if let Some(alphabetical) = &spec.policy.alphabetical {
        format!("alphabetical {}", order(&alphabetical.order))
    } else if let Some(numerical) = &spec.policy.numerical {
        format!("numerical {}", order(&numerical.order))
    } else {
        "none".to_owned()
    };
    let filter = spec.filter_tags.as_ref().and_then(|filter| {
        let pattern = filter.pattern.as_ref()?;
        let extract =
            filter.extract.as_ref().map(|extract| format!(" extract {extract}")).unwrap_or_default();
        Some(format!("filter {pattern}{extract}, then "))
    });
    format!("{}{choice}", filter.unwrap_or_default())
}
