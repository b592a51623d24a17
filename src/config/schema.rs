//! What may stand in the configuration, as JSON Schema: for editors, and for checking keys.

use schemars::{JsonSchema, Schema, schema_for};
use serde_json::{Map, Value, json};

use crate::domain::Period;
use crate::domain::settings::Section;

use super::Owners;
use super::console::{ConsoleTyped, StoreTyped};
use super::register::{PersonTyped, RoleTyped, ServerTyped};

fn of<T: JsonSchema>() -> Schema {
    schema_for!(T)
}

/// `[limits]`: its keys are checked by hand, since they belong to the rules.
fn free() -> Schema {
    Schema::from(Map::from_iter([("type".to_owned(), Value::from("object"))]))
}

/// This room's own sections and everybody else's.
pub(super) fn sections(owners: &Owners) -> Vec<Section> {
    let own = [
        Section { name: "console", many: false, schema: of::<ConsoleTyped> },
        Section { name: "store", many: false, schema: of::<StoreTyped> },
        Section { name: "server", many: true, schema: of::<ServerTyped> },
        Section { name: "role", many: true, schema: of::<RoleTyped> },
        Section { name: "person", many: true, schema: of::<PersonTyped> },
        Section { name: "limits", many: false, schema: free },
    ];
    own.into_iter().chain(owners.sections.iter().copied()).collect()
}

/// The JSON Schema (draft 2020-12) of one file.
pub fn schema(owners: &Owners) -> Value {
    let mut properties = Map::new();
    for section in sections(owners) {
        let shape = Value::from((section.schema)());
        properties.insert(
            section.name.to_owned(),
            if section.many { json!({ "type": "array", "items": shape }) } else { shape },
        );
    }
    let period = Value::from(schema_for!(Period));
    let limits: Map<String, Value> = owners
        .limits
        .iter()
        .map(|limit| {
            let mut shape = period.clone();
            shape["description"] = Value::from(limit.help);
            shape["default"] = Value::from(limit.default.to_string());
            (limit.key.to_owned(), shape)
        })
        .collect();
    properties
        .insert("limits".to_owned(), json!({ "type": "object", "properties": limits, "additionalProperties": false }));
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "matins",
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    })
}
