//! Query, header and path parameters. Those that several operations share are components.

use salvo::oapi::{Components, Parameter, ParameterIn, ParameterStyle, Ref, RefOr};
use serde_json::{Value, json};

use super::examples::Examples;
use super::names::Named;
use super::schemas::{self, carry};
use crate::contract::Field;
use crate::request::column::quoted;

/// Names that the query dialect keeps for itself: a column of such a name can be filtered inside of `and` and `or`.
const RESERVED: &[&str] = &[
    "select",
    "order",
    "limit",
    "offset",
    "and",
    "or",
    "not.and",
    "not.or",
    "on_conflict",
    "columns",
    "cursor",
];

/// Words about `Prefer` that several operations share.
const RETURN: &str = "`return=minimal` for no body, `return=headers-only` for no body but `Location`, `return=representation` \
                      for the rows as stored, several of them as `order` says.";
const UNREAD: &str = "`return=minimal` or `return=headers-only`; there is no body in any case. `return=representation` is \
                      refused, as the rows may not be read by everybody.";
const CREATE: &str = "`resolution=merge-duplicates` gives rows whose key is taken the values of the body, \
                      `resolution=ignore-duplicates` leaves them out. `missing=default` or `missing=null`: what a row of an array \
                      has for fields that only others name.";
const COMMON: &str = "`handling=strict` refuses preferences that are not known here (RFC 7240), and has `max-affected=N` refuse a \
                      write of more rows. `tx=rollback` stores nothing, where the service allows it.";

/// Shared by all resources.
const SHARED: &[(&str, &str)] = &[
    ("Offset", "offset"),
    ("Cursor", "cursor"),
    ("Range", "Range"),
    ("RangeUnit", "Range-Unit"),
    ("PreferRead", "Prefer"),
    ("PreferWrite", "Prefer"),
    ("PreferWriteUnread", "Prefer"),
    ("PreferCreate", "Prefer"),
    ("PreferCreateUnread", "Prefer"),
    ("IdempotencyKey", "Idempotency-Key"),
    ("IfMatch", "If-Match"),
    ("IfNoneMatch", "If-None-Match"),
];

/// A reference to a parameter component.
fn reference(component: &str) -> RefOr<Parameter> {
    RefOr::Ref(Ref::new(format!("#/components/parameters/{component}")))
}

/// `Prefer` of reads.
pub(super) fn prefer_read() -> RefOr<Parameter> {
    reference("PreferRead")
}

/// `Prefer` of writes; of other choice where the rows may not be read.
pub(super) fn prefer_write(readable: bool) -> RefOr<Parameter> {
    reference(if readable { "PreferWrite" } else { "PreferWriteUnread" })
}

/// `Prefer` of creates; of other choice where the rows may not be read.
pub(super) fn prefer_create(readable: bool) -> RefOr<Parameter> {
    reference(if readable { "PreferCreate" } else { "PreferCreateUnread" })
}

/// What every write takes beside `Prefer`.
pub(super) fn once() -> RefOr<Parameter> {
    reference("IdempotencyKey")
}

/// The preconditions of an item.
pub(super) fn conditions() -> [RefOr<Parameter>; 2] {
    [reference("IfMatch"), reference("IfNoneMatch")]
}

/// Which fields of a body are used.
pub(super) fn columns(named: &Named<'_>) -> RefOr<Parameter> {
    reference(&named.query("columns"))
}

/// The key of an upsert.
pub(super) fn on_conflict(named: &Named<'_>) -> RefOr<Parameter> {
    reference(&named.query("on_conflict"))
}

/// `select`, which every operation takes that can answer with rows.
pub(super) fn select(named: &Named<'_>) -> RefOr<Parameter> {
    reference(&named.query("select"))
}

/// The filters of a resource's columns, `or` and `and`.
pub(super) fn filters(named: &Named<'_>) -> Vec<RefOr<Parameter>> {
    let own = filterable(named).map(|(index, field)| reference(&named.filter(index, field)));
    own.chain(["or", "and"].map(|word| reference(&named.query(word))))
        .collect()
}

/// Everything that a list takes in its query.
pub(super) fn list(named: &Named<'_>) -> Vec<RefOr<Parameter>> {
    let mut list = filters(named);
    list.push(select(named));
    list.extend(["order", "limit"].map(|word| reference(&named.query(word))));
    list.push(reference("Offset"));
    if !named.resource.key.is_empty() {
        list.push(reference("Cursor"));
    }
    list.extend(["Range", "RangeUnit"].map(reference));
    list
}

/// Whether a name is the query dialect's own.
pub(super) fn is_word(name: &str) -> bool {
    RESERVED.contains(&name)
}

/// The fields that can be filtered by a parameter of their own.
pub(super) fn filterable<'a>(named: &Named<'a>) -> impl Iterator<Item = (usize, &'a Field)> {
    let fields = named.resource.fields.iter().enumerate();
    fields.filter(|(_, field)| !RESERVED.contains(&field.name.as_str()))
}

/// The path parameters of an item.
pub(super) fn key(named: &Named<'_>, examples: &Examples) -> Vec<Parameter> {
    let key = named.resource.key_names().into_iter().filter_map(|(index, name)| {
        let field = named.resource.fields.get(index)?;
        let mut parameter = Parameter::new(name)
            .location(ParameterIn::Path)
            .required(true)
            .description(
                field
                    .description
                    .clone()
                    .unwrap_or_else(|| format!("`{}` of the row.", field.name)),
            )
            .schema(carry(schemas::value(named, index, field).into()));
        if let Some(example) = examples.value(index) {
            parameter = parameter.example(example.clone());
        }
        Some(parameter)
    });
    key.collect()
}

/// The key as filters, each of which must be there; `None` without a key, or where a column cannot be a parameter.
pub(super) fn key_filters(named: &Named<'_>, examples: &Examples) -> Option<Vec<RefOr<Parameter>>> {
    let resource = named.resource;
    let filters: Option<Vec<RefOr<Parameter>>> = resource
        .key
        .iter()
        .map(|index| {
            let field = resource
                .fields
                .get(*index)
                .filter(|field| !RESERVED.contains(&field.name.as_str()))?;
            let text = match examples.value(*index) {
                Some(Value::String(text)) => text.clone(),
                Some(value) => value.to_string(),
                None => return None,
            };
            let schema = json!({ "type": "string", "pattern": r"^eq\.", "examples": [format!("eq.{text}")] });
            let description = format!("`{}` of the row.", field.name);
            Some(query(&quoted(&field.name), description, schema).required(true).into())
        })
        .collect();
    filters.filter(|filters| !filters.is_empty())
}

pub(super) fn query(name: &str, description: String, schema: Value) -> Parameter {
    Parameter::new(name)
        .location(ParameterIn::Query)
        .required(false)
        .style(ParameterStyle::Form)
        .description(description)
        .schema(carry(schema))
}

/// Adds the parameters that belong to no resource.
pub(super) fn add_shared(mut components: Components) -> Components {
    for (component, name) in SHARED {
        components = components.add_parameter(*component, shared(component, name));
    }
    components
}

fn shared(component: &str, name: &str) -> Parameter {
    let text = |example: &str| json!({ "type": "string", "examples": [example] });
    match component {
        "Offset" => query(
            name,
            "Rows to skip.".to_owned(),
            json!({ "type": "integer", "format": "int64", "minimum": 0, "default": 0 }),
        ),
        "Cursor" => query(
            name,
            "A place in the list, as the `Link` of a reply has it, with the same order and filters. Rows that are inserted \
             meanwhile make none of the others come twice or not at all. Not together with `offset`."
                .to_owned(),
            json!({ "type": "string", "pattern": "^[A-Za-z0-9_-]+$" }),
        ),
        "Range" => header(
            name,
            "First and last row, counted from 0; for requests without `limit`, `offset` and `cursor`. A range in another unit \
             is ignored (RFC 9110).",
            // What names another unit is anybody's.
            json!({ "type": "string", "pattern": r"^((items=)?[0-9]+-[0-9]*|(?!\s*[Ii][Tt][Ee][Mm][Ss]\s*=)[^=]*=.*)$", "examples": ["items=0-24"] }),
        ),
        "RangeUnit" => header(
            name,
            "The unit of a `Range` that does not name one; without it `items`.",
            text("items"),
        ),
        "PreferRead" => header(
            name,
            "`count=exact` counts all rows that match: the total stands in `Content-Range`, and a part of them is answered \
             with 206. `count=planned` takes the planner's guess, `count=estimated` counts small results and guesses large ones. `handling=strict` refuses preferences that are not known here (RFC 7240).",
            text("count=exact"),
        ),
        "IdempotencyKey" => header(
            name,
            "Names this write, so that it can be sent again and is still done once: for 24 hours the same request with the same \
             key gets the stored reply, with `Idempotency-Replayed: true`. Another request under the key is 422 \
             `idempotency_mismatch`; while the first is at work, 409 `idempotency_in_flight`.",
            json!({ "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$", "examples": ["8e03978e-40d5-43dd-bc93-6894a57f9324"] }),
        ),
        "IfMatch" => header(
            name,
            "Goes on only if the row's `ETag` is one of these, or with `*` if there is a row; else 412 (RFC 9110 §13.1.1).",
            tags(),
        ),
        "IfNoneMatch" => header(
            name,
            "Goes on only if the row's `ETag` is none of these, or with `*` if there is no row; else 304 for `GET` and `HEAD`, \
             412 for writes (RFC 9110 §13.1.2).",
            tags(),
        ),
        "PreferWriteUnread" => header(name, &format!("{UNREAD} {COMMON}"), text("return=minimal")),
        "PreferCreateUnread" => header(name, &format!("{UNREAD} {CREATE} {COMMON}"), text("return=minimal")),
        "PreferCreate" => header(name, &format!("{RETURN} {CREATE} {COMMON}"), text("return=representation")),
        _ => header(name, &format!("{RETURN} {COMMON}"), text("return=representation")),
    }
}

fn tags() -> Value {
    json!({ "type": "string", "minLength": 1, "pattern": r#"^(\*|(W/)?"[!#-~]*"( *, *(W/)?"[!#-~]*")*)$"#, "examples": ["\"4b1c0f6a6f5b0f5a3c8f1a2b3c4d5e6f\""] })
}

fn header(name: &str, description: &str, schema: Value) -> Parameter {
    Parameter::new(name)
        .location(ParameterIn::Header)
        .required(false)
        .description(description)
        .schema(carry(schema))
}
