//! A small organisation, and what its sources answer on a morning on which all is well.

use std::sync::Arc;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use matins::collect::Source;
use matins::domain::facts::{
    Account, AptSeen, AuthorizedKey, Bulletin, BulletinFix, Bulletins, CertificateSeen, Exploited, Fact, Filter,
    FilterProgram, FilterRules, Fix, Group, HostExposure, HostPower, HostSeen, HostSoftware, Issue, IssueState, Kernel,
    KeysSeen, Listener, Listening, Package, Packages, Pending, PortAnswer, Protocol, Reached, Reboot, Release,
    Repository, ServiceSeen, Side, Signature, Snapshot, Snapshots, Speech, SudoRule, Tracker, Tried, Unattended,
    UnattendedRun, Urgency, View, Views, VpnClient, VpnClients,
};
use matins::domain::{Observation, Port, Read, Shown, Subject, SubjectKind};

pub const REGISTER: &str = r#"
[console]
operator = "mona"
timezone = "Europe/Vienna"

[[server]]
name = "web1"
role = "web"
[[server]]
name = "web2"
role = "web"
[[server]]
name = "db1"
role = "db"

[[role]]
name = "web"
ports = ["tcp/22 from vpn", "tcp/443"]
packages = ["nginx"]
[[role]]
name = "db"
ports = ["tcp/22 from vpn"]
packages = ["nginx"]

[advisories]
debian_tracker = "https://tracker.example.org/json"
debian_dsa = "https://tracker.example.org/DSA"
kev = "https://kev.example.org/kev.json"

[exposure]
outside = "web2"
vpn = "console"

[[vpn]]
name = "gate"
kind = "openvpn"
status = "db1:/run/openvpn/status.log"

[[peer]]
name = "mona's laptop"
person = "mona"
common_name = "mona"

[[backup]]
name = "web1 dumps"
of = ["web1"]
kind = "directory"
path = "/srv/web1"
slots = ["last night", "1 week"]

[[backup]]
name = "web2 dumps"
of = ["web2"]
kind = "directory"
path = "/srv/web2"
slots = ["last night", "1 week"]

[[backup]]
name = "db1 dumps"
of = ["db1"]
kind = "directory"
path = "/srv/db1"
slots = ["last night"]

[[service]]
name = "cloud"
url = "https://cloud.example.org"
data = ["personal"]
agreement = 2026-01-07
review = "1y"

[[person]]
name = "mona"
role = "administrator"
accounts = ["mona"]
keys = ["SHA256:mona"]
[[person]]
name = "anna"
role = "administrator"
"#;

/// What one source answers.
pub type Answer = Vec<(Subject, Fact)>;

/// What each answers when all is well.
pub fn well(source: &Source, now: Timestamp) -> Vec<Observation> {
    let name = source.id.name.as_str();
    let facts = match source.id.collector.as_str() {
        "servers" => server(name, now),
        "exposure" => vec![(Subject::host(name), Fact::Views(views(name)))],
        "advisories" => vec![(Subject::new(SubjectKind::Feed, name), truth(name, now))],
        "vpn" => vec![(Subject::new(SubjectKind::Vpn, name), Fact::VpnClients(clients(now, &["mona"])))],
        "backups" => vec![(Subject::new(SubjectKind::Backup, name), Fact::Snapshots(nights(now, 0..15)))],
        "services" => vec![(Subject::new(SubjectKind::Service, name), Fact::ServiceSeen(answers(now, 60)))],
        other => panic!("nobody answers for {other}"),
    };
    facts.into_iter().map(|(subject, fact)| Observation { subject, at: now, fact }).collect()
}

fn server(name: &str, now: Timestamp) -> Answer {
    let host = Subject::host(name);
    let package = |name: &str, source: &str, version: &str| Package {
        name: name.into(),
        version: version.into(),
        source: source.into(),
        source_version: version.into(),
    };
    let packages =
        vec![package("nginx", "nginx", "1.22.1-9+deb12u3"), package("openssl", "openssl", "3.0.17-1~deb12u3")];
    vec![
        (host.clone(), Fact::HostSeen(Box::new(seen(now)))),
        (host.clone(), Fact::HostExposure(Box::new(exposure(name)))),
        (host.clone(), Fact::HostPower(Box::new(power()))),
        (host.clone(), Fact::HostSoftware(Box::new(software()))),
        (host, Fact::Packages(Arc::new(Packages { packages }))),
    ]
}

pub fn seen(now: Timestamp) -> HostSeen {
    let hours = |hours| now - SignedDuration::from_hours(hours);
    let repository = |security: bool| Repository {
        file: "debian_dists_bookworm_InRelease".into(),
        origin: if security { "Debian-Security" } else { "Debian" }.into(),
        vendor: "Debian".into(),
        codename: if security { "bookworm-security" } else { "bookworm" }.into(),
        security,
        dated: Some(hours(20)),
        valid_until: Some(hours(-140)),
        unending: false,
        signature: Signature::Good,
    };
    HostSeen {
        release: Read::Seen(Release {
            id: "debian".into(),
            version: "12".into(),
            codename: "bookworm".into(),
            pretty: "Debian GNU/Linux 12".into(),
        }),
        kernel: Read::Seen(Kernel { running: "6.1.0-41-amd64".into(), installed: Some("6.1.0-41-amd64".into()) }),
        pending: Read::Seen(Vec::new()),
        lists_at: Read::Seen(hours(3)),
        reboot: Read::Seen(Reboot { flag: None, kernel: false, needrestart: Some(false) }),
        unattended: Read::Seen(Unattended {
            installed: true,
            enabled: true,
            covers_security: Some(true),
            covers_doubt: None,
            last: Read::Seen(Some(UnattendedRun {
                at: hours(2),
                failed: false,
                said: "All upgrades installed".into(),
                causes: Vec::new(),
                kept: Vec::new(),
            })),
        }),
        half_configured: Read::Seen(Vec::new()),
        held: Read::Seen(Vec::new()),
        uptime_seconds: Read::Seen(1_000_000),
        apt: Read::Seen(AptSeen { repositories: vec![repository(true), repository(false)], ..AptSeen::default() }),
        outdated_services: Read::Seen(Vec::new()),
        clock_skew_seconds: Read::Seen(0),
    }
}

pub fn pending(package: &str, candidate: &str) -> Pending {
    Pending {
        package: package.into(),
        installed: Some("1.22.1-9+deb12u3".into()),
        candidate: candidate.into(),
        security: true,
        pinned: false,
        origin: "Debian-Security:12/stable-security".into(),
    }
}

fn exposure(name: &str) -> HostExposure {
    let listener = |port: &str, program: &str| Listener {
        port: port.parse().unwrap(),
        address: "0.0.0.0".into(),
        programs: vec![program.into()],
    };
    let mut listeners = vec![listener("tcp/22", "sshd")];
    let mut allowed = "22".to_owned();
    if name.starts_with("web") {
        listeners.push(listener("tcp/443", "nginx"));
        allowed += ", 443";
    }
    // As nft -j list ruleset(8) prints it.
    let text = format!(
        r#"{{"nftables": [{{"metainfo": {{"version": "1.0.6", "json_schema_version": 1}}}},
{{"table": {{"family": "inet", "name": "filter", "handle": 1}}}},
{{"chain": {{"family": "inet", "table": "filter", "name": "input", "handle": 1, "type": "filter", "hook": "input", "prio": 0, "policy": "drop"}}}},
{{"rule": {{"family": "inet", "table": "filter", "chain": "input", "handle": 2, "expr": [{{"match": {{"op": "==", "left": {{"meta": {{"key": "iifname"}}}}, "right": "lo"}}}}, {{"accept": null}}]}}}},
{{"rule": {{"family": "inet", "table": "filter", "chain": "input", "handle": 3, "expr": [{{"match": {{"op": "==", "left": {{"payload": {{"protocol": "tcp", "field": "dport"}}}}, "right": {{"set": [{allowed}]}}}}}}, {{"accept": null}}]}}}}]}}"#
    );
    let filter = Filter { rules: vec![FilterRules { program: FilterProgram::Nft, text }] };
    HostExposure { listening: Read::Seen(Listening { listeners, unnamed: None }), filter: Read::Seen(filter) }
}

pub fn power() -> HostPower {
    let account = |name: &str, uid| Account {
        name: name.into(),
        uid,
        gid: uid,
        home: format!("/home/{name}").into(),
        shell: "/bin/bash".into(),
    };
    HostPower {
        accounts: Read::Seen(vec![account("root", 0), account("mona", 1000)]),
        groups: Read::Seen(vec![Group { name: "sudo".into(), gid: 27, members: vec!["mona".into()] }]),
        sudoers: Read::Seen(vec![SudoRule { who: "%sudo".into(), all: true, commands: Vec::new() }]),
        keys: Read::Seen(KeysSeen {
            keys: vec![AuthorizedKey {
                fingerprint: "SHA256:mona".into(),
                account: "mona".into(),
                comment: "mona".into(),
            }],
            hidden: Vec::new(),
        }),
        logins: Read::Seen(Vec::new()),
        remote_logins: Read::Seen(Some(Vec::new())),
        own_key: Some("SHA256:mona".into()),
    }
}

fn software() -> HostSoftware {
    HostSoftware {
        chosen: Read::Seen(vec!["nginx".into()]),
        unsourced: Read::Seen(Vec::new()),
        listening: Read::Seen(Vec::new()),
    }
}

fn views(name: &str) -> Views {
    let port = |text: &str| text.parse::<Port>().unwrap();
    let tried = |port, answer| Tried { port, address: "192.0.2.7".parse().unwrap(), answer };
    let web = name.starts_with("web");
    let view = |side, by: &str, ssh| View {
        side,
        by: by.into(),
        tried: Read::Seen(vec![
            tried(port("tcp/22"), ssh),
            tried(port("tcp/443"), if web { PortAnswer::Open } else { PortAnswer::Silent }),
        ]),
    };
    let https = Speech { named: true, ..Speech::of(port("tcp/443"), Protocol::Tls) };
    let ssh = Speech::of(port("tcp/22"), Protocol::Ssh);
    Views {
        views: vec![view(Side::Outside, "web2", PortAnswer::Silent), view(Side::Vpn, "this machine", PortAnswer::Open)],
        ssh: Some(port("tcp/22")),
        spoken: if web { vec![ssh, https] } else { vec![ssh] },
        unheard: Vec::new(),
        unlisted: None,
    }
}

fn truth(name: &str, now: Timestamp) -> Fact {
    match name {
        "debian_tracker" => {
            let fix = Fix::In("3.0.17-1~deb12u3".into());
            let state = IssueState { fix, urgency: Urgency::Medium, no_dsa: None };
            let issue = Issue { id: "CVE-2026-1001".into(), remote: None, states: vec![(0, state)] };
            let packages = [("openssl".into(), vec![issue])].into();
            Fact::DebianTracker(Arc::new(Tracker { releases: vec!["bookworm".into()], packages }))
        }
        "debian_dsa" => Fact::Bulletins(Arc::new(Bulletins {
            bulletins: vec![bulletin("DSA-6001-1", now, "CVE-2026-1001", "openssl", "3.0.17-1~deb12u3")],
        })),
        "kev" => Fact::Exploited(Arc::new(exploited(now, &["CVE-2020-1"]))),
        other => panic!("nobody answers for {other}"),
    }
}

/// Published the day before.
pub fn bulletin(id: &str, now: Timestamp, cve: &str, package: &str, fixed: &str) -> Bulletin {
    Bulletin {
        withdrawn: None,
        id: id.into(),
        date: Some(yesterday(now)),
        title: format!("{package} security update").into(),
        cves: vec![cve.into()],
        fixed: vec![("bookworm".into(), package.into(), BulletinFix::In(fixed.into()))],
    }
}

fn yesterday(now: Timestamp) -> Date {
    TimeZone::UTC.to_datetime(now - SignedDuration::from_hours(24)).date()
}

pub fn exploited(now: Timestamp, cves: &[&str]) -> Exploited {
    let since = yesterday(now);
    Exploited { released: Some(since), listed: cves.iter().map(|cve| (Shown::from(*cve), since)).collect() }
}

pub fn clients(now: Timestamp, names: &[&str]) -> VpnClients {
    let client = |name: &&str| VpnClient {
        common_name: (*name).into(),
        username: None,
        real_address: "203.0.113.9:1194".into(),
        virtual_addresses: vec!["10.8.0.2".into()],
        since: Some(now - SignedDuration::from_mins(20)),
        bytes_received: 1_000,
        bytes_sent: 1_000,
        id: None,
    };
    VpnClients {
        written_at: Read::Seen(now),
        clients: names.iter().map(client).collect(),
        ambiguous: Vec::new(),
        told_by: "status file db1:/run/openvpn/status.log, version 2".into(),
    }
}

/// Snapshots of these nights, 0 the last, each made at 02:10 in Vienna.
pub fn nights(now: Timestamp, nights: std::ops::Range<i64>) -> Snapshots {
    let zone = TimeZone::get("Europe/Vienna").unwrap();
    let today = zone.to_datetime(now).date();
    let made = |night: i64| {
        let at = today.checked_sub(jiff::Span::new().days(night)).unwrap().at(2, 10, 0, 0);
        zone.to_ambiguous_timestamp(at).compatible().unwrap()
    };
    Snapshots {
        snapshots: nights.map(|night| Snapshot::new(format!("night {night}"), made(night))).collect(),
        ..Snapshots::default()
    }
}

pub fn answers(now: Timestamp, days: i64) -> ServiceSeen {
    let at = |days: i64| now + SignedDuration::from_hours(24 * days);
    let certificate = CertificateSeen {
        subject: "cloud.example.org".into(),
        issuer: "Example CA".into(),
        names: vec!["cloud.example.org".into()],
        not_before: at(-30),
        not_after: at(days),
        name_matches: true,
        trusted: Read::Seen(()),
    };
    ServiceSeen {
        url: matins::domain::Link::parse("https://cloud.example.org").unwrap(),
        reached: Read::Seen(Reached { status: 200, took_ms: 80, redirect: None }),
        certificate: Some(Read::Seen(certificate)),
    }
}
