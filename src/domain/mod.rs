//! The words. Everything else speaks in these types; this room does no I/O, knows no clock and no terminal.

mod evidence;
mod exhibit;
pub mod facts;
mod fault;
mod finding;
mod limit;
mod link;
mod measure;
mod observation;
mod period;
pub mod register;
mod round;
mod secret;
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
pub use finding::{Because, Finding, FindingKey, Judgement};
pub use limit::{Limit, Limits};
pub use link::Link;
pub use measure::Measure;
pub use observation::{Declared, Observation};
pub use period::{Period, age};
pub use round::{Round, SourceLine};
pub use secret::SecretRef;
pub use shown::Shown;
pub use standing::{Standing, Turn};
pub use subject::{Subject, SubjectKind};
pub use verdict::Verdict;
