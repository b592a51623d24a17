use super::judge;
use crate::domain::facts::{CertificateSeen, Protocol, Speech, Unheard};
use crate::domain::{Evidence, Fault, Judgement, Port, Read, Verdict};
use crate::policy::exposed::scene::{Scene, judged, silence};

fn said(spoken: Vec<Speech>) -> (Verdict, String) {
    let judgement = judged(&Scene { spoken, ..Scene::default() }.evidence(), judge).remove(0);
    assert_eq!(judgement.key().as_str(), "encrypted-communication/web1");
    assert!(judgement.verdict == Verdict::Ok || judgement.mend.is_some(), "{judgement:?}");
    (judgement.verdict, judgement.title.to_string())
}

fn speaks(port: u16, protocol: Protocol) -> Speech {
    Speech::of(Port::tcp(port), protocol)
}

#[test]
fn encrypted_ports_and_http_that_only_redirects_are_ok() {
    let http = Speech { redirect: Some("https://web1.example.org/".into()), ..speaks(80, Protocol::Http) };
    let mail = Speech { starttls: Some(true), ..speaks(25, Protocol::Smtp) };
    let all = vec![speaks(22, Protocol::Ssh), speaks(443, Protocol::Tls), http, mail];
    assert_eq!(said(all), (Verdict::Ok, "its declared ports speak encrypted".into()));
}

#[test]
fn plaintext_is_broken() {
    let without = |protocol| Speech { starttls: Some(false), ..speaks(21, protocol) };
    let away = Speech { redirect: Some("http://web1.example.org/x".into()), ..speaks(80, Protocol::Http) };
    for (speech, title) in [
        (speaks(23, Protocol::Telnet), "tcp/23 speaks telnet"),
        (without(Protocol::Ftp), "tcp/21 speaks ftp without STARTTLS"),
        (without(Protocol::Imap), "tcp/21 speaks imap without STARTTLS"),
        (speaks(80, Protocol::Http), "tcp/80 answers plain http without sending people to https"),
        (away, "tcp/80 answers plain http without sending people to https"),
    ] {
        assert_eq!(said(vec![speech]), (Verdict::Broken, title.into()));
    }
}

fn standings(judgement: &Judgement) -> Vec<String> {
    judgement.standings.iter().map(|one| format!("{}: {} {}", one.item, one.word, one.asks)).collect()
}

#[test]
fn a_word_that_nobody_answered_is_unknown() {
    let silent = Speech { starttls: None, ..speaks(25, Protocol::Smtp) };
    assert_eq!(said(vec![silent]), (Verdict::Unknown, "tcp/25 speaks smtp: whether encrypted cannot be told".into()));
}

#[test]
fn each_port_asks_so_that_a_decision_on_one_hides_no_other() {
    let old = Speech { old: vec!["TLS 1.0".into()], ..speaks(443, Protocol::Tls) };
    let fault = Fault::new("hung up after 3 s");
    let unread = Speech { certificate: Some(Read::Unreadable(fault)), ..old.clone() };
    let evidence = Scene { spoken: vec![speaks(23, Protocol::Telnet), unread], ..Scene::default() }.evidence();
    let judgement = judged(&evidence, judge).remove(0);
    assert_eq!(
        standings(&judgement),
        ["tcp/23: speaks telnet true", "tcp/443: its certificate can't be read; still takes TLS 1.0 true"]
    );
}

#[test]
fn plaintext_is_not_gone_when_nobody_hears_it() {
    let spoken = || vec![speaks(23, Protocol::Telnet)];
    let mut silent = Scene { spoken: spoken(), ..Scene::default() }.evidence();
    silence(&mut silent, "exposure");
    let one = judged(&silent, judge).remove(0);
    assert_eq!((one.verdict, one.title.as_str()), (Verdict::Unknown, "never answered: refused"));
    assert_eq!(one.mend.as_ref().unwrap(), &"start sshd");
    let one = judged(&Scene::default().evidence(), judge).remove(0);
    let title = "none of its declared ports was heard: nobody knows what they speak";
    assert_eq!((one.verdict, one.title.as_str()), (Verdict::Unknown, title));
    assert!(one.mend.is_some());
    // Where nothing is meant to speak, nobody is asked.
    for ports in [None, Some(vec![]), Some(vec!["udp/51820"])] {
        assert!(judged(&Scene { ports, ..Scene::default() }.evidence(), judge).is_empty());
    }
}

#[test]
fn old_tls_is_due_and_names_the_program() {
    let old = Speech { old: vec!["TLS 1.0".into(), "TLS 1.1".into()], ..speaks(443, Protocol::Tls) };
    assert_eq!(said(vec![old]), (Verdict::Due, "tcp/443 (nginx) still takes TLS 1.0 and TLS 1.1".into()));
}

#[test]
fn a_version_that_it_said_nothing_of_is_not_taken_for_refused() {
    let untold = Speech { untold: vec!["TLS 1.1".into()], ..speaks(443, Protocol::Tls) };
    let title = "tcp/443 (nginx) did not say whether it still takes TLS 1.1";
    assert_eq!(said(vec![untold]), (Verdict::Unknown, title.into()));
}

fn certificate(until: &str) -> CertificateSeen {
    CertificateSeen {
        subject: "CN=*.example.org".into(),
        issuer: "CN=Some authority".into(),
        names: vec!["*.example.org".into()],
        not_before: "2026-01-01T00:00:00Z".parse().unwrap(),
        not_after: until.parse().unwrap(),
        name_matches: true,
        trusted: Read::Seen(()),
    }
}

fn serving(read: Read<CertificateSeen>, named: bool) -> Speech {
    Speech { certificate: Some(read), named, ..speaks(443, Protocol::Tls) }
}

#[test]
fn a_certificate_counts_against_a_name_only_where_one_is_known() {
    let untrusted = || CertificateSeen {
        trusted: Read::Unreadable(Fault::new("it is not for this name")),
        ..certificate("2027-06-01T00:00:00Z")
    };
    let named = said(vec![serving(Read::Seen(untrusted()), true)]);
    assert_eq!(named, (Verdict::Broken, "tcp/443 (nginx): certificate not trusted: it is not for this name".into()));
    assert_eq!(said(vec![serving(Read::Seen(untrusted()), false)]).0, Verdict::Ok);
    let unreadable = said(vec![serving(Read::Unreadable(Fault::new("hung up").mend("look")), true)]);
    assert_eq!(unreadable, (Verdict::Unknown, "tcp/443 (nginx): its certificate can't be read: hung up".into()));
}

#[test]
fn one_certificate_on_many_ports_is_one_row() {
    let shared = |until: &str| {
        let one = serving(Read::Seen(certificate(until)), true);
        let two = Speech { port: Port::tcp(993), ..one.clone() };
        let evidence: Evidence = Scene { spoken: vec![one, two], ..Scene::default() }.evidence();
        judged(&evidence, judge).split_off(1)
    };
    let near: Vec<Judgement> = shared("2026-11-30T09:00:00Z");
    assert_eq!(near.len(), 1);
    assert_eq!(
        (near[0].verdict, near[0].title.as_str()),
        (Verdict::Due, "certificate expires in 5 d, on web1 tcp/443, web1 tcp/993")
    );
    assert_eq!(shared("2026-11-20T08:00:00Z")[0].verdict, Verdict::Broken);
    assert_eq!(
        standings(&near[0]),
        ["web1 tcp/443: ends 2026-11-30T09:00:00Z true", "web1 tcp/993: ends 2026-11-30T09:00:00Z true"]
    );
    assert!(shared("2027-11-20T08:00:00Z").is_empty());
    // Two of one name are one row too, since they have one key.
    let one = serving(Read::Seen(certificate("2026-11-30T09:00:00Z")), true);
    let two = Speech { port: Port::tcp(993), ..serving(Read::Seen(certificate("2026-11-20T09:00:00Z")), true) };
    let rows = judged(&Scene { spoken: vec![one, two], ..Scene::default() }.evidence(), judge).split_off(1);
    assert_eq!(rows.len(), 1);
    assert!(rows[0].title.as_str().ends_with("on web1 tcp/993, and 1 more of this name"), "{}", rows[0].title);
}

#[test]
fn a_port_that_nobody_heard_is_never_ok_and_says_why() {
    let unheard = Unheard { port: Port::tcp(443), why: "it took no second connection".into(), foreign: false };
    for spoken in [vec![], vec![speaks(22, Protocol::Ssh)]] {
        let scene = Scene { spoken, unheard: vec![unheard.clone()], ..Scene::default() };
        let judgement = judged(&scene.evidence(), judge).remove(0);
        assert_eq!(judgement.verdict, Verdict::Unknown);
        assert_eq!(judgement.title, "tcp/443 (nginx): what it speaks is not known: it took no second connection");
        assert!(judgement.mend.is_some());
    }
}

#[test]
fn a_database_that_is_reachable_as_declared_asks_nobody_what_it_speaks() {
    let foreign = Unheard { port: Port::tcp(5432), why: "it answers neither TLS nor http".into(), foreign: true };
    let scene = Scene { spoken: vec![speaks(22, Protocol::Ssh)], unheard: vec![foreign.clone()], ..Scene::default() };
    let judgement = judged(&scene.evidence(), judge).remove(0);
    assert_eq!((judgement.verdict, judgement.title.as_str()), (Verdict::Ok, "its declared ports speak encrypted"));
    assert!(judgement.detail.as_str().contains("tcp/5432: not judged, it answers neither TLS nor http"));
    // Alone it is nothing that this measure speaks of; beside one that nobody heard, that one counts.
    let scene = Scene { unheard: vec![foreign.clone()], ..Scene::default() };
    assert!(judged(&scene.evidence(), judge).is_empty());
    let unheard = Unheard { port: Port::tcp(25), foreign: false, ..foreign.clone() };
    let scene = Scene { unheard: vec![foreign, unheard], ..Scene::default() };
    assert_eq!(judged(&scene.evidence(), judge).remove(0).verdict, Verdict::Unknown);
}
