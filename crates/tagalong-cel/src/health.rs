//! How healthy objects of a kind look, as `healthCheckExprs` says.

use serde_json::Value;

use crate::{CelError, Expression};

/// The expressions for one kind, over the fields of its objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthExpressions {
    /// Holds while the object is on its way.
    pub in_progress: Option<Expression>,
    /// Holds once the object has failed.
    pub failed: Option<Expression>,
    /// Holds once the object is as wanted.
    pub current: Expression,
}

/// What the expressions say of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// On its way; also where none of them holds.
    InProgress,
    /// It will not get there by itself.
    Failed,
    /// As wanted.
    Current,
}

impl HealthExpressions {
    /// Asks in Flux's order: in progress, failed, current.
    ///
    /// # Errors
    /// The field of the first expression that says nothing of this object, and why.
    pub fn judge(&self, object: &Value) -> Result<Verdict, (&'static str, CelError)> {
        let rows = [
            ("inProgress", self.in_progress.as_ref(), Verdict::InProgress),
            ("failed", self.failed.as_ref(), Verdict::Failed),
            ("current", Some(&self.current), Verdict::Current),
        ];
        for (field, expression, verdict) in rows {
            let Some(expression) = expression else { continue };
            let fields = object.as_object().into_iter().flatten();
            let fields = fields.map(|(name, value)| (name.as_str(), value));
            if expression.holds(fields).map_err(|error| (field, error))? {
                return Ok(verdict);
            }
        }
        Ok(Verdict::InProgress)
    }
}
