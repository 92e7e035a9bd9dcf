//! `PUT`: the replacement of a row, named by its path or, as PostgREST's clients do, by a filter.

use salvo::oapi::{Header, Operation, Response};
use serde_json::json;

use super::parameters;
use super::paths::{Paths, WITH_BODY, applied, refuse, tagged};
use super::problems::{NOT_FOUND, PRECONDITION};
use super::schemas::{Model, carry};
use crate::catalog::RelationKind;
use crate::contract::Verb;

impl Paths<'_> {
    /// `PUT` on an item.
    pub(super) fn replace(&mut self) -> Operation {
        let name = &self.named.resource.name;
        let replace = self
            .write("replace", Verb::Update, &format!("Replace one of the {name}"))
            .description(self.replacement("path"))
            .request_body(self.body(Model::Replace, "The whole row.", false));
        let replace = self.changed(
            replace,
            "The row as stored.",
            "Replaced; with `Prefer: return=minimal`.",
        );
        let row = |description: &str| {
            if self.readable() {
                self.row(description)
            } else {
                Response::new(description)
            }
        };
        let replace = if self.creates_by_key() {
            replace.add_response("201", self.stored(row("Created.")))
        } else {
            replace
        };
        refuse(refuse(replace, WITH_BODY), &[NOT_FOUND, PRECONDITION])
    }

    /// `PUT` on a collection, with a filter that is the key of one row; `None` where there is none.
    pub(super) fn put(&mut self) -> Option<Operation> {
        if !self.offers(Verb::Update) {
            return None;
        }
        let key = parameters::key_filters(self.named, self.examples)?;
        let name = &self.named.resource.name;
        let put = self
            .write("put", Verb::Update, &format!("Replace one of the {name}, by a filter"))
            .description(
                "As `PUT` on the path of the row, which is named by `eq` on each column of its key and nothing else. "
                    .to_owned()
                    + &self.replacement("filter"),
            )
            .parameters(key)
            .request_body(self.body(Model::Replace, "The whole row.", false));
        let rows = |description: &str| {
            if self.readable() {
                self.rows(description)
            } else {
                Response::new(description)
            }
        };
        let done = Response::new("Replaced; with `Prefer: return=minimal`.");
        let put = if self.readable() {
            put.add_response("200", tagged(applied(rows("The row as stored, in an array."))))
                .add_response("204", tagged(applied(done)))
        } else {
            put.add_response("204", applied(done))
        };
        let put = if self.creates_by_key() {
            put.add_response("201", self.stored(rows("Created.")))
        } else {
            put
        };
        Some(refuse(refuse(put, WITH_BODY), &[NOT_FOUND, PRECONDITION]))
    }

    fn replacement(&self, place: &str) -> String {
        let whole = if self.named.resource.kind == RelationKind::Table {
            "Fields that are left out take their default."
        } else {
            "No field may be left out, as a view has no defaults."
        };
        let missing = if self.creates_by_key() {
            "A row that does not exist is created."
        } else {
            "A row that does not exist is not created."
        };
        format!(
            "{whole} The key comes from the {place}; where the body has it, too, it must be the same. {missing}{}{}{}",
            self.one(),
            self.exactly_one(),
            self.access(Verb::Update)
        )
    }

    /// Whether a `PUT` may create its row: the key is the client's to choose.
    fn creates_by_key(&self) -> bool {
        let resource = self.named.resource;
        let given = |index: &usize| resource.fields.get(*index).is_some_and(|field| !field.read_only);
        resource.kind == RelationKind::Table && resource.key.iter().all(given) && self.offers(Verb::Create)
    }

    /// The reply of a `PUT` that created its row.
    fn stored(&self, response: Response) -> Response {
        let location = Header::new(carry(json!({ "type": "string", "format": "uri-reference" })));
        tagged(applied(
            response.add_header("Location", location.description("The path of the row.")),
        ))
    }
}
