//! What was judged as text for others: a round as JSON and plain lines for programs, people and monitoring, and as samples
//! for Prometheus; the morning sheet, the month and the audit pack as Markdown, HTML, JSON and CSV.

pub mod audit;
mod csv;
mod entry;
pub mod findings;
mod html;
mod json;
mod ledger;
mod markdown;
mod material;
mod metrics;
pub mod month;
pub mod morning;
mod picture;
mod plain;
mod sheet;
mod svg;

pub use csv::csv;
pub use entry::entry;
pub use html::html;
pub use json::json;
pub use ledger::Ledger;
pub use markdown::markdown;
pub use material::Material;
pub use metrics::metrics;
pub use plain::{outage, plain, plugin, plugin_without};
pub use sheet::{Sheet, Table};

#[cfg(test)]
mod tests;
