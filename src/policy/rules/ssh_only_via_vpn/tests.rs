use super::judge;
use crate::domain::Verdict;
use crate::domain::facts::PortAnswer;
use crate::policy::exposed::scene::{OUT, Scene, judged, silence};

fn said(alter: impl FnOnce(&mut Scene)) -> (Verdict, String) {
    let mut scene = Scene::default();
    alter(&mut scene);
    let judgement = judged(&scene.evidence(), judge).remove(0);
    assert_eq!(judgement.key().as_str(), "admin-via-vpn/web1");
    assert!(judgement.verdict == Verdict::Ok || judgement.mend.is_some(), "{judgement:?}");
    (judgement.verdict, judgement.title.to_string())
}

#[test]
fn ssh_is_ok_only_when_both_sides_were_seen() {
    assert_eq!(said(|_| {}), (Verdict::Ok, "ssh answers from the VPN and not from outside".into()));
    for side in ["outside", "vpn"] {
        let unknown = said(|scene| if side == "vpn" { scene.vpn.clear() } else { scene.outside.clear() });
        assert_eq!(unknown.0, Verdict::Unknown, "{side}");
        assert!(unknown.1.contains("nobody looks from"), "{unknown:?}");
    }
    let mut evidence = Scene::default().evidence();
    silence(&mut evidence, "exposure");
    assert_eq!(judged(&evidence, judge)[0].verdict, Verdict::Unknown);
}

#[test]
fn ssh_that_answers_from_outside_is_broken_over_either_protocol() {
    let v4 = said(|scene| scene.outside[1].2 = PortAnswer::Open);
    assert_eq!(v4, (Verdict::Broken, format!("ssh answers from outside, tcp/22 at {OUT}")));
    let v6 = said(|scene| scene.outside.push(("tcp/22", "2001:db8::5", PortAnswer::Open)));
    assert_eq!(v6.0, Verdict::Broken);
    // Also when nobody sees the other side.
    let blind = said(|scene| {
        scene.vpn.clear();
        scene.outside[1].2 = PortAnswer::Open;
    });
    assert_eq!(blind.0, Verdict::Broken);
}

#[test]
fn ssh_that_nobody_reaches_from_the_vpn_is_due() {
    let due = said(|scene| scene.vpn[1].2 = PortAnswer::Silent);
    assert_eq!(due, (Verdict::Due, "ssh does not answer from the VPN, silent at 10.8.0.5".into()));
}

#[test]
fn another_port_than_22_is_looked_at_where_ssh_is_there() {
    let other = said(|scene| {
        scene.ssh = 2222;
        scene.outside.push(("tcp/2222", OUT, PortAnswer::Open));
    });
    assert_eq!(other.1, format!("ssh answers from outside, tcp/2222 at {OUT}"));
}

#[test]
fn a_dead_address_proves_nothing() {
    let unknown = said(|scene| {
        for one in &mut scene.outside {
            one.2 = PortAnswer::Silent;
        }
    });
    assert_eq!(unknown.0, Verdict::Unknown);
}

#[test]
fn silence_proves_something_once_the_same_looker_heard_another_server() {
    let mut scene = Scene::default();
    for one in &mut scene.outside {
        one.2 = PortAnswer::Silent;
    }
    let mut evidence = scene.evidence();
    assert_eq!(judged(&evidence, judge)[0].verdict, Verdict::Unknown);
    let mut other = Scene::default().evidence().sources.remove(1);
    other.id.name = "web2".into();
    evidence.sources.push(other);
    assert_eq!(judged(&evidence, judge)[0].verdict, Verdict::Ok);
}
