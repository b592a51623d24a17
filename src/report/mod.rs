//! A [`Round`](crate::domain::Round) as text for others: JSON for programs, plain lines for people and monitoring, samples for Prometheus.

mod entry;
mod json;
mod metrics;
mod plain;

pub use entry::entry;
pub use json::json;
pub use metrics::metrics;
pub use plain::{plain, plugin};
