//! Rules across fields, in CEL: `self` is the row, null fields count as absent.
//!
//! Types: integers are `int`; other numbers `double`; `timestamp`, `timestamptz` and `date` are CEL
//! timestamps (without an offset, taken as UTC); `interval` is a duration in which, as when Postgres
//! compares intervals, a month has 30 days and a day 24 hours; `bytea` is bytes; arrays and vectors
//! are lists; `json` keeps its shape; the rest are strings.

use std::sync::Arc;

use cel::common::traits::Indexer;
use cel::common::types::{CelString, Type};
use cel::common::value::{CowVal, Val};
use cel::{Context, ExecutionError, Value};

use super::normalize::normalize;
use super::report::{At, Report};
use super::temporal;
use super::value::Want;
use crate::catalog::Kind;
use crate::contract::{Decimal, RULE_ENV, Resource, Rule};
use crate::error::{Step, Violation};
use crate::request::json::{Json, parse_stored};

/// Whether a row keeps a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Kept,
    Broken,
    /// It depends on a field that is not known yet.
    Undecided,
}

impl From<Option<bool>> for Verdict {
    fn from(kept: Option<bool>) -> Self {
        match kept {
            Some(true) => Self::Kept,
            Some(false) => Self::Broken,
            None => Self::Undecided,
        }
    }
}

impl From<Verdict> for Option<bool> {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Kept => Some(true),
            Verdict::Broken => Some(false),
            Verdict::Undecided => None,
        }
    }
}

/// A field as a rule sees it.
#[derive(Debug)]
pub(super) enum Cell {
    Known(Box<dyn Val>),
    Null,
    Unknown,
}

/// `self`: hands out known fields, and fails on unknown ones in a way that `||`, `&&` and `?:` may
/// absorb. An evaluation that succeeds thereby did not depend on them.
#[derive(Debug)]
struct SelfRow(Vec<(String, Cell)>);

static ROW_TYPE: Type = Type::new_unspecified_type("row");

impl Val for SelfRow {
    fn get_type(&self) -> &Type {
        &ROW_TYPE
    }

    fn cel_type() -> &'static Type {
        &ROW_TYPE
    }

    fn as_indexer<'b, 'v>(&'b self) -> Option<&'b (dyn Indexer + 'v)>
    where
        Self: 'v,
    {
        Some(self)
    }

    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v>
    where
        Self: 'v,
    {
        let copy = self.0.iter().map(|(name, cell)| {
            let cell = match cell {
                Cell::Known(value) => Cell::Known(value.clone_as_boxed()),
                Cell::Null => Cell::Null,
                Cell::Unknown => Cell::Unknown,
            };
            (name.clone(), cell)
        });
        Box::new(Self(copy.collect()))
    }
}

impl Indexer for SelfRow {
    fn get<'b, 'v>(&'b self, index: &dyn Val) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        let name = index.downcast_ref::<CelString<'_>>().map_or("", |name| name.inner());
        match self.0.iter().find(|(field, _)| field == name) {
            Some((_, Cell::Known(value))) => Ok(CowVal::Borrowed(value.as_ref())),
            Some((_, Cell::Unknown)) => Err(ExecutionError::InternalError(format!("{name} is not known yet"))),
            Some((_, Cell::Null)) | None => Err(ExecutionError::no_such_key(name)),
        }
    }

    fn steal<'v>(self: Box<Self>, index: &dyn Val) -> Result<Box<dyn Val + 'v>, ExecutionError>
    where
        Self: 'v,
    {
        self.get(index).map(CowVal::into_owned)
    }
}

/// Evaluates a rule. A failing or non-boolean expression breaks the rule, as in Kubernetes, unless a
/// field is unknown.
pub(super) fn evaluate(rule: &Rule, cells: Vec<(String, Cell)>) -> Verdict {
    let open = cells.iter().any(|(_, cell)| matches!(cell, Cell::Unknown));
    let mut context = Context::with_env(Arc::clone(&RULE_ENV));
    context.add_variable_as_val("self", Box::new(SelfRow(cells)));
    match rule.program.execute(&context) {
        Ok(Value::Bool(true)) => Verdict::Kept,
        Err(_) if open => Verdict::Undecided,
        Ok(_) | Err(_) => Verdict::Broken,
    }
}

/// Reports a broken rule at its field.
pub(super) fn broken(rule: &Rule, at: &At<'_>, input: Option<&Json<'_>>, report: &mut Report) {
    match &rule.loc {
        Some(name) => report.add(&at.name(name), "value_error", rule.msg.as_str(), input, None),
        None => report.add(at, "value_error", rule.msg.as_str(), None, None),
    }
}

/// All rules against a whole row in its JSON form; `at` is the way to the row, for example `["body"]`.
#[must_use]
pub fn stored_row(resource: &Resource, row: &serde_json::Value, at: &[Step]) -> Vec<Violation> {
    let mut report = Report::default();
    let text = row.to_string();
    let entries = match parse_stored(text.as_bytes()) {
        Ok(Json::Object(entries)) => entries,
        _ => Vec::new(),
    };
    let at = At::steps(at);
    for rule in &resource.rules {
        let find = |name: &str| entries.iter().find(|(key, _)| key == name).map(|(_, json)| json);
        let cells = rule.fields.iter().map(|name| {
            let cell = match (resource.field(name), find(name)) {
                (Some((_, field)), Some(json)) => cell(Want::of(field), json),
                _ => Cell::Null,
            };
            (name.clone(), cell)
        });
        if evaluate(rule, cells.collect()) != Verdict::Kept {
            // What is stored was not sent, and may be nothing that the client may read.
            broken(rule, &at, None, &mut report);
        }
    }
    report.into_violations()
}

/// A field's JSON as a rule sees it.
pub(super) fn cell(want: Want<'_>, json: &Json<'_>) -> Cell {
    if *json == Json::Null {
        return Cell::Null;
    }
    Box::<dyn Val>::try_from(convert(want, json)).map_or(Cell::Null, Cell::Known)
}

fn convert(want: Want<'_>, json: &Json<'_>) -> Value {
    match (want.kind, json) {
        (Kind::Json | Kind::Jsonb, json) => plain(json),
        (Kind::Array { item }, Json::Array(items)) => {
            let nested = |json: &Json<'_>| matches!(json, Json::Array(_)) && !want.item(item).is_list();
            let list = items.iter().map(|json| match json {
                Json::Null => Value::Null,
                json if nested(json) => convert(want, json),
                json => convert(want.item(item), json),
            });
            Value::List(Arc::new(list.collect()))
        }
        (_, Json::Number(text)) => number(want.kind, text),
        (kind, Json::String(text)) if kind.is_number() => number(kind, text),
        (kind, Json::String(text)) => scalar(kind, &normalize(text, &want.rules.normalize)),
        (_, json) => plain(json),
    }
}

fn number(kind: &Kind, text: &str) -> Value {
    let whole = kind.is_integer() || *kind == Kind::Json;
    match Decimal::parse(text).and_then(|decimal| decimal.to_i64()) {
        Some(integer) if whole => Value::Int(integer),
        _ => Value::Float(text.parse().unwrap_or(f64::NAN)),
    }
}

fn scalar(kind: &Kind, text: &str) -> Value {
    let known = match kind {
        Kind::TimestampTz | Kind::Timestamp | Kind::Date => temporal::instant(text).map(Value::Timestamp),
        Kind::Interval => temporal::duration(text)
            .and_then(|parts| parts.total_micros())
            .map(|micros| Value::Duration(chrono::Duration::microseconds(micros))),
        Kind::Bytea => super::text::base64(text).map(|bytes| Value::Bytes(Arc::new(bytes))),
        _ => None,
    };
    known.unwrap_or_else(|| Value::String(Arc::new(text.to_owned())))
}

fn plain(json: &Json<'_>) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(flag) => Value::Bool(*flag),
        Json::Number(text) => number(&Kind::Json, text),
        Json::String(text) => Value::String(Arc::new(text.clone().into_owned())),
        Json::Array(items) => Value::List(Arc::new(items.iter().map(plain).collect())),
        Json::Object(entries) => {
            let map: std::collections::HashMap<String, Value> = entries
                .iter()
                .map(|(key, value)| (key.clone().into_owned(), plain(value)))
                .collect();
            map.into()
        }
    }
}
