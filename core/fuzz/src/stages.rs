//! A request through all stages, as `http` leads it: what comes of it is judged, whether a statement or a refusal.
//!
//! A request is written as one: `PATCH people/7?select=id`, then a line per header, an empty line, and a body.

use crate::contract::{Resource, Snapshot, Verb};
use crate::contracts::{CLOSED, SNAPSHOT, TWIN, resource};
use crate::error::Result;
use crate::plan::cursor::{Cursor, Key};
use crate::plan::{self, Lists, Principal, Read, View, Write};
use crate::request::{Accept, Page, Preconditions, Prefer, Query, Target, json, once, query};
use crate::sql::{self, Statement};
use crate::validate::Model;
use crate::words::{judge, judge_refusal};
use crate::{blank, validate};

/// A request in its parts.
pub struct Request<'a> {
    method: &'a str,
    resource: &'a str,
    item: &'a str,
    query: &'a str,
    headers: Vec<(&'a str, &'a str)>,
    body: &'a str,
}

impl<'a> Request<'a> {
    /// Reads a request; whatever is missing of it is filled in.
    #[must_use]
    pub fn read(text: &'a str) -> Self {
        let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
        let mut lines = head.split('\n');
        let first = lines.next().unwrap_or("");
        let (method, uri) = first.split_once(' ').unwrap_or(("GET", first));
        let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
        let (name, item) = path.split_once('/').unwrap_or((path, ""));
        Self {
            method,
            resource: name,
            item,
            query,
            headers: lines.filter_map(|line| line.split_once(": ")).collect(),
            body,
        }
    }

    /// The values of a header.
    pub fn header(&self, name: &'a str) -> impl Iterator<Item = &'a str> + use<'a, '_> {
        let headers = self.headers.iter();
        headers
            .filter(move |(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| *value)
    }

    /// Leads it through the stages, and judges what came of it.
    ///
    /// # Errors
    /// The refusal, where no statement came of it.
    pub fn run(&self) -> Result<()> {
        let answered = self.stages(&SNAPSHOT);
        if let Err(error) = &answered {
            judge_refusal(error);
        }
        if self.resource != CLOSED {
            let said = |answered: &Result<Vec<Statement>>| match answered {
                Ok(statements) => format!("{statements:?}"),
                Err(error) => format!("{error:?}"),
            };
            let (one, other) = (said(&answered), said(&self.stages(&TWIN)));
            assert_eq!(one, other, "what is hidden makes a difference");
        }
        answered.map(|_| ())
    }

    fn stages(&self, snapshot: &Snapshot) -> Result<Vec<Statement>> {
        let resource = resource(snapshot, self.resource);
        let mut query = query::parse(self.query)?;
        let target = query::target(self.item, resource.key.len())?;
        let list = target == Target::Collection && matches!(self.method, "GET" | "HEAD");
        if list {
            let page = std::mem::replace(&mut query.page, Page::UNSAID);
            query.page = page.or_range(self.header("range-unit").next(), self.header("range").next())?;
        }
        let mut prefer = Prefer::parse(self.header("prefer"))?;
        prefer.allow_end(true)?;
        let accept = Accept::parse(self.header("accept"), list)?;
        let bytes = |name| self.header(name).map(str::as_bytes);
        let conditions = Preconditions::parse(bytes("if-match"), bytes("if-none-match"))?;
        let key = once::key(bytes("idempotency-key"))?;
        assert!(key.is_none_or(|key| !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_graphic())));
        let view = View {
            snapshot,
            principal: &Principal::Anonymous,
        };
        let write = match self.method {
            "POST" => {
                let checked = self.checked(resource, Verb::Create, Model::Create, &query, &prefer)?;
                plan::write::create(resource, query, &prefer, &view, checked)?
            }
            "PUT" => {
                let key = match target {
                    Target::Item(key) => key,
                    Target::Collection => plan::upsert::key_of_filters(resource, &mut query)?,
                };
                let checked = self.checked(resource, Verb::Update, Model::Replace, &query, &prefer)?;
                plan::write::replace(resource, &key, query, &prefer, &view, checked)?
            }
            "PATCH" => {
                let checked = self.checked(resource, Verb::Update, Model::Update, &query, &prefer)?;
                plan::write::update(resource, &target, query, &prefer, &view, checked)?
            }
            "DELETE" => {
                plan::write::allow(resource, Verb::Delete, view.principal)?;
                plan::write::delete(resource, &target, query, &prefer, &view)?
            }
            _ => {
                let lists = Lists {
                    key: &KEY,
                    streamed: list && matches!(accept, Accept::Lines | Accept::Csv),
                };
                return judge_read(&plan::read::plan(resource, target, query, &prefer, &view, lists)?);
            }
        };
        judge_write(&write.with_conditions(conditions)?)
    }

    /// The body against the contract; a target that is not about bodies gets one that fits.
    fn checked(
        &self,
        resource: &Resource,
        verb: Verb,
        model: Model,
        query: &Query,
        prefer: &Prefer,
    ) -> Result<validate::Checked> {
        plan::write::allow(resource, verb, &Principal::Anonymous)?;
        let body = match (self.body, resource.name.as_str()) {
            ("", "kinds") => r#"{"text":"a@example.com","at":"2026-01-01T00:00:00Z"}"#,
            ("", "people" | "teams" | "skills") => r#"{"id":1,"name":"a"}"#,
            ("", "people_skills") if model == Model::Create => {
                r#"[{"person_id":1,"skill_id":2},{"person_id":2,"skill_id":2,"level":null}]"#
            }
            ("", "people_skills") => r#"{"person_id":1,"skill_id":2,"level":7}"#,
            ("", "odd") => r#"{"id":"6f6e0c86-9a55-4a5b-8f3a-0a8f8f1f8c11","a.b":"'"}"#,
            ("", "notes" | "closed_zq") => r#"{"id":1,"person_id":1}"#,
            ("", _) => r#"{"name":"a"}"#,
            (body, _) => body,
        };
        let mut value = json::parse(body.as_bytes())?;
        validate::shape(resource, &mut value, query.columns.as_deref(), prefer.missing)?;
        validate::body(resource, model, &value)
    }
}

/// The key of cursors here.
pub static KEY: std::sync::LazyLock<Key> = std::sync::LazyLock::new(|| Key::new(&[7; 32]));

/// Writes a read as SQL and judges it.
///
/// # Errors
/// `internal`, which `judge_refusal` refuses.
pub fn judge_read(read: &Read) -> Result<Vec<Statement>> {
    let bare = blank::read(read);
    let statement = sql::read::statement(read)?;
    judge(&statement);
    assert_eq!(
        statement.text,
        sql::read::statement(&bare)?.text,
        "the text depends on a value"
    );
    let planned = sql::read::planned(read)?;
    judge(&planned);
    assert_eq!(
        planned.text,
        sql::read::planned(&bare)?.text,
        "the text depends on a value"
    );
    Ok(vec![statement, planned])
}

fn judge_write(write: &Write) -> Result<Vec<Statement>> {
    let bare = blank::write(write);
    let (mut statements, blanks) = (sql::write::statements(write)?, sql::write::statements(&bare)?);
    assert_eq!(statements.len(), blanks.len());
    for (statement, blank) in statements.iter().zip(&blanks) {
        judge(statement);
        assert_eq!(statement.text, blank.text, "the text depends on a value");
    }
    if let Some(current) = sql::write::current(write)? {
        judge(&current);
        let blank = sql::write::current(&bare)?.map(|statement| statement.text);
        assert_eq!(Some(&current.text), blank.as_ref(), "the text depends on a value");
        statements.push(current);
    }
    Ok(statements)
}

/// Seals values as a cursor of the list that a query asks for, and goes on from there.
pub fn page_on(path: &str, text: &str, values: &[u8], backward: bool) {
    let resource = resource(&SNAPSHOT, path);
    let view = View {
        snapshot: &SNAPSHOT,
        principal: &Principal::Anonymous,
    };
    let lists = Lists {
        key: &KEY,
        streamed: false,
    };
    let plan = |text: &str| {
        let query = query::parse(text)?;
        plan::read::plan(resource, Target::Collection, query, &Prefer::default(), &view, lists)
    };
    let Ok(first) = plan(text) else { return };
    let Some(binding) = first.binding else { return };
    let mut parts = values.split(|byte| *byte == b'\n');
    let value = |_| match parts.next() {
        None | Some([0]) => None,
        Some(part) => Some(String::from_utf8_lossy(part).replace('\0', "")),
    };
    let cursor = Cursor {
        values: first.order.iter().map(value).collect(),
        backward,
    };
    let Some(sealed) = cursor.seal(&KEY, binding) else {
        return;
    };
    assert_eq!(
        Cursor::open(&sealed, &KEY, binding).ok().as_ref(),
        Some(&cursor),
        "a cursor came back as another"
    );
    match plan(&format!("{text}&cursor={sealed}")) {
        Ok(read) => {
            let judged = judge_read(&read);
            assert!(judged.is_ok(), "{judged:?}");
        }
        // A query that pages by `offset` has no cursor.
        Err(error) => judge_refusal(&error),
    }
}
