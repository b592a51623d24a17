//! `iptables-save` and `ip6tables-save`.

use super::{Part, is_lively};
use crate::domain::{Fault, Shown};

pub(super) fn parse_save(text: &str, v6: bool) -> Result<Part, Fault> {
    let (mut part, mut table, mut blocked, mut open) = (Part::default(), "", false, false);
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (head, rest) = line.split_at_checked(1).unwrap_or((line, ""));
        match head {
            "*" => (table, open) = (rest, true),
            ":" => {
                let mut words = rest.split(' ');
                let (chain, policy) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
                blocked |= table == "filter" && chain == "INPUT" && policy == "DROP";
                part.lines.extend((!is_lively(chain)).then(|| format!("{table} {chain} {policy}")));
            }
            "-" | "[" => {
                // `[packets:bytes]` stands in front with -c.
                let rule = line.split_once("] ").map_or(line, |(_, rule)| rule);
                blocked |= table == "filter" && keeps_out(rule);
                let chain = rule.split(' ').nth(1).unwrap_or("");
                if !is_lively(chain) {
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
    (part.v4, part.v6) = (blocked && !v6, blocked && v6);
    Ok(part)
}

/// `-A INPUT -j DROP`, without a match before it.
fn keeps_out(rule: &str) -> bool {
    let target = rule.strip_prefix("-A INPUT -j ").map(|rest| rest.split(' ').next().unwrap_or(""));
    matches!(target, Some("DROP" | "REJECT"))
}
