//! The operations of functions: their arguments as body and as query parameters, and what a call gives.

use salvo::oapi::{
    Components, Content, Operation, Parameter, PathItem, PathItemType, RefOr, RequestBody, Required, Response,
};
use serde_json::{Value, json};

use super::document::FUNCTIONS;
use super::examples::Examples;
use super::names::{Ids, Named, schema_ref};
use super::parameters;
use super::paths::{self, ALWAYS, CSV, JSON, LINES, OBJECT, WITH_BODY, list_headers, refuse, refused};
use super::problems::{AMBIGUOUS, INVALID, NOT_FOUND, RANGE};
use super::queries;
use super::schemas::{self, Model, carry};
use super::security;
use super::values;
use crate::catalog::Kind;
use crate::contract::{Field, Function, Grant, Outcome, Overload, Snapshot, Whole};

/// Draws the operations of the functions of one name.
pub(super) struct Functions<'a> {
    function: &'a Function,
    name: String,
    overloads: Vec<Drawn<'a>>,
}

/// One of the functions.
struct Drawn<'a> {
    overload: &'a Overload,
    /// The arguments, whose component is `SearchMoviesArguments`.
    arguments: Named<'a>,
    /// The rows, whose parameters are `SearchMoviesFilter.title`.
    rows: Named<'a>,
    /// The component of a row.
    row: String,
    /// The component of what `select` names of one.
    part: String,
}

impl<'a> Functions<'a> {
    /// `name` is the functions' own in the document; `all` are its resources.
    pub(super) fn new(snapshot: &'a Snapshot, function: &'a Function, all: &[Named<'a>], name: String) -> Self {
        let drawn = |(place, overload): (usize, &'a std::sync::Arc<Overload>)| {
            let name = if place == 0 {
                name.clone()
            } else {
                format!("{name}{}", place + 1)
            };
            let known = all
                .iter()
                .find(|named| overload.rows_of.as_ref() == Some(&named.resource.name));
            Drawn {
                overload,
                arguments: Named::of(snapshot, &overload.arguments, format!("{name}Arguments")),
                row: known.map_or_else(|| format!("{name}Row"), |named| named.model(Model::Read)),
                part: known.map_or_else(|| format!("{name}Part"), Named::part),
                rows: Named::of(snapshot, &overload.rows, name),
            }
        };
        Self {
            function,
            overloads: function.overloads.iter().enumerate().map(drawn).collect(),
            name,
        }
    }

    /// Adds what the operations refer to.
    pub(super) fn components(&self, mut components: Components) -> Components {
        for drawn in &self.overloads {
            let arguments = &drawn.arguments;
            let examples = Examples::of(arguments.resource);
            let schema = schemas::model(arguments, Model::Create, &examples);
            let about = format!("What `{}` takes.", drawn.overload.signature);
            let schema = with(with(schema, "title", &arguments.name), "description", &about);
            components = components.add_schema(arguments.name.clone(), carry(schema));
            if !drawn.overload.outcome.is_rows() {
                continue;
            }
            let examples = Examples::of(drawn.rows.resource);
            if drawn.row == format!("{}Row", drawn.rows.name) {
                let schema = with(schemas::model(&drawn.rows, Model::Read, &examples), "title", &drawn.row);
                components = components
                    .add_schema(drawn.row.clone(), carry(schema))
                    .add_schema(drawn.part.clone(), carry(schemas::part(&drawn.rows, &drawn.row)));
                for (name, shape) in schemas::shapes(&drawn.rows) {
                    components = components.add_schema(name, carry(shape));
                }
            }
            components = queries::add(components, &drawn.rows, &examples);
        }
        components
    }

    /// The operations.
    pub(super) fn path(&self, ids: &mut Ids) -> PathItem {
        let mut item = PathItem::default();
        if self.function.reads() {
            item = item
                .add_operation(PathItemType::Get, self.get(ids))
                .add_operation(PathItemType::Head, self.head(ids));
        }
        item.add_operation(PathItemType::Post, self.post(ids))
    }

    fn operation(&self, id: String, about: &str) -> Operation {
        let public = self.function.call.contains(&Grant::Public);
        let mut text = self.function.description.clone().unwrap_or_default();
        if self.overloads.len() > 1 {
            let signatures: Vec<String> = self
                .overloads
                .iter()
                .map(|drawn| format!("`{}`", drawn.overload.signature))
                .collect();
            text.push_str(&format!(
                "\n\nThe names of the arguments decide which is meant: {}.",
                signatures.join(", ")
            ));
        }
        if !about.is_empty() {
            text.push_str("\n\n");
            text.push_str(about);
        }
        if !public {
            text.push_str(&paths::needs(&self.function.call));
        }
        Operation::new()
            .add_tag(FUNCTIONS)
            .operation_id(id)
            .summary(format!("Call {}", self.function.name))
            .description(text.trim().to_owned())
            .securities(security::requirements(&self.function.call))
    }

    fn refuse(&self, operation: Operation) -> Operation {
        let mut operation = refuse(refuse(operation, ALWAYS), &[NOT_FOUND, INVALID]);
        let related = self.overloads.iter().any(|drawn| !drawn.rows.relations.is_empty());
        if related || self.overloads.len() > 1 {
            operation = refuse(operation, &[AMBIGUOUS]);
        }
        operation
    }

    /// Those that can be called with `GET`.
    fn reading(&self) -> impl Iterator<Item = &Drawn<'a>> {
        self.overloads.iter().filter(|drawn| drawn.overload.reads)
    }

    fn get(&self, ids: &mut Ids) -> Operation {
        let operation = self
            .operation(
                ids.take(format!("call{}", self.name)),
                "Runs in a transaction that can change nothing.",
            )
            .parameters(self.arguments())
            .parameters(self.of_rows(true));
        let operation = self.refuse(self.replies(operation, self.reading().collect(), false));
        self.prefer_read(operation, self.reading().collect())
    }

    /// A `HEAD`: the replies of `GET` without their bodies.
    fn head(&self, ids: &mut Ids) -> Operation {
        self.operation(
            ids.take(format!("headCall{}", self.name)),
            "As `GET`, without the body.",
        )
        .parameters(self.arguments())
        .parameters(self.of_rows(true))
        .add_response("2XX", Response::new("As `GET`, without the body."))
        .add_response("4XX", Response::new("Refused as `GET` would be, without the body."))
        .add_response("5XX", Response::new("Failed as `GET` would, without the body."))
    }

    fn post(&self, ids: &mut Ids) -> Operation {
        let writes = self.overloads.iter().any(|drawn| !drawn.overload.reads);
        let about = if writes {
            "What is changed is stored if the reply says so, and not at all otherwise."
        } else {
            "As `GET`, with the arguments in the body."
        };
        let operation = self
            .operation(ids.take(format!("post{}", self.name)), about)
            .parameters(self.of_rows(false))
            .request_body(self.body());
        let operation = self.refuse(refuse(operation, WITH_BODY));
        let all: Vec<&Drawn<'_>> = self.overloads.iter().collect();
        let operation = self.replies(operation, all, writes);
        if writes {
            operation
                .add_parameter(parameters::prefer_write(true))
                .add_parameter(parameters::once())
        } else {
            self.prefer_read(operation, self.overloads.iter().collect())
        }
    }

    fn prefer_read(&self, operation: Operation, of: Vec<&Drawn<'_>>) -> Operation {
        if of.iter().any(|drawn| drawn.overload.outcome.is_set()) {
            operation.add_parameter(parameters::prefer_read())
        } else {
            operation
        }
    }

    /// The arguments as query parameters: needed are those that every one of the functions needs.
    fn arguments(&self) -> Vec<Parameter> {
        let reading: Vec<&Drawn<'_>> = self.reading().filter(|drawn| drawn.overload.whole.is_none()).collect();
        let mut all: Vec<Parameter> = Vec::new();
        for drawn in &reading {
            let examples = Examples::of(drawn.arguments.resource);
            for (place, field) in drawn.arguments.resource.fields.iter().enumerate() {
                if all.iter().any(|known| known.name == field.name) || parameters::is_word(&field.name) {
                    continue;
                }
                let needs = |other: &&Drawn<'_>| {
                    let known = other.arguments.resource.field(&field.name);
                    known.is_some_and(|(_, field)| !field.optional)
                };
                let variadic = drawn.overload.variadic == Some(place);
                all.push(argument(field, variadic, examples.value(place)).required(reading.iter().all(needs)));
            }
        }
        all
    }

    /// What can be asked of the rows. A name that is an argument's, too, filters only values with an operator: it is told
    /// of as the argument.
    fn of_rows(&self, arguments: bool) -> Vec<RefOr<Parameter>> {
        let mut set = self.overloads.iter().filter(|drawn| !arguments || drawn.overload.reads);
        let Some(drawn) = set.find(|drawn| drawn.overload.outcome.is_rows()) else {
            return Vec::new();
        };
        if drawn.overload.outcome == Outcome::Row {
            return vec![parameters::select(&drawn.rows)];
        }
        let taken: Vec<String> = if arguments {
            let names = self.reading().flat_map(|drawn| drawn.overload.names());
            let of = |name: &str| {
                drawn
                    .rows
                    .resource
                    .field(name)
                    .map(|(index, field)| drawn.rows.filter(index, field))
            };
            names.filter_map(of).collect()
        } else {
            Vec::new()
        };
        let own = |parameter: &RefOr<Parameter>| match parameter {
            RefOr::Ref(to) => !taken.iter().any(|name| to.ref_location.ends_with(&format!("/{name}"))),
            RefOr::Type(_) => true,
        };
        parameters::list(&drawn.rows).into_iter().filter(own).collect()
    }

    fn body(&self) -> RequestBody {
        let named: Vec<&Drawn<'_>> = self
            .overloads
            .iter()
            .filter(|drawn| drawn.overload.whole.is_none())
            .collect();
        let mut body = RequestBody::new().description("The arguments by name.");
        let mut json: Vec<Value> = named
            .iter()
            .map(|drawn| json!({ "$ref": schema_ref(&drawn.arguments.name) }))
            .collect();
        let mut optional = named
            .iter()
            .any(|drawn| drawn.arguments.resource.fields.iter().all(|field| field.optional));
        for drawn in &self.overloads {
            match drawn.overload.whole {
                Some(Whole::Json) => {
                    optional = true;
                    json.push(json!({ "description": "Any JSON: the whole body is the argument." }));
                }
                Some(Whole::Text) => {
                    let text = json!({ "type": "string", "description": "The whole body is the argument." });
                    body = body.add_content("text/plain", Content::new(carry(text)));
                }
                Some(Whole::Bytes) => {
                    let bytes = json!({ "description": "The whole body is the argument." });
                    body = body.add_content("application/octet-stream", Content::new(carry(bytes)));
                }
                None => {}
            }
        }
        if let Some(schema) = one_of(json) {
            body = body.add_content(JSON, Content::new(carry(schema)));
        }
        body.required(if optional { Required::False } else { Required::True })
    }

    /// The replies of those functions.
    fn replies(&self, operation: Operation, of: Vec<&Drawn<'_>>, writes: bool) -> Operation {
        let mut schemas: Vec<Value> = Vec::new();
        for drawn in &of {
            let schema = drawn.schema();
            schemas.extend(schema.filter(|schema| !schemas.contains(schema)));
        }
        let rows = of.iter().any(|drawn| drawn.overload.outcome.is_rows());
        let set = of.iter().any(|drawn| drawn.overload.outcome.is_set());
        let nothing = of.iter().any(|drawn| drawn.overload.outcome == Outcome::Nothing);
        let mut operation = operation;
        if let Some(schema) = one_of(schemas) {
            let reply = |text: &str| {
                let mut response = Response::new(text)
                    .add_content(JSON, Content::new(carry(schema.clone())))
                    .add_content(
                        OBJECT,
                        Content::new(carry(json!({ "description": "One row or value." }))),
                    );
                if set || rows {
                    let line = json!({ "type": "string", "description": "One row or value per line." });
                    let csv = json!({ "type": "string", "description": "RFC 4180 with a header line." });
                    response = response
                        .add_content(LINES, Content::new(carry(line)))
                        .add_content(CSV, Content::new(carry(csv)));
                }
                if set { list_headers(response) } else { response }
            };
            operation = operation.add_response("200", reply("What the function gives."));
            if set {
                operation = operation
                    .add_response("206", reply("Part of what it gives; with `Prefer: count=exact`."))
                    .add_response("416", refused(RANGE));
            }
        }
        if nothing || writes {
            let done = Response::new("Done; with `Prefer: return=minimal`, or for a function that gives nothing.");
            operation = operation.add_response("204", done);
        }
        operation
    }
}

impl Drawn<'_> {
    /// What a call gives, in JSON.
    fn schema(&self) -> Option<Value> {
        let row = || schemas::whole_or_part(&self.row, &self.part);
        let value = || {
            let field = self.overload.rows.fields.first()?;
            let schema = values::schema(&field.pg_type.kind, &field.rules, field.json, None);
            Some(Value::from(values::nullable(schema)))
        };
        match self.overload.outcome {
            Outcome::Nothing => None,
            Outcome::Value => value(),
            Outcome::Values => Some(json!({ "type": "array", "items": value()? })),
            Outcome::Row => Some(row()),
            Outcome::Rows => Some(json!({ "type": "array", "items": row() })),
        }
    }
}

/// A schema with another text under a keyword.
fn with(mut schema: Value, keyword: &str, text: &str) -> Value {
    if let Some(keywords) = schema.as_object_mut() {
        keywords.insert(keyword.to_owned(), text.into());
    }
    schema
}

/// The only schema, or any of them.
fn one_of(mut schemas: Vec<Value>) -> Option<Value> {
    if schemas.len() > 1 {
        return Some(json!({ "anyOf": schemas }));
    }
    schemas.pop()
}

/// An argument as a query parameter. What is no single value is a text there.
fn argument(field: &Field, variadic: bool, example: Option<&Value>) -> Parameter {
    let kind = &field.pg_type.kind;
    let mut about = field.description.clone().into_iter().collect::<Vec<_>>();
    let plain = !matches!(kind, Kind::Json | Kind::Jsonb | Kind::Array { .. }) && !kind.is_vector();
    let schema = if plain {
        let mut schema = values::schema(kind, &field.rules, field.json, None);
        if let Some(default) = &field.default {
            schema.insert("default".to_owned(), default.clone());
        }
        if let Some(example) = example {
            schema.insert("examples".to_owned(), json!([example]));
        }
        Value::from(schema)
    } else {
        about.push(
            match kind {
                _ if variadic => "One item, `{a,b}`, or JSON; for several items it is repeated.",
                Kind::Array { .. } => "`{a,b}`, or JSON.",
                Kind::SparseVec { .. } => "As pgvector writes it.",
                _ => "JSON.",
            }
            .to_owned(),
        );
        let text = |example: &Value| example.as_str().map_or_else(|| example.to_string(), str::to_owned);
        match example {
            Some(example) => json!({ "type": "string", "examples": [text(example)] }),
            None => json!({ "type": "string" }),
        }
    };
    if about.is_empty() {
        about.push(format!("The argument `{}`.", field.name));
    }
    parameters::query(&field.name, about.join(" "), schema)
}
