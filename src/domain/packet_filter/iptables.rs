//! `iptables-save` and `ip6tables-save`.

use std::collections::BTreeMap;

use super::{LOOKS, Part, Step, blocks, is_lively, is_lively_interface, is_lively_translation};
use crate::domain::{Fault, Shown};

pub(super) fn parse_save(text: &str, v6: bool) -> Result<Part, Fault> {
    let (mut part, mut table, mut drops, mut open) = (Part::default(), "", false, false);
    let mut chains: BTreeMap<&str, Vec<Step<'_>>> = BTreeMap::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (head, rest) = line.split_at_checked(1).unwrap_or((line, ""));
        match head {
            "*" => (table, open) = (rest, true),
            ":" => {
                let mut words = rest.split(' ');
                let (chain, policy) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
                drops |= table == "filter" && chain == "INPUT" && policy == "DROP";
                part.lines.extend((!is_lively(chain)).then(|| format!("{table} {chain} {policy}")));
            }
            "-" | "[" => {
                // `[packets:bytes]` stands in front with -c.
                let counted = (head == "[").then(|| line.split_once("] ")).flatten();
                let rule = counted.map_or(line, |(_, rule)| rule);
                let chain = rule.split(' ').nth(1).unwrap_or("");
                if table == "filter" {
                    chains.entry(chain).or_default().extend(step(rule));
                }
                if !is_lively(chain) && !comes_and_goes(table, chain, rule) {
                    part.rules += 1;
                    part.lines.push(format!("{table} {rule}"));
                }
            }
            "C" if line == "COMMIT" => open = false,
            _ => {
                return Err(Fault::new(format!(
                    "the packet filter's rules make no sense: {}",
                    Shown::line(line).cut(60)
                )));
            }
        }
    }
    if open {
        return Err(Fault::new("the packet filter's rules are cut off"));
    }
    let steps = |chain: &str| chains.get(chain).cloned().unwrap_or_default();
    let blocked = blocks(&steps, "INPUT", 0, &mut { LOOKS }).unwrap_or(drops);
    (part.v4, part.v6) = (blocked && !v6, blocked && v6);
    Ok(part)
}

/// Whether a program puts a rule there and takes it away while the server runs. What a comment says does not count.
fn comes_and_goes(table: &str, chain: &str, rule: &str) -> bool {
    let words: Vec<&str> = rule.split('"').step_by(2).flat_map(str::split_whitespace).collect();
    let named = |pair: &[&str]| match *pair {
        ["-i" | "-o", name] => is_lively_interface(name),
        ["-j" | "-g", target] => is_lively(target),
        _ => false,
    };
    is_lively_translation(table, chain) || words.windows(2).any(named)
}

/// `-A INPUT -j DROP`: what it does, if nothing stands before its target but a comment.
fn step(rule: &str) -> Option<Step<'_>> {
    let (_, rest) = rule.strip_prefix("-A ")?.split_once(' ')?;
    let rest = without_comment(rest);
    if let Some(other) = rest.strip_prefix("-g ") {
        return Some(Step::Goto(other.split(' ').next().unwrap_or(other)));
    }
    let target = rest.strip_prefix("-j ")?.split(' ').next().unwrap_or_default();
    Some(match target {
        "ACCEPT" => Step::Decide { blocked: false },
        "DROP" | "REJECT" => Step::Decide { blocked: true },
        "RETURN" => Step::Return,
        // A chain, or what only notes something down: of that name there is no chain, and it decides nothing.
        other => Step::Jump(other),
    })
}

/// `-m comment --comment "whatever it is for" -j DROP`.
fn without_comment(rest: &str) -> &str {
    let Some(comment) = rest.strip_prefix("-m comment --comment ") else { return rest };
    let Some(quoted) = comment.strip_prefix('"') else { return comment.split_once(' ').map_or("", |(_, rest)| rest) };
    let mut escaped = false;
    let end = quoted.find(|letter| {
        let ends = letter == '"' && !escaped;
        escaped = letter == '\\' && !escaped;
        ends
    });
    end.map_or("", |end| quoted[end + 1..].trim_start())
}
