//! The packet filter of a server: does it keep out what nobody allowed, and since when are its rules what they are.

use super::{FILTER_CHANGE, MEASURE};
use crate::domain::packet_filter::{Inbound, PacketFilter, parse_packet_filter};
use crate::domain::{Fault, Judgement, Period, SubjectKind, Verdict, age, counted};
use crate::policy::Case;
use crate::policy::exposed::Exposed;
use crate::policy::silence::unread;

const PART: &str = "packet filter";

/// Nothing of a server whose probe is silent: one finding says that.
pub(super) fn judge(case: &Case<'_>, host: &Exposed<'_>) -> Option<Judgement> {
    let (at, inside) = host.inside.as_ref().ok()?;
    let parsed = inside.filter.as_result().map_err(Clone::clone).and_then(parse_packet_filter);
    let judgement = match &parsed {
        Ok(filter) => judge_filter(case, host, filter),
        Err(fault) => unreadable(host, fault),
    };
    let said = match &parsed {
        Ok(filter) => format!("{}, {}", counted(filter.rules, "rule", "rules"), filter.digest),
        Err(fault) => fault.said.to_string(),
    };
    Some(judgement.part(PART).because(format!("servers/{}", host.subject.name), Some(*at), said))
}

fn unreadable(host: &Exposed<'_>, fault: &Fault) -> Judgement {
    let title = format!("packet filter: {}", fault.said);
    let mut judgement = Judgement::new(MEASURE, host.subject.clone(), Verdict::Unknown, title).weight(15);
    judgement.mend.clone_from(&fault.mend);
    unread(judgement, fault)
}

fn judge_filter(case: &Case<'_>, host: &Exposed<'_>, filter: &PacketFilter) -> Judgement {
    let judgement = |verdict, title: String| {
        Judgement::new(MEASURE, host.subject.clone(), verdict, title).standing("rules", filter.digest.as_str())
    };
    let open = match (filter.v4, filter.v6) {
        _ if filter.rules == 0 && (filter.v4, filter.v6) == (Inbound::Open, Inbound::Open) => {
            Some("no packet filter: whatever listens is reachable")
        }
        (Inbound::Open, Inbound::Open) => Some("packet filter lets in whatever no rule forbids"),
        (Inbound::Blocked, Inbound::Open) => Some("packet filter lets in over IPv6 whatever no rule forbids"),
        (Inbound::Open, Inbound::Blocked) => Some("packet filter lets in over IPv4 whatever no rule forbids"),
        (Inbound::Blocked, Inbound::Blocked) => None,
    };
    if let Some(title) = open {
        return judgement(Verdict::Due, title.into())
            .mend("let its input chain drop by default, with a rule for each declared port")
            .weight(35);
    }
    let name = |item: &str| case.evidence.first_seen(SubjectKind::Host, &host.subject.name, item);
    let limit = case.limits.of(&FILTER_CHANGE);
    let changed = match (name("packet filter"), name(&format!("rules {}", filter.digest))) {
        // The first look at a server is no change.
        (Some(known), Some(changed)) if changed > known + Period::seconds(1).as_duration() => Some(changed),
        _ => None,
    };
    let rules = counted(filter.rules, "rule", "rules");
    match changed.filter(|at| case.now.duration_since(*at) <= limit.as_duration()) {
        Some(at) => judgement(Verdict::Due, format!("packet filter changed {} ago", age(at, case.now)))
            .mend("look whether that was meant, and acknowledge it")
            .since(Some(at))
            .weight(30)
            .because("limits.filter_change", None, limit.to_string()),
        None => judgement(Verdict::Ok, format!("packet filter keeps out what no rule allows, {rules}")),
    }
}
