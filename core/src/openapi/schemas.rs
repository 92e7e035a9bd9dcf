//! The models of a resource: what is read, what creates a row, what replaces one, what changes one.

use salvo::oapi::schema::SchemaType;
use salvo::oapi::{Object, RefOr, Schema as OapiSchema};
use serde_json::{Map, Value, json};

use super::examples::Examples;
use super::names::{Named, schema_ref};
use super::values::{self, Schema};
use crate::catalog::RelationKind;
use crate::contract::{Field, Resource};

/// The four models.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Model {
    /// A stored row, as replies hold it.
    Read,
    /// A new row.
    Create,
    /// A row that takes the place of another.
    Replace,
    /// Changes to a row.
    Update,
}

impl Model {
    pub(super) const ALL: [Self; 4] = [Self::Read, Self::Create, Self::Replace, Self::Update];

    pub(super) const fn suffix(self) -> &'static str {
        match self {
            Self::Read => "Read",
            Self::Create => "Create",
            Self::Replace => "Replace",
            Self::Update => "Update",
        }
    }
}

/// Carries a JSON Schema into salvo's types, keyword by keyword.
///
/// Salvo's `Object` and `Array` lack keywords that are legal in 3.1 and matter here (`title` on objects,
/// `minItems` beside a union of types, `allOf` beside `pattern`, `$defs`), but both let extra keywords through.
/// This is the only place that makes use of it.
pub(super) fn carry(schema: Value) -> RefOr<OapiSchema> {
    match schema {
        Value::Object(keywords) => {
            let mut object = Object::with_type(SchemaType::AnyValue);
            object.extensions.extend(keywords);
            object.into()
        }
        Value::Bool(anything) => anything.into(),
        _ => true.into(),
    }
}

/// A reference to a component, as a schema.
pub(super) fn reference(component: &str) -> RefOr<OapiSchema> {
    RefOr::Ref(salvo::oapi::Ref::from_schema_name(component))
}

/// Whether a `PUT` must have the field: the key comes from the path, and a view has no defaults.
pub(super) fn replaces(resource: &Resource, index: usize, field: &Field) -> bool {
    let must = !field.optional || resource.kind != RelationKind::Table;
    must && !field.read_only && !resource.key.contains(&index)
}

/// The schema of one model.
pub(super) fn model(named: &Named<'_>, model: Model, examples: &Examples) -> Value {
    let resource = named.resource;
    let mut properties = Map::new();
    let mut required = Vec::new();
    for (index, field) in resource.fields.iter().enumerate() {
        if field.read_only && model != Model::Read {
            continue;
        }
        properties.insert(
            field.name.clone(),
            property(named, index, field, model, examples).into(),
        );
        let needed = match model {
            Model::Read => true,
            Model::Create => !field.optional,
            Model::Replace => replaces(resource, index, field),
            Model::Update => false,
        };
        if needed {
            required.push(field.name.as_str());
        }
    }
    let mut schema = Schema::new();
    let mut put = |key: &str, value: Value| _ = schema.insert(key.to_owned(), value);
    put("title", named.model(model).into());
    put("type", "object".into());
    put("description", description(named, model).into());
    put("properties", properties.into());
    if !required.is_empty() {
        put("required", json!(required));
    }
    if model != Model::Read {
        put("additionalProperties", false.into());
    }
    if model == Model::Update {
        put("minProperties", 1.into());
    }
    if let Some(body) = examples.body(resource, model) {
        put("examples", json!([body]));
    }
    schema.into()
}

/// A row as a reply shows it: whole, or what `select` names of it.
pub(super) fn shown(named: &Named<'_>) -> Value {
    whole_or_part(&named.model(Model::Read), &named.part())
}

/// The same, of components by name.
pub(super) fn whole_or_part(whole: &str, part: &str) -> Value {
    json!({ "anyOf": [{ "$ref": schema_ref(whole) }, { "$ref": schema_ref(part) }] })
}

/// What `select` names of a row: columns that are as in a whole one, and what it calls otherwise or adds.
pub(super) fn part(named: &Named<'_>, whole: &str) -> Value {
    let whole = schema_ref(whole);
    // Other names would have to be written otherwise in a reference.
    let plain = |name: &str| {
        name.bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
    };
    let names = named.resource.fields.iter().map(|field| &field.name);
    let properties: Map<String, Value> = names
        .filter(|name| plain(name))
        .map(|name| (name.clone(), json!({ "$ref": format!("{whole}/properties/{name}") })))
        .collect();
    json!({
        "title": named.part(),
        "type": "object",
        "description": format!(
            "With `select`: the columns of {} that it names, by their aliases where it gives them some, and related rows.",
            named.resource.name
        ),
        "properties": properties
    })
}

fn description(named: &Named<'_>, model: Model) -> String {
    let resource = named.resource;
    let mut text = match model {
        Model::Read => resource
            .description
            .clone()
            .unwrap_or_else(|| format!("A row of {}.", resource.name)),
        Model::Create => format!(
            "A new row of {}. Fields that are left out take their default.",
            resource.name
        ),
        Model::Replace if resource.kind == RelationKind::Table => format!(
            "A row of {} that takes the place of another. Fields that are left out take their default.",
            resource.name
        ),
        Model::Replace => format!(
            "A row of {} that takes the place of another: all of it, as a view has no defaults.",
            resource.name
        ),
        Model::Update => format!(
            "Changes to a row of {}. Fields that are left out stay as they are.",
            resource.name
        ),
    };
    if !resource.rules.is_empty() {
        text.push_str("\n\nRules across fields, in CEL (`self` is the row):\n");
        for rule in &resource.rules {
            let place = rule.loc.as_ref().map(|loc| format!("`{loc}` ")).unwrap_or_default();
            text.push_str(&format!("\n- {place}{}: `{}`", rule.msg, rule.expr));
        }
    }
    text
}

fn property(named: &Named<'_>, index: usize, field: &Field, model: Model, examples: &Examples) -> Schema {
    let mut schema = value(named, index, field);
    if field.nullable {
        schema = values::nullable(schema);
    }
    let notes = field.description.iter().cloned().chain(values::notes(field));
    let text = notes.collect::<Vec<_>>().join(" ");
    if !text.is_empty() {
        schema.insert("description".to_owned(), text.into());
    }
    if field.read_only {
        schema.insert("readOnly".to_owned(), true.into());
    }
    let resource = named.resource;
    let defaults = match model {
        Model::Create => true,
        // An absent key stays as it is.
        Model::Replace => resource.kind == RelationKind::Table && !resource.key.contains(&index),
        Model::Read | Model::Update => false,
    };
    if let (true, Some(default)) = (defaults, &field.default) {
        schema.insert("default".to_owned(), default.clone());
    }
    if let Some(example) = examples.beside(index) {
        schema.insert("examples".to_owned(), json!([example]));
    }
    schema
}

/// The schema of a field's values that are not null.
pub(super) fn value(named: &Named<'_>, index: usize, field: &Field) -> Schema {
    let shape = values::shape(field).map(|_| schema_ref(&named.shape(index, field)));
    values::schema(&field.pg_type.kind, &field.rules, field.json, shape.as_deref())
}

/// The components for the schemas of JSON columns.
pub(super) fn shapes(named: &Named<'_>) -> Vec<(String, Value)> {
    let with_shape = named.resource.fields.iter().enumerate();
    with_shape
        .filter_map(|(index, field)| {
            let component = named.shape(index, field);
            let mut source = (*values::shape(field)?.source).clone();
            if let Value::Object(keywords) = &mut source {
                // Its references start from the document's root now.
                keywords.shift_remove("$schema");
                keywords.shift_remove("$id");
            }
            rebase(&mut source, &schema_ref(&component));
            Some((component, source))
        })
        .collect()
}

/// Puts `base` before references into the same document: `#/$defs/a` → `#/components/schemas/X/$defs/a`.
fn rebase(schema: &mut Value, base: &str) {
    match schema {
        Value::Object(keywords) => {
            for (key, value) in keywords.iter_mut() {
                match value {
                    Value::String(target) if matches!(key.as_str(), "$ref" | "$dynamicRef") => {
                        if let Some(rest) = target
                            .strip_prefix('#')
                            .filter(|rest| rest.is_empty() || rest.starts_with('/'))
                        {
                            *target = format!("{base}{rest}");
                        }
                    }
                    // Values, not schemas: what looks like a reference in them is none.
                    _ if matches!(key.as_str(), "enum" | "const" | "default" | "examples") => {}
                    value => rebase(value, base),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| rebase(item, base)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_of_a_shape_move_with_it() {
        let mut schema = json!({
            "properties": { "a": { "$ref": "#/$defs/a" }, "self": { "$ref": "#" }, "out": { "$ref": "https://example.com/x" } },
            "$defs": { "a": { "const": { "$ref": "#/$defs/a" } } }
        });
        rebase(&mut schema, "#/components/schemas/X");
        assert_eq!(
            schema,
            json!({
                "properties": {
                    "a": { "$ref": "#/components/schemas/X/$defs/a" },
                    "self": { "$ref": "#/components/schemas/X" },
                    "out": { "$ref": "https://example.com/x" }
                },
                "$defs": { "a": { "const": { "$ref": "#/$defs/a" } } }
            })
        );
    }
}
