//! Pairs of documents, and what is said of them.

use serde_json::{Value, json};

use super::fixture::{resource, snapshot};
use super::{diff, document};
use crate::catalog::Kind;
use crate::contract::{Contracts, Decimal, Snapshot};

/// The sample's document with something else at some places; `null` takes a member away.
fn changed(base: &Value, patches: &[(&str, Value)]) -> Value {
    let mut document = base.clone();
    for (pointer, value) in patches {
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        let key = key.replace("~1", "/").replace("~0", "~");
        match document
            .pointer_mut(parent)
            .unwrap_or_else(|| panic!("nothing at {parent}"))
        {
            Value::Object(members) if value.is_null() => _ = members.shift_remove(&key),
            Value::Object(members) => _ = members.insert(key, value.clone()),
            Value::Array(items) if key == "-" => items.push(value.clone()),
            Value::Array(items) => items[key.parse::<usize>().unwrap()] = value.clone(),
            _ => panic!("nothing at {parent}"),
        }
    }
    document
}

fn base() -> Value {
    json!({
        "openapi": "3.1.0",
        "paths": {
            "/a": {
                "get": {
                    "parameters": [
                        { "name": "limit", "in": "query", "schema": { "type": "integer", "maximum": 100, "default": 50 } },
                        { "$ref": "#/components/parameters/Filter" }
                    ],
                    "responses": {
                        "200": {
                            "description": "rows",
                            "headers": { "Content-Range": { "schema": { "type": "string" } } },
                            "content": { "application/json": { "schema": { "type": "array", "items": { "$ref": "#/components/schemas/Read" } } } }
                        },
                        "206": { "description": "part" },
                        "404": { "description": "none" }
                    }
                },
                "post": {
                    "security": [],
                    "requestBody": { "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Create" } } } },
                    "responses": { "201": { "description": "made" } }
                }
            },
            "/a/{id}": {
                "parameters": [{ "name": "id", "in": "path", "required": true, "schema": { "type": "integer" } }],
                "get": { "security": [{ "one": [] }, { "two": [] }], "responses": { "200": { "description": "row" } } }
            }
        },
        "components": {
            "parameters": { "Filter": { "name": "filter", "in": "query", "schema": { "type": "string" } } },
            "schemas": {
                "Read": {
                    "type": "object",
                    "properties": {
                        "id": { "type": "integer" },
                        "kind": { "type": "string", "enum": ["x", "y"] },
                        "at": { "type": "string", "format": "date" },
                        "children": { "type": "array", "items": { "$ref": "#/components/schemas/Read" } }
                    },
                    "required": ["id", "kind"]
                },
                "Create": {
                    "type": "object",
                    "additionalProperties": false,
                    "properties": {
                        "name": { "type": ["string", "null"], "minLength": 1, "maxLength": 9, "pattern": "^a" },
                        "kind": { "type": "string", "enum": ["x", "y"] },
                        "score": { "type": "integer", "minimum": 0, "maximum": 9 },
                        "step": { "type": "number", "multipleOf": 2 },
                        "tags": { "type": "array", "items": { "type": "string" } },
                        "either": { "oneOf": [{ "type": "string" }, { "type": "integer" }] }
                    },
                    "required": ["kind"]
                }
            }
        }
    })
}

/// Where the base changes (`FIELD` and `READ` are the properties of a body, the schema of a reply) and to what, then `!` for a
/// breaking change or `+` for another, and how it is told; nothing where nothing is.
const CASES: &str = r##"
# Paths and operations
/paths/~1a~1{id} = null ! /a/{id}: the path is gone
/paths/~1b = { "get": {} } + /b: the path is new
/paths/~1a/post = null ! POST /a: the operation is gone
/paths/~1a/put = {} + PUT /a: the operation is new
# Access
/paths/~1a/post/security = [{ "one": [] }] ! POST /a: needs credentials now
/paths/~1a~1{id}/get/security = [] + GET /a/{id}: needs no credentials any more
/paths/~1a~1{id}/get/security = [{ "one": [] }] ! GET /a/{id}: credentials of two do not suffice
/paths/~1a~1{id}/get/security/- = { "three": [] } +
/paths/~1a/get/security = [{}] +
# Parameters
/components/parameters/Filter/required = true ! GET /a · query filter: is required now
/components/parameters/Filter/name = "other" ! GET /a · query filter: the parameter is gone
/components/parameters/Filter/schema/pattern = "^eq" ! GET /a · query filter: the pattern is `^eq`, was none
/paths/~1a/get/parameters/- = { "name": "n", "in": "query" } + GET /a · query n: the parameter is new
/paths/~1a/get/parameters/- = { "name": "n", "in": "query", "required": true } ! GET /a · query n: the parameter is new and required
/paths/~1a/get/parameters/0/schema/maximum = 10 ! GET /a · query limit: must be at most 10, was 100
/paths/~1a/get/parameters/0/schema/maximum = 200 + GET /a · query limit: must be at most 200, was 100
/paths/~1a/get/parameters/0/schema/default = 20 ! GET /a · query limit: the default is 20, was 50
/paths/~1a/get/parameters/0/schema/default = 60 + GET /a · query limit: the default is 60, was 50
/paths/~1a~1{id}/parameters/0/schema = { "type": "string" } ! GET /a/{id} · path id: is string, was integer
# Replies
/paths/~1a/get/responses/206 = null ! GET /a · 206: this success is not answered
/paths/~1a/get/responses/204 = {} + GET /a · 204: this success is new
/paths/~1a/get/responses/404 = null +
/paths/~1a/get/responses/200/headers = null ! GET /a · 200: the header Content-Range is gone
/paths/~1a/get/responses/200/content/text~1csv = {} + GET /a · 200: text/csv is new
/paths/~1a/get/responses/200/content = {} ! GET /a · 200: application/json is gone
READ/properties/id = null ! GET /a · 200[].id: the property is gone
READ/properties/fresh = {} + GET /a · 200[].fresh: the property is new
READ/properties/id/type = "string" ! GET /a · 200[].id: is string, was integer
READ/properties/id/type = "number" ! GET /a · 200[].id: is number, was integer
READ/properties/id/type = ["integer", "null"] ! GET /a · 200[].id: is integer or null, was integer
READ/properties/id/maximum = 5 + GET /a · 200[].id: must be at most 5, was unbounded
READ/properties/kind/enum = ["x"] + GET /a · 200[].kind: the value "y" is gone
READ/properties/kind/enum/- = "z" ! GET /a · 200[].kind: the value "z" is new
READ/properties/kind/enum = null ! GET /a · 200[].kind: is not a choice of fixed values
READ/properties/at/format = "date-time" ! GET /a · 200[].at: the format is `date-time`, was `date`
READ/required = ["id"] ! GET /a · 200[].kind: may be absent now
READ/required/- = "at" + GET /a · 200[].at: is required now
# Bodies
/paths/~1a/post/requestBody/required = true ! POST /a · body: a body is required now
/paths/~1a/post/requestBody = null ! POST /a · body: no body is taken
/paths/~1a~1{id}/get/requestBody = {} + GET /a/{id} · body: a body may be sent now
FIELD/score = null ! POST /a · body.score: the property is gone
FIELD/fresh = {} + POST /a · body.fresh: the property is new
/components/schemas/Create/required/- = "score" ! POST /a · body.score: is required now
/components/schemas/Create/required = [] + POST /a · body.kind: is not required any more
/components/schemas/Create/additionalProperties = null + POST /a · body: takes unknown properties now
FIELD/name/type = "string" ! POST /a · body.name: is string, was string or null
FIELD/name/type = null + POST /a · body.name: is anything, was string or null
FIELD/score/type = "number" + POST /a · body.score: is number, was integer
FIELD/name/maxLength = 8 ! POST /a · body.name: may have at most 8 characters, was 9
FIELD/name/maxLength = null + POST /a · body.name: is unbounded, was 9
FIELD/name/minLength = 2 ! POST /a · body.name: must have at least 2 characters, was 1
FIELD/name/pattern = "^b" ! POST /a · body.name: the pattern is `^b`, was `^a`
FIELD/name/pattern = null + POST /a · body.name: the pattern is none, was `^a`
FIELD/name/format = "email" ! POST /a · body.name: the format is `email`, was none
FIELD/kind/enum = ["x"] ! POST /a · body.kind: the value "y" is gone
FIELD/kind/enum/- = "z" + POST /a · body.kind: the value "z" is new
FIELD/score/minimum = -1 + POST /a · body.score: must be at least -1, was 0
FIELD/score/exclusiveMinimum = 0 ! POST /a · body.score: must be greater than 0, was 0
FIELD/score/exclusiveMaximum = 8 ! POST /a · body.score: must be less than 8, was 9
FIELD/step/multipleOf = 1 + POST /a · body.step: must be a multiple of 1, was 2
FIELD/step/multipleOf = 4 ! POST /a · body.step: must be a multiple of 4, was 2
FIELD/tags/items/maxLength = 3 ! POST /a · body.tags[]: may have at most 3 characters
FIELD/tags/maxItems = 3 ! POST /a · body.tags: may have at most 3 items
FIELD/either/oneOf = [{ "type": "string" }] ! POST /a · body.either: integer is not taken any more
FIELD/either/oneOf/- = { "type": "null" } + POST /a · body.either: has more alternatives
FIELD/either/oneOf/0 = { "type": "string", "maxLength": 2 } ! POST /a · body.either: may have at most 2 characters
FIELD/either = { "type": "string" } ! POST /a · body.either: integer is not taken any more
FIELD/either/description = "other words" +
FIELD/score/if = { "const": 1 } ! POST /a · body.score: `if` changed
FIELD/kind = false ! POST /a · body.kind: takes no value any more
"##;

/// The lines of [`CASES`]: pointer, value, whether it breaks, and what is told.
fn table() -> impl Iterator<Item = (String, Value, bool, &'static str)> {
    let lines = CASES.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| {
        let (pointer, rest) = line.split_once(" = ").unwrap();
        let (value, breaking, text) = match rest
            .split_once(" ! ")
            .or(rest.strip_suffix(" !").map(|value| (value, "")))
        {
            Some((value, text)) => (value, true, text),
            None => {
                let (value, text) = rest
                    .split_once(" + ")
                    .or(rest.strip_suffix(" +").map(|value| (value, "")))
                    .unwrap();
                (value, false, text)
            }
        };
        let pointer = pointer
            .replace("FIELD", "/components/schemas/Create/properties")
            .replace("READ", "/components/schemas/Read");
        (pointer, serde_json::from_str(value).unwrap(), breaking, text)
    })
}

#[test]
fn cases() {
    let old = base();
    for (pointer, value, breaking, text) in table() {
        let new = changed(&old, &[(&pointer, value.clone())]);
        let changes = diff(&old, &new);
        let told: Vec<String> = changes
            .iter()
            .map(|change| format!("{}: {}", change.at, change.what))
            .collect();
        let context = format!("{pointer} = {value}: {told:?}");
        assert_eq!(changes.iter().any(|change| change.breaking), breaking, "{context}");
        if text.is_empty() {
            assert!(!breaking, "{context}");
        } else {
            assert!(told.iter().any(|line| line.starts_with(text)), "{context}");
        }
    }
}

#[test]
fn nothing_changes_between_equal_documents() {
    let sample = document(&snapshot()).unwrap();
    assert_eq!(diff(&sample, &sample), []);
    assert_eq!(diff(&base(), &base()), []);
    assert_eq!(diff(&Value::Null, &Value::Null), []);
}

#[test]
fn names_of_path_parameters_do_not_count() {
    let old = base();
    let mut text = old.to_string();
    text = text
        .replace("/a/{id}", "/a/{key}")
        .replace(r#"{"name":"id""#, r#"{"name":"key""#);
    assert_eq!(diff(&old, &serde_json::from_str(&text).unwrap()), []);
}

/// Real documents: a column of a table gets a tighter bound, another one goes, a verb is closed.
#[test]
fn contracts() {
    let old = snapshot();
    let leads = old.at("/api/leads").unwrap();
    let mut fields = leads.fields.clone();
    fields.retain(|field| field.name != "source");
    for field in fields.iter_mut().filter(|field| field.name == "score") {
        field.rules.le = Decimal::parse("50");
    }
    fields.push(super::fixture::field("note", "text", Kind::Text { max_length: None }));
    let mut narrowed = resource("leads", fields, &["id"]);
    narrowed.access.create = Some(Vec::new());
    narrowed.page.max = 100;
    let rest = old.resources.iter().filter(|known| known.name != "leads").cloned();
    let contracts = Contracts {
        resources: rest.chain([narrowed.into()]).collect(),
        functions: old.functions.clone(),
        sql_routes: old.sql_routes.clone(),
    };
    let new = Snapshot::new(old.title.clone(), old.version.clone(), contracts);
    let changes = diff(&document(&old).unwrap(), &document(&new).unwrap());
    let told: Vec<String> = changes
        .iter()
        .filter(|change| change.breaking)
        .map(|change| format!("{}: {}", change.at, change.what))
        .collect();
    for expected in [
        "POST /api/leads: needs credentials now",
        "POST /api/leads · body.score: must be at most 50, was 100",
        "POST /api/leads · body.source: the property is gone",
        "POST /api/leads · body.note: the property is new and required",
        "POST /api/leads · body[].score: must be at most 50, was 100",
        "PATCH /api/leads/{id} · body.score: must be at most 50, was 100",
        "GET /api/leads · query source: the parameter is gone",
        "GET /api/leads · query limit: gives at most 100 rows, was 1000",
        "GET /api/leads · 200[].source: the property is gone",
        "GET /api/leads/{id} · 200.source: the property is gone",
    ] {
        assert!(
            told.iter().any(|line| line == expected),
            "{expected} is not in {told:#?}"
        );
    }
    // A function that gives leads gives the narrowed ones.
    let about = |line: &String| line.contains("/api/leads") || line.contains("/api/rpc/search");
    assert!(told.iter().all(about), "{told:#?}");
    let free = changes
        .iter()
        .any(|change| !change.breaking && change.at == "DELETE /api/leads/{id}");
    assert!(free, "the new operation is told");
}
