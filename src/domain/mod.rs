//! The words. Everything else speaks in these types; this room does no I/O, knows no clock and no terminal.

mod evidence;
mod exhibit;
pub mod facts;
mod fault;
mod finding;
mod hours;
mod limit;
mod link;
mod measure;
mod observation;
mod period;
mod port;
pub mod register;
mod round;
mod secret;
mod seek;
pub mod settings;
mod shown;
mod standing;
mod subject;
mod verdict;
pub mod version;

pub use evidence::{Evidence, Sighting, SourceId, SourceRecord, SourceState};
pub use exhibit::{AxisLine, Exhibit, GridRow, Mark, Month, Picture, Unit, Window};
pub use facts::{Fact, Read};
pub use fault::Fault;
pub use hours::Hours;
