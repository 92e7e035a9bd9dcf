//! The search for the nearest rows: its body and its reply.

use serde_json::{Value, json};

use super::examples::Examples;
use super::names::{Named, schema_ref};
use super::schemas::{self, Model};
use super::values::Schema;
use crate::contract::{Field, Metric, NearestColumn};

/// Rows of an example.
const FEW: u32 = 3;

/// The component of the body.
pub(super) fn component(named: &Named<'_>) -> String {
    format!("{}Nearest", named.name)
}

/// The schema of the body.
pub(super) fn body(named: &Named<'_>, examples: &Examples) -> Value {
    let resource = named.resource;
    let columns: Vec<(&NearestColumn, &Field)> = resource
        .nearest
        .columns
        .iter()
        .filter_map(|column| Some((column, resource.fields.get(column.field)?)))
        .collect();
    let vectors: Vec<Schema> = columns
        .iter()
        .map(|(column, field)| schemas::value(named, column.field, field))
        .collect();
    let vector = match vectors.as_slice() {
        [only] => Value::from(only.clone()),
        several => json!({ "anyOf": several }),
    };
    let names: Vec<&str> = columns.iter().map(|(_, field)| field.name.as_str()).collect();
    let most = resource.page.max;
    let mut properties = json!({
        "embedding": vector,
        "k": { "type": "integer", "minimum": 1, "maximum": most, "default": most.min(10), "description": "How many rows." },
        "metric": { "type": "string", "enum": Metric::ALL, "description": "The distance; that of the column without it." },
        "column": { "type": "string", "enum": names, "description": "Whose vectors are meant, where there are several." },
        "where": {
            "anyOf": [
                { "type": "string" },
                { "type": "object", "additionalProperties": {
                    "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }] } },
            ],
            "description": "Filters, as in the query string of a list or by column.",
        },
        "select": { "type": "string", "description": "Fields of the rows, as in the query string of a list." },
        "ef_search": {
            "type": "integer", "minimum": 1, "maximum": resource.nearest.max_ef_search,
            "description": "How many neighbours an HNSW index keeps in sight: more are slower and find more of the true ones.",
        },
    });
    let key: Vec<Value> = resource
        .key
        .iter()
        .filter_map(|index| examples.beside(*index).cloned())
        .collect();
    let mut schema = json!({
        "title": component(named),
        "type": "object",
        "description": format!("What rows of {} are to be near to.", resource.name),
        "additionalProperties": false,
        "oneOf": [{ "required": ["embedding"] }],
    });
    if !resource.key.is_empty() {
        let like = if resource.key.len() == 1 {
            json!({ "type": ["string", "number", "boolean"] })
        } else {
            let length = resource.key.len();
            json!({ "type": "array", "items": { "type": ["string", "number", "boolean"] }, "minItems": length, "maxItems": length })
        };
        put(&mut properties, "like", like);
        schema["oneOf"] = json!([{ "required": ["embedding"] }, { "required": ["like"] }]);
    }
    if columns.len() > 1 {
        schema["required"] = json!(["column"]);
    }
    schema["properties"] = properties;
    // A vector of hundreds of numbers explains nothing: then a row stands in its place.
    let mut example = json!({ "k": most.min(FEW) });
    let first = columns.first();
    match first.and_then(|(column, _)| examples.beside(column.field)) {
        Some(vector) => put(&mut example, "embedding", vector.clone()),
        None if !key.is_empty() && key.len() == resource.key.len() => {
            let like = match key.as_slice() {
                [one] => one.clone(),
                several => json!(several),
            };
            put(&mut example, "like", like);
        }
        None => return schema,
    }
    if first.is_some_and(|(column, _)| column.metric.is_none()) {
        put(&mut example, "metric", json!(Metric::Cosine.as_str()));
    }
    if let (true, Some(name)) = (columns.len() > 1, names.first()) {
        put(&mut example, "column", json!(name));
    }
    schema["examples"] = json!([example]);
    schema
}

fn put(object: &mut Value, name: &str, value: Value) {
    if let Value::Object(members) = object {
        members.insert(name.to_owned(), value);
    }
}

/// The schema of the reply's rows.
pub(super) fn rows(named: &Named<'_>) -> Value {
    let label = if named.resource.field("distance").is_some() {
        "_distance"
    } else {
        "distance"
    };
    json!({
        "allOf": [
            { "$ref": schema_ref(&named.model(Model::Read)) },
            { "type": "object", "properties": { label: { "type": "number" } }, "required": [label] },
        ]
    })
}
