//! One route in full, from its contract alone: parameters, fields, guards, an example and the statement.
//!
//! Its words are those of the docs: they are taken from the `OpenAPI` document of the route's resource.

use std::sync::Arc;

use serde_json::Value;

use super::field_words;
use super::protocol::{FieldLine, Parameter, RouteDetail, RouteLine};
use super::route_sql::{self, Plain};
use crate::config::{CostRules, Stance};
use crate::contract::{Contracts, Field, Grant, Owner, Place, Resource, Route, Snapshot, SqlRoute};
use crate::error::{Error, Result};
use crate::openapi;

/// The route as a line of the list; who knows more adds whether it is switched off, and its figures.
#[must_use]
pub fn line(route: &Route) -> RouteLine {
    let grants = route.grants();
    RouteLine {
        route: route.name.clone(),
        method: route.method.to_owned(),
        path: route.path.clone(),
        file: route.file().display().to_string(),
        access: grants.iter().map(granted).collect(),
        disabled: None,
        figures: None,
    }
}

/// The route in full, without a plan of its statement. `body_limit` is the largest body in bytes.
///
/// # Errors
/// `internal` if its document cannot be written.
pub fn detail(route: &Route, body_limit: usize) -> Result<RouteDetail> {
    let contracts = match &route.owner {
        Owner::Resource(resource, _) => Contracts::from(vec![Arc::clone(resource)]),
        Owner::Function(function) => Contracts {
            functions: vec![Arc::clone(function)],
            ..Contracts::default()
        },
        Owner::Sql(route) => Contracts {
            sql_routes: vec![Arc::clone(route)],
            ..Contracts::default()
        },
    };
    let snapshot = Snapshot::new(String::new(), String::new(), contracts);
    let document = openapi::document(&snapshot)?;
    let drawn = Drawn::find(&document, &route.path, route.method);
    let line = line(route);
    let (model, example) = drawn.model().unzip();
    let example = example.flatten();
    let mut guards = vec![format!("access: {}", line.access.join(" or "))];
    if matches!(route.method, "POST" | "PUT" | "PATCH") {
        guards.push(format!("body: at most {}", size(body_limit)));
    }
    match &route.owner {
        Owner::Resource(resource, _) => guards.extend(costs(resource)),
        Owner::Function(_) => {}
        Owner::Sql(route) => guards.extend(
            route
                .timeout
                .map(|timeout| format!("timeout: {} ms", timeout.as_millis())),
        ),
    }
    // Without a body a call has the same arguments.
    let arguments = match &route.owner {
        Owner::Function(_) => Drawn::find(&document, &route.path, "POST")
            .model()
            .and_then(|(_, example)| example),
        Owner::Resource(..) | Owner::Sql(_) => None,
    };
    // What is asked for, what is sent, and what is answered with.
    let (about, description, sent, told) = match &route.owner {
        Owner::Resource(resource, _) => (
            Some(resource),
            resource.description.as_ref(),
            Some(resource),
            Some(resource),
        ),
        Owner::Function(function) => {
            let first = function.overloads.first();
            let (sent, rows) = (first.map(|first| &first.arguments), first.map(|first| &first.rows));
            (sent, function.description.as_ref(), sent, rows)
        }
        // Its description is that of its operation.
        Owner::Sql(route) => {
            let sent = Some(route.input(Place::Body));
            (sent, None, sent, Some(&route.rows))
        }
    };
    let about = about.ok_or_else(|| Error::internal("a function without one"))?;
    let reply = told.into_iter().flat_map(|rows| {
        let fields = rows.fields.iter().filter(|_| rows.access.read.is_some());
        fields.map(|field| field_line(field, true))
    });
    Ok(RouteDetail {
        line,
        description: drawn.description(description),
        parameters: drawn
            .parameters
            .iter()
            .map(|one| match &route.owner {
                Owner::Sql(route) => sql_parameter(route, one),
                _ => parameter(about, one),
            })
            .collect(),
        body: match (model, sent) {
            (Some(model), Some(sent)) => body(sent, model),
            _ => Vec::new(),
        },
        reply: reply.collect(),
        guards,
        sql: route_sql::statement(route, drawn.plain(about, arguments.or(example))).ok(),
        explain: None,
        explain_refused: None,
        example: example.and_then(|example| serde_json::to_string_pretty(example).ok()),
    })
}

fn granted(grant: &Grant) -> String {
    match grant {
        Grant::Public => "public".to_owned(),
        Grant::Authenticated => "authenticated".to_owned(),
        Grant::Scope(name) => format!("scope:{name}"),
        Grant::Role(name) => format!("role:{name}"),
    }
}

/// What the document says of a route. It says nothing of one that nobody can use.
struct Drawn<'a> {
    document: &'a Value,
    operation: Option<&'a Value>,
    parameters: Vec<&'a Value>,
}

impl<'a> Drawn<'a> {
    fn find(document: &'a Value, path: &str, method: &str) -> Self {
        let place = document.get("paths").and_then(|paths| paths.get(path));
        let operation = place.and_then(|place| place.get(method.to_ascii_lowercase()));
        let shared = place.filter(|_| operation.is_some());
        let parameters = [shared, operation]
            .into_iter()
            .flatten()
            .filter_map(|part| part.get("parameters")?.as_array())
            .flatten()
            .map(|parameter| resolve(document, parameter));
        Self {
            document,
            operation,
            parameters: parameters.collect(),
        }
    }

    /// Summary, what the resource is, and what is special: a line each.
    fn description(&self, about: Option<&String>) -> Option<String> {
        let said = |key: &str| self.operation?.get(key)?.as_str().map(str::to_owned);
        let lines = [
            said("summary").map(|summary| format!("{summary}.")),
            about.cloned(),
            said("description").filter(|text| !text.is_empty()),
            self.operation
                .is_none()
                .then(|| "Refused to everybody: rows that may not be read cannot be picked by a filter.".to_owned()),
        ];
        let lines: Vec<String> = lines.into_iter().flatten().collect();
        (!lines.is_empty()).then(|| lines.join("\n"))
    }

    /// The schema of the body and its example.
    fn model(&self) -> Option<(&'a Value, Option<&'a Value>)> {
        let content = self.operation?.get("requestBody")?.get("content")?;
        let schema = content.get("application/json")?.get("schema")?;
        // A row, or a row or an array of rows; the arguments of one of several functions.
        let row = schema
            .pointer("/oneOf/0")
            .or_else(|| schema.pointer("/anyOf/0"))
            .unwrap_or(schema);
        let model = resolve(self.document, row);
        Some((model, model.pointer("/examples/0")))
    }

    /// A plain request of examples.
    fn plain(&self, resource: &Resource, body: Option<&'a Value>) -> Plain<'a> {
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let of = |place: &'static str| {
            let found = self.parameters.iter().copied();
            found.filter(move |parameter| word(parameter, "in") == place)
        };
        let filters = of("query").filter_map(|parameter| {
            let name = word(parameter, "name");
            let index = resource.field(name)?.0;
            let example = parameter.pointer("/schema/examples/0")?.as_str()?;
            Some((index, name, example))
        });
        // One row by its key is what most ask for.
        let filter = filters.min_by_key(|(index, ..)| (!resource.key.contains(index), *index));
        Plain {
            key: of("path").filter_map(|one| one.get("example")).map(text).collect(),
            filter: filter.map(|(_, name, example)| (name, example)),
            body,
        }
    }
}

fn resolve<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let target = value.get("$ref").and_then(Value::as_str);
    target
        .and_then(|target| document.pointer(target.strip_prefix('#')?))
        .unwrap_or(value)
}

fn word<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn parameter(resource: &Resource, drawn: &Value) -> Parameter {
    let (name, location) = (word(drawn, "name"), word(drawn, "in"));
    let of_key = || {
        let mut names = resource.key_names().into_iter();
        let index = names.find(|(_, known)| known == name)?.0;
        resource.fields.get(index)
    };
    let field = match location {
        "path" => of_key(),
        "query" => resource
            .field(name)
            .map(|(_, field)| field)
            .filter(|_| !is_of_dialect(name)),
        _ => None,
    };
    let kind = field.map_or_else(
        || schema_words(drawn.get("schema").unwrap_or(&Value::Null)),
        field_words::type_alone,
    );
    told(drawn, kind)
}

/// A parameter of a SQL route, with all its rules: the file says them, not a table.
fn sql_parameter(route: &SqlRoute, drawn: &Value) -> Parameter {
    let place = Place::parse(word(drawn, "in")).unwrap_or(Place::Query);
    let field = route.input(place).field(word(drawn, "name")).map(|(_, field)| field);
    let kind = field.map_or_else(
        || schema_words(drawn.get("schema").unwrap_or(&Value::Null)),
        field_words::kind,
    );
    told(drawn, kind)
}

fn told(drawn: &Value, kind: String) -> Parameter {
    Parameter {
        name: word(drawn, "name").to_owned(),
        location: word(drawn, "in").to_owned(),
        kind,
        required: drawn.get("required").and_then(Value::as_bool).unwrap_or_default(),
        description: word(drawn, "description").to_owned(),
    }
}

/// A column of such a name has no filter of its own.
fn is_of_dialect(name: &str) -> bool {
    matches!(name, "select" | "order" | "limit" | "offset" | "and" | "or")
}

/// `whole number, 0 to 1000, default 50`
fn schema_words(schema: &Value) -> String {
    if word(schema, "type") != "integer" {
        return "text".to_owned();
    }
    let number = |key: &str| schema.get(key).map(Value::to_string);
    let range = match (number("minimum"), number("maximum")) {
        (Some(low), Some(high)) => Some(format!("{low} to {high}")),
        (Some(low), None) => Some(format!("at least {low}")),
        (None, high) => high.map(|high| format!("at most {high}")),
    };
    let default = number("default").map(|default| format!("default {default}"));
    let words = std::iter::once("whole number".to_owned()).chain(range).chain(default);
    words.collect::<Vec<_>>().join(", ")
}

fn body(resource: &Resource, model: &Value) -> Vec<FieldLine> {
    let required = model.get("required").and_then(Value::as_array);
    let needs = |name: &str| required.is_some_and(|names| names.iter().any(|known| known == name));
    let has = |name: &str| model.get("properties").is_some_and(|all| all.get(name).is_some());
    let fields = resource.fields.iter().filter(|field| has(&field.name));
    fields.map(|field| field_line(field, needs(&field.name))).collect()
}

fn field_line(field: &Field, required: bool) -> FieldLine {
    FieldLine {
        name: field.name.clone(),
        kind: field_words::kind(field),
        required,
        nullable: field.nullable,
    }
}

/// What the resource's file says of costs, a line for everybody and one per role.
fn costs(resource: &Resource) -> impl Iterator<Item = String> {
    let told = |name: String, rules: &CostRules| {
        let number = |word: &str, bound: Option<u32>| bound.map(|bound| format!("{word} {bound}"));
        let stance = |word: &str, stance: Option<Stance>| stance.map(|stance| format!("{word} {}", stance.as_str()));
        let parts = [
            stance("unindexed", rules.unindexed),
            number("max_rows", rules.max_rows),
            number("max_cost", rules.max_cost),
            stance("over", rules.over),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        (!parts.is_empty()).then(|| format!("{name}: {}", parts.join(", ")))
    };
    let roles = resource.cost.roles.iter();
    let roles = roles.filter_map(move |(role, rules)| told(format!("cost of {role}"), rules));
    told("cost".to_owned(), &resource.cost.everyone)
        .into_iter()
        .chain(roles)
}

/// `1 MiB`, `1500 bytes`.
fn size(bytes: usize) -> String {
    match bytes {
        _ if bytes > 0 && bytes.is_multiple_of(1 << 20) => format!("{} MiB", bytes >> 20),
        _ if bytes > 0 && bytes.is_multiple_of(1 << 10) => format!("{} KiB", bytes >> 10),
        _ => format!("{bytes} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::openapi::fixture;

    fn all() -> Vec<RouteDetail> {
        let snapshot = fixture::snapshot();
        snapshot
            .routes
            .iter()
            .map(|route| detail(route, 1 << 20).unwrap())
            .collect()
    }

    fn one(name: &str) -> RouteDetail {
        all().into_iter().find(|detail| detail.line.route == name).unwrap()
    }

    #[test]
    fn every_route_has_a_statement_and_words() {
        for detail in all() {
            let name = &detail.line.route;
            // Nobody may use this one, as nobody may read the rows.
            let usable = name != "PATCH /api/leads";
            let bare = name.ends_with("/totals") || name.ends_with("/echo");
            assert_eq!(detail.sql.is_some(), usable, "{name}");
            assert!(detail.description.is_some(), "{name}");
            assert!(
                detail
                    .parameters
                    .iter()
                    .all(|one| !one.kind.is_empty() && !one.description.is_empty())
            );
            let with_body = matches!(detail.line.method.as_str(), "POST" | "PUT" | "PATCH");
            assert_eq!(detail.guards.len(), if with_body { 2 } else { 1 });
            if usable {
                assert_eq!(!detail.body.is_empty(), with_body && !bare, "{name}");
                assert!(bare || detail.example.is_some() == with_body, "{name}");
            }
        }
    }

    #[test]
    fn statements_are_those_of_clients() {
        for (route, start, end) in [
            ("GET /api/leads", "SELECT t.\"id\"", "ORDER BY t.\"id\" LIMIT $1::int8"),
            ("GET /api/leads/{id}", "SELECT t.\"id\"", "WHERE (t.\"id\" = $1::int8)"),
            (
                "POST /api/leads",
                "INSERT INTO \"public\".\"leads\" AS t (\"email\"",
                "",
            ),
            ("PATCH /api/leads/{id}", "UPDATE \"public\".\"leads\" AS t SET \"", ""),
            (
                "PUT /api/leads/{id}",
                "UPDATE \"public\".\"leads\" AS t SET \"email\" = $1::text",
                "",
            ),
            (
                "DELETE /api/kind_events/{lead_id},{seq}",
                "DELETE FROM \"public\".\"kind_events\" AS t WHERE (t.\"lead_id\" = $1::int8",
                "",
            ),
            (
                "PATCH /api/kind_events",
                "UPDATE \"public\".\"kind_events\" AS t SET \"",
                "",
            ),
            (
                "GET /api/rpc/search",
                "WITH \"windlass_call\" AS (SELECT * FROM \"public\".\"search\"(\"query\" => $2::text",
                "FROM \"windlass_call\" AS t WHERE true LIMIT $1::int8",
            ),
            (
                "POST /api/rpc/words",
                "WITH \"windlass_call\" AS (SELECT * FROM \"public\".\"words\"(VARIADIC \"words\" => $2::text[]) AS t(\"query\")) SELECT",
                "",
            ),
            (
                "GET /api/busy-leads",
                "SELECT t.\"email\" FROM \"public\".\"busy-leads\" AS t",
                "",
            ),
        ] {
            let sql = one(route).sql.unwrap();
            assert!(sql.starts_with(start) && sql.contains(end), "{route}: {sql}");
        }
        // Where the rows may not be read, a write of everybody's tells nothing of them but the key.
        let create = one("POST /api/leads").sql.unwrap();
        assert!(create.contains("RETURNING t.\"id\""), "{create}");
    }

    #[test]
    fn parameters_are_told_as_in_the_docs() {
        let list = one("GET /api/leads");
        let of = |name: &str| list.parameters.iter().find(|one| one.name == name).unwrap();
        assert_eq!(of("limit").kind, "whole number, at least 0, default 50");
        assert_eq!(of("offset").kind, "whole number, at least 0, default 0");
        assert_eq!(
            (of("select").kind.as_str(), of("order").location.as_str()),
            ("text", "query")
        );
        assert_eq!(of("status").kind, "one of new, open, won");
        assert!(of("status").description.contains("`in.(new,open)`"));
        assert_eq!(
            (of("Prefer").location.as_str(), of("Prefer").required),
            ("header", false)
        );
        assert_eq!(list.line.access, ["scope:leads.read"]);
        assert_eq!(list.guards, ["access: scope:leads.read"]);
        assert_eq!(list.line.file, "resources/leads.toml");
        let description = list.description.unwrap();
        assert!(
            description.starts_with("List leads.\nPeople who may become customers.\n"),
            "{description}"
        );

        let item = one("GET /api/kind_events/{lead_id},{seq}");
        let key: Vec<_> = item.parameters.iter().filter(|one| one.location == "path").collect();
        assert_eq!(
            (key.len(), key[0].kind.as_str(), key[0].required),
            (2, "whole number", true)
        );
        // A column whose name the dialect keeps has no filter; the parameter is the dialect's.
        let select = one("GET /api/kind_events").parameters;
        assert_eq!(select.iter().filter(|one| one.name == "select").count(), 1);
    }

    #[test]
    fn bodies_say_what_is_needed() {
        let required = |route: &str| -> Vec<String> {
            let body = one(route).body.into_iter();
            body.filter(|field| field.required).map(|field| field.name).collect()
        };
        assert_eq!(required("POST /api/leads"), ["email", "name"]);
        assert_eq!(required("PUT /api/leads/{id}"), ["email", "name"]);
        assert!(required("PATCH /api/leads/{id}").is_empty());
        let create = one("POST /api/leads");
        assert!(
            create
                .body
                .iter()
                .all(|field| field.name != "id" && field.name != "domain")
        );
        assert_eq!(create.guards, ["access: public", "body: at most 1 MiB"]);
        assert_eq!(create.reply.len(), 13);
        let example: Value = serde_json::from_str(&create.example.unwrap()).unwrap();
        assert_eq!(example["email"], "ada@example.com");
    }

    #[test]
    fn sizes() {
        for (bytes, expected) in [
            (1 << 20, "1 MiB"),
            (3 << 10, "3 KiB"),
            (1500, "1500 bytes"),
            (0, "0 bytes"),
        ] {
            assert_eq!(size(bytes), expected);
        }
    }
}
