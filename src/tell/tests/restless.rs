//! What goes to and fro is told once, with its number.

use super::*;

#[test]
fn what_goes_to_and_fro_is_told_with_its_number_once_and_again_when_it_rests() {
    let (telling, mut memory) = (command(&json!({})), Memory::default());
    let mut told = |hour: i64, verdict| tell(&telling, &round(hour, &[("web1", verdict)]), &mut memory);
    assert_eq!(told(8, Broken).unwrap().1, ["✖ broken web1: 3 security updates"]);
    assert_eq!(told(9, Fine).unwrap().0, "matins: 1 better");
    let third = told(10, Broken).unwrap().1;
    assert_eq!(
        third,
        ["✖ broken web1: 3 security updates (3 times to and fro within a day: no more of it until it rests)"]
    );
    // Something worse than it was is told all the same.
    assert_eq!(told(11, Fine), None);
    assert_eq!(told(12, Unknown).unwrap().0, "matins: 1 unknown");
    for hour in 13..40 {
        assert_eq!(told(hour, if hour % 2 == 0 { Broken } else { Fine }), None, "{hour}");
    }
    // It turned at 39 the last time, and is better than what was said of it.
    for hour in 40..61 {
        assert_eq!(told(hour, Fine), None, "{hour}");
    }
    assert_eq!(told(63, Fine).unwrap().0, "matins: 1 better");
    assert_eq!(told(64, Broken).unwrap().1, ["✖ broken web1: 3 security updates"]);
}

#[test]
fn what_goes_to_and_fro_in_quiet_hours_is_one_line_with_its_number() {
    let (telling, mut memory) = (command(&json!({ "quiet": "00:00-07:00" })), Memory::default());
    for hour in 1..6 {
        let verdict = if hour % 2 == 1 { Broken } else { Fine };
        assert_eq!(tell(&telling, &round(hour, &[("web1", verdict)]), &mut memory), None);
    }
    let told = tell(&telling, &round(8, &[("web1", Broken)]), &mut memory).unwrap().1;
    assert_eq!(told.len(), 1);
    assert!(told[0].contains("(5 times to and fro"), "{told:?}");
    // What was kept of it survives the store.
    let kept: Memory = serde_json::from_str(&serde_json::to_string(&memory).unwrap()).unwrap();
    assert_eq!(kept, memory);
}

#[test]
fn another_that_changes_is_told_while_one_goes_to_and_fro() {
    let (telling, mut memory) = (command(&json!({})), Memory::default());
    for hour in 1..8 {
        let verdict = if hour % 2 == 1 { Broken } else { Fine };
        tell(&telling, &round(hour, &[("web1", verdict)]), &mut memory);
    }
    let told = tell(&telling, &round(8, &[("web1", Fine), ("web2", Unknown)]), &mut memory).unwrap();
    assert_eq!(told, ("matins: 1 unknown".into(), vec!["? unknown web2: 3 security updates".into()]));
}

#[test]
fn what_goes_to_and_fro_on_no_line_is_told_when_it_breaks() {
    let (telling, mut memory) = (command(&json!({ "quiet": "00:00-07:00" })), Memory::default());
    for hour in 1..5 {
        let verdict = if hour % 2 == 1 { Broken } else { Fine };
        assert_eq!(tell(&telling, &round(hour, &[("web1", verdict)]), &mut memory), None);
    }
    // Another one's message says nothing of it.
    let told = tell(&telling, &round(8, &[("web1", Fine), ("web2", Broken)]), &mut memory).unwrap();
    assert_eq!(told.1, ["✖ broken web2: 3 security updates"]);
    let told = tell(&telling, &round(9, &[("web1", Broken), ("web2", Broken)]), &mut memory).unwrap().1;
    assert!(told.len() == 1 && told[0].contains("web1") && told[0].contains("(5 times to and fro"), "{told:?}");
    assert_eq!(tell(&telling, &round(10, &[("web1", Fine), ("web2", Broken)]), &mut memory), None);
}

#[test]
fn what_goes_to_and_fro_and_is_as_it_was_told_is_on_no_line_either() {
    let (telling, mut memory) = (command(&json!({ "quiet": "00:00-07:00" })), Memory::default());
    // It was told before the night.
    tell(&telling, &round(-2, &[("web1", Broken)]), &mut memory).unwrap();
    for hour in 1..5 {
        let verdict = if hour % 2 == 1 { Fine } else { Broken };
        assert_eq!(tell(&telling, &round(hour, &[("web1", verdict)]), &mut memory), None);
    }
    tell(&telling, &round(8, &[("web1", Broken), ("web2", Broken)]), &mut memory).unwrap();
    let told = tell(&telling, &round(9, &[("web1", Fine), ("web2", Broken)]), &mut memory).unwrap().1;
    assert!(told.len() == 1 && told[0].contains("(6 times to and fro"), "{told:?}");
}

#[test]
fn what_is_there_only_while_it_is_wrong_goes_to_and_fro_too() {
    let (telling, mut memory) = (command(&json!({})), Memory::default());
    let mut told = |hour: i64, is_there: bool| {
        let findings = [("db1", Fine), ("stranger", Broken)];
        tell(&telling, &round(hour, &findings[..=usize::from(is_there)]), &mut memory)
    };
    assert_eq!(told(8, true).unwrap().0, "matins: 1 broken");
    assert_eq!(told(9, false).unwrap().1, ["· gone security-updates/stranger"]);
    let third = told(10, true).unwrap().1;
    assert!(third.len() == 1 && third[0].contains("(3 times to and fro"), "{third:?}");
    for hour in 11..40 {
        assert_eq!(told(hour, hour % 2 == 0), None, "{hour}");
    }
    // It turned at 37, 38 and 39 the last times: from 61 on that is no longer thrice within a day.
    for hour in 40..61 {
        assert_eq!(told(hour, false), None, "{hour}");
    }
    assert_eq!(told(61, false).unwrap().1, ["· gone security-updates/stranger"]);
    assert_eq!(told(64, true).unwrap().1, ["✖ broken stranger: 3 security updates"]);
}

#[test]
fn what_was_never_told_turns_too_when_it_goes() {
    let (telling, mut memory) = (command(&json!({ "quiet": "00:00-07:00" })), Memory::default());
    let findings = [("db1", Fine), ("stranger", Broken)];
    for hour in 1..6 {
        let there = 1 + usize::from(hour % 2 == 1);
        assert_eq!(tell(&telling, &round(hour, &findings[..there]), &mut memory), None);
    }
    let told = tell(&telling, &round(8, &findings), &mut memory).unwrap().1;
    assert!(told.len() == 1 && told[0].contains("(5 times to and fro"), "{told:?}");
    assert_eq!(tell(&telling, &round(9, &findings[..1]), &mut memory), None);
}
