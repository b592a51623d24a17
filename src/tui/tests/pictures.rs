//! What is drawn.

use super::*;
use crate::domain::{Exhibit, Month, Picture};
use crate::round::Exhibited;

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
    let unseen = other.findings.iter_mut().skip(100).filter(|finding| finding.verdict != Verdict::Ok);
    for (number, finding) in unseen.enumerate() {
        finding.title = format!("never shown {number}").into();
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
        view::draw(console.model(), &mut buffer).until
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
            } else if path.extension().is_some_and(|extension| extension == "rs")
                && !path.starts_with(root.join("tests"))
            {
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
        [("why", "w"), ("help", "?"), ("palette", ":re"), ("filter", "/host:web* age:>1d"), ("detail", "2<right>")]
    {
        let drawn = SIZES.map(|(width, height)| {
            let mut console = console(State::Broken, (width, height));
            console.press(keys);
            format!("{width}×{height}\n{}", text(&console.frame()))
        });
        insta::assert_snapshot!(format!("over_{name}"), drawn.join("\n"));
    }
}

/// Six months, the fastest and the slowest among them, and one in which everything took no time.
fn patch_latency() -> Exhibit {
    let hours = [(40, 40), (5, 26), (10, 200), (0, 0), (20, 80), (6, 30)];
    let months = hours.into_iter().zip(6..).map(|((median, p95), month)| Month {
        first: jiff::civil::date(2026, month, 1),
        median_seconds: median * 3_600,
        p95_seconds: p95 * 3_600,
        count: 2,
    });
    Exhibit {
        title: "from publication to installation, by month".into(),
        picture: Picture::Months { months: months.collect() },
    }
}

#[test]
fn months_are_a_chart_with_its_numbers_and_words_where_it_is_narrow() {
    let drawn = [(120, 40), (80, 40), (50, 40)].map(|(width, height)| {
        let answers = sample::answers(&sample::round(State::Broken));
        let mut console = console(State::Broken, (width, height)).answered(move |order| {
            let exhibited = |update| match update {
                Update::Exhibited(of) => {
                    let exhibits = vec![("security-updates".into(), patch_latency())];
                    Update::Exhibited(Exhibited { exhibits, ..of })
                }
                other => other,
            };
            answers(order).into_iter().map(exhibited).collect()
        });
        console.press("2<right>");
        let drawn = text(&console.frame());
        let lines: Vec<&str> = drawn.lines().filter(|line| line.contains(" 2026  ") && line.contains("p95")).collect();
        format!("{width}×{height}\n{}", lines.join("\n"))
    });
    insta::assert_snapshot!("months", drawn.join("\n"));
}
