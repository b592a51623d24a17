//! [`counted`].

use std::fmt::Display;

/// `1 server`, `3 servers`; of any whole number.
pub fn counted<N: Copy + Display + PartialEq + From<u8>>(count: N, one: &str, many: &str) -> String {
    let what = if count == N::from(1) { one } else { many };
    format!("{count} {what}")
}
