//! `admin-via-vpn`, the servers' side: ssh answers from the VPN and not from outside, each seen from its own side.

#[cfg(test)]
mod tests;

use crate::domain::facts::{PortAnswer, Side};
use crate::domain::{Fault, Judgement, Port, Verdict};
use crate::policy::exposed::{Exposed, exposed};
use crate::policy::silence::unread;
use crate::policy::{Case, Rule, no_exhibits};

pub const RULE: Rule = Rule { measure: MEASURE, limits: &[], judge, exhibits: no_exhibits };

const MEASURE: &str = "admin-via-vpn";

fn judge(case: &Case<'_>) -> Vec<Judgement> {
    let servers = exposed(case);
    servers.iter().filter(|host| host.lookers.is_some()).map(|host| host.because(judge_ssh(host))).collect()
}

fn judge_ssh(host: &Exposed<'_>) -> Judgement {
    let port = host.ssh().unwrap_or(Port::tcp(22));
    let judgement = |verdict, title: String| Judgement::new(MEASURE, host.subject.clone(), verdict, title);
    let unknown = |fault: Fault| {
        let judgement = judgement(Verdict::Unknown, format!("whether ssh is for the VPN only: {}", fault.said));
        let judgement = unread(judgement, &fault);
        Judgement { mend: fault.mend, ..judgement }.weight(45)
    };
    // Open from outside is broken, whatever else can't be seen.
    let outside = host.seen_from(Side::Outside);
    if let Ok(sight) = &outside
        && let [first, ..] = sight.open(port)[..]
    {
        return judgement(Verdict::Broken, format!("ssh answers from outside, {port} at {first}"))
            .mend("let the packet filter allow it from the VPN only")
            .asking(port.to_string(), "open from outside")
            .weight(75);
    }
    let closed = outside.and_then(|sight| {
        let doubt = sight.addresses().into_iter().find_map(|at| sight.proves_nothing(at, false));
        let answers: Vec<String> =
            sight.of(port).map(|one| format!("{} at {}", one.answer.word(), one.address)).collect();
        let untried = || Fault::new("its ssh port was not tried from outside");
        doubt.map_or(if answers.is_empty() { Err(untried()) } else { Ok(answers.join(", ")) }, Err)
    });
    let vpn = host.seen_from(Side::Vpn);
    match (closed, vpn) {
        (Err(fault), _) | (_, Err(fault)) => unknown(fault),
        (Ok(closed), Ok(sight)) => match &sight.open(port)[..] {
            [] => judgement(
                Verdict::Due,
                format!("ssh does not answer from the VPN, {}", words(&sight.of(port).collect::<Vec<_>>())),
            )
            .detail(&format!("from outside: {closed}"))
            .mend("let the packet filter allow it from the VPN, and look on which addresses sshd listens")
            .weight(55),
            [first, ..] => judgement(Verdict::Ok, "ssh answers from the VPN and not from outside".into())
                .detail(&format!("from the VPN ({}): {port} open at {first}\nfrom outside: {closed}", sight.view.by)),
        },
    }
}

fn words(tried: &[&crate::domain::facts::Tried]) -> String {
    let answers = tried.iter().filter(|one| one.answer != PortAnswer::Open);
    let words: Vec<String> = answers.map(|one| format!("{} at {}", one.answer.word(), one.address)).collect();
    if words.is_empty() { "it was not tried".into() } else { words.join(", ") }
}
