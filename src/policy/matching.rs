//! Which installed software is vulnerable: the source packages and versions of the whole fleet against Debian's security
//! tracker and its lists of advisories. The same source, version and release is judged once, however many servers carry
//! it.

mod concern;
mod fleet;
mod kernel;
mod open;
mod state;
mod truth;

pub use concern::{Carried, Concern, Judge};
pub use fleet::{Fleet, Server, unreadable};
pub use open::{Open, open};
pub use state::{State, measured};
pub use truth::{Told, Truth};

#[cfg(test)]
mod tests;
