//! `composer.lock` as facts. What is not needed is skipped unread; what is written oddly is left out, and a package
//! without a name or a version makes the whole file unreadable: a module that is passed over would look safe.

use serde::Deserialize;
use serde_json::Value;

use crate::domain::Shown;
use crate::domain::facts::{ComposerPackage, SiteSeen};

#[derive(Deserialize)]
struct Lock {
    packages: Vec<Locked>,
    #[serde(rename = "content-hash")]
    content_hash: Option<String>,
}

#[derive(Deserialize)]
struct Locked {
    name: String,
    version: String,
    #[serde(rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    abandoned: Value,
    #[serde(default)]
    extra: Value,
}

pub(super) fn parse_lock(bytes: &[u8]) -> Result<SiteSeen, String> {
    let lock: Lock = serde_json::from_slice(bytes).map_err(|error| format!("not a composer.lock: {error}"))?;
    if lock.packages.is_empty() {
        return Err("it locks no package at all".to_owned());
    }
    Ok(SiteSeen {
        packages: lock.packages.into_iter().map(package).collect(),
        content_hash: lock.content_hash.map(|hash| Shown::line(&hash)),
    })
}

fn package(locked: Locked) -> ComposerPackage {
    // Names are written in any case and mean the same.
    let name = locked.name.to_lowercase();
    let abandoned = match locked.abandoned {
        Value::Bool(true) => Some(Shown::from("yes")),
        Value::String(instead) if !instead.is_empty() => Some(Shown::line(&instead)),
        _ => None,
    };
    // `extra` is an empty list where it is empty.
    let coverage = locked.extra.pointer("/drupal/security-coverage/status").and_then(Value::as_str);
    ComposerPackage {
        name: Shown::line(&name),
        version: Shown::line(&locked.version),
        kind: locked.kind.map(|kind| Shown::line(&kind)),
        abandoned,
        coverage: coverage.map(Shown::line),
    }
}
