//! What holds for all rules together.

use super::*;
use crate::domain::facts::HostDeclared;
use crate::domain::{Declared, Fact, Fault, SourceId, SourceRecord, Verdict};

fn silent(name: &str) -> SourceRecord {
    let host = HostDeclared { ssh: Some(name.into()), role: Some("web".into()), ..HostDeclared::default() };
    let declared =
        Declared { subject: Subject::host(name), fact: Fact::HostDeclared(host), place: "register.toml:3".into() };
    SourceRecord {
        id: SourceId::new("servers", name),
        declared: vec![declared],
        seen: Vec::new(),
        good_at: None,
        asked_at: None,
        took_ms: None,
        fault: Some(Fault::new("connection refused").mend("start sshd")),
        failures: 3,
        stale_after: Period::hours(1),
    }
}

/// The console makes one row of findings that say the same.
#[test]
fn servers_that_are_silent_for_one_reason_say_it_in_the_same_words_in_every_measure() {
    let evidence = Evidence { sources: vec![silent("web1"), silent("db1")], configured: true, ..Evidence::default() };
    let now = "2026-11-24T08:00:00Z".parse().unwrap();
    let case = Case { evidence: &evidence, limits: &Limits::default(), now, zone: &TimeZone::UTC };
    let said: Vec<Judgement> =
        evaluate(&case).into_iter().filter(|one| one.title.as_str().starts_with("never answered")).collect();
    let measures: std::collections::BTreeSet<&str> = said.iter().map(|one| one.measure).collect();
    assert_eq!(
        measures.into_iter().collect::<Vec<_>>(),
        ["restricted-access", "security-updates", "software-selection"]
    );
    assert_eq!(said.len(), 6);
    for one in &said {
        assert_eq!((one.verdict, one.title.as_str()), (Verdict::Unknown, "never answered: connection refused"));
        assert_eq!(one.mend.as_ref().unwrap(), &"start sshd");
    }
    // What else is said of them is said of both alike.
    for one in evaluate(&case).iter().filter(|one| one.subject == Subject::host("web1")) {
        let other = evaluate(&case).into_iter().find(|other| {
            (other.measure, &other.part) == (one.measure, &one.part) && other.subject == Subject::host("db1")
        });
        assert_eq!(other.unwrap().title, one.title);
    }
}
