//! The parameters of a SQL route, from every part of a request at once.

use std::borrow::Cow;

use super::arguments::{is_list, read, scalar};
use super::report::{At, Report};
use super::value::{self, Want};
use super::{Bind, Model, check};
use crate::catalog::Kind;
use crate::contract::{Place, Resource, SqlRoute};
use crate::error::Result;
use crate::request::json::{self, Json};
use crate::request::sql_route::Texts;

/// What a request gives a route.
#[derive(Debug, Default)]
pub struct Sent<'a> {
    /// By the names of the path's parameters.
    pub path: Texts,
    /// All of the query string.
    pub query: Texts,
    /// The headers that the route reads.
    pub header: Texts,
    /// The cookies that the route reads.
    pub cookie: Texts,
    /// The body, where there is one.
    pub body: Option<Json<'a>>,
}

/// Checks what a request gives; gives a value for each of the route's parameters.
///
/// # Errors
/// `validation_failed` with everything that is wrong; each `loc` starts with the part of the request.
pub fn parameters(route: &SqlRoute, sent: &Sent<'_>) -> Result<Vec<Bind>> {
    let mut report = Report::default();
    let mut values: Vec<Vec<Option<Bind>>> = Vec::with_capacity(Place::ALL.len());
    for place in Place::ALL {
        let input = route.input(place);
        let defaults: Vec<Option<String>> = input
            .fields
            .iter()
            .map(|field| Some(field.default.as_ref()?.to_string()))
            .collect();
        let texts = match place {
            Place::Path => &sent.path,
            Place::Query => &sent.query,
            Place::Header => &sent.header,
            Place::Cookie => &sent.cookie,
            Place::Body => {
                values.push(body(route, input, &defaults, sent.body.as_ref(), &mut report));
                continue;
            }
        };
        let mut entries = entries(place, input, texts, &mut report);
        complete(input, &defaults, &mut entries);
        values.push(checked(place, input, entries, &mut report));
    }
    if let Some(error) = report.into_error() {
        return Err(error);
    }
    let of = |place: Place, field: usize| values.get_mut(place as usize)?.get_mut(field)?.take();
    let mut of = of;
    // Each field is that of one parameter.
    Ok(route
        .parameters
        .iter()
        .map(|one| of(one.place, one.field).unwrap_or(Bind::Null))
        .collect())
}

/// What is wrong with the route's own defaults: which parameter it is, and what it breaks.
#[must_use]
pub fn wrong_defaults(route: &SqlRoute) -> Vec<(usize, String)> {
    let mut wrong = Vec::new();
    for (number, parameter) in route.parameters.iter().enumerate() {
        let Some(field) = route.input(parameter.place).fields.get(parameter.field) else {
            continue;
        };
        let Some(default) = &field.default else { continue };
        let mut report = Report::default();
        match json::parse(default.to_string().as_bytes()) {
            Ok(json) => _ = value::check(Want::of(field), &json, &At::root("default"), &mut report),
            Err(error) => wrong.push((number, error.message)),
        }
        wrong.extend(
            report
                .into_violations()
                .into_iter()
                .map(|violation| (number, violation.msg)),
        );
    }
    wrong
}

type Entries<'t> = Vec<(Cow<'t, str>, Json<'t>)>;

/// Texts as a body would have them.
fn entries<'t>(place: Place, input: &Resource, texts: &'t Texts, report: &mut Report) -> Entries<'t> {
    let root = At::root(place.as_str());
    let mut entries = Entries::with_capacity(texts.len());
    for (name, values) in texts {
        let json = match (input.field(name).map(|(_, field)| &field.pg_type), values.as_slice()) {
            (Some(pg_type), values) => match (&pg_type.kind, values) {
                (Kind::Array { item }, [text]) if !is_list(text) => Json::Array(vec![scalar(item, text)]),
                (_, [text]) => read(pg_type, text),
                (Kind::Array { item }, texts) => Json::Array(texts.iter().map(|text| scalar(item, text)).collect()),
                (_, [text, ..]) => {
                    let all = Json::String(values.join(", ").into());
                    report.add(&root.name(name), "value_error", "is given twice", Some(&all), None);
                    read(pg_type, text)
                }
                (_, []) => continue,
            },
            // It is refused by its name.
            (None, values) => Json::String(values.first().map_or("", String::as_str).into()),
        };
        entries.push((Cow::Borrowed(name.as_str()), json));
    }
    entries
}

/// Adds the defaults of what is not given.
fn complete<'t>(input: &'t Resource, defaults: &'t [Option<String>], entries: &mut Entries<'t>) {
    for (field, default) in input.fields.iter().zip(defaults) {
        let Some(default) = default else { continue };
        if entries.iter().any(|(name, _)| *name == field.name) {
            continue;
        }
        // What was read when the route was loaded is read again.
        if let Ok(json) = json::parse(default.as_bytes()) {
            entries.push((Cow::Borrowed(field.name.as_str()), json));
        }
    }
}

fn checked(place: Place, input: &Resource, entries: Entries<'_>, report: &mut Report) -> Vec<Option<Bind>> {
    let checked = check::within(place.as_str(), input, Model::Create, &Json::Object(entries), report);
    let mut values = vec![None; input.fields.len()];
    for (index, bind) in checked.rows.into_iter().flat_map(|row| row.values) {
        if let Some(value) = values.get_mut(index) {
            *value = Some(bind);
        }
    }
    values
}

fn body(
    route: &SqlRoute,
    input: &Resource,
    defaults: &[Option<String>],
    sent: Option<&Json<'_>>,
    report: &mut Report,
) -> Vec<Option<Bind>> {
    if route.whole {
        return vec![whole(input, defaults, sent, report)];
    }
    let mut entries = match sent {
        None => Entries::new(),
        Some(Json::Object(entries)) => entries.clone(),
        Some(other) => {
            report.add(&At::root("body"), "model_type", "must be an object", Some(other), None);
            return Vec::new();
        }
    };
    complete(input, defaults, &mut entries);
    checked(Place::Body, input, entries, report)
}

/// The whole body as one value; `null` is as that of a field.
fn whole(input: &Resource, defaults: &[Option<String>], sent: Option<&Json<'_>>, report: &mut Report) -> Option<Bind> {
    let field = input.fields.first()?;
    let at = At::root("body");
    match sent {
        Some(Json::Null) if field.nullable => Some(Bind::Null),
        Some(Json::Null) => {
            report.add(&at, "json_type", "must not be null", Some(&Json::Null), None);
            None
        }
        Some(json) => value::check(Want::of(field), json, &at, report),
        None => match defaults.first() {
            Some(Some(default)) => Some(Bind::Json(default.clone())),
            _ if field.optional => Some(Bind::Null),
            _ => {
                report.add(&at, "missing", "is required", None, None);
                None
            }
        },
    }
}
