//! matins: the sysadmin's morning check-in.

pub mod collect;
pub mod domain;
pub mod policy;
pub mod round;
pub mod tui;
