//! `ImagePolicy`: which repository, which order, which filter.

use super::{Invalid, field, gitref::printable};
use crate::{ImagePolicy, ImagePolicySpec, OrderedPolicy, Reason};
use std::time::Duration;
use tagalong_model::{InvalidPlatform, ObjectKey, Platform, parse_duration};
use tagalong_policy::{Direction, FilterSpec, OrderSpec, Policy, PolicyError};

/// An ImagePolicy that can decide.
#[derive(Debug, Clone)]
pub struct ValidPolicy {
    /// Namespace and name.
    pub key: ObjectKey,
    /// The ImageRepository.
    pub repository: ObjectKey,
    /// Filter and order, without the repository's exclusion list; see [`Policy::excluding`].
    pub rule: Policy,
    /// Whether the digest is put beside the tag.
    pub digest: DigestReflection,
    /// The time between two look-ups of the digest; given exactly with [`DigestReflection::Always`].
    pub interval: Option<Duration>,
    /// How long an image must have been seen under its tag before the tag counts (RULES 8).
    pub minimum_age: Option<Duration>,
    /// What an image must run on for its tag to count.
    pub platforms: Vec<Platform>,
    /// Whether evaluation is stopped.
    pub suspend: bool,
}

impl ValidPolicy {
    /// Whether candidates have to be looked at before one of them is selected.
    pub fn has_gates(&self) -> bool {
        self.minimum_age.is_some() || !self.platforms.is_empty()
    }
}

/// `spec.digestReflectionPolicy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DigestReflection {
    /// No digest.
    #[default]
    Never,
    /// The digest that was found when the tag was selected; kept while the tag stays selected.
    IfNotPresent,
    /// Looked up again each interval.
    Always,
}

/// Checks an ImagePolicy.
///
/// # Errors
/// [`Invalid`] with `InvalidPolicy` or `IntervalNotConfigured`; all of them stall.
pub fn policy(object: &ImagePolicy) -> Result<ValidPolicy, Invalid> {
    let spec = &object.spec;
    let key = field::key(&object.metadata);
    let digest = digest_reflection(spec.digest_reflection_policy.as_deref())?;
    let repository = &spec.image_repository_ref;
    Ok(ValidPolicy {
        repository: field::referent(&key, repository.namespace.as_deref(), &repository.name),
        rule: compile(spec)?,
        digest,
        interval: interval(digest, spec.interval.as_deref())?,
        minimum_age: spec.minimum_age.as_deref().map(minimum_age).transpose()?,
        platforms: platforms(&spec.platforms)?,
        suspend: spec.suspend.unwrap_or_default(),
        key,
    })
}

fn digest_reflection(text: Option<&str>) -> Result<DigestReflection, Invalid> {
    match text {
        None | Some("" | "Never") => Ok(DigestReflection::Never),
        Some("IfNotPresent") => Ok(DigestReflection::IfNotPresent),
        Some("Always") => Ok(DigestReflection::Always),
        Some(other) => Err(Invalid::stalled(
            Reason::InvalidPolicy,
            ".spec.digestReflectionPolicy",
            format!("invalid policy: '{}' is none of Never, IfNotPresent, Always", printable(other)),
        )),
    }
}

fn interval(digest: DigestReflection, text: Option<&str>) -> Result<Option<Duration>, Invalid> {
    const FIELD: &str = ".spec.interval";
    match (digest, text) {
        (DigestReflection::Always, Some(text)) => field::interval(FIELD, text).map(Some),
        (DigestReflection::Always, None) => Err(Invalid::stalled(
            Reason::IntervalNotConfigured,
            FIELD,
            "spec.interval must be set when spec.digestReflectionPolicy is set to 'Always'",
        )),
        (_, Some(_)) => Err(Invalid::stalled(
            Reason::InvalidPolicy,
            FIELD,
            "spec.interval is only accepted when spec.digestReflectionPolicy is set to 'Always'",
        )),
        (_, None) => Ok(None),
    }
}

fn minimum_age(text: &str) -> Result<Duration, Invalid> {
    const FIELD: &str = ".spec.minimumAge";
    parse_duration(text)
        .map_err(|error| Invalid::stalled(Reason::InvalidPolicy, FIELD, format!("{FIELD}: {error}")))
}

fn platforms(texts: &[String]) -> Result<Vec<Platform>, Invalid> {
    let parse = |(index, text): (usize, &String)| {
        text.parse().map_err(|error: InvalidPlatform| {
            let field = format!(".spec.platforms[{index}]");
            Invalid::stalled(Reason::InvalidPolicy, field.clone(), format!("{field}: {error}"))
        })
    };
    texts.iter().enumerate().map(parse).collect()
}

fn compile(spec: &ImagePolicySpec) -> Result<Policy, Invalid> {
    let filter = spec.filter_tags.as_ref().map(|filter| FilterSpec {
        pattern: filter.pattern.clone().unwrap_or_default(),
        extract: filter.extract.clone(),
    });
    Policy::compile(&order(spec)?, filter.as_ref()).map_err(|error| {
        let message = match &error {
            PolicyError::Pattern(invalid) => {
                format!(
                    "failed to filter tags: invalid regular expression pattern '{}': {}",
                    invalid.pattern, invalid.why
                )
            }
            PolicyError::Extract(_) => format!("failed to filter tags: {error}"),
            _ => format!("invalid policy: {error}"),
        };
        Invalid::stalled(Reason::InvalidPolicy, format!(".spec.{}", error.field()), message)
    })
}

/// Flux's precedence where more than one order is given.
fn order(spec: &ImagePolicySpec) -> Result<OrderSpec, Invalid> {
    if let Some(semver) = &spec.policy.semver {
        return Ok(OrderSpec::Semver { range: semver.range.clone() });
    }
    if let Some(alphabetical) = &spec.policy.alphabetical {
        return Ok(OrderSpec::Alphabetical { order: direction("alphabetical", alphabetical)? });
    }
    if let Some(numerical) = &spec.policy.numerical {
        return Ok(OrderSpec::Numerical { order: direction("numerical", numerical)? });
    }
    Err(Invalid::stalled(
        Reason::InvalidPolicy,
        ".spec.policy",
        "invalid policy: given ImagePolicyChoice object is invalid; set one of semver, alphabetical and numerical",
    ))
}

fn direction(kind: &str, policy: &OrderedPolicy) -> Result<Direction, Invalid> {
    let order = policy.order.as_deref().unwrap_or_default();
    match order.to_ascii_lowercase().as_str() {
        "" | "asc" => Ok(Direction::Asc),
        "desc" => Ok(Direction::Desc),
        _ => Err(Invalid::stalled(
            Reason::InvalidPolicy,
            format!(".spec.policy.{kind}.order"),
            format!(
                "invalid policy: invalid order argument provided: '{}', must be one of: ASC, DESC",
                printable(order)
            ),
        )),
    }
}
