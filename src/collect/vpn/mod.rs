//! The collector `vpn`.

use super::Collector;

pub const COLLECTOR: Collector = Collector { name: "vpn", sections: &[], plan: |_, _, _| Ok(Vec::new()) };
