//! Rows of a table, checked side by side: most of them wait for a back-off, and all of them should be told about when
//! several fail.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Rows at once.
const AT_ONCE: usize = 8;

/// Checks every row; fails in the end when one did. A row that fails says which one it is.
#[track_caller]
pub(crate) fn side_by_side<T: Sync>(rows: &[T], check: impl Fn(&T) + Sync) {
    let (next, failed) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let work = || {
        while let Some(row) = rows.get(next.fetch_add(1, Ordering::SeqCst)) {
            if catch_unwind(AssertUnwindSafe(|| check(row))).is_err() {
                failed.fetch_add(1, Ordering::SeqCst);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..rows.len().min(AT_ONCE) {
            scope.spawn(work);
        }
    });
    assert_eq!(failed.into_inner(), 0, "rows failed; each has said why above");
}
