use super::judge;
use crate::domain::facts::{Fact, Filter, FilterProgram, FilterRules, PortAnswer, Read};
use crate::domain::{Evidence, Fault, Judgement, Period, Sighting, SubjectKind, Verdict};
use crate::policy::exposed::scene::{OUT, Scene, judged, now, silence};

const V6: &str = "2001:db8::5";

fn ports(evidence: &Evidence) -> Judgement {
    judged(evidence, judge).into_iter().find(|judgement| judgement.key().as_str() == "firewall/web1").unwrap()
}

fn filter(evidence: &Evidence) -> Judgement {
    let key = "firewall/web1/packet filter";
    judged(evidence, judge).into_iter().find(|judgement| judgement.key().as_str() == key).unwrap()
}

fn said(alter: impl FnOnce(&mut Scene)) -> (Verdict, String) {
    let mut scene = Scene::default();
    alter(&mut scene);
    let judgement = ports(&scene.evidence());
    assert!(judgement.verdict == Verdict::Ok || judgement.mend.is_some(), "{judgement:?}");
    (judgement.verdict, judgement.title.to_string())
}

#[test]
fn a_server_that_answers_as_declared_is_ok() {
    assert_eq!(said(|_| {}), (Verdict::Ok, "answers as declared: tcp/443, tcp/22 from vpn".into()));
    let judgement = ports(&Scene::default().evidence());
    let sources: Vec<&str> = judgement.because.iter().map(|because| because.source.as_str()).collect();
    assert_eq!(sources, ["a.toml:1", "exposure/web1", "servers/web1"]);
}

#[test]
fn what_answers_undeclared_is_broken_with_its_program() {
    let (verdict, title) = said(|scene| {
        scene.listens.push(("tcp/6379", "*", "redis-server"));
        scene.outside[2].2 = PortAnswer::Open;
    });
    assert_eq!(verdict, Verdict::Broken);
    assert_eq!(title, "tcp/6379 (redis-server) answers from outside, and nobody declared it");
    assert_eq!(said(|scene| scene.vpn.push(("tcp/6379", "10.8.0.5", PortAnswer::Open))).0, Verdict::Due);
}

#[test]
fn what_is_for_the_vpn_and_answers_outside_is_broken_and_from_nobody_knows_where_unknown() {
    let database = |scene: &mut Scene| {
        scene.ports = Some(vec!["tcp/443", "tcp/22 from vpn", "tcp/5432 from vpn"]);
        scene.listens.push(("tcp/5432", "*", "postgres"));
        scene.vpn.push(("tcp/5432", "10.8.0.5", PortAnswer::Open));
    };
    assert_eq!(said(database).0, Verdict::Ok);
    let outside = said(|scene| {
        database(scene);
        scene.outside.push(("tcp/5432", OUT, PortAnswer::Open));
    });
    assert_eq!(
        outside,
        (Verdict::Broken, "tcp/5432 (postgres) answers from outside, though it is declared from the VPN only".into())
    );
    let here = said(|scene| {
        database(scene);
        scene.here.push(("tcp/5432", OUT, PortAnswer::Open));
    });
    assert_eq!(here.0, Verdict::Unknown);
    assert!(here.1.contains("nobody said where this console stands"), "{here:?}");
}

#[test]
fn what_listens_undeclared_is_due_and_loopback_is_nobodys_business() {
    let due = said(|scene| scene.listens.push(("tcp/9100", "*", "node_exporter")));
    assert_eq!(due, (Verdict::Due, "tcp/9100 (node_exporter) listens, and nobody declared it".into()));
    for harmless in [("tcp/9100", "127.0.0.1", "x"), ("udp/68", "0.0.0.0", "dhclient"), ("udp/40123", "*", "ntpd")] {
        assert_eq!(said(|scene| scene.listens.push(harmless)).0, Verdict::Ok, "{harmless:?}");
    }
}

#[test]
fn what_is_declared_and_is_not_there_is_due() {
    let gone = said(|scene| scene.listens.retain(|one| one.0 != "tcp/443"));
    assert_eq!(gone, (Verdict::Due, "tcp/443 is declared, and nothing listens on it".into()));
    let filtered = said(|scene| scene.outside[0].2 = PortAnswer::Silent);
    assert_eq!(filtered, (Verdict::Due, format!("tcp/443 (nginx) is declared, and silent at {OUT} from outside")));
    let half = said(|scene| {
        scene.outside.push(("tcp/443", V6, PortAnswer::Refused));
    });
    assert_eq!(half, (Verdict::Due, format!("tcp/443 (nginx) is declared, and refused at {V6} from outside")));
}

#[test]
fn each_port_asks_once_for_all_that_is_wrong_with_it() {
    let mut scene = Scene { ports: Some(vec!["tcp/443", "tcp/25", "tcp/22 from vpn"]), ..Scene::default() };
    scene.outside[0].2 = PortAnswer::Silent;
    scene.vpn[0].2 = PortAnswer::Refused;
    scene.outside.push(("tcp/8080", OUT, PortAnswer::Open));
    let judgement = ports(&scene.evidence());
    let stands = judgement.standings.iter().map(|one| format!("{}: {}", one.item, one.word));
    assert_eq!(stands.collect::<Vec<_>>(), ["tcp/25: nothing listens", "tcp/443: does not answer", "tcp/8080: open"]);
    assert!(judgement.standings.iter().all(|one| one.asks));
}

#[test]
fn silence_everywhere_proves_nothing() {
    let dead = said(|scene| {
        for one in &mut scene.outside {
            one.2 = PortAnswer::Silent;
        }
    });
    assert_eq!(dead, (Verdict::Unknown, format!("nothing at all answers at {OUT} from outside, which proves nothing")));
    let without_v6 = said(|scene| scene.outside.push(("tcp/443", V6, PortAnswer::Unrouted)));
    assert_eq!(without_v6.0, Verdict::Unknown);
    assert!(without_v6.1.contains("no way to 2001:db8::5"), "{without_v6:?}");
}

#[test]
fn without_anybody_outside_it_is_unknown_and_says_how_to_know() {
    let mut scene = Scene::default();
    scene.outside.clear();
    let judgement = ports(&scene.evidence());
    assert_eq!((judgement.verdict, judgement.title.as_str()), (Verdict::Unknown, "nobody looks from outside"));
    assert!(judgement.mend.unwrap().as_str().starts_with("write `outside = …` into [exposure]"));
    for collector in ["servers", "exposure"] {
        let mut evidence = Scene::default().evidence();
        silence(&mut evidence, collector);
        let judgement = ports(&evidence);
        assert_eq!(
            (judgement.verdict, judgement.mend.unwrap().as_str()),
            (Verdict::Unknown, "start sshd"),
            "{collector}"
        );
    }
}

#[test]
fn a_server_without_declared_ports_is_unknown_with_the_line_to_write() {
    let mut scene = Scene { ports: None, ..Scene::default() };
    let judgement = ports(&scene.evidence());
    assert_eq!((judgement.verdict, judgement.title.as_str()), (Verdict::Unknown, "nobody declared its ports"));
    assert!(judgement.mend.unwrap().as_str().ends_with("ports = [\"tcp/22\", \"tcp/443\"]"));
    scene.ports = Some(vec![]);
    assert_eq!(ports(&scene.evidence()).verdict, Verdict::Broken);
    let unconfigured = Evidence { configured: false, ..scene.evidence() };
    assert!(judged(&unconfigured, judge).is_empty());
}

#[test]
fn the_port_of_ssh_is_left_to_the_measure_about_ssh() {
    let scene = |alter: fn(&mut Scene)| said(alter).0;
    assert_eq!(scene(|scene| scene.outside[1].2 = PortAnswer::Open), Verdict::Ok);
}

fn with_filter(read: Read<Filter>) -> Evidence {
    let mut evidence = Scene::default().evidence();
    let Fact::HostExposure(inside) = &mut evidence.sources[0].seen[0].fact else { panic!("it is first") };
    inside.filter = read;
    evidence
}

#[test]
fn a_packet_filter_that_lets_in_the_rest_is_due_and_an_unreadable_one_unknown() {
    assert_eq!(filter(&Scene::default().evidence()).verdict, Verdict::Ok);
    assert!(filter(&with_filter(Read::Seen(Filter { rules: vec![] }))).title.as_str().starts_with("no packet filter"));
    let v4_only = FilterRules { program: FilterProgram::Iptables, text: "*filter\n:INPUT DROP [0:0]\nCOMMIT\n".into() };
    let judgement = filter(&with_filter(Read::Seen(Filter { rules: vec![v4_only] })));
    assert_eq!(
        (judgement.verdict, judgement.title.as_str()),
        (Verdict::Due, "packet filter lets in over IPv6 whatever no rule forbids")
    );
    let denied = filter(&with_filter(Read::Unreadable(Fault::new("needs root").mend("write sudoers"))));
    assert_eq!((denied.verdict, denied.mend.unwrap().as_str()), (Verdict::Unknown, "write sudoers"));
    let nonsense = FilterRules { program: FilterProgram::Nft, text: "{".into() };
    assert_eq!(filter(&with_filter(Read::Seen(Filter { rules: vec![nonsense] }))).verdict, Verdict::Unknown);
}

#[test]
fn a_change_of_the_packet_filter_is_due_for_a_week_and_the_first_look_is_none() {
    let mut evidence = Scene::default().evidence();
    let items = evidence.sources[0].seen[0].fact.sightings();
    assert_eq!((items.len(), items[0].as_str()), (2, "packet filter"));
    let sighting =
        |index: usize| Sighting { kind: SubjectKind::Host, subject: "web1".into(), item: items[index].clone() };
    let ago = |days: u32| now() - Period::days(days).as_duration();
    for (known, changed, verdict) in [(30, 30, Verdict::Ok), (30, 2, Verdict::Due), (30, 8, Verdict::Ok)] {
        evidence.first_seen = [(sighting(0), ago(known)), (sighting(1), ago(changed))].into();
        let judgement = filter(&evidence);
        assert_eq!(judgement.verdict, verdict, "{known} {changed}");
        if verdict == Verdict::Due {
            assert_eq!((judgement.title.as_str(), judgement.since), ("packet filter changed 2 d ago", Some(ago(2))));
        }
    }
}

#[test]
fn where_the_server_does_not_list_its_ports_that_stands_beside_who_tried() {
    let because = |unlisted| {
        let evidence = Scene { unlisted, ..Scene::default() }.evidence();
        judged(&evidence, judge).remove(0).because.iter().map(|one| one.said.to_string()).collect::<Vec<_>>().join("\n")
    };
    let told = because(Some(Fault::new("this key may run nothing else")));
    assert!(told.contains("; only declared and known ports, since this key may run nothing else"), "{told}");
    assert!(!because(None).contains("only declared"));
}
