use serde_json::{Value, json};

use super::*;
use crate::domain::facts::ServiceDeclared;

fn entry(value: Value) -> Entry {
    Entry { section: "service", value, place: "register.toml:3".into(), index: 0 }
}

fn planned(value: Value) -> Result<Vec<Source>, Vec<Misfit>> {
    plan(&[entry(value)], &Register { servers: Vec::new(), persons: Vec::new(), configured: true }, Period::minutes(15))
}

fn declared(source: &Source) -> &ServiceDeclared {
    match &source.declared[0].fact {
        Fact::ServiceDeclared(declared) => declared,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_entry_of_the_register_is_read_whole() {
    let sources = planned(json!({
        "name": "Nextcloud", "url": "https://cloud.example.org", "owner": "anna", "purpose": "documents",
        "data": ["personal"], "agreement": "2025-03-01", "review": "1y", "every": "1h",
        "status": "https://status.example.net/api/v2/summary.json",
    }))
    .unwrap();
    assert_eq!(sources[0].id.to_string(), "services/Nextcloud");
    assert_eq!(sources[0].every, Period::hours(1));
    assert_eq!(sources[0].declared[0].place, "register.toml:3");
    let declared = declared(&sources[0]);
    assert_eq!(declared.url.as_ref().unwrap().as_str(), "https://cloud.example.org/");
    assert_eq!(declared.agreement.unwrap().to_string(), "2025-03-01");
    assert_eq!(declared.review, Some(Period::days(365)));
    assert_eq!(declared.data, ["personal"]);
}

#[test]
fn a_name_is_enough() {
    let sources = planned(json!({ "name": "Mailservice Ltd" })).unwrap();
    assert_eq!(declared(&sources[0]).url, None);
    assert_eq!(sources[0].every, Period::minutes(15));
}

#[test]
fn what_does_not_fit_is_said_at_its_key() {
    for (key, value) in [
        ("url", json!("ftp://x.example")),
        ("url", json!("cloud.example.org")),
        ("url", json!("https://roman:pw@cloud.example.org")),
        ("url", json!("https://cloud.example.org/?token=abc")),
        ("url", json!("https://cloud.example.org/?api_key=abc")),
        ("status", json!("nowhere")),
        ("agreement", json!("yesterday")),
        ("agreement", json!("2025-02-30")),
        ("agreement", json!("2025-03-01T10:00:00Z")),
        ("review", json!("yearly")),
        ("review", json!("1h")),
        ("every", json!("1s")),
        ("name", json!("  ")),
    ] {
        let mut written = json!({ "name": "x" });
        written[key] = value.clone();
        let misfits = planned(written).unwrap_err();
        assert_eq!(misfits[0].key.as_deref(), Some(key), "{value}: {misfits:?}");
        assert!(!misfits[0].message.contains("abc"), "{misfits:?}");
    }
    for wrong in [json!({}), json!({ "name": 7 }), json!({ "name": "x", "urll": "y" }), json!([])] {
        assert_eq!(planned(wrong).unwrap_err().len(), 1);
    }
}

#[test]
fn every_entry_that_does_not_fit_is_named() {
    let entries = [entry(json!({})), entry(json!({ "name": "good" })), entry(json!({ "name": "" }))];
    let misfits =
        plan(&entries, &Register { servers: Vec::new(), persons: Vec::new(), configured: true }, Period::hours(1))
            .unwrap_err();
    assert_eq!(misfits.len(), 2);
}

#[test]
fn the_schema_knows_every_key_of_the_register() {
    let schema = (SERVICE.schema)().to_value();
    let mut keys: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
    keys.sort();
    assert_eq!(keys, ["agreement", "data", "every", "name", "owner", "purpose", "review", "status", "url"]);
    assert_eq!(schema["required"], json!(["name"]));
    assert_eq!(schema["additionalProperties"], json!(false));
}

#[test]
fn nothing_configured_is_nothing_asked() {
    let none =
        plan(&[], &Register { servers: Vec::new(), persons: Vec::new(), configured: false }, Period::hours(1)).unwrap();
    assert!(none.is_empty());
}
