//! `config show`: what is in force, and where each value came from.

use std::fmt::Write as _;

use serde_json::Value;

use crate::domain::Shown;

use super::{Owners, Settings};

/// TOML, with the place of each value behind it. References to secrets are shown, secrets aren't here.
pub(super) fn show(settings: &Settings, owners: &Owners) -> String {
    let mut out = String::new();
    let mut line = |text: &str, place: &str| {
        // Padding is by characters, not columns: a comment may stand a little to the right.
        if place.is_empty() {
            writeln!(out, "{text}").ok();
        } else {
            writeln!(out, "{text:<58}  # {place}").ok();
        }
    };
    let set = |section: &str, key: &str| {
        settings
            .joined
            .of(section)
            .find(|entry| entry.value.get(key).is_some())
            .map_or_else(|| "default".to_owned(), |entry| settings.joined.place(entry, key).to_string())
    };
    line("[console]", if settings.configured { "" } else { "no configuration: this machine and the public feeds" });
    line(&format!("operator = \"{}\"", settings.operator.name), &set("console", "operator"));
    if let Some(key) = &settings.operator.signing_key {
        line(&format!("signing_key = \"{}\"", Shown::line(key)), &set("console", "signing_key"));
    }
    line(&format!("timezone = \"{}\"", settings.zone.iana_name().unwrap_or("system")), &set("console", "timezone"));
    line(&format!("theme = \"{}\"", settings.theme), &set("console", "theme"));
    line(&format!("refresh = \"{}\"", settings.refresh), &set("console", "refresh"));
    line(&format!("actions = {}", settings.actions), &set("console", "actions"));
    line("[store]", "");
    line(&format!("url = \"sqlite:{}\"", Shown::line(&settings.store.to_string_lossy())), &set("store", "url"));
    line("[limits]", "");
    for limit in &owners.limits {
        line(&format!("{} = \"{}\"", limit.key, settings.limits.of(limit)), &set("limits", limit.key));
    }
    for entry in settings.joined.entries() {
        if ["console", "store", "limits"].contains(&entry.section) {
            continue;
        }
        line(&format!("[[{}]]", entry.section), entry.place.as_str());
        for (key, value) in entry.value.as_object().into_iter().flatten() {
            line(&format!("{key} = {}", toml_text(value)), settings.joined.place(entry, key).as_str());
        }
    }
    out
}

fn toml_text(value: &Value) -> String {
    match value {
        Value::Array(array) => format!("[{}]", array.iter().map(toml_text).collect::<Vec<_>>().join(", ")),
        Value::Object(table) => format!(
            "{{ {} }}",
            table.iter().map(|(key, value)| format!("{key} = {}", toml_text(value))).collect::<Vec<_>>().join(", ")
        ),
        Value::String(text) => format!("\"{}\"", Shown::line(text)),
        other => other.to_string(),
    }
}
