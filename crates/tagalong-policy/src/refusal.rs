//! Why one tag is not accepted. Closed: the names are shown by `explain` and `select -o json` and counted in metrics.

use std::fmt;

/// Why filter, exclusions or order refuse a tag. Gates have their own reason, [`crate::GateRefusal`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Refusal {
    /// A pattern of the exclusion list matches.
    Excluded,
    /// `filterTags.pattern` does not match.
    FilterMismatch,
    /// `filterTags.extract` leaves nothing to compare.
    ExtractEmpty,
    /// Not a version of three parts.
    NotAVersion,
    /// Within the bounds, but a pre-release, and the range names none.
    PreRelease,
    /// A version outside the range.
    OutOfRange,
    /// Not a decimal number.
    NotANumber,
}

impl Refusal {
    /// The reason as one CamelCase word.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Excluded => "Excluded",
            Self::FilterMismatch => "FilterMismatch",
            Self::ExtractEmpty => "ExtractEmpty",
            Self::NotAVersion => "NotAVersion",
            Self::PreRelease => "PreRelease",
            Self::OutOfRange => "OutOfRange",
            Self::NotANumber => "NotANumber",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Excluded => "excluded by the image repository's exclusion list",
            Self::FilterMismatch => "does not match filterTags.pattern",
            Self::ExtractEmpty => "filterTags.extract leaves nothing to compare",
            Self::NotAVersion => "is no version of the form MAJOR.MINOR.PATCH",
            Self::PreRelease => {
                "is a pre-release, and the range names none (a range such as `>=1.0.0-0` admits them)"
            }
            Self::OutOfRange => "is outside the range",
            Self::NotANumber => "is no decimal number",
        })
    }
}
