//! Panics of other people's parsers, kept where they happen.
//!
//! A panic inside [`contain`] becomes a [`Fault`]. The process' panic hook still runs before that: a hook that restores the
//! terminal or prints must leave such a panic alone, and asks [`is_contained`].

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::domain::Fault;

thread_local! {
    static CONTAINED: Cell<bool> = const { Cell::new(false) };
}

/// Runs `work`; a panic in it becomes a fault that names `what`. `work` must leave nothing half done behind when it is
/// broken off: give it only what it may drop.
pub fn contain<T>(what: &str, work: impl FnOnce() -> T) -> Result<T, Fault> {
    let before = CONTAINED.replace(true);
    let outcome = catch_unwind(AssertUnwindSafe(work));
    CONTAINED.set(before);
    outcome.map_err(|_| Fault::new(format!("{what} made its parser fail (a defect of the parser, contained)")))
}

/// Whether a panic on this thread, now, is one that [`contain`] catches.
pub fn is_contained() -> bool {
    CONTAINED.get()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_a_fault_and_the_next_one_is_not_contained() {
        assert_eq!(contain("x", || 7), Ok(7));
        let fault = contain("this feed", || assert!(!is_contained(), "inside")).unwrap_err();
        assert!(fault.said.as_str().starts_with("this feed made its parser fail"));
        assert!(!is_contained());
    }
}
