//! A [`Round`](crate::domain::Round) as text for others: JSON for programs, plain lines for people and monitoring.

mod json;
mod plain;

pub use json::json;
pub use plain::{plain, plugin};
