//! `nft -j list ruleset` (libnftables-json(5)).

use std::collections::BTreeMap;

use serde_json::Value;

use super::{LOOKS, Part, Step, blocks, is_lively, is_lively_interface, is_lively_translation};
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
    // Whether the policy of a chain that packets come into drops.
    let mut inputs: BTreeMap<ChainId<'_>, bool> = BTreeMap::new();
    let mut chains: BTreeMap<ChainId<'_>, Vec<Step<'_>>> = BTreeMap::new();
    for item in items {
        let Some((kind, value)) = item.as_object().and_then(|item| item.iter().next()) else { continue };
        match kind.as_str() {
            "metainfo" => continue,
            "chain" if value["hook"] == "input" && value["type"] == "filter" => {
                inputs.insert(id(value, "name"), value["policy"] == "drop");
            }
            "rule" => {
                part.rules += usize::from(!is_lively(word(value, "chain")) && !comes_and_goes(value));
                chains.entry(id(value, "chain")).or_default().extend(step(&value["expr"]));
            }
            _ => {}
        }
        part.lines.extend(lasting(kind, value));
    }
    for ((family, table, chain), drops) in inputs {
        let steps = |chain: &str| chains.get(&(family, table, chain)).cloned().unwrap_or_default();
        let blocked = blocks(&steps, chain, 0, &mut { LOOKS }).unwrap_or(drops);
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

/// What a rule does, if nothing in it is a condition: no match, no limit before it.
fn step(expressions: &Value) -> Option<Step<'_>> {
    let mut step = None;
    for expression in expressions.as_array()? {
        let (kind, value) = expression.as_object()?.iter().next()?;
        step = Some(match kind.as_str() {
            // What marks or counts a packet lets it pass on.
            "counter" | "log" | "mangle" | "notrack" => continue,
            // What iptables-nft(8) writes and nft has no words for.
            "xt" => match (word(value, "type"), word(value, "name")) {
                ("match", "comment") | ("target", "LOG" | "NFLOG" | "MARK" | "CONNMARK" | "CT") => continue,
                ("target", "REJECT" | "DROP") => Step::Decide { blocked: true },
                _ => return None,
            },
            "accept" => Step::Decide { blocked: false },
            "drop" | "reject" => Step::Decide { blocked: true },
            "return" => Step::Return,
            "jump" => Step::Jump(word(value, "target")),
            "goto" => Step::Goto(word(value, "target")),
            _ => return None,
        });
    }
    step
}

/// Whether a program puts a rule there and takes it away while the server runs.
fn comes_and_goes(rule: &Value) -> bool {
    let named = |expression: &Value| {
        let jump = ["jump", "goto"].iter().any(|kind| is_lively(word(&expression[*kind], "target")));
        let of = &expression["match"];
        let interface = matches!(of["left"]["meta"]["key"].as_str(), Some("iifname" | "oifname" | "iif" | "oif"));
        jump || (interface && is_lively_interface(word(of, "right")))
    };
    is_lively_translation(word(rule, "table"), word(rule, "chain"))
        || rule["expr"].as_array().is_some_and(|expressions| expressions.iter().any(named))
}

/// What of an item stays the same while nobody changes the rules.
fn lasting(kind: &str, value: &Value) -> Option<String> {
    let name = if kind == "rule" { word(value, "chain") } else { word(value, "name") };
    if is_lively(name) || kind == "element" || (kind == "rule" && comes_and_goes(value)) {
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
