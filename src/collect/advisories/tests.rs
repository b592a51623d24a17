//! What is planned from the configuration, and without one.

use std::sync::Arc;

use super::*;
use serde_json::{Value, json};

fn planned_from(value: Value) -> Result<Vec<Source>, Vec<Misfit>> {
    let entry = Entry { section: "advisories", value, place: "sources.toml:3".into(), index: 0 };
    let register = Register { servers: Vec::new(), persons: Vec::new(), configured: true };
    plan(&[entry], &register, Period::minutes(15))
}

fn misfit(value: Value) -> (Option<String>, String) {
    let misfits = planned_from(value).unwrap_err();
    assert_eq!(misfits.len(), 1, "{misfits:?}");
    (misfits[0].key.clone(), misfits[0].message.clone())
}

#[test]
fn only_what_the_configuration_names_is_asked() {
    let sources = planned_from(json!({"kev": "file:///srv/kev.json"})).unwrap();
    assert_eq!(sources.iter().map(|source| source.id.to_string()).collect::<Vec<_>>(), ["advisories/kev"]);
    assert_eq!(sources[0].every, Period::hours(3));
    let Fact::TruthDeclared(declared) = &sources[0].declared[0].fact else { panic!("another fact") };
    assert_eq!((declared.key.as_str(), declared.url.as_str()), ("kev", "file:///srv/kev.json"));
    let sources = planned_from(json!({"kev": "file:///srv/kev.json", "every": "2h"})).unwrap();
    assert_eq!(sources[0].every, Period::hours(2));
}

#[test]
fn without_configuration_the_public_sources_are_watched() {
    let register = Register { servers: Vec::new(), persons: Vec::new(), configured: false };
    let sources = plan(&[], &register, Period::minutes(15)).unwrap();
    assert!(sources.iter().any(|source| source.id.name == "kev"));
    for kind in KINDS {
        assert!(parse_written(kind.url).is_ok(), "{}", kind.url);
        assert_eq!(sources.iter().any(|source| source.id.name == *kind.key), kind.built_in, "{}", kind.key);
    }
}

#[test]
fn what_cannot_be_right_is_said_at_its_key() {
    assert_eq!(misfit(json!({"kev": "nowhere"})).0.as_deref(), Some("kev"));
    assert_eq!(misfit(json!({"epss": "https://x.example/?token=CANARY"})).0.as_deref(), Some("epss"));
    assert_eq!(misfit(json!({"every": "1s"})).0.as_deref(), Some("every"));
    assert!(misfit(json!({"cisa": "https://x.example/"})).1.contains("cisa"));
}

#[test]
fn how_often_they_are_asked_counts_for_those_of_other_files_too() {
    let entry = |value, index| Entry { section: "advisories", value, place: "a.toml:1".into(), index };
    let register = Register { servers: Vec::new(), persons: Vec::new(), configured: true };
    for (first, second) in
        [(json!({"every": "2h"}), json!({"kev": "file:///k"})), (json!({"kev": "file:///k"}), json!({"every": "2h"}))]
    {
        let sources = plan(&[entry(first, 0), entry(second, 1)], &register, Period::minutes(15)).unwrap();
        assert_eq!(sources[0].every, Period::hours(2));
    }
}

#[test]
fn what_is_likely_goes_with_the_likelihoods_and_with_nothing_else() {
    let likely = |source: &Source| match &source.declared[0].fact {
        Fact::TruthDeclared(declared) => declared.likely,
        other => panic!("{other:?}"),
    };
    let entry = |value, index| Entry { section: "advisories", value, place: "a.toml:1".into(), index };
    let register = Register { servers: Vec::new(), persons: Vec::new(), configured: true };
    let both = json!({"kev": "file:///k", "epss": "file:///e"});
    let sources = plan(&[entry(json!({"likely": "80%"}), 0), entry(both, 1)], &register, Period::minutes(15)).unwrap();
    let said: Vec<_> = sources.iter().map(|source| (source.id.name.as_str(), likely(source))).collect();
    assert_eq!(said, [("kev", None), ("epss", Some(Percent(80)))]);
    assert_eq!(likely(&planned_from(json!({"epss": "file:///e"})).unwrap()[0]), None);
    let (key, said) = misfit(json!({"kev": "file:///k", "likely": "80%"}));
    assert_eq!(key.as_deref(), Some("likely"));
    assert!(said.contains("name its address as `epss` too"), "{said}");
    for share in ["0%", "101%", "95 %"] {
        let (_, said) = misfit(json!({"epss": "file:///e", "likely": share}));
        assert!(said.contains("is not a share: write 1% to 100%"), "{said}");
    }
}

#[test]
fn the_schema_names_every_kind() {
    let text = serde_json::to_string(&(COLLECTOR.sections[0].schema)()).unwrap();
    assert!(KINDS.iter().all(|kind| text.contains(kind.key)), "{text}");
}

#[test]
fn a_list_that_only_grows_and_lost_a_twentieth_is_not_believed() {
    let now = "2026-11-23T08:00:00Z".parse().unwrap();
    let said = |kind: &Kind, fact: Fact, count: u64| {
        let parsed = Parsed { fact, count, day: None };
        truth::plausible(kind, &parsed, Some(5_406), now).err().map(|fault| fault.said.to_string())
    };
    let list = |count| said(&bulletins::DSA, Fact::Bulletins(Arc::default()), count);
    assert_eq!(list(5_400), None, "a few are taken back");
    assert_eq!(list(5_100).unwrap(), "only 5100 advisories, where there were 5406: not believed");
    assert_eq!(list(811).unwrap(), "only 811 advisories, where there were 5406: not believed");
    assert_eq!(said(&kev::KIND, Fact::Exploited(Arc::default()), 811), None, "what may shrink");
}
