use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::*;
use crate::domain::{
    Chime, Decided, Fault, Finding, FindingKey, Judgement, Round, SourceId, SourceLine, SourceState, Subject,
};

mod restless;

fn at(hour: i64) -> Timestamp {
    // A Wednesday, from midnight on.
    "2026-11-25T00:00:00Z".parse::<Timestamp>().unwrap() + jiff::SignedDuration::from_hours(hour)
}

fn entry(section: &'static str, value: Value) -> Entry {
    Entry { section, value, place: "matins.toml:1".into(), index: 0 }
}

fn servers() -> Vec<Server> {
    ["web1", "web2", "db1"].map(|name| Server { name: name.into(), ..Server::local() }).to_vec()
}

fn planned(notify: Value, maintenance: &[Value]) -> Telling {
    let mut entries = vec![entry("notify", notify)];
    entries.extend(maintenance.iter().map(|value| entry("maintenance", value.clone())));
    Telling::plan(&entries, &servers()).unwrap()
}

fn command(more: &Value) -> Telling {
    let mut value = json!({"name": "phone", "kind": "command", "command": ["cat"]});
    value.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    planned(value, &[])
}

fn refused(value: &Value) -> String {
    Telling::plan(&[entry("notify", value.clone())], &[]).unwrap_err()[0].message.clone()
}

fn finding(host: &str, verdict: Verdict) -> Finding {
    Judgement::new("security-updates", Subject::host(host), verdict, "3 security updates")
        .with_history(1, at(0), None)
        .0
}

fn source(name: &str, fails: bool) -> SourceLine {
    SourceLine {
        id: SourceId::new("servers", name),
        state: if fails { SourceState::Silent } else { SourceState::Fresh },
        at: None,
        took_ms: None,
        fault: fails.then(|| Fault::passing("refused")),
    }
}

fn round(hour: i64, findings: &[(&str, Verdict)]) -> Round {
    let findings = findings.iter().map(|(host, verdict)| finding(host, *verdict)).collect();
    let sources = ["web1", "web2", "db1"].map(|name| source(name, false)).to_vec();
    Round::new(at(hour), "mona".into(), sources, findings)
}

/// Tells, if there is anything: title and lines.
fn tell(telling: &Telling, round: &Round, memory: &mut Memory) -> Option<(String, Vec<String>)> {
    let case = Case { channel: &telling.channels[0], quiet: &telling.quiet, round, zone: &TimeZone::UTC };
    let news = news(case, memory)?;
    memory.take(&news);
    Some((news.title.to_string(), news.lines.iter().map(ToString::to_string).collect()))
}

use Verdict::{Broken, Due, Ok as Fine, Unknown};

#[test]
fn a_change_is_told_once_and_so_is_its_end() {
    let (telling, mut memory) = (command(&json!({})), Memory::default());
    let told = tell(&telling, &round(8, &[("web1", Broken), ("web2", Due), ("db1", Fine)]), &mut memory).unwrap();
    assert_eq!(told, ("matins: 1 broken".into(), vec!["✖ broken web1: 3 security updates".into()]));
    assert_eq!(tell(&telling, &round(9, &[("web1", Broken), ("web2", Due)]), &mut memory), None);
    let told = tell(&telling, &round(10, &[("web1", Unknown), ("web2", Broken)]), &mut memory).unwrap();
    assert_eq!(told.0, "matins: 1 broken, 1 unknown");
    let told = tell(&telling, &round(11, &[("web1", Due), ("db1", Fine)]), &mut memory).unwrap();
    assert_eq!(told.0, "matins: 2 better");
    assert_eq!(told.1, ["▲ due web1: 3 security updates", "· gone security-updates/web2"]);
    assert_eq!(tell(&telling, &round(12, &[("web1", Fine)]), &mut memory), None, "due was not told either");
}

#[test]
fn what_could_not_be_told_is_told_with_what_comes_next() {
    let (telling, mut memory) = (command(&json!({})), Memory::default());
    let first = round(8, &[("web1", Broken)]);
    let case = Case { channel: &telling.channels[0], quiet: &[], round: &first, zone: &TimeZone::UTC };
    assert!(news(case, &mut memory).is_some());
    memory.miss(at(8), "refused".into());
    memory.miss(at(9), "refused again".into());
    assert_eq!(memory.fault, Some((at(8), "refused again".into())));
    // As the store keeps it.
    let mut memory: Memory = serde_json::from_str(&serde_json::to_string(&memory).unwrap()).unwrap();
    let told = tell(&telling, &round(9, &[("web1", Broken), ("web2", Broken)]), &mut memory).unwrap();
    assert_eq!((told.0.as_str(), told.1.len()), ("matins: 2 broken", 2));
    assert_eq!(memory.fault, None);
}

#[test]
fn what_is_decided_is_nobodys_news() {
    let (telling, mut memory) = (command(&json!({})), Memory::default());
    let decided = |mut round: Round| {
        let decided: Decided = serde_json::from_value(json!({
            "entry": 1, "kind": "accept", "by": "mona", "at": at(0), "until": at(100), "reason": "known"
        }))
        .unwrap();
        round.decisions = BTreeMap::from([(FindingKey::from("security-updates/web1"), decided)]);
        round
    };
    assert_eq!(tell(&telling, &decided(round(8, &[("web1", Broken)])), &mut memory), None);
    assert!(tell(&telling, &round(9, &[("web1", Broken)]), &mut memory).is_some(), "the decision ended");
    assert_eq!(tell(&telling, &decided(round(10, &[("web1", Broken)])), &mut memory), None, "settled is not better");
    assert_eq!(tell(&telling, &round(11, &[("web1", Fine)]), &mut memory), None);
}

#[test]
fn quiet_hours_hold_back_and_tell_what_is_left() {
    let (telling, mut memory) = (command(&json!({"quiet": "22:00-06:00"})), Memory::default());
    assert_eq!(tell(&telling, &round(2, &[("web1", Broken), ("web2", Broken)]), &mut memory), None);
    let told = tell(&telling, &round(6, &[("web1", Fine), ("web2", Broken)]), &mut memory).unwrap();
    assert_eq!(told.0, "matins: 1 broken");
}

#[test]
fn a_digest_waits_and_forgets_what_went_by() {
    let (telling, mut memory) = (command(&json!({"digest": "2h"})), Memory::default());
    assert_eq!(tell(&telling, &round(8, &[("web1", Broken)]), &mut memory), None);
    assert_eq!(tell(&telling, &round(9, &[("web1", Fine)]), &mut memory), None);
    assert_eq!(tell(&telling, &round(10, &[("web2", Broken)]), &mut memory), None, "its two hours begin now");
    assert_eq!(tell(&telling, &round(12, &[("web2", Broken)]), &mut memory).unwrap().0, "matins: 1 broken");
}

#[test]
fn a_server_in_maintenance_is_left_alone() {
    let quiet = [
        json!({"of": ["web1"], "hours": "Wed 02:00-04:00"}),
        json!({"of": ["db1"], "from": "2026-11-25 02:00", "until": "2026-11-25 04:00"}),
    ];
    let telling = planned(json!({"name": "phone", "kind": "command", "command": ["cat"]}), &quiet);
    let mut memory = Memory::default();
    let night = [("web1", Broken), ("db1", Broken)];
    assert_eq!(tell(&telling, &round(3, &night), &mut memory), None);
    assert_eq!(tell(&telling, &round(4, &night), &mut memory).unwrap().0, "matins: 2 broken");
    assert_eq!(
        tell(&telling, &round(3 + 7 * 24, &[("web1", Fine), ("db1", Broken)]), &mut memory),
        None,
        "nor that it is better"
    );
    assert_eq!(
        tell(&telling, &round(5 + 7 * 24, &[("web1", Fine), ("db1", Broken)]), &mut memory).unwrap().0,
        "matins: 1 better"
    );
}

#[test]
fn our_own_outage_is_one_message_and_one_summary() {
    let (telling, mut memory) = (command(&json!({})), Memory::default());
    tell(&telling, &round(7, &[("web1", Broken), ("db1", Fine)]), &mut memory).unwrap();
    let dark = |hour| {
        let mut round = round(hour, &[("web1", Unknown), ("web2", Unknown), ("db1", Unknown)]);
        round.sources = vec![source("web1", true), source("web2", true), source("db1", false)];
        round
    };
    assert_eq!(tell(&telling, &dark(8), &mut memory).unwrap().0, "matins: 2 of 3 sources don't answer");
    assert_eq!(tell(&telling, &dark(9), &mut memory), None);
    // What a source sees that still answers is told.
    let mut seen = dark(10);
    seen.findings.push(finding("db2", Broken));
    assert_eq!(tell(&telling, &seen, &mut memory).unwrap().1, ["✖ broken db2: 3 security updates"]);
    assert_eq!(tell(&telling, &seen, &mut memory), None);
    let told = tell(&telling, &round(11, &[("web1", Broken), ("db1", Broken), ("db2", Broken)]), &mut memory).unwrap();
    assert_eq!(told.0, "matins: 1 broken");
    assert_eq!(told.1, ["After 3 h in which most sources did not answer:", "✖ broken db1: 3 security updates"]);
    assert_eq!(tell(&telling, &round(12, &[("web1", Broken), ("db1", Broken), ("db2", Broken)]), &mut memory), None);
    // Nothing new after it: that it is over is told all the same, since it was told.
    tell(&telling, &dark(13), &mut memory).unwrap();
    let told = tell(&telling, &round(14, &[("web1", Broken), ("db1", Broken), ("db2", Broken)]), &mut memory).unwrap();
    assert_eq!(told.0, "matins: the sources answer again");
}

#[test]
fn a_message_has_an_end_and_may_hold_numbers_only() {
    let names: Vec<String> = (0..500).map(|number| format!("web{number}")).collect();
    let many: Vec<(&str, Verdict)> = names.iter().map(|name| (name.as_str(), Broken)).collect();
    let told = tell(&command(&json!({})), &round(8, &many), &mut Memory::default()).unwrap();
    assert_eq!((told.0.as_str(), told.1.len()), ("matins: 500 broken", 20));
    assert_eq!(told.1[19], "and 481 more: matins shows them");
    let told = tell(&command(&json!({"counts_only": true})), &round(8, &many), &mut Memory::default()).unwrap();
    assert_eq!(told, ("matins: 500 broken".into(), Vec::new()));
}

#[test]
fn only_the_verdicts_that_were_asked_for_are_told() {
    let telling = command(&json!({"about": ["due"]}));
    let told = tell(&telling, &round(8, &[("web1", Broken), ("web2", Due)]), &mut Memory::default()).unwrap();
    assert_eq!(told.0, "matins: 1 due");
}

#[test]
fn what_does_not_fit_is_said_at_its_key() {
    for (value, said) in [
        (json!({"name": " ", "kind": "ping", "url": "https://h.example/x"}), "needs a name"),
        (json!({"name": "a", "kind": "pigeon"}), "is no way to tell anybody"),
        (json!({"name": "a", "kind": "ntfy"}), "ntfy needs a `url`"),
        (json!({"name": "a", "kind": "ntfy", "url": "https://ntfy.example/"}), "write the topic"),
        (json!({"name": "a", "kind": "ping", "url": "http://h.example/x"}), "write an https address"),
        (
            json!({"name": "a", "kind": "webhook", "url": "https://u:p@h.example/x"}),
            "no login belongs into the address",
        ),
        (json!({"name": "a", "kind": "command", "command": []}), "write the program"),
        (json!({"name": "a", "kind": "mail"}), "write mail ="),
        (json!({"name": "a", "kind": "mail", "mail": {"to": [], "from": "a@b.example"}}), "nobody is named"),
        (json!({"name": "a", "kind": "mail", "mail": {"to": ["x"], "from": "a@b.example"}}), "`x` is no mail address"),
        (
            json!({"name": "a", "kind": "mail", "mail": {"to": ["x@b.example"], "from": "a@b.example", "server": "h:x"}}),
            "`x` is no port",
        ),
        (
            json!({"name": "a", "kind": "mail", "mail": {"to": ["x@b.example"], "from": "a@b.example", "server": "h", "login": "l"}}),
            "belong together",
        ),
        (json!({"name": "a", "kind": "command", "command": ["c"], "about": ["ok"]}), "write some of"),
        (
            json!({"name": "a", "kind": "webhook", "url": "https://h.example/x", "token": {"env": "T"}}),
            "`token` means nothing to webhook",
        ),
        (json!({"name": "a", "kind": "ping", "url": "https://h.example/x", "about": ["due"]}), "means nothing to ping"),
        (json!({"name": "a", "kind": "command", "command": ["c"], "quiet": "night"}), "are no hours"),
    ] {
        let refused = refused(&value);
        assert!(refused.contains(said), "{value}: {refused}");
    }
    let twice = json!({"name": "a", "kind": "command", "command": ["c"]});
    let misfits = Telling::plan(&[entry("notify", twice.clone()), entry("notify", twice)], &[]).unwrap_err();
    assert!(misfits[0].message.contains("another channel"));
    for value in [
        json!({"of": []}),
        json!({"of": ["wbe1"], "hours": "Sun 02:00-04:00"}),
        json!({"of": ["web1"]}),
        json!({"of": ["web1"], "from": "2026-12-01 22:00"}),
        json!({"of": ["web1"], "hours": "x"}),
    ] {
        assert!(Telling::plan(&[entry("maintenance", value)], &servers()).is_err());
    }
}

#[test]
fn what_was_told_and_goes_dark_or_breaks_is_never_better() {
    let (phone, mut memory) = (command(&json!({"about": ["broken"]})), Memory::default());
    tell(&phone, &round(8, &[("web1", Broken)]), &mut memory).unwrap();
    let told = tell(&phone, &round(9, &[("web1", Unknown)]), &mut memory).unwrap();
    assert_eq!(told.0, "matins: 1 unknown");
    assert_eq!(tell(&phone, &round(10, &[("web1", Unknown)]), &mut memory), None);
    assert_eq!(tell(&phone, &round(11, &[("web1", Due)]), &mut memory).unwrap().0, "matins: 1 better");
    assert_eq!(tell(&phone, &round(12, &[("web1", Unknown)]), &mut memory), None, "it was over");
    let (due, mut memory) = (command(&json!({"about": ["due"]})), Memory::default());
    tell(&due, &round(8, &[("web1", Due)]), &mut memory).unwrap();
    assert_eq!(tell(&due, &round(9, &[("web1", Broken)]), &mut memory).unwrap().0, "matins: 1 broken");
}

#[test]
fn a_clock_that_was_ahead_holds_nothing_back() {
    let (telling, mut memory) = (command(&json!({"digest": "2h"})), Memory::default());
    assert_eq!(tell(&telling, &round(5_000, &[("web1", Broken)]), &mut memory), None);
    assert_eq!(tell(&telling, &round(8, &[("web1", Broken)]), &mut memory), None);
    assert!(tell(&telling, &round(10, &[("web1", Broken)]), &mut memory).is_some());
}

#[test]
fn what_disappears_in_maintenance_is_not_told_either() {
    let quiet = [json!({"of": ["web1"], "hours": "Wed 02:00-04:00"})];
    let telling = planned(json!({"name": "phone", "kind": "command", "command": ["cat"]}), &quiet);
    let mut memory = Memory::default();
    tell(&telling, &round(1, &[("web1", Broken)]), &mut memory).unwrap();
    assert_eq!(tell(&telling, &round(3, &[("db1", Fine)]), &mut memory), None);
    assert_eq!(tell(&telling, &round(5, &[("web1", Broken)]), &mut memory), None, "it is as it was told");
}

#[test]
fn a_terminal_and_the_desktop_are_told_at_an_open_console_only() {
    let terminal = planned(json!({"name": "here", "kind": "terminal", "chime": "osc9"}), &[]);
    assert_eq!((terminal.channels[0].chime(), terminal.channels[0].is_at_console()), (Some(Chime::Osc9), true));
    let desktop = planned(json!({"name": "here", "kind": "desktop"}), &[]);
    assert_eq!((desktop.channels[0].chime(), desktop.channels[0].is_at_console()), (None, true));
    assert!(!command(&json!({})).channels[0].is_at_console());
    assert!(refused(&json!({"name": "here", "kind": "terminal", "chime": "gong"})).contains("osc777"));
    assert!(refused(&json!({"name": "here", "kind": "desktop", "chime": "bell"})).contains("means nothing to desktop"));
}
