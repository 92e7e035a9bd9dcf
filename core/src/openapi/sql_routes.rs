//! The operations of SQL routes: parameters from every part of a request, and replies from the columns.

use salvo::oapi::{
    Components, Content, Deprecated, Header, Operation, Parameter, ParameterIn, ParameterStyle, PathItem, PathItemType,
    RequestBody, Required, Response,
};
use serde_json::{Value, json};

use super::examples::Examples;
use super::names::{Ids, Named, schema_ref};
use super::parameters;
use super::paths::{ALWAYS, CSV, JSON, LINES, OBJECT, WITH_BODY, needs, refuse};
use super::problems::{INVALID, NOT_FOUND, UNAUTHENTICATED};
use super::schemas::{self, Model, carry};
use super::security;
use super::values;
use crate::catalog::Kind;
use crate::contract::{Field, Grant, Output, Place, Returns, Snapshot, SqlRoute};

/// The tag of routes that name none.
pub(super) const ROUTES: &str = "routes";

/// Draws the operation of one SQL route.
pub(super) struct SqlRoutes<'a> {
    route: &'a SqlRoute,
    /// The body, whose component is `QualifyLeadBody`.
    body: Named<'a>,
    /// A row, whose component is `QualifyLeadRow`.
    row: Named<'a>,
    name: String,
}

impl<'a> SqlRoutes<'a> {
    /// `name` is the route's own in the document.
    pub(super) fn new(snapshot: &'a Snapshot, route: &'a SqlRoute, name: String) -> Self {
        Self {
            body: Named::of(snapshot, route.input(Place::Body), format!("{name}Body")),
            row: Named::of(snapshot, &route.rows, format!("{name}Row")),
            name,
            route,
        }
    }

    /// The tags under which it stands.
    pub(super) fn tags(&self) -> Vec<&'a str> {
        match self.route.tags.as_slice() {
            [] => vec![ROUTES],
            tags => tags.iter().map(String::as_str).collect(),
        }
    }

    /// Adds what the operation refers to.
    pub(super) fn components(&self, mut components: Components) -> Components {
        let with = |named: &Named<'_>, model: Model, about: &str| {
            let examples = Examples::of(named.resource);
            let mut schema = schemas::model(named, model, &examples);
            if let Some(keywords) = schema.as_object_mut() {
                keywords.insert("title".to_owned(), named.name.clone().into());
                keywords.insert("description".to_owned(), about.into());
            }
            (named.name.clone(), carry(schema))
        };
        let path = format!("`{} {}`", self.route.method, self.route.path);
        if self.has_body() {
            if !self.route.whole {
                let (name, schema) = with(&self.body, Model::Create, &format!("What {path} takes."));
                components = components.add_schema(name, schema);
            }
            for (name, shape) in schemas::shapes(&self.body) {
                components = components.add_schema(name, carry(shape));
            }
        }
        if self.has_rows() {
            let (name, schema) = with(&self.row, Model::Read, &format!("A row of {path}."));
            components = components.add_schema(name, schema);
        }
        components
    }

    fn has_body(&self) -> bool {
        !self.body.resource.fields.is_empty()
    }

    fn has_rows(&self) -> bool {
        matches!(self.route.returns, Returns::Many | Returns::One)
    }

    /// The operation, and `HEAD` beside a `GET`.
    pub(super) fn path(&self, ids: &mut Ids) -> PathItem {
        let kind = match self.route.method {
            "POST" => PathItemType::Post,
            "PUT" => PathItemType::Put,
            "PATCH" => PathItemType::Patch,
            "DELETE" => PathItemType::Delete,
            _ => PathItemType::Get,
        };
        let item = PathItem::new(kind, self.replies(self.operation(ids.take(self.id(""))), true));
        if self.route.reads() {
            item.add_operation(PathItemType::Head, self.head(ids))
        } else {
            item
        }
    }

    /// `leadTimeline`
    fn id(&self, prefix: &str) -> String {
        if !prefix.is_empty() {
            return format!("{prefix}{}", self.name);
        }
        let mut letters = self.name.chars();
        let first = letters.next().map(|first| first.to_ascii_lowercase());
        first.into_iter().chain(letters).collect()
    }

    fn operation(&self, id: String) -> Operation {
        let route = self.route;
        let public = route.access.contains(&Grant::Public);
        let mut about = route.description.clone().unwrap_or_default();
        about.push_str(if route.reads() {
            "\n\nRuns in a transaction that can change nothing."
        } else {
            "\n\nWhat is changed is stored if the reply says so, and not at all otherwise."
        });
        if !public {
            about.push_str(&needs(&route.access));
        }
        let mut operation = Operation::new()
            .operation_id(id)
            .summary(route.summary.clone().unwrap_or_else(|| route.name.clone()))
            .description(about.trim().to_owned())
            .securities(security::requirements(&route.access))
            .parameters(self.parameters());
        for tag in self.tags() {
            operation = operation.add_tag(tag);
        }
        if route.deprecated {
            operation.deprecated = Some(Deprecated::True);
        }
        if self.has_body() {
            operation = operation.request_body(self.request_body());
        }
        if !route.reads() {
            operation = operation
                .add_parameter(parameters::prefer_write(true))
                .add_parameter(parameters::once());
        }
        operation
    }

    /// A `HEAD`: the replies of `GET` without their bodies.
    fn head(&self, ids: &mut Ids) -> Operation {
        let head = self.operation(ids.take(self.id("head")));
        head.description("As `GET`, without the body.")
            .add_response("2XX", Response::new("As `GET`, without the body."))
            .add_response("4XX", Response::new("Refused as `GET` would be, without the body."))
            .add_response("5XX", Response::new("Failed as `GET` would, without the body."))
    }

    fn parameters(&self) -> Vec<Parameter> {
        let places = Place::ALL.into_iter().filter(|place| *place != Place::Body);
        let all = places.flat_map(|place| {
            let input = self.route.input(place);
            let examples = Examples::of(input);
            let fields = input.fields.iter().enumerate();
            let drawn = fields.map(move |(index, field)| parameter(place, field, examples.value(index)));
            drawn.collect::<Vec<_>>()
        });
        all.collect()
    }

    fn request_body(&self) -> RequestBody {
        let fields = &self.body.resource.fields;
        let optional = fields.iter().all(|field| field.optional);
        let schema = match (self.route.whole, fields.first()) {
            (true, Some(field)) => {
                let mut schema = schemas::value(&self.body, 0, field);
                if field.nullable {
                    schema = values::nullable(schema);
                }
                let about = field.description.clone().unwrap_or_else(|| "Any JSON.".to_owned());
                schema.insert("description".to_owned(), about.into());
                if let Some(example) = Examples::of(self.body.resource).value(0) {
                    schema.insert("examples".to_owned(), json!([example]));
                }
                Value::from(schema)
            }
            _ => json!({ "$ref": schema_ref(&self.body.name) }),
        };
        RequestBody::new()
            .description("The parameters that come in the body.")
            .add_content(JSON, Content::new(carry(schema)))
            .required(if optional { Required::False } else { Required::True })
    }

    /// What it answers with.
    fn replies(&self, mut operation: Operation, refusals: bool) -> Operation {
        let row = json!({ "$ref": schema_ref(&self.row.name) });
        let reply = match self.route.returns {
            Returns::Many => Some(("The rows.", json!({ "type": "array", "items": row }))),
            Returns::One => Some(("The row.", row.clone())),
            Returns::Json => Some(("The JSON that the route makes.", json!({ "description": "Any JSON." }))),
            Returns::Exec => None,
        };
        if let Some((about, schema)) = &reply {
            let mut response = Response::new(*about).add_content(JSON, Content::new(carry(schema.clone())));
            let object = if self.has_rows() { row } else { schema.clone() };
            response = response.add_content(OBJECT, Content::new(carry(object)));
            if self.has_rows() {
                let line = json!({ "type": "string", "description": "One row per line." });
                let csv = json!({ "type": "string", "description": "RFC 4180 with a header line." });
                response = response
                    .add_content(LINES, Content::new(carry(line)))
                    .add_content(CSV, Content::new(carry(csv)));
            }
            operation = operation.add_response("200", self.headers(response));
        }
        if reply.is_none() || !self.route.reads() {
            let about = if reply.is_none() {
                "Done."
            } else {
                "Done; with `Prefer: return=minimal`."
            };
            operation = operation.add_response("204", self.headers(Response::new(about)));
        }
        if self.route.outputs.iter().any(|(output, _)| *output == Output::Status) {
            let other = Response::new("Another status, where the route chooses one; the body is as above.");
            let content = Content::new(carry(json!({ "description": "As with 200, or a problem." })));
            operation = operation.add_response("default", self.headers(other.add_content(JSON, content)));
        }
        if !refusals {
            return operation;
        }
        operation = refuse(refuse(operation, ALWAYS), &[INVALID]);
        if matches!(self.route.returns, Returns::One | Returns::Json) {
            operation = refuse(operation, &[NOT_FOUND]);
        }
        if !self.route.reads() {
            operation = refuse(operation, WITH_BODY);
        }
        if !self.route.access.contains(&Grant::Public) {
            operation = refuse(operation, &[UNAUTHENTICATED]);
        }
        operation
    }

    /// The headers that the columns name.
    fn headers(&self, mut response: Response) -> Response {
        for (output, _) in &self.route.outputs {
            if let Output::Header(name) = output {
                let header = Header::new(carry(json!({ "type": "string" })));
                response = response.add_header(name, header.description("Where the route sets it."));
            }
        }
        if let Some(cache) = &self.route.cache {
            let header = Header::new(carry(json!({ "type": "string", "examples": [cache] })));
            response = response.add_header("Cache-Control", header.description("How long the reply may be kept."));
        }
        response
    }
}

/// A parameter outside of the body. What is no single value is a text there, but an array in the query, which is repeated.
fn parameter(place: Place, field: &Field, example: Option<&Value>) -> Parameter {
    let kind = &field.pg_type.kind;
    let mut about: Vec<String> = field.description.iter().cloned().chain(values::notes(field)).collect();
    let listed = matches!(kind, Kind::Array { .. }) && place == Place::Query;
    let plain = !matches!(kind, Kind::Json | Kind::Jsonb | Kind::Array { .. }) && !kind.is_vector();
    let mut schema = if plain || listed {
        values::schema(kind, &field.rules, field.json, None)
    } else {
        let word = if matches!(kind, Kind::Array { .. }) {
            "`{a,b}`, or JSON."
        } else {
            "JSON."
        };
        about.push(word.to_owned());
        values::Schema::from_iter([("type".to_owned(), "string".into())])
    };
    let text = |value: &Value| match value {
        _ if plain || listed => value.clone(),
        Value::String(text) => Value::from(text.as_str()),
        value => value.to_string().into(),
    };
    if let Some(default) = &field.default {
        schema.insert("default".to_owned(), text(default));
    }
    if let Some(example) = example {
        schema.insert("examples".to_owned(), json!([text(example)]));
    }
    if about.is_empty() {
        about.push(format!("`{}`.", field.name));
    }
    let parameter = Parameter::new(&field.name)
        .location(match place {
            Place::Path => ParameterIn::Path,
            Place::Header => ParameterIn::Header,
            Place::Cookie => ParameterIn::Cookie,
            Place::Query | Place::Body => ParameterIn::Query,
        })
        .required(!field.optional)
        .description(about.join(" "))
        .schema(carry(schema.into()));
    if listed {
        parameter.style(ParameterStyle::Form).explode(true)
    } else {
        parameter
    }
}
