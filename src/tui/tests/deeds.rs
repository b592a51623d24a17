//! What is done to servers: the look before, the question, the answer, the account.

use super::*;

/// The broken morning's console with servers that something may be done to.
fn with_fleet(actions: bool) -> Rehearsal {
    use crate::domain::register::{Destination, Server};
    let server = |name: &str, ssh| Server { name: name.into(), ssh, ..Server::local() };
    let servers = [server("web7", Destination::parse("root@web7").ok()), server("db2", None)];
    let fleet = model::Fleet { servers: servers.to_vec().into(), actions, ..model::Fleet::default() };
    Rehearsal::new(Start { fleet, ..start(State::Broken) }, 120, 40)
}

#[test]
fn nothing_is_done_before_cancel_was_left() {
    let mut console = with_fleet(true);
    assert_eq!(console.press("2s"), []);
    assert_eq!(state_of(console.model()), "list2:0 deed:cancel");
    let shown = text(&console.frame());
    assert!(shown.contains("Open ssh to web7") && shown.contains("ssh -- root@web7"), "{shown}");
    assert!(shown.contains("▸ Cancel"), "{shown}");
    for keys in
        ["<enter>", "s<esc>", "s<tab><tab><enter>", "s<tab><esc><enter>", "s<left><right><enter>", "syjkwr?:/5s<enter>"]
    {
        assert_eq!(console.press(keys), [], "{keys}");
        console.press("<esc><esc>2");
    }
    let done = console.press("s<tab><enter>");
    assert!(matches!(&done[..], [Effect::HandOver(step)] if step.line() == "ssh -- root@web7"), "{done:?}");
    assert_eq!(state_of(console.model()), "list2:0");
}

#[test]
fn pasted_text_confirms_nothing() {
    let mut console = with_fleet(true);
    console.press("2s<tab>");
    let pasted = message::Msg::Pasted("\r\n".into());
    assert_eq!(update::update(console.model(), pasted, sample::now()), []);
    assert_eq!(state_of(console.model()), "list2:0 deed:go");
    for keys in ["2s", "2U", "2B"] {
        let mut console = with_fleet(true);
        console.press(keys);
        let before = state_of(console.model());
        let pasted = message::Msg::Pasted("\t\r\n".into());
        assert_eq!(update::update(console.model(), pasted, sample::now()), [], "{keys}");
        assert_eq!(state_of(console.model()), before, "{keys}");
    }
}

#[test]
fn actions_that_are_not_allowed_name_the_line_that_allows_them() {
    let mut console = with_fleet(false);
    assert_eq!(console.press("2s<tab><enter>"), []);
    assert!(text(&with_message(&mut console, "2s")).contains("actions = true"));
}

#[test]
fn without_a_server_to_log_in_to_it_says_what_to_do() {
    let mut console = with_fleet(true);
    assert!(text(&with_message(&mut console, "1s")).contains("select a server first"));
    assert!(text(&with_message(&mut console, "2js")).contains("this machine"));
}

fn with_message(console: &mut Rehearsal, keys: &str) -> Buffer {
    console.press(keys);
    console.frame()
}

#[test]
fn a_long_question_scrolls_and_its_choice_stays_in_view() {
    let mut console = with_fleet(true);
    console.resize(40, 10);
    console.press("2s");
    let Some(Overlay::Deed(asked)) = &mut console.model().view.overlay else { panic!("no question") };
    asked.deed.remarks = (0..30).map(|number| format!("remark {number}").into()).collect();
    let shown = text(&console.frame());
    assert!(shown.contains("remark 0") && shown.contains("▸ Cancel"), "{shown}");
    console.press("G");
    let shown = text(&console.frame());
    assert!(shown.contains("root@web7") && shown.contains("▸ Cancel") && !shown.contains("remark 0"), "{shown}");
}

/// What is asked of the schedule.
fn orders(effects: &[Effect]) -> Vec<&Order> {
    effects.iter().filter_map(|effect| if let Effect::Order(order) = effect { Some(order) } else { None }).collect()
}

fn reboot() -> crate::domain::Deed {
    use crate::domain::register::Server;
    use crate::domain::{Deed, DeedKind, Proof, Step};
    let words = ["sudo", "-n", "systemctl", "reboot"].map(Shown::from).to_vec();
    let server = Server { name: "web7".into(), ..Server::local() };
    let step = Step::shell(&server, words, Proof::Boot("1".into()));
    Deed { kind: DeedKind::Reboot, title: "Reboot web7".into(), batches: vec![vec![step]], remarks: Vec::new() }
}

#[test]
fn only_a_look_comes_before_the_question_and_only_the_answer_does_it() {
    let mut console = with_fleet(true);
    let looked = console.press("2B");
    let [Order::Prepare(errand)] = &orders(&looked)[..] else { panic!("{looked:?}") };
    let errand = errand.clone();
    assert_eq!(state_of(console.model()), "list2:0 waiting");
    assert_eq!(console.press("<tab><enter>jsUB"), []);
    console.hear(Update::Prepared(errand.clone(), Ok(reboot())));
    assert_eq!(state_of(console.model()), "list2:0 deed:cancel");
    assert!(text(&console.frame()).contains("sudo -n systemctl reboot"));
    assert_eq!(console.press("<enter>"), []);
    console.press("B");
    console.hear(Update::Prepared(errand.clone(), Ok(reboot())));
    assert!(text(&console.frame()).contains("to do it, type web7"), "{}", text(&console.frame()));
    // Without the word, with another, with one that was pasted, and back at *Cancel*: nothing.
    for keys in ["<tab><enter>", "web<enter>", "<tab>", "<tab>"] {
        assert_eq!(console.press(keys), [], "{keys}");
        assert!(state_of(console.model()).contains("deed:"));
    }
    assert_eq!(update::update(console.model(), message::Msg::Pasted("7".into()), sample::now()), []);
    assert_eq!(console.press("<enter>"), []);
    assert_eq!(console.press("7<enter>"), [Effect::Order(Order::Do(reboot()))]);
    assert_eq!(state_of(console.model()), "list2:0 account");
    // One at a time, and leaving is asked twice.
    assert_eq!(console.press("<esc>B"), []);
    assert_eq!(console.press("q"), []);
    assert_eq!(console.press("jq"), []);
    assert_eq!(console.press("q"), [Effect::Quit]);
}

#[test]
fn an_answer_that_nobody_waits_for_asks_nothing() {
    let mut console = with_fleet(true);
    let looked = console.press("2B");
    let [Order::Prepare(errand)] = &orders(&looked)[..] else { panic!("{looked:?}") };
    let errand = errand.clone();
    console.press("<esc>");
    console.hear(Update::Prepared(errand.clone(), Ok(reboot())));
    assert_eq!(state_of(console.model()), "list2:0");
    console.press("B");
    console.hear(Update::Prepared(errand, Err(Fault::new("web7 can't be reached"))));
    assert!(text(&console.frame()).contains("web7 can't be reached"));
}

#[test]
fn success_is_what_was_seen_and_failure_is_said() {
    use crate::domain::{Account, StepState};
    let mut console = with_fleet(true);
    let mut account = Account::of(reboot());
    account.ended = true;
    account.reports[0].state = StepState::Failed;
    account.reports[0].said = vec!["not seen to have booted".into()];
    console.hear(Update::Deed(account));
    assert!(text(&console.frame()).contains("failed on 1 of 1"));
    console.press("t");
    let shown = text(&console.frame());
    assert!(shown.contains("✖ failed") && shown.contains("not seen to have booted"), "{shown}");
}

#[test]
fn a_one_time_link_is_shown_once_copied_on_request_and_then_gone() {
    let mut console = with_fleet(true);
    let link = crate::domain::Link::parse("https://site.example/user/reset/1/2/secret/login").unwrap();
    console.hear(Update::Issued(crate::domain::OneTime::new(&link)));
    assert!(text(&console.frame()).contains("/user/reset/1/2/secret/login"));
    assert!(matches!(&console.press("y")[..], [Effect::Copy(_)]));
    console.press("<esc>");
    let model = format!("{:?}", console.model());
    assert!(!text(&console.frame()).contains("secret") && !model.contains("secret"));
}

#[test]
fn a_vpn_client_is_looked_for_and_nobody_else_is() {
    use crate::domain::{Errand, FindingKey, SubjectKind};
    let mut console = with_fleet(true);
    for keys in ["1K", "<esc>2K"] {
        assert!(text(&with_message(&mut console, keys)).contains("select a VPN's client first"), "{keys}");
    }
    let mut asked = Vec::new();
    for part in [None, Some("mallory".into())] {
        let mut round = crate::domain::Round::clone(&console.model().world.round);
        for finding in round.findings.iter_mut().filter(|finding| finding.subject.kind == SubjectKind::Vpn) {
            finding.key = FindingKey::new("admin-via-vpn", &finding.subject, part.as_ref());
        }
        console.model().take(round.into());
        console.press("<esc>3g");
        for _ in 0..2 {
            if let [Order::Prepare(Errand::Disconnect { key, .. })] = &orders(&console.press("K"))[..] {
                asked.push(key.to_string());
                console.press("<esc>");
            }
            console.press("j");
        }
    }
    asked.sort();
    assert_eq!(asked, ["admin-via-vpn/gate/mallory", "admin-via-vpn/roman's laptop", "admin-via-vpn/roman's laptop"]);
}

#[test]
fn the_question_before_a_disconnection_shows_command_and_interface() {
    use crate::domain::register::Server;
    use crate::domain::{Deed, DeedKind, Errand, Interface, Management, Proof, Step, Taker, VpnSession};
    let mut console = with_fleet(true);
    console.press("3");
    let looked = console.press("K");
    let [Order::Prepare(errand @ Errand::Disconnect { .. })] = &orders(&looked)[..] else { panic!("{looked:?}") };
    let errand = errand.clone();
    let session = VpnSession { common_name: "mallory".into(), from: "203.0.113.9:4711".into(), since: None, id: 5 };
    let at = Management::parse("unix:/run/openvpn/gate.sock").unwrap();
    let interface = Interface { vpn: "gate".into(), server: Server::local(), at, password: None };
    let step = Step {
        server: "gate".into(),
        ssh: None,
        taker: Taker::Openvpn(Box::new(interface)),
        words: session.command(),
        proof: Proof::Gone { known: vec![session.clone()], session },
    };
    let title = "Disconnect mallory".into();
    let deed = Deed { kind: DeedKind::Disconnect, title, batches: vec![vec![step]], remarks: Vec::new() };
    console.hear(Update::Prepared(errand.clone(), Ok(deed.clone())));
    let shown = text(&console.frame());
    for part in ["here, to the management interface unix:/run/openvpn/gate.sock", "client-kill 5", "▸ Cancel"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    // Where there is little room its whole address is there all the same.
    console.resize(44, 24);
    let shown = text(&console.frame());
    assert!(shown.contains("gate.sock"), "{shown}");
    console.resize(120, 40);
    assert_eq!(console.press("<enter>"), []);
    console.press("K");
    console.hear(Update::Prepared(errand.clone(), Ok(deed.clone())));
    assert_eq!(console.press("<tab><enter>"), [], "the name of the VPN is missing");
    assert_eq!(console.press("gate<enter>"), [Effect::Order(Order::Do(deed))]);
    // What can't be done is said with what would change that.
    console.press("<esc>");
    console.hear(Update::Deed({
        let mut account = crate::domain::Account::of(reboot());
        account.ended = true;
        account
    }));
    console.press("K");
    let fault = Fault::new("gate: nothing can be ended there").mend("name its `management`");
    console.hear(Update::Prepared(errand, Err(fault)));
    assert!(text(&console.frame()).contains("nothing can be ended there: name its `management`"));
}
