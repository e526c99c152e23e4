//! `ImageUpdateAutomation.spec.limits`: how much may be committed at once, and how often.

use super::Invalid;
use crate::{LimitsSpec, Reason};
use std::time::Duration;
use tagalong_model::parse_duration;

/// What bounds the commits of an automation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Limits {
    /// The most fields that one run may change.
    pub changes: Option<u32>,
    /// The set of changes that may go although it is above that.
    pub allow: Option<String>,
    /// The most commits within an hour.
    pub commits_per_hour: Option<u32>,
    /// How long no new tag must have come.
    pub quiet_period: Option<Duration>,
}

impl Limits {
    pub(super) fn read(spec: &LimitsSpec) -> Result<Self, Invalid> {
        let bad = |field: &str, why: String| {
            let field = format!(".spec.limits.{field}");
            Invalid::stalled(Reason::InvalidSchedule, field.clone(), format!("{field}: {why}"))
        };
        let at_least_one = |field: &str, given: Option<i32>| {
            let too_few = || bad(field, "must be at least 1; `suspend: true` stops an automation".to_owned());
            let count = |given| u32::try_from(given).ok().filter(|count| *count > 0).ok_or_else(too_few);
            given.map(count).transpose()
        };
        let quiet_period = spec.quiet_period.as_deref().map(parse_duration).transpose();
        Ok(Self {
            changes: at_least_one("changes", spec.changes)?,
            allow: spec.allow.clone(),
            commits_per_hour: at_least_one("commitsPerHour", spec.commits_per_hour)?,
            quiet_period: quiet_period.map_err(|error| bad("quietPeriod", error.to_string()))?,
        })
    }
}
