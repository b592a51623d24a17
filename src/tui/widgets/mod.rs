//! Pieces of screen that know no word of the domain but [`Shown`](crate::domain::Shown), the only text they take.

pub mod canvas;
pub mod frame;
pub mod input;
pub mod plain;
pub mod prose;
pub mod scroll;
pub mod text;
