//! The operations of a resource, on its collection and on its items.

use salvo::oapi::{
    Content, Example, Header, Operation, Parameter, PathItem, PathItemType, Ref, RefOr, RequestBody, Required, Response,
};
use serde_json::{Value, json};

use super::examples::Examples;
use super::names::{Ids, Named, schema_ref};
use super::nearest;
use super::parameters;
use super::problems::{
    AMBIGUOUS, BAD_REQUEST, CONFLICT, FORBIDDEN, INTERNAL, INVALID, NOT_ACCEPTABLE, NOT_FOUND, PRECONDITION, RANGE,
    Refusal, TIMED_OUT, TIMEOUT, TOO_LARGE, TOO_MANY, UNAUTHENTICATED, UNAVAILABLE, UNSUPPORTED,
};
use super::schemas::{self, Model, carry, reference};
use super::security;
use crate::catalog::RelationKind;
use crate::contract::{Grant, Verb};

pub(super) const JSON: &str = "application/json";
pub(super) const OBJECT: &str = "application/vnd.pgrst.object+json";
pub(super) const LINES: &str = "application/x-ndjson";
pub(super) const CSV: &str = "text/csv";

/// Refusals of every operation that reads or writes rows. Credentials that are not valid are refused everywhere, and the
/// database may refuse what a role may not do.
pub(super) const ALWAYS: &[Refusal] = &[
    BAD_REQUEST,
    UNAUTHENTICATED,
    FORBIDDEN,
    NOT_ACCEPTABLE,
    TOO_MANY,
    INTERNAL,
    UNAVAILABLE,
    TIMEOUT,
];
/// Refusals of every operation with a body.
pub(super) const WITH_BODY: &[Refusal] = &[TIMED_OUT, CONFLICT, TOO_LARGE, UNSUPPORTED, INVALID];

/// Whether everybody may use the verb.
pub(super) fn is_public(named: &Named<'_>, verb: Verb) -> bool {
    named
        .resource
        .access
        .of(verb)
        .is_some_and(|grants| grants.contains(&Grant::Public))
}

/// Draws the operations of one resource.
pub(super) struct Paths<'a> {
    pub(super) named: &'a Named<'a>,
    pub(super) examples: &'a Examples,
    pub(super) ids: &'a mut Ids,
}

impl Paths<'_> {
    /// The paths that the resource has; those without an operation are left out.
    pub(super) fn all(mut self) -> Vec<(String, PathItem)> {
        let path = self.named.resource.path.clone();
        let mut all = vec![(path, self.collection())];
        if let Some(path) = self.named.resource.item_path() {
            all.push((path, self.item()));
        }
        if let Some(path) = self.named.resource.nearest_path() {
            all.push((path, self.nearest()));
        }
        all.retain(|(_, item)| !item.operations.is_empty());
        all
    }

    pub(super) fn offers(&self, verb: Verb) -> bool {
        self.named.resource.access.of(verb).is_some()
    }

    /// Whether everybody may read the rows. Where not, a write tells nothing of them, and no filter picks them.
    pub(super) fn readable(&self) -> bool {
        is_public(self.named, Verb::Read)
    }

    /// When an item is refused for being several rows.
    pub(super) fn one(&self) -> &'static str {
        if self.named.resource.kind == RelationKind::Table {
            ""
        } else {
            " A view's key is only said to be unique: where several rows have it, the reply is 406 `not_one_row`."
        }
    }

    /// When a write is refused for what `Accept` asks for.
    pub(super) fn exactly_one(&self) -> &'static str {
        if self.readable() {
            " Where rows are answered with and `Accept` is `application/vnd.pgrst.object+json`, any other number of rows than \
             one is refused with 406 `not_one_row`, and nothing is changed."
        } else {
            ""
        }
    }

    fn collection(&mut self) -> PathItem {
        let name = &self.named.resource.name;
        let mut item = PathItem::default();
        if self.offers(Verb::Read) {
            let list = self
                .read("list", &format!("List {name}"), parameters::list(self.named))
                .description(
                    "With `Accept: application/vnd.pgrst.object+json` the reply is one row, or 406. As NDJSON or CSV rows are sent \
                     as the database gives them, and a reply that breaks off ends without its last chunk."
                        .to_owned()
                        + &self.access(Verb::Read),
                )
                .add_response("200", self.listed("The rows."))
                .add_response(
                    "206",
                    self.listed("Part of the rows that match; with `Prefer: count=exact`."),
                )
                .add_response("416", refused(RANGE));
            let head = self.probe(
                "head",
                "",
                &format!("Headers of a list of {name}"),
                parameters::list(self.named),
            );
            let head = head
                .add_response("200", list_headers(Response::new("The headers of the list.")))
                .add_response(
                    "206",
                    list_headers(Response::new(
                        "The headers of part of the rows; with `Prefer: count=exact`.",
                    )),
                );
            item = item
                .add_operation(PathItemType::Get, list)
                .add_operation(PathItemType::Head, head);
        }
        if self.offers(Verb::Create) {
            item = item.add_operation(PathItemType::Post, self.create());
        }
        if let Some(put) = self.put() {
            item = item.add_operation(PathItemType::Put, put);
        }
        if self.offers(Verb::Update) && self.readable() {
            let update = self
                .write(
                    "updateMany",
                    Verb::Update,
                    &format!("Change the {name} that a filter picks"),
                )
                .description(
                    "Without a filter it is refused with `mass_write`, unless `Prefer: handling=strict, max-affected=N` says how \
                     many rows it may be."
                        .to_owned()
                        + self.exactly_one()
                        + &self.access(Verb::Update),
                )
                .parameters(parameters::filters(self.named))
                .request_body(self.body(Model::Update, "The changes.", false));
            let update = refuse(refuse(self.changed_many(update), WITH_BODY), &[PRECONDITION]);
            item = item.add_operation(PathItemType::Patch, update);
        }
        if self.offers(Verb::Delete) && self.readable() {
            let delete = self
                .write(
                    "deleteMany",
                    Verb::Delete,
                    &format!("Delete the {name} that a filter picks"),
                )
                .description(
                    "Without a filter it is refused with `mass_write`, unless `Prefer: handling=strict, max-affected=N` says how \
                     many rows it may be."
                        .to_owned()
                        + self.exactly_one()
                        + &self.access(Verb::Delete),
                )
                .parameters(parameters::filters(self.named));
            item = item.add_operation(
                PathItemType::Delete,
                refuse(self.changed_many(delete), &[CONFLICT, PRECONDITION, INVALID]),
            );
        }
        item
    }

    fn item(&mut self) -> PathItem {
        let name = &self.named.resource.name;
        let mut item = PathItem::default();
        if self.offers(Verb::Read) {
            let get = self
                .read(
                    "get",
                    &format!("Get one of the {name}"),
                    vec![parameters::select(self.named)],
                )
                .description("The row with this key.".to_owned() + self.one() + &self.access(Verb::Read))
                .add_response("200", tagged(self.row("The row.")))
                .add_response("304", tagged(Response::new("The row is as `If-None-Match` says.")));
            let get = parameters::conditions().into_iter().fold(get, Operation::add_parameter);
            let head = self
                .probe(
                    "head",
                    "Item",
                    &format!("Headers of one of the {name}"),
                    vec![parameters::select(self.named)],
                )
                .add_response("200", tagged(Response::new("The row exists.")))
                .add_response("304", tagged(Response::new("The row is as `If-None-Match` says.")));
            let head = parameters::conditions()
                .into_iter()
                .fold(head, Operation::add_parameter);
            item = item
                .add_operation(PathItemType::Get, refuse(get, &[NOT_FOUND, PRECONDITION, INVALID]))
                .add_operation(PathItemType::Head, head);
        }
        if self.offers(Verb::Update) {
            let replace = self.replace();
            let update = self
                .write("update", Verb::Update, &format!("Change one of the {name}"))
                .description(
                    "Fields that are left out stay as they are.".to_owned()
                        + self.one()
                        + self.exactly_one()
                        + &self.access(Verb::Update),
                )
                .request_body(self.body(Model::Update, "The changes.", false));
            let update = self.changed(update, "The row as stored.", "Changed; with `Prefer: return=minimal`.");
            item = item.add_operation(PathItemType::Put, replace).add_operation(
                PathItemType::Patch,
                refuse(refuse(update, WITH_BODY), &[NOT_FOUND, PRECONDITION]),
            );
        }
        if self.offers(Verb::Delete) {
            let delete = self
                .write("delete", Verb::Delete, &format!("Delete one of the {name}"))
                .description(
                    "The row with this key.".to_owned() + self.one() + self.exactly_one() + &self.access(Verb::Delete),
                );
            let delete = self.changed(
                delete,
                "The row as it was; with `Prefer: return=representation`.",
                "Deleted.",
            );
            item = item.add_operation(
                PathItemType::Delete,
                refuse(delete, &[NOT_FOUND, CONFLICT, PRECONDITION, INVALID]),
            );
        }
        if item.operations.is_empty() {
            item
        } else {
            item.parameters(parameters::key(self.named, self.examples))
        }
    }

    fn create(&mut self) -> Operation {
        let name = &self.named.resource.name;
        let shown = schemas::shown(self.named);
        let rows = carry(json!({ "oneOf": [shown, { "type": "array", "items": shown }] }));
        let location = Header::new(carry(json!({ "type": "string", "format": "uri-reference" })))
            .description("The path of the row, where one was sent and it has a key.");
        let created = if self.readable() {
            let created = Response::new(
                "Stored. The body is as the request's, one row or an array, and an array with `Prefer: return=representation`; with \
                 `Prefer: return=minimal` there is none.",
            )
            .add_content(JSON, Content::new(rows))
            .add_content(OBJECT, Content::new(carry(schemas::shown(self.named))));
            as_text(created, &schema_ref(&self.named.model(Model::Read)))
        } else {
            Response::new("Stored. There is no body, as the rows may not be read by everybody.")
        };
        let created = tagged(written_range(applied(created.add_header("Location", location))));
        let create = self
            .write("create", Verb::Create, &format!("Create {name}"))
            .description(
                format!(
                    "One row, or up to {} rows in one transaction: all are stored, or none.",
                    self.named.resource.max_batch
                ) + self.exactly_one()
                    + &self.access(Verb::Create),
            )
            .request_body(self.body(Model::Create, "The row, or an array of rows.", true))
            .add_response("201", created.clone());
        let create = if self.resolves() {
            let mut none = created;
            none.description =
                "With `Prefer: resolution=…`, where no row was created: rows were merged or left out.".to_owned();
            create
                .add_response("200", none)
                .add_parameter(parameters::on_conflict(self.named))
        } else {
            create
        };
        refuse(refuse(create, WITH_BODY), &[PRECONDITION])
    }

    /// Whether new rows can meet old ones by a unique key.
    fn resolves(&self) -> bool {
        let resource = self.named.resource;
        let keyed = !resource.key.is_empty() || resource.unique.iter().any(|unique| !unique.fields.is_empty());
        resource.kind == RelationKind::Table && keyed
    }

    /// What all operations have.
    fn operation(&mut self, id: &str, suffix: &str, verb: Verb, summary: &str) -> Operation {
        let grants = self.named.resource.access.of(verb).unwrap_or_default();
        Operation::new()
            .add_tag(&self.named.resource.name)
            .operation_id(self.ids.take(format!("{id}{}{suffix}", self.named.name)))
            .summary(summary)
            .securities(security::requirements(grants))
    }

    fn read(&mut self, id: &str, summary: &str, query: Vec<RefOr<Parameter>>) -> Operation {
        let operation = self.operation(id, "", Verb::Read, summary).parameters(query);
        let operation = if id == "list" {
            operation.add_parameter(parameters::prefer_read())
        } else {
            operation
        };
        // An order by distance has a vector, which may be of another length.
        let operation = if id == "list" && self.named.resource.nearest_path().is_some() {
            refuse(operation, &[INVALID])
        } else {
            operation
        };
        self.refuse_always(operation)
    }

    /// A `HEAD`: the replies of `GET` without their bodies.
    fn probe(&mut self, id: &str, suffix: &str, summary: &str, query: Vec<RefOr<Parameter>>) -> Operation {
        let operation = self.operation(id, suffix, Verb::Read, summary).parameters(query);
        let operation = if suffix.is_empty() {
            operation.add_parameter(parameters::prefer_read())
        } else {
            operation
        };
        operation
            .description("As `GET`, without the body.".to_owned() + &self.access(Verb::Read))
            .add_response("4XX", Response::new("Refused as `GET` would be, without the body."))
            .add_response("5XX", Response::new("Failed as `GET` would, without the body."))
    }

    pub(super) fn write(&mut self, id: &str, verb: Verb, summary: &str) -> Operation {
        let readable = self.readable();
        let operation = self.operation(id, "", verb, summary);
        let operation = if readable {
            operation.add_parameter(parameters::select(self.named))
        } else {
            operation
        };
        let prefer = if id == "create" {
            parameters::prefer_create(readable)
        } else {
            parameters::prefer_write(readable)
        };
        let mut operation = operation.add_parameter(prefer).add_parameter(parameters::once());
        if verb != Verb::Delete {
            operation = operation.add_parameter(parameters::columns(self.named));
        }
        if matches!(id, "replace" | "update" | "delete") {
            operation = parameters::conditions()
                .into_iter()
                .fold(operation, Operation::add_parameter);
        }
        self.refuse_always(operation)
    }

    fn refuse_always(&self, operation: Operation) -> Operation {
        let operation = if self.named.relations.is_empty() {
            operation
        } else {
            refuse(operation, &[AMBIGUOUS])
        };
        refuse(operation, ALWAYS)
    }

    /// The replies of a write to one row.
    pub(super) fn changed(&self, operation: Operation, shown: &str, done: &str) -> Operation {
        if self.readable() {
            operation
                .add_response("200", tagged(applied(self.row(shown))))
                .add_response("204", tagged(applied(Response::new(done))))
        } else {
            let done = "Done. There is no body, as the rows may not be read by everybody.";
            operation.add_response("204", applied(Response::new(done)))
        }
    }

    fn changed_many(&self, operation: Operation) -> Operation {
        let rows = applied(self.rows("The rows as stored; with `Prefer: return=representation`."));
        operation
            .add_response("200", written_range(rows))
            .add_response("204", written_range(applied(Response::new("Done."))))
    }

    /// Who may, for operations that are not open to everybody.
    pub(super) fn access(&self, verb: Verb) -> String {
        let Some(grants) = self
            .named
            .resource
            .access
            .of(verb)
            .filter(|_| !is_public(self.named, verb))
        else {
            return String::new();
        };
        needs(grants)
    }

    pub(super) fn body(&self, model: Model, description: &str, many: bool) -> RequestBody {
        let component = self.named.model(model);
        let content = if many {
            let one = schema_ref(&component);
            let most = self.named.resource.max_batch;
            let array = json!({ "type": "array", "items": { "$ref": one }, "minItems": 1, "maxItems": most });
            let content = Content::new(carry(json!({ "oneOf": [{ "$ref": one }, array] })));
            match self.examples.body(self.named.resource, model) {
                Some(body) => content.extend_examples([
                    ("one", Example::new().summary("One row").value(body.clone())),
                    ("many", Example::new().summary("An array of rows").value(json!([body]))),
                ]),
                None => content,
            }
        } else {
            Content::new(reference(&component))
        };
        RequestBody::new()
            .description(description)
            .required(Required::True)
            .add_content(JSON, content)
    }

    fn nearest(&mut self) -> PathItem {
        let name = &self.named.resource.name;
        let mut query = parameters::filters(self.named);
        query.push(parameters::select(self.named));
        let row = nearest::rows(self.named);
        let line = json!({ "type": "string", "description": "One JSON object per line." });
        let csv = json!({ "type": "string", "description": "RFC 4180 with a header line." });
        let found = Response::new("The nearest rows, nearest first, each with its distance.")
            .add_content(JSON, Content::new(carry(json!({ "type": "array", "items": row }))))
            .add_content(OBJECT, Content::new(carry(row.clone())))
            .add_content(LINES, Content::new(carry(line)))
            .add_content(CSV, Content::new(carry(csv)));
        let body = RequestBody::new()
            .description("A vector, or a row by its key, and how many rows are to be near to it.")
            .required(Required::True)
            .add_content(JSON, Content::new(reference(&nearest::component(self.named))));
        let search = self
            .read("nearest", &format!("Find the {name} nearest to a vector"), query)
            .description(
                "Rows without a vector are near to nothing. `distance=lt.0.5` leaves out what is farther off."
                    .to_owned()
                    + &self.access(Verb::Read),
            )
            .request_body(body)
            .add_response("200", found);
        let refusals = &[TIMED_OUT, TOO_LARGE, UNSUPPORTED, INVALID];
        PathItem::default().add_operation(PathItemType::Post, refuse(search, refusals))
    }

    pub(super) fn row(&self, description: &str) -> Response {
        let shown = || Content::new(carry(schemas::shown(self.named)));
        let response = Response::new(description)
            .add_content(JSON, shown())
            .add_content(OBJECT, shown());
        as_text(response, &schema_ref(&self.named.model(Model::Read)))
    }

    pub(super) fn rows(&self, description: &str) -> Response {
        let shown = schemas::shown(self.named);
        let array = json!({ "type": "array", "items": shown });
        let response = Response::new(description)
            .add_content(JSON, Content::new(carry(array)))
            .add_content(OBJECT, Content::new(carry(shown)));
        as_text(response, &schema_ref(&self.named.model(Model::Read)))
    }

    fn listed(&self, description: &str) -> Response {
        let rows = self.rows(description);
        let rows = if self.named.resource.key.is_empty() {
            rows
        } else {
            rows.add_header("Link", links())
        };
        list_headers(rows)
    }
}

/// Who may, in words.
pub(super) fn needs(grants: &[Grant]) -> String {
    let words = grants.iter().map(|grant| match grant {
        Grant::Public => "`public`".to_owned(),
        Grant::Authenticated => "`authenticated`".to_owned(),
        Grant::Scope(name) => format!("`scope:{name}`"),
        Grant::Role(name) => format!("`role:{name}`"),
    });
    let words: Vec<String> = words.collect();
    if words.is_empty() {
        "\n\nNobody may.".to_owned()
    } else {
        format!("\n\nNeeds one of: {}.", words.join(", "))
    }
}

/// The same rows as NDJSON and CSV; `read` refers to the schema of one.
fn as_text(response: Response, read: &str) -> Response {
    let line = json!({ "type": "string", "description": format!("One JSON object per line, each as in {read}.") });
    let csv = json!({
        "type": "string",
        "description": "RFC 4180 with a header line. Values as in JSON without its quotes; null is empty, the empty text `\"\"`."
    });
    response
        .add_content(LINES, Content::new(carry(line)))
        .add_content(CSV, Content::new(carry(csv)))
}

/// A reference to an error reply.
pub(super) fn refused(refusal: Refusal) -> RefOr<Response> {
    RefOr::Ref(Ref::from_response_name(refusal.component))
}

pub(super) fn refuse(operation: Operation, refusals: &[Refusal]) -> Operation {
    refusals.iter().fold(operation, |operation, refusal| {
        operation.add_response(refusal.status.to_string(), refused(*refusal))
    })
}

fn text(example: &str) -> Header {
    let schema: Value = json!({ "type": "string", "examples": [example] });
    Header::new(carry(schema))
}

pub(super) fn applied(response: Response) -> Response {
    response.add_header(
        "Preference-Applied",
        text("return=representation").description("The preferences that were followed (RFC 7240)."),
    )
}

pub(super) fn tagged(response: Response) -> Response {
    response.add_header(
        "ETag",
        text("\"4b1c0f6a6f5b0f5a3c8f1a2b3c4d5e6f\"")
            .description("Of replies with one row that may be read: the state of the row (RFC 9110 §8.8.3)."),
    )
}

fn written_range(response: Response) -> Response {
    response.add_header(
        "Content-Range",
        text("*/3")
            .description("How many rows were written, for writes of several, and of one with `Prefer: count=exact`."),
    )
}

fn links() -> Header {
    text("</api/leads?limit=50&cursor=AQB…>; rel=\"next\"").description(
        "The pages beside this one (RFC 8288), where there are: `next`, and `prev` on the page of a cursor. Not of NDJSON and CSV.",
    )
}

pub(super) fn list_headers(response: Response) -> Response {
    response
        .add_header(
            "Content-Range",
            text("0-49/1234").description(
                "First and last row, and how many match (`*` where that was not asked for). `*` in place of the rows where \
                 their place is not known: on the page of a cursor, and in streams without a count.",
            ),
        )
        .add_header(
            "Preference-Applied",
            text("count=exact").description("The preferences that were followed (RFC 7240)."),
        )
}
