//! Keys and values against their schema, each problem at its own key.

use serde_json::{Map, Value};

use crate::domain::settings::{Entry, Misfit, Section};
use crate::domain::{Limits, Period, SecretRef};

use super::Owners;
use super::joined::{Joined, nearest};

/// Everything that doesn't fit the sections' schemas.
pub(super) fn misfits(joined: &Joined, sections: &[Section], _owners: &Owners) -> Vec<Misfit> {
    let mut misfits = Vec::new();
    for section in sections {
        if section.name == "limits" {
            continue;
        }
        let schema = Value::from((section.schema)());
        for entry in joined.of(section.name) {
            Walk { entry, root: &schema, misfits: &mut misfits }.value(&entry.value, &schema, "");
        }
    }
    misfits
}

/// The limits in force; their keys belong to the rules.
pub(super) fn limits(joined: &Joined, owners: &Owners, misfits: &mut Vec<Misfit>) -> Limits {
    let mut limits = Limits::default();
    for entry in joined.of("limits") {
        for (key, value) in entry.value.as_object().into_iter().flatten() {
            if !owners.limits.iter().any(|limit| limit.key == *key) {
                let known = owners.limits.iter().map(|limit| limit.key);
                misfits.push(entry.misfit(Some(key), format!("unknown limit `{key}`\n{}", nearest(key, known))));
                continue;
            }
            match value.as_str().map(str::parse::<Period>) {
                Some(Ok(period)) => limits.set(key, period),
                Some(Err(message)) => misfits.push(entry.misfit(Some(key), message)),
                None => misfits.push(entry.misfit(
                    Some(key),
                    format!("`{key}` must be a length of time in quotes, as in \"24h\" or \"14d\""),
                )),
            }
        }
    }
    limits
}

/// One entry's value beside its schema.
struct Walk<'a> {
    entry: &'a Entry,
    root: &'a Value,
    misfits: &'a mut Vec<Misfit>,
}

impl Walk<'_> {
    fn say(&mut self, path: &str, message: String) {
        self.misfits.push(self.entry.misfit((!path.is_empty()).then_some(path), message));
    }

    fn value(&mut self, value: &Value, schema: &Value, path: &str) {
        let schema = resolve(schema, self.root);
        if is_secret(schema) {
            return self.secret(value, path);
        }
        match (value, schema.get("properties").and_then(Value::as_object)) {
            (Value::Object(table), Some(properties)) => self.table(table, properties, schema, path),
            (Value::Array(array), _) if schema.get("items").is_some() => {
                for (index, element) in array.iter().enumerate() {
                    self.value(element, &schema["items"], &format!("{path}.{index}"));
                }
            }
            _ => self.single(value, schema, path),
        }
    }

    fn table(&mut self, table: &Map<String, Value>, properties: &Map<String, Value>, schema: &Value, path: &str) {
        let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
        for (key, value) in table {
            match properties.get(key) {
                Some(shape) => self.value(value, shape, &below(key)),
                None => self.say(
                    &below(key),
                    format!("unknown key `{key}`\n{}", nearest(key, properties.keys().map(String::as_str))),
                ),
            }
        }
        for needed in schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
            if !table.contains_key(needed) {
                self.say(path, format!("`{needed}` is missing"));
            }
        }
    }

    fn secret(&mut self, value: &Value, path: &str) {
        let one = value.as_object().filter(|table| table.len() == 1).and_then(|table| table.iter().next());
        let fits = one.is_some_and(|(key, value)| {
            ["keyring", "command", "env", "file"].contains(&key.as_str()) && value.is_string()
        });
        if !fits {
            self.say(path, SecretRef::FOUR.to_owned());
        }
    }

    fn single(&mut self, value: &Value, schema: &Value, path: &str) {
        let name = path.rsplit('.').find(|part| part.parse::<usize>().is_err()).unwrap_or("it");
        let words = choices(schema);
        if !words.is_empty() {
            if !value.as_str().is_some_and(|text| words.iter().any(|word| word == text)) {
                let advice = value
                    .as_str()
                    .map_or_else(String::new, |text| format!("\n{}", nearest(text, words.iter().map(String::as_str))));
                self.say(path, format!("`{name}` must be one of {}{advice}", words.join(", ")));
            }
            return;
        }
        let kinds: Vec<&str> = match schema.get("type") {
            Some(Value::String(kind)) => vec![kind],
            Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
            _ => return,
        };
        let wanted = |kind: &&str| match *kind {
            "string" => value.is_string(),
            "integer" => value.is_i64(),
            "number" => value.is_number(),
            "boolean" => value.is_boolean(),
            "array" => value.is_array(),
            "object" => value.is_object(),
            _ => false,
        };
        if !kinds.iter().any(wanted) {
            let kind = kinds.iter().find(|kind| **kind != "null").copied().unwrap_or("string");
            return self.say(path, format!("`{name}` must be {}, not {}", spoken(kind), found(value)));
        }
        if let (Some(text), Some("period")) = (value.as_str(), schema.get("format").and_then(Value::as_str))
            && let Err(message) = text.parse::<Period>()
        {
            self.say(path, message);
        }
    }
}

/// Follows `$ref`, and the one real shape of an optional value.
fn resolve<'a>(schema: &'a Value, root: &'a Value) -> &'a Value {
    let mut schema = schema;
    for _ in 0..8 {
        if let Some(name) =
            schema.get("$ref").and_then(Value::as_str).and_then(|reference| reference.rsplit('/').next())
        {
            schema = &root["$defs"][name];
        } else if let Some(any) = schema.get("anyOf").and_then(Value::as_array) {
            let mut real = any.iter().filter(|shape| shape.get("type").and_then(Value::as_str) != Some("null"));
            match (real.next(), real.next()) {
                (Some(only), None) => schema = only,
                _ => return schema,
            }
        } else {
            return schema;
        }
    }
    schema
}

fn is_secret(schema: &Value) -> bool {
    schema.get("x-secret").is_some()
}

/// The words of an enumeration.
fn choices(schema: &Value) -> Vec<String> {
    let words = |values: &[Value]| values.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    if let Some(Value::Array(values)) = schema.get("enum") {
        return words(values);
    }
    match schema.get("oneOf") {
        Some(Value::Array(shapes)) => shapes
            .iter()
            .flat_map(|shape| {
                shape.get("const").into_iter().chain(shape.get("enum").and_then(Value::as_array).into_iter().flatten())
            })
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect(),
        _ => Vec::new(),
    }
}

fn spoken(kind: &str) -> &'static str {
    match kind {
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "true or false",
        "array" => "a list in [ ]",
        "object" => "a table in { }",
        _ => "text in quotes",
    }
}

fn found(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a table",
    }
}
