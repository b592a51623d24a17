//! `backup-on-site`.

use crate::policy::Rule;

pub const RULE: Rule = Rule { measure: "backup-on-site", limits: &[], judge: |_| Vec::new() };
