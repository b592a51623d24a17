//! A [`Round`](crate::domain::Round) as text for others: JSON for programs, plain lines for people and monitoring.

mod entry;
mod json;
mod plain;

pub use entry::entry;
pub use json::json;
pub use plain::{plain, plugin};
