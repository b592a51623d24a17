use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::*;
use crate::domain::facts::{
    Account, AuthorizedKey, Group, HostDeclared, HostPower, KeysSeen, PersonDeclared, SudoRule,
};
use crate::domain::{Declared, Evidence, Fact, Fault, Limits, Observation, Period, Read, SourceId, SourceRecord};

fn now() -> Timestamp {
    "2026-11-24T08:00:00Z".parse().unwrap()
}

fn account(name: &str, uid: u32) -> Account {
    Account { name: name.into(), uid, gid: uid, home: format!("/home/{name}").into(), shell: "/bin/bash".into() }
}

fn key(fingerprint: &str, account: &str) -> AuthorizedKey {
    AuthorizedKey { fingerprint: fingerprint.into(), account: account.into(), comment: "somebody@somewhere".into() }
}

fn group(name: &str, members: &[&str]) -> Group {
    Group { name: name.into(), gid: 27, members: members.iter().map(|member| Shown::line(member)).collect() }
}

/// root, anna and roman; anna in sudo; everything readable.
fn power() -> HostPower {
    HostPower {
        accounts: Read::Seen(vec![account("root", 0), account("anna", 1_000), account("roman", 1_001)]),
        groups: Read::Seen(vec![group("sudo", &["anna"]), group("users", &["roman"])]),
        sudoers: Read::Seen(vec![SudoRule { who: "%sudo".into(), all: true, commands: Vec::new() }]),
        keys: Read::Seen(KeysSeen { keys: vec![key("SHA256:anna", "anna")], hidden: Vec::new() }),
        logins: Read::Seen(Vec::new()),
        remote_logins: Read::Seen(None),
        own_key: None,
    }
}

fn host(name: &str, power: Option<HostPower>) -> SourceRecord {
    let subject = Subject::host(name);
    let fact = Fact::HostDeclared(HostDeclared { ssh: Some(name.into()), ..HostDeclared::default() });
    let seen =
        power.map(|power| Observation { subject: subject.clone(), at: now(), fact: Fact::HostPower(power.into()) });
    SourceRecord {
        id: SourceId::new("servers", name),
        declared: vec![Declared { subject, fact, place: "register.toml:3".into() }],
        seen: seen.into_iter().collect(),
        good_at: Some(now()),
        asked_at: Some(now()),
        took_ms: Some(30),
        fault: None,
        failures: 0,
        stale_after: Period::hours(1),
    }
}

fn person(name: &str, role: Option<&str>, keys: &[&str], left: Option<&str>) -> Declared {
    let fact = Fact::PersonDeclared(PersonDeclared {
        role: role.map(Shown::line),
        accounts: vec![name.into()],
        keys: keys.iter().map(|key| Shown::line(key)).collect(),
        joined: None,
        left: left.map(|date| date.parse::<Date>().unwrap()),
    });
    Declared { subject: Subject::new(SubjectKind::Person, name), fact, place: "people.toml:1".into() }
}

fn people() -> Vec<Declared> {
    vec![person("anna", Some("administrator"), &["SHA256:anna"], None), person("roman", None, &["SHA256:roman"], None)]
}

fn judged(sources: Vec<SourceRecord>, register: Vec<Declared>) -> Vec<Judgement> {
    let evidence = Evidence { sources, register, configured: true, ..Evidence::default() };
    judge(&Case { evidence: &evidence, limits: &Limits::default(), now: now(), zone: &TimeZone::UTC })
}

fn of<'a>(judgements: &'a [Judgement], name: &str) -> &'a Judgement {
    judgements.iter().find(|judgement| judgement.subject.name == *name).unwrap()
}

#[test]
fn only_administrators_with_full_access_are_ok() {
    let judgements = judged(vec![host("db1", Some(power()))], people());
    assert!(judgements.iter().all(|judgement| judgement.verdict == Verdict::Ok), "{judgements:#?}");
    assert_eq!(judgements.len(), 3);
    assert_eq!(of(&judgements, "anna").title, "administrator, full access on 1 host");
    assert_eq!(of(&judgements, "db1").title, "2 accounts with full access, 1 key");
}

#[test]
fn a_key_of_nobody_is_one_finding_on_all_its_hosts() {
    let mut strange = power();
    strange.keys = Read::Seen(KeysSeen { keys: vec![key("SHA256:who", "root")], hidden: Vec::new() });
    let hosts = (1..=12).map(|n| host(&format!("web{n}"), Some(strange.clone()))).collect();
    let judgements = judged(hosts, people());
    let finding = of(&judgements, "SHA256:who");
    assert_eq!(finding.title, "opens root on 12 hosts and belongs to nobody");
    assert_eq!((finding.verdict, finding.standings.len()), (Verdict::Broken, 12));
    assert!(finding.standings.iter().all(|standing| standing.asks && standing.word == "opens root"));
    assert!(finding.detail.as_str().contains("somebody@somewhere"));
}

#[test]
fn what_one_key_opens_is_listed_behind_one_word() {
    let mut strange = power();
    let keys = ["anna", "root"].map(|account| key("SHA256:who", account));
    strange.keys = Read::Seen(KeysSeen { keys: keys.to_vec(), hidden: Vec::new() });
    let judgements = judged(vec![host("db1", Some(strange))], people());
    assert_eq!(of(&judgements, "SHA256:who").title, "opens anna, root on db1 and belongs to nobody");
}

#[test]
fn the_key_that_we_ask_with_is_nobodys_finding() {
    let mut own = power();
    own.keys = Read::Seen(KeysSeen { keys: vec![key("SHA256:own", "probe")], hidden: Vec::new() });
    own.own_key = Some("SHA256:own".into());
    let judgements = judged(vec![host("db1", Some(own))], people());
    assert!(judgements.iter().all(|judgement| judgement.subject.name != *"SHA256:own"));
}

#[test]
fn who_left_and_is_still_there_is_broken_and_what_gives_most_is_named_first() {
    let register = vec![person("anna", Some("administrator"), &["SHA256:anna"], Some("2026-03-31"))];
    let judgements = judged(vec![host("db1", Some(power()))], register.clone());
    let anna = of(&judgements, "anna");
    assert_eq!(anna.title, "left on 2026-03-31, still in sudo, key opens anna on db1");
    assert_eq!(anna.verdict, Verdict::Broken);
    // Gone everywhere.
    let mut clean = power();
    clean.accounts = Read::Seen(vec![account("root", 0)]);
    clean.groups = Read::Seen(Vec::new());
    clean.keys = Read::Seen(KeysSeen { keys: Vec::new(), hidden: Vec::new() });
    let judgements = judged(vec![host("db1", Some(clean.clone()))], register.clone());
    assert_eq!(of(&judgements, "anna").title, "left on 2026-03-31, nothing remains");
    // Gone where it could be seen: nobody knows.
    clean.sudoers = Read::Unreadable(Fault::new("reading sudo's rules needs root").mend("matins probe sudoers"));
    let judgements = judged(vec![host("db1", Some(clean))], register.clone());
    assert_eq!(of(&judgements, "anna").verdict, Verdict::Unknown);
    assert_eq!(of(&judgements, "anna").title, "left on 2026-03-31; not all of db1 could be read");
    // Somebody who leaves at the end of the month may stay until then.
    let later = vec![person("anna", Some("administrator"), &["SHA256:anna"], Some("2026-11-30"))];
    assert_eq!(of(&judged(vec![host("db1", Some(power()))], later), "anna").verdict, Verdict::Ok);
}

#[test]
fn full_access_by_any_way_makes_who_is_no_administrator_broken() {
    type Give = fn(&mut HostPower);
    let ways: [(&str, Give); 5] = [
        ("docker", |power| power.groups = Read::Seen(vec![group("docker", &["roman"])])),
        ("primary group", |power| power.groups = Read::Seen(vec![Group { gid: 1_001, ..group("lxd", &[]) }])),
        ("sudoers", |power| {
            power.sudoers = Read::Seen(vec![SudoRule { who: "roman".into(), all: true, commands: Vec::new() }]);
        }),
        ("a group that sudoers names", |power| {
            power.sudoers = Read::Seen(vec![SudoRule { who: "%users".into(), all: true, commands: Vec::new() }]);
        }),
        ("root's key", |power| {
            power.keys = Read::Seen(KeysSeen { keys: vec![key("SHA256:roman", "root")], hidden: Vec::new() });
        }),
    ];
    for (way, give) in ways {
        let mut power = power();
        give(&mut power);
        let judgements = judged(vec![host("db1", Some(power))], people());
        let roman = of(&judgements, "roman");
        assert_eq!(
            (roman.verdict, roman.title.as_str()),
            (Verdict::Broken, "is no administrator and has full access on db1"),
            "{way}"
        );
    }
    let mut little = power();
    little.sudoers =
        Read::Seen(vec![SudoRule { who: "roman".into(), all: false, commands: vec!["/usr/bin/rsync".into()] }]);
    assert_eq!(of(&judged(vec![host("db1", Some(little))], people()), "roman").verdict, Verdict::Ok);
}

#[test]
fn a_group_that_sudo_gives_everything_is_found_by_its_number_or_unknown() {
    let with = |who: &str| {
        let mut power = power();
        power.sudoers = Read::Seen(vec![SudoRule { who: who.into(), all: true, commands: Vec::new() }]);
        power.groups = Read::Seen(vec![Group { gid: 1_500, ..group("users", &["roman"]) }]);
        judged(vec![host("db1", Some(power))], people())
    };
    assert_eq!(of(&with("%#1500"), "roman").verdict, Verdict::Broken);
    assert_eq!(of(&with("#1001"), "roman").verdict, Verdict::Broken, "an account by its number");
    for (who, group) in [("%admins.example.org", "admins.example.org"), ("%#999", "#999")] {
        let judgements = with(who);
        let db1 = of(&judgements, "db1");
        let title = format!("members of %{group} are not known, and sudo gives them everything");
        assert_eq!((db1.verdict, db1.title.as_str()), (Verdict::Unknown, title.as_str()));
        assert!(db1.mend.is_some());
        // He may be in it.
        assert_eq!(of(&judgements, "roman").verdict, Verdict::Unknown);
    }
    // One that is there and has nobody in it gives nobody anything.
    let mut nobody = power();
    nobody.sudoers = Read::Seen(vec![SudoRule { who: "%cloud".into(), all: true, commands: Vec::new() }]);
    nobody.groups = Read::Seen(vec![group("cloud", &[])]);
    assert_eq!(of(&judged(vec![host("db1", Some(nobody))], people()), "db1").verdict, Verdict::Ok);
    // Ubuntu's sudoers names a group that it has not, and those are asked for by name.
    assert_eq!(of(&with("%admin"), "db1").verdict, Verdict::Ok);
}

#[test]
fn an_account_of_nobody_with_full_access_and_a_second_root_are_broken() {
    let mut power = power();
    power.accounts = Read::Seen(vec![account("root", 0), account("toor", 0)]);
    power.groups = Read::Seen(vec![group("docker", &["deploy"])]);
    let judgements = judged(vec![host("db1", Some(power))], people());
    assert_eq!(of(&judgements, "deploy").title, "in docker on db1 and belongs to nobody");
    let second = judgements.iter().find(|judgement| judgement.part.is_some()).unwrap();
    assert_eq!((second.title.as_str(), second.verdict), ("is uid 0 besides root on db1", Verdict::Broken));
}

#[test]
fn what_can_not_be_read_is_unknown_with_its_mend() {
    let mut hidden = power();
    hidden.sudoers = Read::Unreadable(Fault::new("reading sudo's rules needs root").mend("matins probe sudoers"));
    hidden.keys = Read::Seen(KeysSeen { keys: Vec::new(), hidden: vec!["/home/roman".into()] });
    let judgements = judged(vec![host("db1", Some(hidden))], people());
    let db1 = of(&judgements, "db1");
    assert_eq!(db1.verdict, Verdict::Unknown);
    assert_eq!(db1.title, "sudo's rules, keys of 1 account unknown: reading sudo's rules needs root");
    assert_eq!(db1.mend.as_ref().unwrap(), "matins probe sudoers");
    // roman may have power there.
    assert_eq!(of(&judgements, "roman").verdict, Verdict::Unknown);
    let judgements = judged(vec![host("db1", None)], people());
    assert_eq!(of(&judgements, "db1").title, "its accounts are not asked for yet");
    let mut silent = host("db1", Some(power()));
    silent.good_at = None;
    silent.fault = Some(Fault::new("connection refused").mend("look"));
    let judgements = judged(vec![silent], people());
    assert_eq!(of(&judgements, "db1").verdict, Verdict::Unknown);
    assert!(judgements.iter().all(|judgement| judgement.verdict == Verdict::Unknown), "{judgements:#?}");
}

#[test]
fn a_register_without_persons_is_one_row_and_not_one_for_each_account() {
    let judgements = judged(vec![host("db1", Some(power()))], Vec::new());
    assert_eq!(judgements.len(), 2);
    assert_eq!(
        of(&judgements, "register").title,
        "names no person: 2 keys or accounts with full access belong to nobody yet"
    );
    assert_eq!(of(&judgements, "register").verdict, Verdict::Unknown);
}

#[test]
fn keys_that_root_could_not_follow_are_no_question_of_rights_and_each_place_asks() {
    let mut power = power();
    power.keys = Read::Seen(KeysSeen { keys: Vec::new(), hidden: vec!["/home/a/b/c".into(), "/home/linked".into()] });
    let judgements = judged(vec![host("db1", Some(power.clone()))], people());
    let db1 = of(&judgements, "db1");
    assert_eq!(db1.verdict, Verdict::Unknown);
    let said = "behind a link, or deeper than the probe looks: /home/a/b/c, /home/linked";
    assert_eq!(db1.title, format!("keys of 2 accounts unknown: {said}").as_str());
    assert_eq!(db1.standings.iter().filter(|standing| standing.asks).count(), 2);
    power.sudoers = Read::Seen(Vec::new());
    let judgements = judged(vec![host("db1", Some(power))], people());
    assert!(of(&judgements, "db1").mend.as_ref().unwrap().as_str().contains("matins probe sudoers"));
}

#[test]
fn keys_that_sshd_takes_from_elsewhere_are_unknown_and_each_line_asks() {
    let of = |hidden: &str| {
        let mut power = power();
        power.keys = Read::Seen(KeysSeen { keys: Vec::new(), hidden: vec![hidden.into()] });
        of(&judged(vec![host("db1", Some(power))], people()), "db1").clone()
    };
    let told = of("AuthorizedKeysFile /etc/ssh/keys/%u");
    assert_eq!(told.verdict, Verdict::Unknown);
    let said = "keys unknown: sshd takes some from where the probe does not look: AuthorizedKeysFile /etc/ssh/keys/%u";
    assert_eq!(told.title, said);
    assert_eq!(told.standings.iter().filter(|standing| standing.asks).count(), 1);
    let unread = of("unreadable /etc/ssh/sshd_config");
    assert_eq!(unread.title, "keys unknown: sshd may take some from elsewhere, /etc/ssh/sshd_config is not readable");
    assert!(unread.mend.unwrap().as_str().starts_with("chmod 644 /etc/ssh/sshd_config on the server"));
}
