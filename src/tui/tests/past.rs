//! Going into the past and coming back.

use std::sync::Arc;

use super::*;
use crate::domain::{Exhibit, Fault, Picture, Round, Unit};
use crate::round::{Exhibited, Order, Update};
use crate::tui::message::Effect;

fn then() -> jiff::Timestamp {
    sample::now() - jiff::SignedDuration::from_hours(7 * 24)
}

/// A console that shows a broken morning as it was a week ago; now all is well.
fn returned() -> Rehearsal {
    let mut console = console(State::Ok, (120, 40));
    let ordered = console.press(":as-of 7d<enter>");
    assert!(matches!(&ordered[..], [Effect::Order(Order::AsOf(Some(at)))] if *at == then()), "{ordered:?}");
    let round = Round { at: then(), ..sample::round(State::Broken) };
    console.hear(Update::Then(Ok((then(), Arc::new(round)))));
    console
}

#[test]
fn the_past_is_marked_and_shows_what_was() {
    let mut console = returned();
    let screen = text(&console.frame());
    assert!(screen.contains(" AS OF ") && screen.contains("the past: nothing is asked or written here"), "{screen}");
    assert!(
        console.model().world.round.findings.iter().any(|finding| finding.verdict == crate::domain::Verdict::Broken)
    );
    // Ages are those of then.
    assert_eq!(console.model().world.now, then());
}

#[test]
fn nothing_is_written_and_nobody_is_asked_in_the_past() {
    for keys in ["d", "u", "S", "r", "R", "s", "U", "B", "l", ":refresh all<enter>", ":decide<enter>"] {
        let mut console = returned();
        assert_eq!(console.press(keys), [], "{keys}");
        assert!(console.model().view.overlay.is_none(), "{keys}");
        assert!(text(&console.frame()).contains("this is the past"), "{keys}");
    }
}

#[test]
fn escape_and_now_come_back_to_what_came_meanwhile() {
    for keys in ["<esc>", "1<esc><esc>", ":as-of now<enter>"] {
        let mut console = returned();
        let mut newer = sample::round(State::Ok);
        newer.at = sample::now();
        newer.operator = "newer".into();
        console.hear_round(newer);
        assert_ne!(console.model().world.round.operator, "newer", "the past stays as it was");
        let effects = console.press(keys);
        assert!(effects.contains(&Effect::Order(Order::AsOf(None))), "{keys}: {effects:?}");
        let world = &console.model().world;
        assert_eq!((&world.round.operator, world.now), (&"newer".into(), sample::now()));
        assert!(!text(&console.frame()).contains("AS OF"));
    }
}

#[test]
fn who_turns_back_on_the_way_stays_in_the_present() {
    let mut console = console(State::Ok, (120, 40));
    console.press(":as-of 7d<enter>");
    for keys in ["d", "S", "R"] {
        assert_eq!(console.press(keys), [], "{keys}");
    }
    assert_eq!(console.press("<esc>"), [Effect::Order(Order::AsOf(None))]);
    console.hear(Update::Then(Ok((then(), Arc::new(sample::round(State::Broken))))));
    assert!(console.model().world.then.is_none() && !text(&console.frame()).contains("AS OF"));
    assert_ne!(console.press("R"), []);
}

#[test]
fn that_the_past_cannot_be_read_is_said_there() {
    let mut console = returned();
    console.hear(Update::Trouble(Fault::new("the store is damaged")));
    assert!(text(&console.frame()).contains("the store is damaged"));
}

#[test]
fn from_one_moment_of_the_past_to_another_is_counted_from_now() {
    let mut console = returned();
    let ordered = console.press(":as-of 7d<enter>");
    assert!(matches!(&ordered[..], [Effect::Order(Order::AsOf(Some(at)))] if *at == then()), "{ordered:?}");
}

#[test]
fn where_nothing_is_known_the_console_stays_and_says_so() {
    let mut console = console(State::Broken, (120, 40));
    assert_eq!(console.press(":as-of tomorrow<enter>"), []);
    assert!(text(&console.frame()).contains("is no time: write 7d"));
    console.press(":as-of 2020-01-01<enter>");
    console.hear(Update::Then(Err(Fault::new("nothing is known of then"))));
    let screen = text(&console.frame());
    assert!(screen.contains("nothing is known of then") && !screen.contains("AS OF"), "{screen}");
}

/// What the store has of then of the subject that is looked at, and whether all of it is still kept.
fn drawn(console: &mut Rehearsal, then: Option<jiff::Timestamp>, is_whole: bool) -> String {
    let subject = console.model().current().unwrap().subject.clone();
    let picture = Picture::Trend { unit: Unit::Bytes, points: vec![(sample::now(), 1), (sample::now(), 2)] };
    let exhibits = vec![("backup-on-site".into(), Exhibit { title: "sizes of then".into(), picture })];
    let exhibits = if is_whole { exhibits } else { Vec::new() };
    console.hear(Update::Exhibited(Exhibited { subject, exhibits, then, is_whole }));
    text(&console.frame())
}

#[test]
fn the_past_has_the_pictures_of_then_and_says_where_they_are_not_kept() {
    let said = "No picture of then";
    let mut console = returned();
    console.press("4");
    assert!(!text(&console.frame()).contains(said), "nobody knows yet");
    let late = drawn(&mut console, None, true);
    assert!(!late.contains("sizes of then"), "a picture of today is none of then: {late}");
    let whole = drawn(&mut console, Some(then()), true);
    assert!(whole.contains("sizes of then") && !whole.contains(said), "{whole}");
    let faded = drawn(&mut console, Some(then()), false);
    assert!(faded.contains(said) && !faded.contains("sizes of then"), "{faded}");
    console.press("<esc><esc>4");
    assert!(!text(&console.frame()).contains(said));
}
