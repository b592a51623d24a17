//! [`PacketFilter`]: rules of a packet filter, as far as it matters here: is what nobody allowed kept out, and are they
//! still the same rules.

mod iptables;
mod nft;
#[cfg(test)]
mod tests;

use sha2::{Digest as _, Sha256};

use super::Fault;
use super::facts::{Filter, FilterProgram};

/// What happens to a packet that comes in and that no rule speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inbound {
    Blocked,
    /// Let in.
    Open,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PacketFilter {
    pub v4: Inbound,
    pub v6: Inbound,
    /// How many rules there are that stay; 0 is no packet filter at all.
    pub rules: usize,
    /// Of the rules without what changes by itself: counters, handles, who is banned at the moment, what docker writes for
    /// a container into chains that are there anyway.
    pub digest: String,
}

/// Each program's part of it.
#[derive(Debug, Default)]
struct Part {
    v4: bool,
    v6: bool,
    rules: usize,
    /// Line by line what the digest is made of.
    lines: Vec<String>,
}

/// All programs' rules together: whatever one of them keeps out stays out.
pub fn parse_packet_filter(filter: &Filter) -> Result<PacketFilter, Fault> {
    let (mut v4, mut v6, mut rules, mut hash) = (false, false, 0, Sha256::new());
    for one in &filter.rules {
        let part = match one.program {
            FilterProgram::Nft => nft::parse_nft(&one.text)?,
            FilterProgram::Iptables => iptables::parse_save(&one.text, false)?,
            FilterProgram::Ip6tables => iptables::parse_save(&one.text, true)?,
        };
        v4 |= part.v4;
        v6 |= part.v6;
        rules += part.rules;
        for line in part.lines {
            hash.update(line);
            hash.update("\n");
        }
    }
    let inbound = |blocked| if blocked { Inbound::Blocked } else { Inbound::Open };
    let digest = hash.finalize().iter().take(6).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    Ok(PacketFilter { v4: inbound(v4), v6: inbound(v6), rules, digest: format!("{digest:012x}") })
}

/// What one rule does with a packet that nothing else speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step<'a> {
    /// Lets in or keeps out: the end.
    Decide {
        blocked: bool,
    },
    /// Asks another chain, and goes on where that does not decide.
    Jump(&'a str),
    /// Asks another chain instead of this one.
    Goto(&'a str),
    Return,
}

/// Chains asked one from another, at most, as the kernel has it.
const DEEP: usize = 16;
/// Chains asked at all: some filters jump from everywhere to everywhere.
const LOOKS: usize = 10_000;

/// Whether a chain keeps such a packet out, and what decides is the first rule without a condition: an `accept` that was
/// put in front makes the best policy worthless. `steps` are a chain's rules without a condition; `left` bounds the work.
fn blocks<'a>(steps: &impl Fn(&str) -> Vec<Step<'a>>, chain: &str, deep: usize, left: &mut usize) -> Option<bool> {
    if deep > DEEP || *left == 0 {
        return None;
    }
    *left -= 1;
    for step in steps(chain) {
        match step {
            Step::Decide { blocked } => return Some(blocked),
            Step::Return => return None,
            Step::Goto(other) => return blocks(steps, other, deep + 1, left),
            Step::Jump(other) => {
                if let Some(decided) = blocks(steps, other, deep + 1, left) {
                    return Some(decided);
                }
            }
        }
    }
    None
}

/// Interfaces that come and go with containers: docker's bridges, and their ends of wires.
fn is_lively_interface(name: &str) -> bool {
    let bridge = |id: &str| id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    name == "docker0" || name.starts_with("veth") || name.strip_prefix("br-").is_some_and(bridge)
}

/// The chain of iptables in which docker translates what each published port and each of its networks sends out.
fn is_lively_translation(table: &str, chain: &str) -> bool {
    (table, chain) == ("nat", "POSTROUTING")
}

/// Chains and sets that a program fills by itself while the server runs: fail2ban's bans, containers' ports.
fn is_lively(name: &str) -> bool {
    ["f2b-", "addr-set-", "DOCKER", "docker", "KUBE-", "crowdsec"].iter().any(|prefix| name.starts_with(prefix))
}
