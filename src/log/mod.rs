//! The record: what people decided, signed and vouched for, as a chain of entries in which every entry carries the hash
//! of the one before. Pure: it makes and reads lines; the store keeps them.

mod chain;
mod entry;
mod export;
mod record;
#[cfg(test)]
mod tests;

pub use chain::{Anchor, Break, Head, hash, verify};
pub use entry::{Act, Agreed, Entry, Stamp, Undone};
pub use export::{README, VERIFY, allowed_signers, exported, principal};
pub use record::{Record, until};

/// What signatures are made for, so that one made for another purpose never fits (`ssh-keygen -Y sign -n`).
pub const NAMESPACE: &str = "matins-checkin@v1";
