//! A clock that was ahead once does no lasting harm.

use super::*;

pub(super) fn run(fresh: &impl Fn() -> Box<dyn Store>) {
    what_was_seen_first_in_the_future_was_seen_by_now(fresh().as_mut());
}

/// Otherwise a security update would never have waited too long.
fn what_was_seen_first_in_the_future_was_seen_by_now(store: &mut dyn Store) {
    let sighting = Sighting { kind: SubjectKind::Advisory, subject: "a".into(), item: "published".into() };
    let answer = |seconds| {
        let observations = vec![Observation { at: at(seconds), ..advisory("a") }];
        attempt(seconds, Outcome::Seen { observations, memory: None })
    };
    let first = |store: &dyn Store| store.sightings().unwrap()[&sighting];
    store.keep(&answer(9_000)).unwrap();
    assert_eq!(first(store), at(9_000));
    store.keep(&answer(60)).unwrap();
    assert_eq!(first(store), at(60));
    store.keep(&answer(120)).unwrap();
    assert_eq!(first(store), at(60));
    store.keep(&attempt(30, Outcome::Unchanged)).unwrap();
    assert_eq!(first(store), at(30));
}
