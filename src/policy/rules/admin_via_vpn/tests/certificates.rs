//! Certificates: until when they let in, and whom they should not let in any more.

use proptest::prelude::*;

use super::*;
use crate::domain::facts::{PkiCertificate, RevocationList, VpnPki};

fn certificate(name: &str, serial: &str, not_after: &str, revoked: Option<&str>) -> PkiCertificate {
    PkiCertificate {
        common_name: name.into(),
        serial: serial.into(),
        not_after: at(not_after),
        revoked: revoked.map(at),
    }
}

const LATER: &str = "2027-11-23T07:00:00Z";
const PAST: &str = "2026-11-20T07:00:00Z";
const SOON: &str = "2026-12-05T07:00:00Z";

fn revocations(next_update: &str, serials: &[&str]) -> Read<Option<RevocationList>> {
    Read::Seen(Some(RevocationList {
        updated: at("2026-06-01T00:00:00Z"),
        next_update: Some(at(next_update)),
        serials: serials.iter().map(|serial| Shown::from(*serial)).collect(),
    }))
}

/// All well: Roman, Anna and the server, nothing revoked.
fn pki() -> VpnPki {
    let server = certificate("gate", "1", LATER, None);
    VpnPki {
        authority: Read::Seen(certificate("authority", "0", LATER, None)),
        servers: Read::Seen(vec![server.clone()]),
        issued: Read::Seen(vec![server, certificate("roman", "2", LATER, None), certificate("anna", "3", LATER, None)]),
        revocations: revocations(LATER, &[]),
        told_by: "gate:/pki".into(),
    }
}

fn with(pki: VpnPki, clients: Vec<VpnClient>) -> Evidence {
    let mut source = vpn("gate", "openvpn", Some(list(clients)));
    let subject = Subject::new(SubjectKind::Vpn, "gate");
    source.seen.push(Observation { subject, at: now(), fact: Fact::VpnPki(pki) });
    for declared in &mut source.declared {
        if let Fact::VpnDeclared(vpn) = &mut declared.fact {
            vpn.pki = Some("gate:/pki".into());
        }
    }
    evidence(vec![source])
}

fn told(evidence: &Evidence, key: &str) -> (Verdict, String) {
    let judged = judged(evidence);
    let judgement = of(&judged, &format!("admin-via-vpn/{key}"));
    (judgement.verdict, judgement.title.to_string())
}

fn on() -> Vec<VpnClient> {
    vec![session("roman", "203.0.113.9:1194", "10.8.0.3")]
}

#[test]
fn all_well_is_ok_with_its_dates() {
    let evidence = with(pki(), on());
    for (part, title) in [
        ("authority", "its authority, authority, is valid until 2027-11-23"),
        ("server certificate", "the server's certificate, gate, is valid until 2027-11-23"),
        ("revocations", "the revocation list is valid until 2027-11-23"),
        ("issued", "3 certificates issued, 0 of them revoked"),
    ] {
        assert_eq!(told(&evidence, &format!("gate/{part}")), (Verdict::Ok, title.to_owned()));
    }
    assert_eq!(told(&evidence, "roman's laptop").0, Verdict::Ok);
}

#[test]
fn a_revocation_list_that_ended_locks_everybody_out() {
    let evidence = with(VpnPki { revocations: revocations(PAST, &[]), ..pki() }, Vec::new());
    let title = "the revocation list expired on 2026-11-20: OpenVPN locks everybody out";
    assert_eq!(told(&evidence, "gate/revocations"), (Verdict::Broken, title.to_owned()));
    let judged = judged(&evidence);
    let mend = of(&judged, "admin-via-vpn/gate/revocations").mend.clone().unwrap();
    assert!(mend.as_str().contains("easyrsa gen-crl") && mend.as_str().contains("crl-verify"), "{mend}");
    let evidence = with(VpnPki { revocations: revocations(SOON, &[]), ..pki() }, Vec::new());
    let title = "the revocation list expires in 11 d, on 2026-12-05";
    assert_eq!(told(&evidence, "gate/revocations"), (Verdict::Due, title.to_owned()));
}

#[test]
fn expiry_is_due_ahead_of_time_by_the_limit_of_certificates() {
    let server =
        |not_after: &str| VpnPki { servers: Read::Seen(vec![certificate("gate", "1", not_after, None)]), ..pki() };
    assert_eq!(told(&with(server(SOON), on()), "gate/server certificate").0, Verdict::Due);
    assert_eq!(told(&with(server(PAST), on()), "gate/server certificate").0, Verdict::Broken);
    let ca = VpnPki { authority: Read::Seen(certificate("authority", "0", SOON, None)), ..pki() };
    assert_eq!(told(&with(ca, on()), "gate/authority").0, Verdict::Due);
    let mut limits = Limits::default();
    limits.set("certificate", Period::days(5));
    let evidence = with(server(SOON), on());
    let judged = judge(&Case { evidence: &evidence, limits: &limits, now: now(), zone: &TimeZone::UTC });
    assert_eq!(of(&judged, "admin-via-vpn/gate/server certificate").verdict, Verdict::Ok);
}

#[test]
fn a_renewed_server_certificate_counts_and_the_old_one_does_not() {
    let servers = Read::Seen(vec![certificate("gate", "1", PAST, None), certificate("gate", "9", LATER, None)]);
    assert_eq!(told(&with(VpnPki { servers, ..pki() }, on()), "gate/server certificate").0, Verdict::Ok);
}

#[test]
fn a_server_that_may_be_no_more_is_asked_about_and_breaks_nothing_while_another_lasts() {
    let servers = |lasting: &str| {
        Read::Seen(vec![certificate("old-gate", "1", PAST, None), certificate("gate", "9", lasting, None)])
    };
    let said =
        |lasting: &str| told(&with(VpnPki { servers: servers(lasting), ..pki() }, on()), "gate/server certificate");
    let (verdict, title) = said(LATER);
    assert!(
        verdict == Verdict::Due && title.starts_with("the certificate of a server, old-gate, expired on "),
        "{title}"
    );
    assert_eq!(said(PAST).0, Verdict::Broken);
}

/// Roman's only certificate, revoked and in the list.
fn revoked() -> VpnPki {
    VpnPki {
        issued: Read::Seen(vec![certificate("roman", "2", LATER, Some("2026-10-01T00:00:00Z"))]),
        revocations: revocations(LATER, &["2"]),
        ..pki()
    }
}

#[test]
fn revoked_but_connected_is_broken() {
    let (verdict, title) = told(&with(revoked(), on()), "roman's laptop");
    assert_eq!(verdict, Verdict::Broken);
    assert!(
        title.starts_with("its certificate was revoked on 2026-10-01, and it is connected; connected from"),
        "{title}"
    );
    assert_eq!(told(&with(revoked(), Vec::new()), "roman's laptop").0, Verdict::Ok);
    // A stranger's too, and it is said.
    let mallory = VpnPki { issued: Read::Seen(vec![certificate("mallory", "2", LATER, Some(PAST))]), ..revoked() };
    let (verdict, title) = told(&with(mallory, vec![session("mallory", "203.0.113.9:7", "10.8.0.4")]), "gate/mallory");
    assert_eq!(verdict, Verdict::Broken);
    assert!(title.ends_with("though its certificate was revoked on 2026-11-20"), "{title}");
}

#[test]
fn a_stranger_who_is_called_as_a_part_is_told_apart_from_it() {
    let names =
        ["authority", "revocations", "issued", "server certificate", "no name", "", "peer authority", "peer no name"];
    let clients = names.iter().enumerate().map(|(n, name)| session(name, &format!("203.0.113.{n}:7"), "10.8.0.4"));
    let judged = judged(&with(pki(), clients.collect()));
    let keys: std::collections::BTreeSet<String> = judged.iter().map(|one| one.key().to_string()).collect();
    assert_eq!(keys.len(), judged.len(), "{keys:#?}");
    let strangers = judged.iter().filter(|one| one.title.as_str().contains("is in nobody's register"));
    assert_eq!(strangers.count(), names.len());
    assert_eq!(of(&judged, "admin-via-vpn/gate/authority").verdict, Verdict::Ok);
    assert_eq!(of(&judged, "admin-via-vpn/gate/peer authority").verdict, Verdict::Broken);
}

#[test]
fn who_has_a_newer_certificate_is_not_revoked() {
    let issued = Read::Seen(vec![certificate("roman", "2", LATER, Some(PAST)), certificate("roman", "4", LATER, None)]);
    assert_eq!(told(&with(VpnPki { issued, ..revoked() }, on()), "roman's laptop").0, Verdict::Ok);
}

#[test]
fn revoked_and_not_in_the_list_still_lets_in() {
    for (revocations, said) in [
        (revocations(LATER, &["7"]), "the certificate of roman is revoked, not in crl.pem: they still let in"),
        (Read::Seen(None), "the certificate of roman is revoked, but there is no crl.pem: they still let in"),
    ] {
        let evidence = with(VpnPki { revocations, ..revoked() }, Vec::new());
        assert_eq!(told(&evidence, "gate/revocations"), (Verdict::Broken, said.to_owned()));
    }
    let none = VpnPki { revocations: Read::Seen(None), ..pki() };
    assert_eq!(told(&with(none, on()), "gate/revocations").0, Verdict::Ok);
}

#[test]
fn a_peers_certificate_is_due_before_it_ends_and_broken_when_it_still_lets_in_afterwards() {
    let romans = |not_after| VpnPki { issued: Read::Seen(vec![certificate("roman", "2", not_after, None)]), ..pki() };
    for (not_after, clients, verdict, said) in [
        (SOON, on(), Verdict::Due, "its certificate expires in 11 d, on 2026-12-05; "),
        (PAST, Vec::new(), Verdict::Due, "its certificate expired on 2026-11-20; not connected"),
        (PAST, on(), Verdict::Broken, "its certificate expired on 2026-11-20, and it is connected; "),
    ] {
        let (found, title) = told(&with(romans(not_after), clients), "roman's laptop");
        assert_eq!(found, verdict, "{title}");
        assert!(title.starts_with(said), "{title}");
    }
}

#[test]
fn a_leaver_whose_certificate_is_revoked_is_settled() {
    let person = Declared {
        subject: Subject::new(SubjectKind::Person, "roman"),
        fact: Fact::PersonDeclared(crate::domain::facts::PersonDeclared {
            role: None,
            accounts: Vec::new(),
            keys: Vec::new(),
            joined: None,
            left: Some("2026-09-30".parse().unwrap()),
        }),
        place: "persons.toml:1".into(),
    };
    for (pki, clients, verdict) in
        [(revoked(), Vec::new(), Verdict::Ok), (pki(), Vec::new(), Verdict::Due), (revoked(), on(), Verdict::Broken)]
    {
        let evidence = Evidence { register: vec![person.clone()], ..with(pki, clients) };
        assert_eq!(told(&evidence, "roman's laptop").0, verdict);
    }
}

#[test]
fn what_cannot_be_read_is_unknown_with_its_mend() {
    let fault = || Fault::new("gate:/pki/index.txt can't be read: permission denied").mend("setfacl");
    let broken = VpnPki {
        authority: Read::Unreadable(fault()),
        servers: Read::Unreadable(fault()),
        issued: Read::Unreadable(fault()),
        revocations: Read::Unreadable(fault()),
        ..pki()
    };
    let evidence = with(broken, on());
    for part in ["authority", "server certificate", "revocations", "issued"] {
        let judged = judged(&evidence);
        let judgement = of(&judged, &format!("admin-via-vpn/gate/{part}"));
        assert_eq!((judgement.verdict, judgement.mend.as_ref().unwrap().as_str()), (Verdict::Unknown, "setfacl"));
    }
    let silent = Evidence { sources: Vec::new(), ..evidence.clone() };
    assert_eq!(judged(&silent), []);
    let mut evidence = evidence;
    evidence.sources[0].seen.clear();
    evidence.sources[0].good_at = None;
    evidence.sources[0].fault = Some(Fault::new("nobody listens there"));
    assert_eq!(told(&evidence, "gate/revocations").0, Verdict::Unknown);
    let empty = VpnPki { servers: Read::Seen(Vec::new()), ..pki() };
    assert_eq!(told(&with(empty, on()), "gate/server certificate").0, Verdict::Unknown);
}

proptest! {
    #[test]
    fn the_order_of_certificates_changes_no_verdict(order in Just((0..4).collect::<Vec<usize>>()).prop_shuffle(), serials in proptest::sample::subsequence(vec!["2", "3", "4"], 0..=3)) {
        let all = [
            certificate("roman", "2", SOON, Some(PAST)),
            certificate("roman", "3", LATER, None),
            certificate("roman", "4", PAST, None),
            certificate("anna", "5", PAST, None),
        ];
        let verdicts = |issued: Vec<PkiCertificate>| {
            let pki = VpnPki { issued: Read::Seen(issued), revocations: revocations(LATER, &serials), ..pki() };
            let mut verdicts: Vec<_> = judged(&with(pki, on())).iter().map(|judged| (judged.key(), judged.verdict)).collect();
            verdicts.sort();
            verdicts
        };
        prop_assert_eq!(verdicts(all.to_vec()), verdicts(order.into_iter().map(|place| all[place].clone()).collect()));
    }

    #[test]
    fn a_list_that_ends_earlier_is_never_better(early in -400_i32..400, later in 0_i32..400) {
        let of = |days: i32| {
            let until = (now() + jiff::SignedDuration::from_hours(i64::from(days) * 24)).to_string();
            told(&with(VpnPki { revocations: revocations(&until, &[]), ..pki() }, Vec::new()), "gate/revocations").0
        };
        prop_assert!(of(early) >= of(early + later));
    }
}
