//! The whole document: what stands around the operations of each resource.

use std::sync::Arc;

use salvo::oapi::{
    Components, Content, Info, OpenApi, Operation, PathItem, PathItemType, Response, SecurityRequirement, Server, Tag,
};
use serde_json::{Value, json};

use super::examples::Examples;
use super::functions::Functions;
use super::names::{Ids, Named, Taken};
use super::nearest;
use super::parameters;
use super::paths::{Paths, is_public};
use super::problems;
use super::queries;
use super::schemas::{self, Model, carry};
use super::security;
use super::sql_routes::{ROUTES, SqlRoutes};
use crate::contract::{Function, Grant, Snapshot, Verb};
use crate::error::{Error, Result};

const INTRODUCTION: &str = "\
Rows are read and written as JSON. Requests are checked against the schemas below, and every broken rule is reported at once.

Queries are in PostgREST's dialect. A filter is `column=operator.value`:

| operator | means |
|---|---|
| `eq` `neq` `gt` `gte` `lt` `lte` | comparison |
| `in` | one of a list: `in.(a,\"b,c\")` |
| `is` | `is.null`, `is.not_null`, and for booleans `is.true`, `is.false`, `is.unknown` |
| `isdistinct` | like `neq`, but null counts as a value |
| `like` `ilike` | a pattern, in which `*` stands for any text; `ilike` ignores case |
| `match` `imatch` | a regular expression of PostgreSQL |
| `fts` `plfts` `phfts` `wfts` | text search: a tsquery, plain words, a phrase, as on the web; `fts(english).word` names the language |
| `cs` `cd` `ov` | contains, is contained in, overlaps: arrays `{a,b}`, ranges `[1,5)`, JSON |
| `sl` `sr` `nxr` `nxl` `adj` | ranges: left of, right of, not beyond to the right, not beyond to the left, adjacent |

`not.` before an operator turns it round; `eq(any).{a,b}` and `(all)` compare with several values. Filters are joined by and; a column \
may be filtered more than once. `or=(a.lt.1,and(b.eq.2,c.is.null))` joins otherwise. A JSON column is looked into by `column->a->>b`, in filters, \
`select` and `order`. Filters of related rows that are embedded stand under their name: `events.kind=eq.call`, `events.order`, `events.limit`.

Errors are `application/problem+json` (RFC 9457): decide by `code`, whose values the schema `Problem` lists. A function in the \
database may choose another status than those listed.";

const HEALTH: &str = "health";
/// The tag of all calls.
pub(super) const FUNCTIONS: &str = "functions";

/// The `OpenAPI` 3.1 document of a snapshot. Equal snapshots give equal documents, byte for byte.
///
/// # Errors
/// `internal` if the document cannot be put into JSON.
pub fn document(snapshot: &Snapshot) -> Result<Value> {
    let mut taken = Taken::default();
    let all = Named::all(snapshot, &mut taken);
    let or = |text: &str, other: &str| {
        if text.is_empty() {
            other.to_owned()
        } else {
            text.to_owned()
        }
    };
    let info = Info::new(or(&snapshot.title, "API"), or(&snapshot.version, "0.0.0")).description(INTRODUCTION);
    let mut document =
        OpenApi::with_info(info).add_server(Server::new("/").description("Where this document comes from"));
    let mut components = parameters::add_shared(problems::add(Components::new()));
    let mut ids = Ids::default();
    let mut tags = Vec::new();
    for named in &all {
        let resource = named.resource;
        let examples = Examples::of(resource);
        let about = resource
            .description
            .clone()
            .unwrap_or_else(|| format!("Rows of {}.", resource.name));
        tags.push(Tag::new(&resource.name).description(about));
        for model in Model::ALL {
            components = components.add_schema(named.model(model), carry(schemas::model(named, model, &examples)));
        }
        components = components.add_schema(named.part(), carry(schemas::part(named, &named.model(Model::Read))));
        if resource.nearest_path().is_some() {
            components = components.add_schema(nearest::component(named), carry(nearest::body(named, &examples)));
        }
        for (name, shape) in schemas::shapes(named) {
            components = components.add_schema(name, carry(shape));
        }
        components = queries::add(components, named, &examples);
        let paths = Paths {
            named,
            examples: &examples,
            ids: &mut ids,
        };
        for (path, item) in paths.all() {
            document = document.add_path(path, item);
        }
    }
    for function in &snapshot.functions {
        let drawn = Functions::new(snapshot, function, &all, taken.pascal(&function.name));
        components = drawn.components(components);
        document = document.add_path(&function.path, drawn.path(&mut ids));
    }
    for route in &snapshot.sql_routes {
        let drawn = SqlRoutes::new(snapshot, route, taken.pascal(&route.name));
        components = drawn.components(components);
        document = document.add_path(&route.path, drawn.path(&mut ids));
        for tag in drawn.tags() {
            if !tags.iter().any(|known| known.name == tag) {
                let about = if tag == ROUTES { "Queries of their own." } else { "" };
                tags.push(Tag::new(tag).description(about));
            }
        }
    }
    if !snapshot.functions.is_empty() && !tags.iter().any(|tag| tag.name == FUNCTIONS) {
        tags.push(Tag::new(FUNCTIONS).description("Functions of the database that can be called."));
    }
    if !tags.iter().any(|tag| tag.name == HEALTH) {
        tags.push(Tag::new(HEALTH).description("Whether the service runs and can serve requests."));
    }
    for (path, item) in health(&mut ids) {
        document = document.add_path(path, item);
    }
    components = components
        .add_schema("Liveness", carry(liveness()))
        .add_schema("Readiness", carry(readiness()));
    let open = |function: &Arc<Function>| function.call.contains(&Grant::Public);
    let closed = snapshot
        .sql_routes
        .iter()
        .any(|route| !route.access.contains(&Grant::Public));
    if closed || all.iter().any(|named| is_closed(named)) || !snapshot.functions.iter().all(open) {
        components = security::schemes(components);
    }
    let document = serde_json::to_value(document.components(components).tags(tags)).map_err(Error::internal)?;
    Ok(without_unused(document))
}

/// Whether some operation of the resource asks for credentials.
fn is_closed(named: &Named<'_>) -> bool {
    [Verb::Read, Verb::Create, Verb::Update, Verb::Delete]
        .into_iter()
        .any(|verb| named.resource.access.of(verb).is_some() && !is_public(named, verb))
}

fn health(ids: &mut Ids) -> [(&'static str, PathItem); 2] {
    let mut operation = |id: &str, summary: &str, description: &str, schema: &str, reply: &str| {
        let body = || Content::new(schemas::reference(schema));
        Operation::new()
            .add_tag(HEALTH)
            .operation_id(ids.take(id.to_owned()))
            .summary(summary)
            .description(description)
            .securities(Vec::<SecurityRequirement>::new())
            .add_response("200", Response::new(reply).add_content("application/json", body()))
    };
    let live = operation(
        "healthLive",
        "Is it alive?",
        "Answers as long as the process turns over.",
        "Liveness",
        "It is alive.",
    );
    let ready = operation(
        "healthReady",
        "Is it ready?",
        "Asks the database, too; a load balancer sends requests only while this answers 200.",
        "Readiness",
        "It is ready.",
    );
    let unready = Response::new("It stops, or the database cannot be reached.");
    let ready = ready.add_response(
        "503",
        unready.add_content("application/json", Content::new(schemas::reference("Readiness"))),
    );
    [
        ("/health/live", PathItem::new(PathItemType::Get, live)),
        ("/health/ready", PathItem::new(PathItemType::Get, ready)),
    ]
}

fn liveness() -> Value {
    json!({
        "title": "Liveness",
        "type": "object",
        "properties": { "status": { "type": "string", "enum": ["ok"] } },
        "required": ["status"],
        "examples": [{ "status": "ok" }]
    })
}

fn readiness() -> Value {
    json!({
        "title": "Readiness",
        "type": "object",
        "properties": {
            "status": { "type": "string", "enum": ["ready", "stopping", "unavailable"] },
            "checks": {
                "type": "object",
                "properties": { "database": { "type": "string", "enum": ["ok", "unreachable"] } },
                "additionalProperties": { "type": "string" },
                "description": "What was asked, and how it is."
            }
        },
        "required": ["status", "checks"],
        "examples": [{ "status": "ready", "checks": { "database": "ok" } }]
    })
}

/// Drops components that nothing refers to: models of verbs that are not offered, refusals that no operation has.
fn without_unused(mut document: Value) -> Value {
    loop {
        let mut used = std::collections::HashSet::new();
        references(&document, &mut used);
        let mut dropped = false;
        for kind in ["schemas", "responses", "parameters"] {
            let pointer = format!("/components/{kind}");
            let Some(Value::Object(components)) = document.pointer_mut(&pointer) else {
                continue;
            };
            let before = components.len();
            components.retain(|name, _| used.contains(&format!("#{pointer}/{name}")));
            dropped |= components.len() < before;
        }
        if !dropped {
            return document;
        }
    }
}

fn references(value: &Value, used: &mut std::collections::HashSet<String>) {
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                if let (true, Value::String(target)) = (key == "$ref", value) {
                    // What points into a component uses it.
                    used.insert(target.split('/').take(4).collect::<Vec<_>>().join("/"));
                } else {
                    references(value, used);
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, used)),
        _ => {}
    }
}
