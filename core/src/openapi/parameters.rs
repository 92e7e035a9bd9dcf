//! Query, header and path parameters. Those that several operations share are components.

use salvo::oapi::{Components, Parameter, ParameterIn, ParameterStyle, Ref, RefOr};
use serde_json::{Value, json};

use super::examples::Examples;
use super::names::Named;
use super::schemas::{self, carry};
use crate::catalog::Kind;
use crate::contract::Field;
use crate::plan::{operators, relation};
use crate::request::column::quoted;

/// A keyword of our own, in the schema of `limit`: its maximum for lists that are not streamed.
pub(super) const PAGE_MAXIMUM: &str = "x-page-maximum";

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
                      for the rows as stored.";
const UNREAD: &str = "`return=minimal` or `return=headers-only`; there is no body in any case. `return=representation` is \
                      refused, as the rows may not be read by everybody.";
const CREATE: &str = "`resolution=merge-duplicates` gives rows whose key is taken the values of the body, \
                      `resolution=ignore-duplicates` leaves them out. `missing=default` or `missing=null`: what a row of an array \
                      has for fields that only others name.";
const COMMON: &str = "`handling=strict` refuses preferences that are not known here (RFC 7240), and has `max-affected=N` refuse a \
                      write of more rows. `tx=rollback` stores nothing, where the service allows it.";

/// Operators that take `(any)` and `(all)`.
const QUANTIFIED: &[&str] = &["eq", "gt", "gte", "lt", "lte", "like", "ilike", "match", "imatch"];

/// Shared by all resources.
const SHARED: &[(&str, &str)] = &[
    ("Offset", "offset"),
    ("Cursor", "cursor"),
    ("Range", "Range"),
    ("RangeUnit", "Range-Unit"),
    ("Or", "or"),
    ("And", "and"),
    ("PreferRead", "Prefer"),
    ("PreferWrite", "Prefer"),
    ("PreferWriteUnread", "Prefer"),
    ("PreferCreate", "Prefer"),
    ("PreferCreateUnread", "Prefer"),
    ("IdempotencyKey", "Idempotency-Key"),
    ("IfMatch", "If-Match"),
    ("IfNoneMatch", "If-None-Match"),
    ("Columns", "columns"),
    ("OnConflict", "on_conflict"),
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
pub(super) fn columns() -> RefOr<Parameter> {
    reference("Columns")
}

/// The key of an upsert.
pub(super) fn on_conflict() -> RefOr<Parameter> {
    reference("OnConflict")
}

/// `select`, which every operation takes that can answer with rows.
pub(super) fn select(named: &Named<'_>) -> RefOr<Parameter> {
    reference(&format!("{}Query.select", named.name))
}

/// The filters of a resource's columns, `or` and `and`.
pub(super) fn filters(named: &Named<'_>) -> Vec<RefOr<Parameter>> {
    let own = filterable(named).map(|(index, field)| reference(&named.filter(index, field)));
    own.chain([reference("Or"), reference("And")]).collect()
}

/// Everything that a list takes in its query.
pub(super) fn list(named: &Named<'_>) -> Vec<RefOr<Parameter>> {
    let mut list = filters(named);
    list.push(select(named));
    list.push(reference(&format!("{}Query.order", named.name)));
    list.push(reference(&format!("{}Query.limit", named.name)));
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

fn filterable<'a>(named: &Named<'a>) -> impl Iterator<Item = (usize, &'a Field)> {
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
    let logic = |word: &str| {
        let text = format!(
            "Conditions of which {word} must hold, as `(column.operator.value,…)`; `and(…)`, `or(…)` and `not.` nest."
        );
        (
            text,
            json!({ "type": "string", "pattern": r"^\(.*\)$", "examples": ["(id.gt.10,id.is.null)"] }),
        )
    };
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
            json!({ "type": "string", "pattern": r"^(items=)?[0-9]+-[0-9]*$", "examples": ["items=0-24"] }),
        ),
        "RangeUnit" => header(
            name,
            "The unit of a `Range` that does not name one.",
            json!({ "type": "string", "const": "items" }),
        ),
        "Or" => {
            let (description, schema) = logic("at least one");
            query(name, description, schema)
        }
        "And" => {
            let (description, schema) = logic("all");
            query(name, description, schema)
        }
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
        "Columns" => query(
            name,
            "Fields of the body that are used, separated by commas; others are passed over. Without it all are used.".to_owned(),
            text("name"),
        ),
        "OnConflict" => query(
            name,
            "With `Prefer: resolution=…`: the columns of the unique key by which rows are found, separated by commas; without it \
             the primary key."
                .to_owned(),
            text("id"),
        ),
        "PreferWriteUnread" => header(name, &format!("{UNREAD} {COMMON}"), text("return=minimal")),
        "PreferCreateUnread" => header(name, &format!("{UNREAD} {CREATE} {COMMON}"), text("return=minimal")),
        "PreferCreate" => header(name, &format!("{RETURN} {CREATE} {COMMON}"), text("return=representation")),
        _ => header(name, &format!("{RETURN} {COMMON}"), text("return=representation")),
    }
}

fn tags() -> Value {
    json!({ "type": "string", "pattern": r#"^\s*(\*|(W/)?"[^"]*".*)\s*$"#, "examples": ["\"4b1c0f6a6f5b0f5a3c8f1a2b3c4d5e6f\""] })
}

fn header(name: &str, description: &str, schema: Value) -> Parameter {
    Parameter::new(name)
        .location(ParameterIn::Header)
        .required(false)
        .description(description)
        .schema(carry(schema))
}

/// Adds the parameters of one resource.
pub(super) fn add(mut components: Components, named: &Named<'_>, examples: &Examples) -> Components {
    let resource = named.resource;
    let names: Vec<&str> = resource.fields.iter().map(|field| field.name.as_str()).collect();
    let first: Vec<&str> = names.iter().copied().take(2).collect();
    let select = query(
        "select",
        format!(
            "Columns of the reply, separated by commas, perhaps as `alias:column`; all without it. Columns are {}.{}",
            listed(&names),
            related(named)
        ),
        json!({ "type": "string", "examples": [first.join(",")] }),
    );
    let moment = |field: &&Field| matches!(field.pg_type.kind, Kind::TimestampTz | Kind::Timestamp | Kind::Date);
    let telling = resource.fields.iter().find(moment).or(resource.fields.first());
    let last = telling.map_or("id", |field| field.name.as_str());
    let order = query(
        "order",
        "Columns to order by, separated by commas, each with `.asc` or `.desc` and `.nullsfirst` or `.nullslast` if wanted. \
         The key comes last in any case, so that pages neither repeat nor skip rows."
            .to_owned(),
        json!({ "type": "string", "examples": [format!("{last}.desc")] }),
    );
    let limit = query(
        "limit",
        format!(
            "Rows at most; more than {} are never given. As NDJSON or CSV without it all rows come, up to {}: with more than that \
             the reply breaks off, or is refused with `reply_too_large` where `Prefer: count=exact` tells it beforehand.",
            resource.page.max, resource.page.max_stream
        ),
        json!({ "type": "integer", "format": "int32", "minimum": 0, "maximum": resource.page.max_stream, PAGE_MAXIMUM: resource.page.max, "default": resource.page.default }),
    );
    for parameter in [select, order, limit] {
        components = components.add_parameter(format!("{}Query.{}", named.name, parameter.name), parameter);
    }
    for (index, field) in filterable(named) {
        components = components.add_parameter(
            named.filter(index, field),
            filter(field, &examples.filter(index, field)),
        );
    }
    components
}

/// What can be embedded, each relation as it is written.
fn related(named: &Named<'_>) -> String {
    let spellings = relation::spellings(&named.relations);
    let Some((first, _)) = spellings.first() else {
        return String::new();
    };
    let all: Vec<String> = spellings
        .iter()
        .map(|(spelling, kind)| format!("`{spelling}(…)` ({kind})"))
        .collect();
    format!(
        " Related rows are embedded as `{first}(*)`, which adds a member of that name to each row beside those of the schema: an \
         object or null, or an array where there may be several. Relations are {}.",
        all.join(", ")
    )
}

fn filter(field: &Field, example: &str) -> Parameter {
    let operators = operators::taken(&field.pg_type);
    let nulls_only = operators == ["is"];
    let quantified: Vec<&str> = operators
        .iter()
        .copied()
        .filter(|word| QUANTIFIED.contains(word))
        .collect();
    let searched: Vec<&str> = operators.iter().copied().filter(|word| word.ends_with("fts")).collect();
    let pattern = if nulls_only {
        r"^(not\.)?is\.(null|not_null)$".to_owned()
    } else {
        let mut words = vec![operators.join("|")];
        if !quantified.is_empty() {
            words.push(format!(r"({})\((any|all)\)", quantified.join("|")));
        }
        if !searched.is_empty() {
            words.push(format!(r"({})\([A-Za-z_][A-Za-z0-9_]*\)", searched.join("|")));
        }
        format!(r"^(not\.)?({})\.", words.join("|"))
    };
    let written: Vec<String> = operators.iter().map(|operator| format!("`{operator}.`")).collect();
    let description = if nulls_only {
        format!("Rows by `{}`: `is.null` or `is.not_null`.", field.name)
    } else {
        format!(
            "Rows by `{}`: {}, for example `{example}`.",
            field.name,
            written.join(" ")
        )
    };
    query(
        &quoted(&field.name),
        description,
        json!({ "type": "string", "pattern": pattern, "examples": [example] }),
    )
}

fn listed(names: &[&str]) -> String {
    names
        .iter()
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ")
}
