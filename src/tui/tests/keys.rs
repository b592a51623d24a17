//! Keys, mouse, paste: where they lead and what they want done.

use super::*;
use crate::domain::Finding;

/// From home on the broken morning, these keys lead there.
#[track_caller]
fn leads(keys: &str, to: &str) {
    let mut console = console(State::Broken, (120, 40));
    console.press(keys);
    assert_eq!(state_of(console.model()), to, "{keys}");
}

#[test]
fn keys_lead_where_the_help_says() {
    leads("", "queue:0");
    leads("jj", "queue:2");
    leads("jjk<down><up>k", "queue:0");
    leads("kkk", "queue:0");
    leads("G", "queue:7");
    leads("Gg", "queue:0");
    leads("<pagedown>", "queue:7");
    leads("<end><pageup>", "queue:0");
    leads("<enter>", "list1:0");
    leads("j<enter>", "list2:0");
    leads("j<enter><esc>", "queue:1");
    leads("<enter><enter>", "detail1:0");
    leads("<enter><enter><esc><esc>", "queue:0");
    leads("<esc><esc><esc>", "queue:0");
    leads("2", "list2:0");
    leads("2j", "list2:1");
    leads("2jj", "list2:1");
    leads("25", "list5:0");
    leads("2<right>", "detail2:0");
    leads("2<right><left>", "list2:0");
    leads("2<tab>", "list2:0 by what is said");
    leads("2<tab><tab>", "list2:0");
    leads("1<tab><tab><tab>", "list1:0 by site");
    leads("1<backtab>", "list1:0 by site");
    leads("1<tab><esc>2", "list2:0");
    leads("<tab>", "tile1:0");
    leads("<tab><tab>j", "tile2:1");
    leads("<tab><tab>j<enter>", "list2:1");
    leads("<backtab>", "tile5:0");
    leads("<tab><tab><tab><tab><tab><tab>", "queue:0");
    leads("w", "queue:0 why");
    leads("ww", "queue:0");
    leads("w<esc>", "queue:0");
    leads("wjj", "queue:0 why");
    leads("?", "queue:0 help");
    leads("??", "queue:0");
    leads("/", "queue:0 filter");
    leads("/jqw", "queue:0 filter");
    leads("/web<enter>j", "queue:1");
    leads(":", "queue:0 palette");
    leads(":serv<enter>", "list2:0");
    leads(":wh<enter>", "queue:0 why");
    leads(":zzzz<enter>", "queue:0");
    leads(":<esc>", "queue:0");
    leads("usxX7<c-x>", "queue:0");
    leads("d", "queue:0 decide");
    leads("d<esc>", "queue:0");
    leads("dq", "queue:0 decide");
    leads("S", "queue:0 sign");
    leads("S<esc>", "queue:0");
}

#[test]
fn keys_that_nobody_binds_say_where_help_is() {
    let mut console = console(State::Broken, (120, 40));
    for key in ["x", "X", "7"] {
        assert_eq!(console.press(key), []);
        assert!(console.model().view.message.as_ref().unwrap().said.as_str().contains("? for help"), "{key}");
    }
}

#[test]
fn what_has_to_be_done_outside_comes_back_as_effects() {
    let subject = |name: &str| crate::domain::Subject::host(name);
    let press = |keys| console(State::Broken, (120, 40)).press(keys);
    assert_eq!(press("q"), [Effect::Quit]);
    assert_eq!(press("<c-c>"), [Effect::Quit]);
    assert_eq!(press("/abc<c-c>"), [Effect::Quit]);
    assert_eq!(press("R"), [Effect::Order(Order::RefreshAll)]);
    assert_eq!(press("2jr"), [Effect::Order(Order::RefreshSubject(subject("db2")))]);
    assert_eq!(press("mm"), [Effect::Mouse(false), Effect::Mouse(true)]);
    assert_eq!(press("<c-z>"), [Effect::Suspend]);
    // Else the shell's `fg` would be the reason of a decision.
    for typing in ["d<c-z>", "S<c-z>", ":<c-z>", "/abc<c-z>"] {
        assert_eq!(press(typing), [Effect::Suspend], "{typing}");
    }
    assert_eq!(press("<c-l>"), [Effect::Repaint]);
    assert!(matches!(&press("o")[..], [Effect::Open(link)] if link.as_str().starts_with("https://security-tracker")));
    assert!(matches!(&press("y")[..], [Effect::Copy(text)] if text.as_str().starts_with("https://security-tracker")));
}

#[test]
fn an_address_without_encryption_is_opened_only_after_a_question() {
    let round = sample::round(State::Broken);
    let answers = sample::answers(&round);
    let plain = move |order: &Order| {
        let mut updates = answers(order);
        for update in &mut updates {
            if let Update::Looked(looked) = update {
                for said in looked.particulars.values_mut() {
                    said.link = crate::domain::Link::parse("http://plain.example/x");
                }
            }
        }
        updates
    };
    let mut console = Rehearsal::new(sample::start(round).unwrap(), 80, 24).answered(plain);
    assert_eq!(console.press("o"), []);
    assert_eq!(state_of(console.model()), "queue:0 confirm");
    assert!(text(&console.frame()).contains("plain.example is reached without encryption"));
    assert_eq!(console.press("<esc>"), []);
    assert!(
        matches!(&console.press("o<enter>")[..], [Effect::Open(link)] if link.as_str() == "http://plain.example/x")
    );
}

#[test]
fn an_address_that_cannot_be_opened_is_shown_to_copy() {
    let mut console = console(State::Broken, (80, 24));
    let link = crate::domain::Link::parse("https://security-tracker.debian.org/tracker/DSA-6321-1").unwrap();
    console.update(message::Msg::Opened(link, Err(Fault::new("over ssh"))));
    assert!(text(&console.frame()).contains("https://security-tracker.debian.org/tracker/DSA-6321-1"));
    assert!(matches!(&console.press("y")[..], [Effect::Copy(_)]));
}

#[test]
fn until_particulars_are_read_titles_stand_alone_and_old_ones_stay() {
    let round = sample::round(State::Broken);
    let mut unread = Rehearsal::new(sample::start(round.clone()).unwrap(), 120, 40);
    unread.press("2");
    let shown = text(&unread.frame());
    assert!(shown.contains("6 security updates pending") && !shown.contains("to make it ok"), "{shown}");
    assert_eq!(unread.press("o"), []);
    assert!(text(&unread.frame()).contains("still being read"));
    unread.press("w");
    assert!(!text(&unread.frame()).contains("names no evidence"));
    let mut read = unread.answered(sample::answers(&round));
    assert!(text(&read.frame()).contains("said: nothing pending"));
    read.press("w");
    // Nobody answers any more: what was read of the last round stays.
    let mut left = read.clone().answered(|_| Vec::new());
    left.hear_round(round);
    assert!(text(&left.frame()).contains("to make it ok"));
    left.press("j");
    assert!(!text(&left.frame()).contains("to make it ok"));
}

#[test]
fn a_filter_finds_words_of_the_particulars_and_sources() {
    let mut console = console(State::Broken, (120, 40));
    let queued = |console: &mut Rehearsal| console.model().index.queue.len();
    console.press("/3.0.22");
    assert_eq!(queued(&mut console), 8);
    console.press("<enter><esc>/source:sources/w*");
    assert_eq!(queued(&mut console), 2);
    console.press("<enter><esc>/3.0.23");
    assert_eq!(queued(&mut console), 0);
}

#[test]
fn the_selection_stays_on_its_finding_when_rows_change() {
    let mut console = console(State::Broken, (120, 40));
    console.press("jj");
    let key = console.model().view.queue.key.clone();
    let mut round = sample::round(State::Broken);
    round.findings.reverse();
    console.hear_round(round);
    assert_eq!(console.model().view.queue.key, key);
    assert_eq!(console.model().current().map(|finding| finding.key.clone()), key);
}

#[test]
fn a_selection_whose_finding_is_gone_stays_in_its_place() {
    let mut console = console(State::Broken, (120, 40));
    console.press("G");
    let mut round = sample::round(State::Broken);
    round.findings.retain(|finding| finding.verdict != Verdict::Due);
    console.hear_round(round);
    assert_eq!(state_of(console.model()), "queue:5");
    console.hear_round(sample::round(State::Empty));
    assert_eq!(state_of(console.model()), "queue:0");
    assert!(console.model().current().is_none());
    console.press("w<enter>jkGorywy2<tab>jjG<right>jG<enter><esc>");
}

#[test]
fn the_why_of_a_finding_that_is_gone_says_so() {
    let mut console = console(State::Broken, (80, 24));
    console.press("w");
    console.hear_round(sample::round(State::Empty));
    assert!(text(&console.frame()).contains("This finding is gone"));
}

#[test]
fn a_filter_narrows_queue_and_panels_until_escape() {
    let mut console = console(State::Broken, (120, 40));
    console.press("/host:web*");
    assert_eq!((console.model().index.queue.len(), console.model().index.panels[1].rows.len()), (2, 1));
    console.press("<enter><esc>");
    assert_eq!(console.model().index.queue.len(), 8);
    console.press("/verdict:ok<enter>");
    assert_eq!(console.model().index.queue.len(), 3);
}

#[test]
fn a_bad_field_is_said_and_the_last_good_filter_stays() {
    let mut console = console(State::Broken, (120, 40));
    console.press("/web7");
    let pasted = message::Msg::Pasted(" hots:x".into());
    console.update(pasted);
    assert!(text(&console.frame()).contains("`hots:` is no field"));
    assert_eq!(console.model().index.queue.len(), 2);
    console.press("<enter>");
    assert!(console.model().view.filter.editing);
}

#[test]
fn pasted_text_triggers_nothing() {
    let mut console = console(State::Broken, (120, 40));
    let paste = |console: &mut Rehearsal, text: &str| console.update(message::Msg::Pasted(text.into()));
    assert_eq!(paste(&mut console, "q\nq\x1b[31mR"), []);
    assert_eq!(state_of(console.model()), "queue:0");
    console.press("/");
    assert_eq!(paste(&mut console, &"web7\n".repeat(200_000)), []);
    assert_eq!(console.model().view.filter.input.value().len(), 200);
    assert!(console.model().view.filter.editing);
    // What takes text takes it as text; what takes none is left as it is.
    for keys in ["?", "w", ":", "d", "S"] {
        let mut console = self::console(State::Broken, (120, 40));
        console.press(keys);
        let before = state_of(console.model());
        assert_eq!(paste(&mut console, "\r\nq\r\ny\x1bS\r"), [], "{keys}");
        assert_eq!(state_of(console.model()), before, "{keys}");
    }
}

#[test]
fn the_palette_knows_actions_by_their_names_and_runs_nothing_else() {
    for line in [":!id<enter>", ":!/bin/sh -c id<enter>", ":$(id)<enter>"] {
        let mut console = console(State::Broken, (120, 40));
        assert_eq!(console.press(line), [], "{line}");
        assert_eq!(state_of(console.model()), "queue:0", "{line}");
        assert!(text(&console.frame()).contains("no action is called that"), "{line}");
    }
}

#[test]
fn reading_on_in_the_detail_makes_its_findings_current() {
    let mut console = console(State::Broken, (120, 40));
    console.press("2<right>");
    let first = console.model().current().unwrap().key.clone();
    console.press("G");
    let last = console.model().current().unwrap().key.clone();
    assert_ne!(first, last);
    assert_eq!(last.as_str(), "backup-on-site/web7");
    console.press("g");
    assert_eq!(console.model().current().unwrap().key, first);
}

#[test]
fn the_wheel_moves_and_a_second_click_opens() {
    use message::{Mouse, Msg};
    use ratatui::layout::Position;
    let mut console = console(State::Broken, (120, 40));
    let mut point = |mouse| {
        console.update(Msg::Mouse(mouse));
        state_of(console.model())
    };
    let at = Position::new;
    assert_eq!(point(Mouse::WheelDown(at(30, 5))), "queue:3");
    assert_eq!(point(Mouse::WheelUp(at(30, 5))), "queue:0");
    assert_eq!(point(Mouse::Click(at(30, 4))), "queue:2");
    assert_eq!(point(Mouse::Click(at(30, 4))), "list3:0");
    assert_eq!(point(Mouse::Click(at(100, 5))), "detail3:0");
    assert_eq!(point(Mouse::Click(at(30, 3))), "list3:1");
    assert_eq!(point(Mouse::Click(at(0, 0))), "list3:1");
    assert_eq!(point(Mouse::Click(at(u16::MAX, u16::MAX))), "list3:1");
}

#[test]
fn a_click_on_a_tile_selects_its_row() {
    use message::{Mouse, Msg};
    let mut console = console(State::Broken, (120, 40));
    let tile = layout::home(console.model().size).tiles[1];
    let click = Msg::Mouse(Mouse::Click((tile.x + 3, tile.y + 2).into()));
    console.update(click);
    assert_eq!(state_of(console.model()), "tile2:1");
}

#[test]
fn a_tile_without_room_gives_the_focus_back() {
    let mut console = console(State::Broken, (120, 40));
    console.press("<tab><tab>");
    console.resize(80, 24);
    assert_eq!(state_of(console.model()), "tile2:0");
    console.resize(40, 10);
    assert_eq!(state_of(console.model()), "queue:0");
}

#[test]
fn until_somebody_moves_it_the_selection_stays_on_top() {
    let mut fewer = sample::round(State::Broken);
    fewer.findings.drain(..3);
    let mut console = rehearse(fewer, (120, 40));
    console.hear_round(sample::round(State::Broken));
    assert_eq!(state_of(console.model()), "queue:0");
    console.press("jk");
    let chosen = console.model().current().unwrap().key.clone();
    let mut more = sample::round(State::Broken);
    let last = more.findings.pop().unwrap();
    more.findings.insert(0, Finding { verdict: Verdict::Broken, ..last });
    console.hear_round(more);
    assert_eq!(console.model().current().unwrap().key, chosen);
}
