//! `nft -j list ruleset` (libnftables-json(5)).

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Part, is_lively};
use crate::domain::Fault;

/// Family, table and name of a chain.
type ChainId<'a> = (&'a str, &'a str, &'a str);

pub(super) fn parse_nft(text: &str) -> Result<Part, Fault> {
    let mut part = Part::default();
    if text.trim().is_empty() {
        return Ok(part);
    }
    let whole: Value =
        serde_json::from_str(text).map_err(|error| Fault::new(format!("nft's rules make no sense: {error}")))?;
    let items = whole.get("nftables").and_then(Value::as_array);
    let items = items.ok_or_else(|| Fault::new("nft's rules make no sense: no list of them"))?;
    // A chain's last rule decides what its policy does not.
    let mut inputs: BTreeMap<ChainId<'_>, bool> = BTreeMap::new();
    for item in items {
        let Some((kind, value)) = item.as_object().and_then(|item| item.iter().next()) else { continue };
        match kind.as_str() {
            "metainfo" => continue,
            "chain" if value["hook"] == "input" && value["type"] == "filter" => {
                inputs.insert(id(value, "name"), value["policy"] == "drop");
            }
            "rule" => {
                part.rules += usize::from(!is_lively(word(value, "chain")));
                if let Some(blocked) = inputs.get_mut(&id(value, "chain")) {
                    *blocked |= keeps_out(&value["expr"]);
                }
            }
            _ => {}
        }
        part.lines.extend(lasting(kind, value));
    }
    for ((family, _, _), blocked) in inputs {
        part.v4 |= blocked && matches!(family, "ip" | "inet");
        part.v6 |= blocked && matches!(family, "ip6" | "inet");
    }
    Ok(part)
}

fn word<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

fn id<'a>(value: &'a Value, name: &str) -> ChainId<'a> {
    (word(value, "family"), word(value, "table"), word(value, name))
}

/// `drop` or `reject` of everything: no match, no limit before it.
fn keeps_out(expressions: &Value) -> bool {
    let Some(expressions) = expressions.as_array() else { return false };
    let kinds: Vec<&str> =
        expressions.iter().filter_map(|one| one.as_object()?.keys().next().map(String::as_str)).collect();
    let harmless = kinds.iter().all(|kind| matches!(*kind, "counter" | "log" | "drop" | "reject"));
    harmless && kinds.iter().any(|kind| matches!(*kind, "drop" | "reject"))
}

/// What of an item stays the same while nobody changes the rules.
fn lasting(kind: &str, value: &Value) -> Option<String> {
    let name = if kind == "rule" { word(value, "chain") } else { word(value, "name") };
    if is_lively(name) || kind == "element" {
        return None;
    }
    let mut value = value.clone();
    let flags = value["flags"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let filled = flags.into_iter().any(|flag| matches!(flag, "timeout" | "dynamic"));
    if let Some(object) = value.as_object_mut() {
        object.remove("handle");
        if filled {
            object.remove("elem");
        }
    }
    if let Some(expressions) = value.get_mut("expr").and_then(Value::as_array_mut) {
        expressions.retain(|one| one.get("counter").is_none());
    }
    Some(format!("{kind} {value}"))
}
