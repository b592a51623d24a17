//! Any sequence of rounds, decisions, undoing, clock steps and restarts: what must hold after each of them.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use matins::domain::facts::Fact;
use matins::domain::{DecisionKind, Extent, Fault, Finding, FindingKey, Observation, Read, Round, Since, Verdict};
use matins::round::Wish;
use proptest::prelude::*;

use super::{Answered, Week, agree, fleet, screen};

#[derive(Debug, Clone)]
enum Step {
    /// So many minutes later; bit by bit which of these is wrong: a backup, an update, a silent server, a stranger.
    Round(u16, u8),
    /// The clock here jumps by so many hours, back too.
    Clock(i8),
    /// The n-th of what asks, for so many hours.
    Decide(u8, u8),
    Undo,
    Sign,
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => (1_u16..2_000, 0_u8..16).prop_map(|(minutes, wrong)| Step::Round(minutes, wrong)),
        1 => (-30_i8..30).prop_map(Step::Clock),
        4 => (0_u8..8, 1_u8..72).prop_map(|(which, hours)| Step::Decide(which, hours)),
        1 => Just(Step::Undo),
        1 => Just(Step::Sign),
        1 => Just(Step::Restart),
    ]
}

/// How the sources answer on a morning on which these bits are wrong.
fn answers(wrong: u8) -> impl Fn(&str, Vec<Observation>) -> Answered {
    move |source, mut seen| {
        let now = seen[0].at;
        match source {
            "backups/db1 dumps" if wrong & 1 != 0 => seen[0].fact = Fact::Snapshots(fleet::nights(now, 2..15)),
            "servers/web1" if wrong & 2 != 0 => {
                let mut host = fleet::seen(now);
                host.pending = Read::Seen(vec![fleet::pending("nginx", "1.22.1-9+deb12u4")]);
                seen[0].fact = Fact::HostSeen(Box::new(host));
            }
            "servers/web2" if wrong & 4 != 0 => return Err(Fault::passing("no route to host")),
            "vpn/gate" if wrong & 8 != 0 => {
                seen[0].fact = Fact::VpnClients(fleet::clients(now, &["mona", "mallory"]));
            }
            _ => {}
        }
        Ok(seen)
    }
}

/// What was decided and when it ends, by its key; the newest last.
type Decided = Vec<(FindingKey, Timestamp)>;

fn decide(week: &mut Week, round: &Round, now: Timestamp, (which, hours): (u8, u8), decided: &mut Decided) {
    let open: Vec<&FindingKey> =
        round.findings.iter().filter(|finding| !round.rests(finding)).map(|finding| &finding.key).collect();
    if open.is_empty() {
        return;
    }
    let key = open[usize::from(which) % open.len()].clone();
    let until = now + SignedDuration::from_hours(i64::from(hours));
    let wish = Wish {
        key: key.clone(),
        kind: DecisionKind::Accept,
        extent: Extent::Finding,
        reason: "known".into(),
        until,
        to: None,
        link: None,
        second: None,
        seen: round.at,
    };
    // Under a clock that went back the desk may refuse; what it took counts.
    if week.desk().decide(round, wish, now).is_ok() {
        decided.push((key, until));
    }
}

type State = (BTreeMap<FindingKey, matins::domain::Decided>, Vec<Finding>, Since);

fn state(round: &Round) -> State {
    (round.decisions.clone(), round.findings.clone(), round.since.clone())
}

fn holds(round: &Round, decided: &Decided) {
    for finding in round.findings.iter().filter(|finding| finding.verdict != Verdict::Ok && round.rests(finding)) {
        let until = decided.iter().filter(|(key, _)| *key == finding.key).map(|(_, until)| *until).max();
        assert!(until.is_some_and(|until| until > round.at), "{} rests without a decision that holds", finding.key);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_the_queue_is_whole(steps in proptest::collection::vec(step(), 1..24)) {
        let mut week = Week::begin();
        let mut now = super::time("2026-11-24 08:00");
        let (mut decided, mut signed) = (Decided::new(), 0);
        let mut round = week.round_at(now, answers(0));
        // One that stays open all the while and hears of each round.
        let mut console = screen::opened(&round);
        for step in steps {
            match step {
                Step::Round(minutes, wrong) => {
                    now += SignedDuration::from_mins(i64::from(minutes));
                    round = week.round_at(now, answers(wrong));
                }
                Step::Clock(hours) => {
                    now += SignedDuration::from_hours(i64::from(hours));
                    round = week.desk().evaluate(now).unwrap();
                }
                Step::Decide(which, hours) => {
                    decide(&mut week, &round, now, (which, hours), &mut decided);
                    round = week.desk().evaluate(now).unwrap();
                }
                Step::Undo => {
                    for one in week.desk().undo(now).into_iter().flatten() {
                        let at = decided.iter().rposition(|(key, _)| *key == one.decision.key).unwrap();
                        decided.remove(at);
                    }
                    round = week.desk().evaluate(now).unwrap();
                }
                Step::Sign => {
                    week.desk().sign(&round, "so it is".into(), now).unwrap();
                    signed += 1;
                    round = week.desk().evaluate(now).unwrap();
                    // Everything is known that was signed just now.
                    prop_assert_eq!(round.since.news.len(), 0, "{:?}", round.since);
                }
                Step::Restart => {
                    let before = round.clone();
                    week = week.reopened();
                    round = week.desk().evaluate(now).unwrap();
                    prop_assert_eq!(state(&round), state(&before));
                }
            }
            holds(&round, &decided);
            agree(&mut week, &round);
            console.hear_round(round.clone());
            prop_assert_eq!(screen::queue(&console), screen::queue(&screen::opened(&round)));
            // The entries alone amount to what was done, and to what the open desk holds.
            let replayed = week.replayed();
            let told = replayed.decisions.iter().map(|one| (one.decision.key.clone(), one.decision.until));
            prop_assert_eq!(told.collect::<Decided>(), decided.clone());
            prop_assert_eq!(replayed.signed.len(), signed);
            prop_assert_eq!(&replayed, week.desk().record());
        }
        screen::panels_agree(&round);
    }
}
