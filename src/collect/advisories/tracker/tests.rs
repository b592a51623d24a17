//! What the tracker says keeps its meaning, and what it cannot mean is said with its place.

use super::*;

fn read(text: &str) -> Result<Tracker, Fault> {
    parse(&mut text.as_bytes()).map(|parsed| match parsed.fact {
        Fact::DebianTracker(tracker) => (*tracker).clone(),
        other => panic!("{other:?}"),
    })
}

fn with(state: &str) -> String {
    format!(
        r#"{{"linux":{{"CVE-2026-7":{{"description":"x","scope":"remote","debianbug":7,"releases":{{"trixie":{state}}}}}}}}}"#
    )
}

#[test]
fn every_state_keeps_its_meaning() {
    let state = |text: &str| {
        let tracker = read(&with(text)).unwrap();
        let (issue, state) = tracker.issues("linux", "trixie").next().unwrap();
        assert_eq!((issue.id.as_str(), issue.remote), ("CVE-2026-7", Some(true)));
        (state.fix.clone(), state.urgency, state.no_dsa)
    };
    assert_eq!(
        state(
            r#"{"status":"resolved","repositories":{"trixie":"6.12-1"},"fixed_version":"6.12-1","urgency":"high**"}"#
        ),
        (Fix::In("6.12-1".into()), Urgency::High, None)
    );
    assert_eq!(
        state(r#"{"status":"resolved","fixed_version":"0","urgency":"unimportant"}"#),
        (Fix::NotAffected, Urgency::Unimportant, None)
    );
    assert_eq!(
        state(r#"{"status":"open","urgency":"end-of-life","nodsa":"Minor","nodsa_reason":"postponed"}"#),
        (Fix::Open, Urgency::EndOfLife, Some(NoDsa::Postponed))
    );
    assert_eq!(
        state(r#"{"status":"open","urgency":"not yet assigned","nodsa":"Minor issue","nodsa_reason":""}"#),
        (Fix::Open, Urgency::NotYetAssigned, Some(NoDsa::Minor))
    );
    assert_eq!(state(r#"{"status":"undetermined"}"#), (Fix::Undetermined, Urgency::NotYetAssigned, None));
}

#[test]
fn an_issue_without_releases_is_known_and_concerns_none() {
    let tracker = read(r#"{"a":{"TEMP-0000000-0CA7E3":{"releases":[]}}}"#).unwrap();
    assert_eq!(tracker.packages["a"][0].states, []);
}

#[test]
fn what_is_wrong_is_said_with_package_issue_and_byte() {
    let said = |text: &str| read(text).unwrap_err().said.to_string();
    let wrong = said(&with(r#"{"status":"resolved","fixed_version":"1.0 or so","urgency":"low"}"#));
    assert!(wrong.starts_with("not as expected at linux CVE-2026-7 (line 1, byte "), "{wrong}");
    assert!(wrong.ends_with(": `1.0 or so` is no version"), "{wrong}");
    let deep = said(&with(r#"{"status":"resolved","fixed_version":["1.0"]}"#));
    assert!(deep.contains("at linux CVE-2026-7 (line 1, byte ") && deep.contains("expected a string"), "{deep}");
    assert!(said(&with(r#"{"status":"maybe"}"#)).contains("maybe"));
    assert!(said(&with(r#"{"status":"resolved"}"#)).contains("without the version"));
    assert!(said(r#"{"li nux":{}}"#).contains("`li nux` is no name of a package"));
    assert!(said(r#"{"linux":{"CVE-2026-7":{"scope":"remote"}}}"#).contains("missing field `releases`"));
    let whole = with(r#"{"status":"open"}"#);
    let torn = said(&whole[..60]);
    assert!(torn.starts_with("ends in the middle, at linux CVE-2026-7 (line 1, byte 60)"), "{torn}");
    assert_eq!(said("<html>"), "a web page instead of data");
}

#[test]
fn slices_of_the_real_one_are_read() {
    for name in ["vunnel-slice", "vuls-api-slice", "vulnerablecode-slice", "osvdev-slice"] {
        let path = format!("../shared/data/debian-tracker/{name}.json");
        let Ok(text) = std::fs::read_to_string(&path) else {
            eprintln!("left out: {path} is not there");
            continue;
        };
        let tracker = read(&text).unwrap_or_else(|fault| panic!("{name}: {fault}"));
        assert!(!tracker.packages.is_empty() && !tracker.releases.is_empty(), "{name}");
    }
}

#[test]
fn one_of_full_size_is_read_and_comes_back_from_the_store() {
    let path = "../shared/data/debian-tracker/synthetic-tracker.json.gz";
    let Ok(file) = std::fs::File::open(path) else {
        eprintln!("left out: {path} is not there");
        return;
    };
    let packed = std::io::BufReader::new(file);
    let mut source = std::io::BufReader::new(flate2::bufread::MultiGzDecoder::new(packed));
    let parsed = parse(&mut source).unwrap();
    let Fact::DebianTracker(tracker) = &parsed.fact else { panic!("another fact") };
    assert_eq!((parsed.count, tracker.releases.len()), (2_138, 5));
    assert_eq!(tracker.packages.values().map(Vec::len).sum::<usize>(), 50_087);
    let stored = serde_json::to_string(&parsed.fact).unwrap();
    assert!(stored.len() < 8 << 20, "{} bytes in the store", stored.len());
    assert_eq!(serde_json::from_str::<Fact>(&stored).unwrap(), parsed.fact);
}
