//! VPNs end to end: a real OpenVPN server, real clients, an authority of easy-rsa's, and the built program. Needs root;
//! says so and does nothing otherwise.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "tests"
)]

mod certificates;
mod disconnect;
#[path = "../support/home.rs"]
#[allow(dead_code, reason = "each test program uses a part")]
mod home;
mod interrupted;
mod logins;
mod present;
#[path = "../support/pty.rs"]
#[allow(dead_code, reason = "each test program uses a part")]
mod pty;
mod round;
#[path = "../sshd/mod.rs"]
mod sshd;
mod world;
