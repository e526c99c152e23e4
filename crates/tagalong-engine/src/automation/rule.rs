//! A policy's filter, exclusions and order, compiled when the first site needs them: most turns find every site as
//! it should be and judge nothing, and a thousand compiled patterns are not kept for that.

use std::sync::{Arc, OnceLock};
use tagalong_api::validate;
use tagalong_api::{ImagePolicy, ImageRepository};
use tagalong_policy::Policy;

/// What judges the value at a site.
#[derive(Debug)]
pub struct Rule {
    source: Option<(Arc<ImagePolicy>, Option<Arc<ImageRepository>>)>,
    compiled: OnceLock<Option<Policy>>,
}

impl Rule {
    /// The rule of a policy, with the exclusion list of its repository (RULES 2).
    pub fn of(policy: Arc<ImagePolicy>, repository: Option<Arc<ImageRepository>>) -> Self {
        Self { source: Some((policy, repository)), compiled: OnceLock::new() }
    }

    /// The compiled rule; `None` where the policy is not valid any more.
    pub fn get(&self) -> Option<&Policy> {
        self.compiled
            .get_or_init(|| {
                self.source.as_ref().and_then(|(policy, repository)| compile(policy, repository.as_deref()))
            })
            .as_ref()
    }
}

impl From<Policy> for Rule {
    fn from(policy: Policy) -> Self {
        Self { source: None, compiled: OnceLock::from(Some(policy)) }
    }
}

fn compile(policy: &ImagePolicy, repository: Option<&ImageRepository>) -> Option<Policy> {
    let rule = validate::policy(policy).ok()?.rule;
    match repository.map(validate::repository) {
        Some(Ok(repository)) => rule.excluding(&repository.exclusions).ok(),
        _ => Some(rule),
    }
}
