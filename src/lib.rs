//! matins: the sysadmin's morning check-in.

pub mod cli;
pub mod collect;
pub mod config;
pub mod domain;
pub mod policy;
pub mod report;
pub mod round;
pub mod store;
