//! `[[backup]]`: as typed, then as meant. Some keys are every backup's; the others belong to its [kind](Kind).

use std::collections::BTreeMap;
use std::sync::LazyLock;

use schemars::{JsonSchema, Schema};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::kind::{ALL, Given, Kind, Planned};
use crate::domain::facts::{BackupExpect, Slot};
use crate::domain::register::Register;
use crate::domain::settings::{Entry, Misfit};
use crate::domain::{Period, SecretRef, Shown};

/// Where the snapshots of some servers are kept, and which there should be.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BackupEntry {
    pub name: String,
    /// The servers whose data it keeps; a server that no backup names is a finding.
    pub of: Vec<String>,
    /// How it is read.
    pub kind: String,
    /// It is kept somewhere else than the servers. Must be encrypted.
    #[serde(default)]
    pub offsite: bool,
    /// When snapshots must exist: "last night", "3 days", "1 week", "2 weeks".
    #[serde(default = "last_night")]
    pub slots: Vec<Slot>,
    #[serde(default)]
    pub expect: BackupExpect,
    /// How often it is asked; the console's refresh where nothing is said.
    #[serde(default)]
    pub every: Option<Period>,
}

fn last_night() -> Vec<Slot> {
    vec![Slot::LastNight]
}

/// What is to be asked, its parts checked.
pub struct Meant {
    pub kind: &'static Kind,
    pub planned: Planned,
}

/// The keys of every backup and of each kind, together.
pub fn schema() -> Schema {
    let mut whole = Value::from(schemars::schema_for!(BackupEntry));
    let words: Vec<Value> = ALL.iter().map(|kind| kind.word.into()).collect();
    whole["properties"]["kind"]["enum"] = words.into();
    for kind in ALL {
        let own = Value::from((kind.keys)());
        for part in ["properties", "$defs"] {
            let Some(own) = own.get(part).and_then(Value::as_object) else { continue };
            for (key, shape) in own {
                let known = &mut whole[part][key];
                if known.is_null() {
                    *known = shape.clone();
                } else if let (Some(one), Some(other)) = (described(known), described(shape))
                    && !one.contains(&other)
                {
                    // A key that several kinds have says what it is to each.
                    known["description"] = format!("{one}\n{other}").into();
                }
            }
        }
    }
    Schema::try_from(whole).unwrap_or_default()
}

fn described(shape: &Value) -> Option<String> {
    shape.get("description").and_then(Value::as_str).map(str::to_owned)
}

/// Reads an entry and finds everything that is wrong with it.
pub fn read(entry: &Entry, register: &Register) -> Result<(BackupEntry, Meant), Vec<Misfit>> {
    for key in ["password", "token"] {
        if entry.value.get(key).is_some_and(Value::is_string) {
            return Err(vec![entry.misfit(Some(key), SecretRef::FOUR)]);
        }
    }
    let (common, own) = split(&entry.value);
    let common = Entry { value: Value::Object(common), ..entry.clone() };
    let backup: BackupEntry = common.read().map_err(|misfit| vec![misfit])?;
    let mut misfits = Vec::new();
    if backup.name.trim().is_empty() {
        misfits.push(entry.misfit(Some("name"), "a backup needs a name"));
    }
    if backup.of.is_empty() {
        misfits.push(entry.misfit(Some("of"), "name the servers whose data it keeps, as in of = [\"web1\"]"));
    }
    for name in backup.of.iter().filter(|name| register.server(name).is_none()) {
        misfits.push(entry.misfit(Some("of"), no_server(name, register)));
    }
    if backup.slots.is_empty() {
        misfits.push(
            entry.misfit(Some("slots"), "without slots nothing would be judged: leave the key out for last night"),
        );
    }
    match meant(entry, &backup.kind, own, register) {
        Ok(meant) if misfits.is_empty() => Ok((backup, meant)),
        Ok(_) => Err(misfits),
        Err(misfit) => {
            misfits.push(misfit);
            Err(misfits)
        }
    }
}

/// The keys of every backup, and the others.
fn split(value: &Value) -> (Map<String, Value>, Map<String, Value>) {
    // Made once: five hundred backups are read before the first picture.
    static COMMON: LazyLock<Vec<String>> = LazyLock::new(|| properties(&schemars::schema_for!(BackupEntry).into()));
    let table = value.as_object().cloned().unwrap_or_default();
    table.into_iter().partition(|(key, _)| COMMON.contains(key))
}

fn properties(schema: &Value) -> Vec<String> {
    schema["properties"].as_object().into_iter().flatten().map(|(key, _)| key.clone()).collect()
}

/// The keys of a kind, and those of them that must be there.
type Keys = (Vec<String>, Vec<String>);

fn keys(kind: &Kind) -> &'static Keys {
    static KEYS: LazyLock<BTreeMap<&'static str, Keys>> = LazyLock::new(|| {
        let keys = |kind: &Kind| {
            let schema = Value::from((kind.keys)());
            let needed = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
            (kind.word, (properties(&schema), needed.map(str::to_owned).collect()))
        };
        ALL.iter().map(keys).collect()
    });
    static NONE: Keys = (Vec::new(), Vec::new());
    KEYS.get(kind.word).unwrap_or(&NONE)
}

fn meant(entry: &Entry, word: &str, own: Map<String, Value>, register: &Register) -> Result<Meant, Misfit> {
    let kind = ALL.iter().find(|kind| kind.word == word).ok_or_else(|| {
        let words: Vec<&str> = ALL.iter().map(|kind| kind.word).collect();
        entry.misfit(Some("kind"), format!("`{}` is none of {}", Shown::line(word).cut(40), words.join(", ")))
    })?;
    let (known, needed) = keys(kind);
    if let Some(key) = own.keys().find(|key| !known.contains(key)) {
        let elsewhere = ALL.iter().any(|kind| keys(kind).0.contains(key));
        let said = if elsewhere {
            format!("`{key}` says nothing to kind = \"{word}\"")
        } else {
            format!("unknown key `{key}`")
        };
        return Err(entry.misfit(Some(key), said));
    }
    if let Some(key) = needed.iter().find(|key| !own.contains_key(*key)) {
        return Err(entry.misfit(None, format!("kind = \"{word}\" needs {key} = …")));
    }
    let planned = (kind.plan)(&Given { entry, register, keys: Value::Object(own) })?;
    Ok(Meant { kind, planned })
}

fn no_server(name: &str, register: &Register) -> String {
    let shown = Shown::line(name).cut(80);
    let names = register.servers.iter().map(|server| server.name.as_str());
    // Who mistypes a name mostly gets its first letter right.
    let nearest = names.map(|known| (distance(name, known), known.chars().next() != name.chars().next(), known)).min();
    match nearest.filter(|(distance, _, known)| *distance <= 2.max(known.chars().count() / 3)) {
        Some((_, _, known)) => format!("`{shown}` is no [[server]] of the register; the nearest is `{known}`"),
        None => format!("`{shown}` is no [[server]] of the register"),
    }
}

/// How many letters must be changed, put in or taken out to turn one word into the other (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().take(64).collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.chars().take(64).enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, b) in other.iter().enumerate() {
            let swapped = corner + usize::from(a != *b);
            corner = row[j + 1];
            row[j + 1] = swapped.min(row[j] + 1).min(corner + 1);
        }
    }
    row[other.len()]
}
