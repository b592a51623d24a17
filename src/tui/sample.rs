//! Invented rounds for tests, snapshots and measurements.

use std::sync::Arc;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::model::{Fleet, Start};
use super::theme::{Theme, ThemeError};
use crate::domain::{
    AxisLine, Because, Exhibit, Fault, Finding, FindingKey, Link, Mark, Particulars, Picture, Round, Seek, Shown,
    SourceId, SourceLine, SourceState, Subject, SubjectKind, Turn, Verdict, Window,
};
use crate::round::{Exhibited, Looked, Order, Update};

/// A Monday morning.
pub const NOW: &str = "2026-11-23T08:04:00Z";

/// What a fixture round is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Empty,
    Ok,
    Broken,
    Unknown,
}

/// [`NOW`], as a time.
pub fn now() -> Timestamp {
    NOW.parse().unwrap_or(Timestamp::UNIX_EPOCH)
}

fn ago(minutes: i64) -> Timestamp {
    now() - SignedDuration::from_mins(minutes)
}

/// A finding of this measure on some subject of this kind.
pub fn finding(measure: &str, kind: SubjectKind) -> Finding {
    let subject = Subject::new(kind, "sample");
    Finding {
        key: FindingKey::new(measure, &subject, None),
        measure: measure.into(),
        subject,
        verdict: Verdict::Ok,
        rank: 1,
        title: "as it should be".into(),
        since: ago(60 * 24 * 3),
        first_seen: ago(60 * 24 * 30),
        alike: None,
        asks: 0,
    }
}

/// What a line of the fixture says: measure, kind, subject, what is said when it is ok and when it is broken.
type Said = (&'static str, SubjectKind, &'static str, &'static str, &'static str);

const SAID: [Said; 11] = [
    (
        "advisories",
        SubjectKind::Advisory,
        "DSA-6321-1 openssl",
        "no server is vulnerable",
        "exploited · 3 of 31 servers vulnerable · fix 3.0.22-1~deb12u2 · listens on 443",
    ),
    ("advisories", SubjectKind::Feed, "Debian DSA", "read 4 m ago, 30 advisories", "answers 404: not there any more"),
    (
        "security-updates",
        SubjectKind::Host,
        "web7",
        "nothing pending",
        "6 security updates pending, 2 d; reboot required",
    ),
    ("security-updates", SubjectKind::Host, "db2", "nothing pending", "package lists are 9 d old"),
    (
        "admin-via-vpn",
        SubjectKind::Peer,
        "roman's laptop",
        "connected since 07:58",
        "connected with a revoked certificate",
    ),
    (
        "admin-via-vpn",
        SubjectKind::Vpn,
        "gate",
        "4 peers, all in the register",
        "\"mallory\" is in nobody's register, connected from 203.0.113.9",
    ),
    (
        "backup-on-site",
        SubjectKind::Host,
        "web7",
        "last night 02:14, 1 week, 2 weeks",
        "no snapshot from last night; nearest 21 Nov 02:14",
    ),
    ("backup-off-site", SubjectKind::Host, "db2", "last night 03:40, encrypted", "the repository is not encrypted"),
    (
        "approved-services",
        SubjectKind::Service,
        "Mailservice Ltd",
        "agreement of 1 Mar 2025, review in 98 d",
        "data processing agreement: review overdue for 6 d",
    ),
    (
        "encrypted-communication",
        SubjectKind::Service,
        "Nextcloud",
        "certificate good for 61 d",
        "certificate expired 2 d ago",
    ),
    (
        "approved-services",
        SubjectKind::Service,
        "日本語サービス",
        "agreement of 1 Jun 2026",
        "no agreement date in the register",
    ),
];

/// A small round in one state. The broken one also has what is due, unknown and ok.
pub fn round(state: State) -> Round {
    let findings = if state == State::Empty { Vec::new() } else { findings(state) };
    let names = ["feeds/Debian DSA", "servers/web7", "servers/db2", "vpn/gate", "backups/office"];
    let sources = if state == State::Empty { &[][..] } else { &names[..] };
    let sources = sources.iter().enumerate().map(|(number, name)| source(state, number, name)).collect();
    Round::new(ago(2), "roman".into(), sources, findings)
}

fn verdict(state: State, number: usize) -> Verdict {
    match (state, number) {
        (State::Ok | State::Empty, _) | (State::Broken, 1 | 7 | 9) => Verdict::Ok,
        (State::Unknown, _) | (State::Broken, 3) => Verdict::Unknown,
        (State::Broken, 8 | 10) => Verdict::Due,
        (State::Broken, _) => Verdict::Broken,
    }
}

fn findings(state: State) -> Vec<Finding> {
    let mut findings: Vec<_> = SAID.iter().enumerate().map(|(number, said)| said_of(state, number, said)).collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.verdict));
    for (rank, finding) in (1..).zip(&mut findings) {
        finding.rank = rank;
    }
    findings
}

fn said_of(state: State, number: usize, (measure, kind, name, ok, broken): &Said) -> Finding {
    let verdict = verdict(state, number);
    let subject = Subject::new(*kind, *name);
    let since = ago([12, 130, 45, 860, 6, 20, 1_500, 90, 9_000, 4_000, 70][number]);
    Finding {
        key: FindingKey::new(measure, &subject, None),
        subject,
        verdict,
        title: match verdict {
            Verdict::Ok => (*ok).into(),
            Verdict::Unknown => "silent for 14 h: ssh refused the host key (it changed)".into(),
            Verdict::Due | Verdict::Broken => (*broken).into(),
        },
        since,
        first_seen: since,
        ..finding(measure, *kind)
    }
}

/// What a finding of the fixture says to who looks closer.
fn particulars(finding: &Finding) -> Particulars {
    let ok = SAID.iter().find(|said| finding.measure == *said.0 && finding.subject.name == *said.2).map(|said| said.3);
    let name = &finding.subject.name;
    let said: Shown = format!("said: {}", ok.unwrap_or_default()).into();
    Particulars {
        detail: Shown::text(
            "openssl      3.0.20-1~deb12u1 → 3.0.22-1~deb12u2\nlibssl3      3.0.20-1~deb12u1 → 3.0.22-1~deb12u2",
        ),
        mend: (finding.verdict != Verdict::Ok)
            .then(|| "run unattended-upgrades on it and read its log if it stays".into()),
        because: vec![
            Because { source: format!("sources/{name}").into(), at: Some(ago(2)), said },
            Because { source: "limits.security_update".into(), at: None, said: "24h".into() },
        ],
        link: Link::parse("https://security-tracker.debian.org/tracker/DSA-6321-1"),
    }
}

/// How the servers stand towards an advisory.
fn stands(finding: &Finding) -> Vec<Turn> {
    let turn = |(item, word): (&str, &str)| Turn {
        at: finding.since,
        key: finding.key.clone(),
        item: item.into(),
        word: Some(word.into()),
    };
    let word = if finding.verdict == Verdict::Ok { "fixed" } else { "vulnerable" };
    let all = [("fix openssl bookworm", "3.0.22-1~deb12u2"), ("host db2", "fixed"), ("host web7", word)];
    if finding.subject.kind == SubjectKind::Advisory { all.map(turn).into() } else { Vec::new() }
}

/// Its verdict, and a fix of what is not ok.
fn turns(finding: &Finding) -> Vec<Turn> {
    let turn = |item: &str, word: &str| Turn {
        at: finding.since,
        key: finding.key.clone(),
        item: item.into(),
        word: Some(word.into()),
    };
    let fix = (finding.verdict == Verdict::Broken).then(|| turn("fix bookworm", "3.0.22-1~deb12u2"));
    std::iter::once(turn("verdict", finding.verdict.word())).chain(fix).collect()
}

/// The snapshots of a backup, and nothing of anything else.
fn exhibit(finding: &Finding) -> Option<Exhibit> {
    let marks = (1..4).map(|day| Mark { at: ago(60 * 24 * day), size: Some(1 << 30) }).collect();
    let last = Window { from: ago(600), until: now(), name: "last night".into(), verdict: finding.verdict };
    let line = AxisLine { name: "repository".into(), marks, windows: vec![last] };
    let picture = Picture::Axis { from: ago(60 * 24 * 21), until: now(), lines: vec![line] };
    (finding.measure == *"backup-on-site").then(|| Exhibit { title: "snapshots of three weeks".into(), picture })
}

/// Who answers for the store when somebody looks at a finding of this round.
pub fn answers(round: &Round) -> impl Fn(&Order) -> Vec<Update> + use<> {
    let all: Vec<_> = round.findings.iter().map(|finding| (finding.clone(), particulars(finding))).collect();
    move |order| match order {
        Order::Look(subject) => {
            let theirs = all.iter().filter(|(finding, _)| finding.subject == *subject);
            let particulars = theirs.map(|(finding, said)| (finding.key.clone(), said.clone())).collect();
            let theirs = all.iter().filter(|(finding, _)| finding.subject == *subject);
            let turns = theirs.clone().flat_map(|(finding, _)| turns(finding)).collect();
            let exhibits =
                theirs.filter_map(|(finding, _)| Some((finding.measure.clone(), exhibit(finding)?))).collect();
            vec![
                Update::Looked(Looked { subject: subject.clone(), particulars, turns, then: None }),
                Update::Exhibited(Exhibited { subject: subject.clone(), exhibits, then: None, is_whole: true }),
            ]
        }
        Order::Seek(seeks) => {
            let found = |seek: &Seek| {
                let fits = |said: &Particulars| match seek {
                    Seek::Word(_) => seek.fits(said.detail.as_str()),
                    Seek::Source(_) => said.because.iter().any(|because| seek.fits(because.source.as_str())),
                };
                all.iter().filter(|(_, said)| fits(said)).map(|(finding, _)| finding.key.clone()).collect()
            };
            vec![Update::Sought(seeks.iter().map(|seek| (seek.clone(), found(seek))).collect())]
        }
        Order::Stand(measure) => {
            let theirs = all.iter().filter(|(finding, _)| finding.measure == **measure);
            vec![Update::Stands(None, theirs.flat_map(|(finding, _)| stands(finding)).collect())]
        }
        Order::RefreshAll
        | Order::Refresh(_)
        | Order::RefreshSubject(_)
        | Order::Request(_)
        | Order::Prepare(_)
        | Order::Do(_)
        | Order::AsOf(_) => Vec::new(),
    }
}

fn source(state: State, number: usize, name: &str) -> SourceLine {
    let (collector, name) = name.split_once('/').unwrap_or((name, name));
    let silent = state == State::Unknown || (state == State::Broken && number == 2);
    let fault = silent.then(|| Fault::new("ssh refused the host key (it changed)").mend("ssh-keygen -R db2"));
    SourceLine {
        id: SourceId::new(collector, name),
        state: if silent { SourceState::Silent } else { SourceState::Fresh },
        at: Some(ago(if silent { 860 } else { 14 })),
        took_ms: Some(120),
        fault,
    }
}

/// A large round: this many findings on this many servers, every fourth of them not ok.
pub fn fleet(servers: usize, findings: usize) -> Round {
    let measures = ["security-updates", "backup-on-site", "backup-off-site", "encrypted-communication"];
    let mut all: Vec<_> = (0..findings)
        .map(|number| {
            let subject = Subject::host(format!("server{:04}", number % servers.max(1)));
            let measure = measures[number / servers.max(1) % measures.len()];
            let part: Shown = format!("part {number}").into();
            let verdict = [Verdict::Ok, Verdict::Ok, Verdict::Ok, Verdict::ALL[1 + number / 4 % 3]][number % 4];
            Finding {
                key: FindingKey::new(measure, &subject, Some(&part)),
                subject,
                verdict,
                title: format!("finding {number}: 6 security updates pending, reboot required").into(),
                since: ago(i64::try_from(number).unwrap_or(0)),
                ..finding(measure, SubjectKind::Host)
            }
        })
        .collect();
    all.sort_by_key(|finding| std::cmp::Reverse(finding.verdict));
    for (rank, finding) in (1..).zip(&mut all) {
        finding.rank = rank;
    }
    Round { findings: all, ..round(State::Empty) }
}

/// A console's start on a round, in the dark theme and UTC.
pub fn start(round: Round) -> Result<Start, ThemeError> {
    Ok(Start {
        round: Arc::new(round),
        now: now(),
        zone: TimeZone::UTC,
        theme: Theme::built_in("dark")?,
        demo: false,
        hints: Vec::new(),
        fleet: Fleet::default(),
    })
}
