//! A server to judge, for the tests of the rules that look at ports.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::domain::facts::{
    Filter, FilterProgram, FilterRules, HostDeclared, HostExposure, Listener, Listening, PortAnswer, Side, Speech,
    Tried, Unheard, View, Views, ViewsDeclared,
};
use crate::domain::{
    Declared, Evidence, Fact, Fault, Judgement, Limits, Observation, Period, Port, Read, SourceId, SourceRecord,
    Subject,
};
use crate::policy::Case;

pub const OUT: &str = "203.0.113.5";

pub fn now() -> Timestamp {
    "2026-11-25T08:00:00Z".parse().unwrap()
}

/// web1, in the making.
#[derive(Debug, Clone)]
pub struct Scene {
    pub ports: Option<Vec<&'static str>>,
    pub listens: Vec<(&'static str, &'static str, &'static str)>,
    pub outside: Vec<(&'static str, &'static str, PortAnswer)>,
    pub vpn: Vec<(&'static str, &'static str, PortAnswer)>,
    pub here: Vec<(&'static str, &'static str, PortAnswer)>,
    pub ssh: u16,
    pub spoken: Vec<Speech>,
    pub unheard: Vec<Unheard>,
    pub unlisted: Option<Fault>,
}

impl Default for Scene {
    /// In order: web from anywhere, ssh from the VPN.
    fn default() -> Self {
        Self {
            ports: Some(vec!["tcp/443", "tcp/22 from vpn"]),
            listens: vec![
                ("tcp/443", "*", "nginx"),
                ("tcp/22", "0.0.0.0", "sshd"),
                ("tcp/3306", "127.0.0.1", "mariadbd"),
            ],
            outside: vec![
                ("tcp/443", OUT, PortAnswer::Open),
                ("tcp/22", OUT, PortAnswer::Silent),
                ("tcp/6379", OUT, PortAnswer::Refused),
            ],
            vpn: vec![("tcp/443", "10.8.0.5", PortAnswer::Open), ("tcp/22", "10.8.0.5", PortAnswer::Open)],
            here: Vec::new(),
            ssh: 22,
            spoken: Vec::new(),
            unheard: Vec::new(),
            unlisted: None,
        }
    }
}

impl Scene {
    pub fn evidence(&self) -> Evidence {
        let subject = Subject::host("web1");
        let ports = self.ports.as_ref().map(|ports| ports.iter().map(|port| port.parse().unwrap()).collect());
        let declared = Fact::HostDeclared(HostDeclared { ports, ..HostDeclared::default() });
        let text = r#"{"nftables": [{"chain": {"family": "inet", "table": "f", "name": "i", "type": "filter", "hook": "input", "policy": "drop"}}]}"#;
        let rules = vec![FilterRules { program: FilterProgram::Nft, text: text.into() }];
        let inside = HostExposure {
            listening: Read::Seen(Listening { listeners: self.listens.iter().map(listener).collect(), unnamed: None }),
            filter: Read::Seen(Filter { rules }),
        };
        let sides = [(Side::Outside, &self.outside), (Side::Vpn, &self.vpn), (Side::Here, &self.here)];
        let there = sides.iter().filter(|(_, tried)| !tried.is_empty());
        let views = there.map(|(side, tried)| View {
            side: *side,
            by: "gate".into(),
            tried: Read::Seen(tried.iter().map(|(port, address, answer)| tried_of(port, address, *answer)).collect()),
        });
        let views = Views {
            views: views.collect(),
            ssh: Some(Port::tcp(self.ssh)),
            spoken: self.spoken.clone(),
            unheard: self.unheard.clone(),
            unlisted: self.unlisted.clone(),
        };
        let named = |tried: &Vec<_>| (!tried.is_empty()).then(|| "gate".into());
        let lookers = ViewsDeclared { outside: named(&self.outside), vpn: named(&self.vpn) };
        Evidence {
            sources: vec![
                source("servers", &subject, declared, Fact::HostExposure(Box::new(inside))),
                source("exposure", &subject, Fact::ViewsDeclared(lookers), Fact::Views(views)),
            ],
            configured: true,
            ..Evidence::default()
        }
    }
}

fn listener((port, address, program): &(&str, &str, &str)) -> Listener {
    Listener { port: port.parse().unwrap(), address: (*address).into(), programs: vec![(*program).into()] }
}

fn tried_of(port: &str, address: &str, answer: PortAnswer) -> Tried {
    Tried { port: port.parse().unwrap(), address: address.parse().unwrap(), answer }
}

fn source(collector: &str, subject: &Subject, declared: Fact, seen: Fact) -> SourceRecord {
    SourceRecord {
        id: SourceId::new(collector, subject.name.clone()),
        declared: vec![Declared { subject: subject.clone(), fact: declared, place: "a.toml:1".into() }],
        seen: vec![Observation { subject: subject.clone(), at: now(), fact: seen }],
        good_at: Some(now()),
        asked_at: Some(now()),
        took_ms: None,
        fault: None,
        failures: 0,
        stale_after: Period::hours(4),
    }
}

pub fn judged(evidence: &Evidence, judge: fn(&Case<'_>) -> Vec<Judgement>) -> Vec<Judgement> {
    judge(&Case { evidence, limits: &Limits::default(), now: now(), zone: &TimeZone::UTC })
}

/// A source that never answered.
pub fn silence(evidence: &mut Evidence, collector: &str) {
    let source = evidence.sources.iter_mut().find(|source| source.id.collector == *collector).unwrap();
    (source.seen, source.good_at) = (Vec::new(), None);
    source.fault = Some(Fault::new("refused").mend("start sshd"));
}
