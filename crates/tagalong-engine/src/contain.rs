//! Keeps what goes wrong in one turn from ending the process, and with it the turns of everybody else. Used by the wheel.

use crate::wheel::Failed;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use std::panic::AssertUnwindSafe;

/// The same turn, but where it panics it has failed, and is tried again like any other, later each time. What turns
/// share is locked for single statements, or by locks that a panic leaves usable.
pub(crate) fn contain<T: 'static>(
    turn: BoxFuture<'static, Result<T, Failed>>,
    of: String,
) -> BoxFuture<'static, Result<T, Failed>> {
    let ended = AssertUnwindSafe(turn).catch_unwind();
    let failed = move |_| {
        let message = format!(
            "the turn of {of} ended by a defect in Tagalong; the lines above say where, please report it"
        );
        tracing::error!("{message}");
        Err(Failed { message })
    };
    ended.map(|ended| ended.unwrap_or_else(failed)).boxed()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(turn: BoxFuture<'static, Result<u8, Failed>>) -> Result<u8, String> {
        let turn = contain(turn, "ImagePolicy/a/b".to_owned());
        futures::executor::block_on(turn).map_err(|failed| failed.message)
    }

    #[test]
    fn a_turn_that_panics_has_failed() {
        let message = ended(async { panic!("a defect") }.boxed()).unwrap_err();
        assert!(message.starts_with("the turn of ImagePolicy/a/b ended by a defect"), "{message}");
    }

    #[test]
    fn another_ends_as_it_ends() {
        assert_eq!(ended(async { Ok(1) }.boxed()), Ok(1));
        let failed = async { Err(Failed { message: "no answer".to_owned() }) };
        assert_eq!(ended(failed.boxed()), Err("no answer".to_owned()));
    }
}
