//! `admin-via-vpn`.

use crate::policy::Rule;

pub const RULE: Rule = Rule { measure: "admin-via-vpn", limits: &[], judge: |_| Vec::new() };
