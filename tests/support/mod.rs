//! Servers for tests, on loopback, which can be made to misbehave.

#![allow(dead_code, reason = "each test program uses its part")]

pub mod alone;
pub mod web;
