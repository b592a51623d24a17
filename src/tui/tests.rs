//! The console without a terminal: state in, keys, state out; and pictures.

use ratatui::buffer::Buffer;

use super::model::{Model, Overlay, Place, Start};
use super::sample::{self, State};
use super::{Effect, Rehearsal, panels};
use crate::domain::{Fault, Round, Shown, SubjectKind, Verdict};
use crate::round::{Order, Progress, Update};

fn start(state: State) -> Start {
    sample::start(sample::round(state)).unwrap()
}

fn console(state: State, (width, height): (u16, u16)) -> Rehearsal {
    Rehearsal::new(start(state), width, height)
}

/// Where one is, in a word: `queue:0`, `tile2:1`, `list3:0`, `detail1:0 why`, with the selected row.
fn state_of(model: &Model) -> String {
    let row = |panel: usize| model.view.panels[panel].subject.at;
    let place = match model.view.place {
        Place::Queue => format!("queue:{}", model.view.queue.at),
        Place::Tile(panel) => format!("tile{}:{}", panel + 1, row(panel)),
        Place::List(panel) => format!("list{}:{}", panel + 1, row(panel)),
        Place::Detail(panel) => format!("detail{}:{}", panel + 1, row(panel)),
    };
    let over = match &model.view.overlay {
        None if model.view.filter.editing => " filter",
        None => "",
        Some(Overlay::Why { .. }) => " why",
        Some(Overlay::Help { .. }) => " help",
        Some(Overlay::Palette { .. }) => " palette",
        Some(Overlay::Confirm(_)) => " confirm",
        Some(Overlay::Address { .. }) => " address",
    };
    format!("{place}{over}")
}

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
    leads("2<tab>", "detail2:0");
    leads("2<tab><tab>", "list2:0");
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
    leads("dusSxX7<c-x>", "queue:0");
}

#[test]
fn keys_of_later_issues_say_where_help_is() {
    let mut console = console(State::Broken, (120, 40));
    for key in ["d", "u", "S", "s", "x"] {
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
    assert_eq!(press("<c-l>"), [Effect::Repaint]);
    assert!(matches!(&press("o")[..], [Effect::Open(link)] if link.as_str().starts_with("https://security-tracker")));
    assert!(matches!(&press("y")[..], [Effect::Copy(text)] if text.as_str().starts_with("https://security-tracker")));
}

#[test]
fn an_address_without_encryption_is_opened_only_after_a_question() {
    let mut round = sample::round(State::Broken);
    for finding in &mut round.findings {
        finding.link = crate::domain::Link::parse("http://plain.example/x");
    }
    let mut console = Rehearsal::new(sample::start(round).unwrap(), 80, 24);
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
    let link = console.model().world.round.findings[0].link.clone().unwrap();
    let now = sample::now();
    super::update::update(console.model(), super::message::Msg::Opened(link, Err(Fault::new("over ssh"))), now);
    assert!(text(&console.frame()).contains("https://security-tracker.debian.org/tracker/DSA-6321-1"));
    assert!(matches!(&console.press("y")[..], [Effect::Copy(_)]));
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
    console.press("w<enter>jkGorywy2<tab>jjG<esc>");
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
    let pasted = super::message::Msg::Pasted(" hots:x".into());
    super::update::update(console.model(), pasted, sample::now());
    assert!(text(&console.frame()).contains("`hots:` is no field"));
    assert_eq!(console.model().index.queue.len(), 2);
    console.press("<enter>");
    assert!(console.model().view.filter.editing);
}

#[test]
fn pasted_text_triggers_nothing() {
    let now = sample::now();
    let mut console = console(State::Broken, (120, 40));
    let paste = |console: &mut Rehearsal, text: &str| {
        super::update::update(console.model(), super::message::Msg::Pasted(text.into()), now)
    };
    assert_eq!(paste(&mut console, "q\nq\x1b[31mR"), []);
    assert_eq!(state_of(console.model()), "queue:0");
    console.press("/");
    assert_eq!(paste(&mut console, &"web7\n".repeat(200_000)), []);
    assert_eq!(console.model().view.filter.input.value().len(), 200);
    assert!(console.model().view.filter.editing);
}

#[test]
fn reading_on_in_the_detail_makes_its_findings_current() {
    let mut console = console(State::Broken, (120, 40));
    console.press("2<tab>");
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
    use super::message::{Mouse, Msg};
    use ratatui::layout::Position;
    let mut console = console(State::Broken, (120, 40));
    let mut point = |mouse| {
        super::update::update(console.model(), Msg::Mouse(mouse), sample::now());
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
    use super::message::{Mouse, Msg};
    let mut console = console(State::Broken, (120, 40));
    let tile = super::layout::home(console.model().size).tiles[1];
    let click = Msg::Mouse(Mouse::Click((tile.x + 3, tile.y + 2).into()));
    super::update::update(console.model(), click, sample::now());
    assert_eq!(state_of(console.model()), "tile2:1");
}

#[test]
fn only_what_came_after_the_opening_is_new() {
    let mut console = console(State::Broken, (120, 40));
    assert!(!text(&console.frame()).contains(" new"));
    let mut round = sample::round(State::Broken);
    round.findings[0].first_seen = sample::now();
    console.hear_round(round);
    assert_eq!(text(&console.frame()).matches(" new").count(), 1);
}

#[test]
fn on_the_very_first_round_nothing_is_marked_as_new() {
    let mut console = console(State::Empty, (120, 40));
    console.hear_round(sample::round(State::Broken));
    assert!(!text(&console.frame()).contains(" new"));
}

#[test]
fn nothing_known_is_never_called_well() {
    let mut console = console(State::Empty, (80, 24));
    console.hear(Update::Progress(Progress { refreshing: 3, next: None }));
    let shown = text(&console.frame());
    assert!(shown.contains("Nothing is known yet") && !shown.contains('✓'), "{shown}");
    let mut silent = sample::round(State::Unknown);
    silent.findings.clear();
    console.hear_round(silent);
    let shown = text(&console.frame());
    assert!(shown.contains("3 of 5 sources are being asked") && shown.contains("offline"), "{shown}");
}

#[test]
fn trouble_stays_until_escape() {
    let mut console = console(State::Broken, (120, 40));
    console.hear(Update::Trouble(Fault::new("the store can't be written").mend("free some space")));
    assert!(text(&console.frame()).contains("the store can't be written: free some space"));
    console.press("j");
    assert!(text(&console.frame()).contains("the store can't be written"));
    console.press("<esc>");
    assert!(!text(&console.frame()).contains("the store can't be written"));
}

#[test]
fn a_first_run_shows_what_else_could_be_watched() {
    let mut start = start(State::Ok);
    start.hints = vec!["[[vpn]]: who is connected".into(), "[[backup]]: last night's snapshots".into()];
    let shown = text(&Rehearsal::new(start, 120, 40).frame());
    assert!(shown.contains("What else could be watched:") && shown.contains("[[vpn]]"), "{shown}");
}

#[test]
fn the_demo_says_so_at_every_size() {
    for size in [(120, 40), (80, 24), (40, 10)] {
        let start = Start { demo: true, ..start(State::Broken) };
        assert!(text(&Rehearsal::new(start, size.0, size.1).frame()).contains("DEMO"), "{size:?}");
    }
}

#[test]
fn no_size_is_too_strange_to_draw() {
    let keys = ["", "w", "?", ":", "/x", "<tab><tab>", "2", "2<tab>", "4<tab>jjj", "w<pagedown>"];
    for width in [0, 1, 2, 5, 19, 20, 33, 59, 60, 99, 100, 300] {
        for height in [0, 1, 2, 4, 5, 9, 14, 17, 18, 30, 120] {
            for keys in keys {
                let mut console = console(State::Broken, (width, height));
                console.press(keys);
                console.frame();
            }
        }
    }
    assert!(text(&console(State::Broken, (19, 5)).frame()).contains("terminal too small"));
    assert!(text(&console(State::Broken, (20, 4)).frame()).contains("terminal too small"));
    assert!(!text(&console(State::Broken, (20, 5)).frame()).contains("terminal too small"));
}

#[test]
fn columns_stay_aligned_whatever_the_subject_is_called() {
    let mut round = sample::round(State::Broken);
    let names = ["日本語サーバーの名前はとても長い", "خادم الويب", "🏳️‍🌈👩‍💻 host", "e\u{301}te\u{301}", "a\u{202e}b", "x"];
    for (finding, name) in round.findings.iter_mut().zip(names.into_iter().cycle()) {
        finding.subject.name = name.into();
        finding.title = "TITLE".into();
    }
    let console = Rehearsal::new(sample::start(round).unwrap(), 120, 40);
    let buffer = console.frame();
    let column =
        |y: u16| (0..120).find(|x| (0..5).all(|n| buffer[(x + n, y)].symbol() == &"TITLE"[n as usize..=n as usize]));
    for y in 2..8 {
        assert_eq!(column(y), column(2), "row {y}");
        assert_eq!(buffer[(119, y)].symbol(), "│");
    }
}

#[test]
fn a_frame_of_ten_thousand_findings_touches_only_what_it_shows() {
    // What can't be seen may be anything: a frame that read it would differ.
    let round = sample::fleet(500, 10_000);
    let mut other = round.clone();
    for finding in other.findings.iter_mut().skip(100).filter(|finding| finding.verdict != Verdict::Ok) {
        finding.title = "never shown".into();
    }
    let frame = |round: Round| {
        let mut console = Rehearsal::new(sample::start(round).unwrap(), 80, 24);
        console.press("jjj");
        console.frame()
    };
    assert_eq!(frame(round), frame(other));
}

#[test]
fn a_picture_says_until_when_it_is_true() {
    let until = |state| {
        let mut console = console(state, (80, 24));
        let mut buffer = Buffer::empty(ratatui::layout::Rect::new(0, 0, 80, 24));
        super::view::draw(console.model(), &mut buffer).until
    };
    // The youngest age in the queue reads in minutes.
    assert_eq!(until(State::Broken), Some("2026-11-23T08:05:00Z".parse().unwrap()));
    // Nothing but the day.
    assert_eq!(until(State::Empty), Some("2026-11-24T00:00:00Z".parse().unwrap()));
}

#[test]
fn text_gets_on_the_screen_through_the_widgets_only() {
    let words = ["Span::", "Line::from", "Text::", "set_string", "set_line", "Paragraph", "set_symbol", "Line::raw"];
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tui");
    let mut folders = vec![root.clone()];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                if path != root.join("widgets") {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|extension| extension == "rs") && path != root.join("tests.rs") {
                files += 1;
                let source = std::fs::read_to_string(&path).unwrap();
                for word in words {
                    assert!(!source.contains(word), "{} says {word}", path.display());
                }
            }
        }
    }
    assert!(files > 20);
}

#[test]
fn state_is_never_told_by_colour_alone() {
    for state in [State::Ok, State::Broken, State::Unknown] {
        let shown = text(&console(state, (120, 40)).frame());
        for verdict in [Verdict::Due, Verdict::Unknown, Verdict::Broken] {
            let there = sample::round(state).count(verdict) > 0;
            assert_eq!(
                shown.contains(&format!("{} {}", verdict.glyph(), verdict.word())),
                there,
                "{state:?} {verdict:?}"
            );
        }
    }
}

#[test]
fn every_kind_of_subject_is_at_home_in_a_panel() {
    use SubjectKind::{Advisory, Backup, Device, Feed, Host, Organisation, Peer, Person, Service, Site, Vpn};
    for kind in [Advisory, Backup, Device, Feed, Host, Organisation, Peer, Person, Service, Site, Vpn] {
        assert!(panels::ALL.iter().any(|panel| panel.kinds.contains(&kind)), "{kind:?}");
    }
}

/// The screen as text, a line for each row, without the spaces at the end.
fn text(buffer: &Buffer) -> String {
    let mut out = String::new();
    let mut hidden = 0;
    for (at, cell) in buffer.content().iter().enumerate() {
        if hidden == 0 {
            out.push_str(cell.symbol());
            hidden = Shown::line(cell.symbol()).width().saturating_sub(1);
        } else {
            hidden -= 1;
        }
        if (at + 1) % usize::from(buffer.area.width).max(1) == 0 {
            out.truncate(out.trim_end_matches(' ').len());
            out.push('\n');
        }
    }
    out
}

/// A screen in every state at one size, one below the other.
fn pictures(keys: &str, (width, height): (u16, u16)) -> String {
    let states = [State::Empty, State::Ok, State::Broken, State::Unknown];
    let drawn = states.map(|state| {
        let mut console = console(state, (width, height));
        console.press(keys);
        format!("{state:?} {width}×{height}\n{}", text(&console.frame()))
    });
    drawn.join("\n")
}

const SIZES: [(u16, u16); 3] = [(120, 40), (80, 24), (40, 10)];

#[test]
fn home_looks_as_recorded() {
    for size in SIZES {
        insta::assert_snapshot!(format!("home_{}x{}", size.0, size.1), pictures("", size));
    }
}

#[test]
fn panels_look_as_recorded() {
    for (number, panel) in panels::ALL.iter().enumerate() {
        for size in SIZES {
            let name = format!("{}_{}x{}", panel.title.to_lowercase(), size.0, size.1);
            insta::assert_snapshot!(name, pictures(&(number + 1).to_string(), size));
        }
    }
}

#[test]
fn overlays_look_as_recorded() {
    for (name, keys) in
        [("why", "w"), ("help", "?"), ("palette", ":re"), ("filter", "/host:web* age:>1d"), ("detail", "2<tab>")]
    {
        let drawn = SIZES.map(|(width, height)| {
            let mut console = console(State::Broken, (width, height));
            console.press(keys);
            format!("{width}×{height}\n{}", text(&console.frame()))
        });
        insta::assert_snapshot!(format!("over_{name}"), drawn.join("\n"));
    }
}
