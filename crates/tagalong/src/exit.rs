//! How a command ends: RULES 21 and the exit statuses of the command line reference.

use std::process::ExitCode;

/// The answer of a command that could do its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// 0: done, or yes.
    Yes,
    /// 1: the answer is no.
    No,
    /// 130: stopped by a signal; what was begun is finished or undone.
    Interrupted,
}

impl From<Answer> for ExitCode {
    fn from(answer: Answer) -> Self {
        match answer {
            Answer::Yes => Self::SUCCESS,
            Answer::No => Self::from(1),
            Answer::Interrupted => Self::from(130),
        }
    }
}

/// 2: bad usage, unreadable or invalid input; nothing was done.
pub(crate) const BAD_INPUT: u8 = 2;
