//! The body of a search for neighbours, and vectors to look near to.

use std::borrow::Cow;
use std::fmt::Write as _;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;

use super::report::{At, INPUT_LIMIT, Report, alternatives, clip};
use super::value::Want;
use super::vector;
use crate::contract::{Field, FieldRules, Metric, NearestColumn, Resource};
use crate::error::{Error, Result, Violation};
use crate::request::json::{self, Json};
use crate::suggest;

/// What the body may say.
const MEMBERS: [&str; 8] = [
    "embedding",
    "like",
    "k",
    "metric",
    "column",
    "where",
    "select",
    "ef_search",
];
/// How many neighbours there are without `k`.
const NEIGHBOURS: u64 = 10;

/// A body that keeps the contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sought {
    /// The column with vectors: index into the resource's fields.
    pub field: usize,
    /// By which distance.
    pub metric: Metric,
    /// What the rows are to be near to.
    pub near: Near,
    /// How many rows.
    pub k: u64,
    /// How many neighbours an HNSW index is to keep in sight.
    pub ef_search: Option<u32>,
    /// `where` and `select` as they would stand in a query string.
    pub query: String,
}

/// What rows are to be near to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Near {
    /// A vector, in pgvector's text form.
    Vector(String),
    /// The row with this key, as text.
    Row(Vec<String>),
}

/// Checks the body of a search.
///
/// # Errors
/// `validation_failed` with everything that is wrong.
pub fn sought(resource: &Resource, body: &Json<'_>) -> Result<Sought> {
    let mut report = Report::default();
    let root = At::root("body");
    let sought = match body {
        Json::Object(entries) => {
            let body = Body {
                resource,
                entries,
                root: &root,
            };
            body.check(&mut report)
        }
        other => {
            report.add(&root, "model_type", "must be an object", Some(other), None);
            None
        }
    };
    match (report.into_error(), sought) {
        (Some(error), _) => Err(error),
        (None, Some(sought)) => Ok(sought),
        (None, None) => Err(Error::internal("a search was neither checked nor refused")),
    }
}

/// Checks a vector to look near to, and gives pgvector's text form. `loc` is the way to it, such as `["query", "order"]`.
///
/// # Errors
/// What is wrong with it.
pub fn target(field: &Field, metric: Metric, json: &Json<'_>, loc: &[&str]) -> Result<String, Vec<Violation>> {
    let mut report = Report::default();
    let steps: Vec<_> = loc.iter().map(|step| (*step).into()).collect();
    let text = checked(field, metric, json, &At::steps(&steps), &mut report);
    text.ok_or_else(|| report.into_violations())
}

/// A vector in a query: JSON, or pgvector's text of a sparse one.
///
/// # Errors
/// As [`target`].
pub fn target_text(field: &Field, metric: Metric, text: &str, loc: &[&str]) -> Result<String, Vec<Violation>> {
    let json = json::parse(text.as_bytes()).unwrap_or(Json::String(Cow::Borrowed(text)));
    target(field, metric, &json, loc)
}

/// The distance of a search: the one asked for, else the column's.
///
/// # Errors
/// A violation at `loc`.
#[expect(clippy::result_large_err, reason = "as it is gathered with others")]
pub fn metric(column: &NearestColumn, asked: Option<&str>, loc: &[&str]) -> Result<Metric, Violation> {
    let fault = |kind: &'static str, msg: String| Violation {
        kind: kind.into(),
        loc: loc.iter().map(|step| (*step).into()).collect(),
        msg,
        input: asked.and_then(|word| Json::String(word.into()).to_raw(INPUT_LIMIT)),
        ctx: Some(json!({"expected": Metric::ALL})),
    };
    let known = || alternatives(&Metric::ALL.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
    match asked {
        Some(word) => Metric::parse(word).ok_or_else(|| fault("enum", format!("must be {}", known()))),
        None => column.metric.ok_or_else(|| {
            fault(
                "missing",
                format!("is required, as the column has no distance of its own: {}", known()),
            )
        }),
    }
}

/// A vector under the rules of its column, compared by this distance.
fn checked(field: &Field, metric: Metric, json: &Json<'_>, at: &At<'_>, report: &mut Report) -> Option<String> {
    let rules = FieldRules {
        metric: Some(metric),
        ..field.rules.clone()
    };
    let want = Want {
        kind: &field.pg_type.kind,
        rules: &rules,
        form: field.json,
    };
    let mut text = String::new();
    if !vector::write(want, json, at, report, &mut text) {
        return None;
    }
    let squares = vector::squares(json);
    if !squares.is_finite() {
        let msg = "its numbers are too large: no distance from it can be told";
        report.add(at, "finite_number", msg, Some(json), None);
        return None;
    }
    // Not zero, but too small to be told from it once it is squared.
    if squares == 0.0 && metric == Metric::Cosine {
        let msg = "its numbers are too small: it has no direction to compare by cosine";
        report.add(at, "vector_zero_norm", msg, Some(json), None);
        return None;
    }
    Some(text)
}

struct Body<'b, 'a> {
    resource: &'b Resource,
    entries: &'b [(Cow<'a, str>, Json<'a>)],
    root: &'b At<'b>,
}

impl<'b, 'a> Body<'b, 'a> {
    /// A member that is there and not null.
    fn member(&self, name: &str) -> Option<&'b Json<'a>> {
        let found = self.entries.iter().find(|(known, _)| known == name);
        found.map(|(_, json)| json).filter(|json| **json != Json::Null)
    }

    fn text(&self, name: &str, report: &mut Report) -> Option<&'b str> {
        match self.member(name)? {
            Json::String(text) => Some(text),
            other => {
                report.add(
                    &self.root.name(name),
                    "string_type",
                    "must be a string",
                    Some(other),
                    None,
                );
                None
            }
        }
    }

    fn check(&self, report: &mut Report) -> Option<Sought> {
        for (name, json) in self.entries {
            if !MEMBERS.contains(&name.as_ref()) {
                let msg = match suggest::nearest(name, MEMBERS) {
                    Some(meant) => format!("is not a part of a search; did you mean `{meant}`?"),
                    None => "is not a part of a search".to_owned(),
                };
                let at = clip(name);
                report.add(&self.root.name(&at), "extra_forbidden", msg, Some(json), None);
            }
        }
        let page = u64::from(self.resource.page.max);
        let k = self.count("k", page, report).unwrap_or(NEIGHBOURS.min(page));
        let most = u64::from(self.resource.nearest.max_ef_search);
        let ef_search = self.count("ef_search", most, report);
        let query = self.query(report);
        let column = self.column(report);
        let field = column.and_then(|column| self.resource.fields.get(column.field));
        // Without its column nothing can be said of a vector.
        let (column, field) = (column?, field?);
        let asked = match self.member("metric") {
            Some(_) => Some(self.text("metric", report)?),
            None => None,
        };
        let metric = match metric(column, asked, &["body", "metric"]) {
            Ok(metric) => metric,
            Err(violation) => {
                report.push(violation);
                return None;
            }
        };
        Some(Sought {
            field: column.field,
            metric,
            near: self.near(field, metric, report)?,
            k,
            ef_search: ef_search.and_then(|ef| u32::try_from(ef).ok()),
            query,
        })
    }

    /// A whole number from 1.
    fn count(&self, name: &str, most: u64, report: &mut Report) -> Option<u64> {
        let json = self.member(name)?;
        let at = self.root.name(name);
        let number = match json {
            Json::Number(text) => crate::contract::Decimal::parse(text),
            _ => None,
        };
        match number.filter(crate::contract::Decimal::is_integer) {
            None => report.add(&at, "int_type", "must be an integer", Some(json), None),
            Some(number) if number < 1.into() => {
                report.add(
                    &at,
                    "greater_than_equal",
                    "must be at least 1",
                    Some(json),
                    Some(json!({"ge": 1})),
                );
            }
            Some(number) => match number.to_i64().and_then(|number| u64::try_from(number).ok()) {
                Some(number) if number <= most => return Some(number),
                _ => {
                    let msg = format!("must be at most {most}");
                    report.add(&at, "less_than_equal", msg, Some(json), Some(json!({"le": most})));
                }
            },
        }
        None
    }

    /// The column whose vectors are meant.
    fn column(&self, report: &mut Report) -> Option<&'b NearestColumn> {
        let columns = self.resource.nearest.columns.as_slice();
        let name_of = |column: &NearestColumn| Some(self.resource.fields.get(column.field)?.name.clone());
        let names = || alternatives(&columns.iter().filter_map(name_of).collect::<Vec<_>>());
        if self.member("column").is_some() {
            let name = self.text("column", report)?;
            let found = columns.iter().find(|column| name_of(column).as_deref() == Some(name));
            if found.is_none() {
                let msg = format!("must be a column with vectors: {}", names());
                let input = Json::String(name.into());
                report.add(&self.root.name("column"), "enum", msg, Some(&input), None);
            }
            return found;
        }
        match columns {
            [column] => Some(column),
            _ => {
                let msg = format!("is required, as there are several: {}", names());
                report.add(&self.root.name("column"), "missing", msg, None, None);
                None
            }
        }
    }

    fn near(&self, field: &Field, metric: Metric, report: &mut Report) -> Option<Near> {
        let at = self.root.name("like");
        match (self.member("embedding"), self.member("like")) {
            (Some(json), None) => checked(field, metric, json, &self.root.name("embedding"), report).map(Near::Vector),
            (None, Some(key)) => self.key(key, &at, report).map(Near::Row),
            (None, None) => {
                let msg = "is required, or `like` in its place";
                report.add(&self.root.name("embedding"), "missing", msg, None, None);
                None
            }
            (Some(_), Some(key)) => {
                report.add(&at, "value_error", "cannot stand beside `embedding`", Some(key), None);
                None
            }
        }
    }

    /// The key of a row: one value, or an array of several.
    fn key(&self, json: &Json<'_>, at: &At<'_>, report: &mut Report) -> Option<Vec<String>> {
        let values = match json {
            Json::Array(items) => items.as_slice(),
            one => std::slice::from_ref(one),
        };
        let wanted = self.resource.key.len();
        if wanted == 0 || values.len() != wanted {
            let msg = match wanted {
                0 => "cannot be used here: the rows have no key".to_owned(),
                1 => "must be the key of a row".to_owned(),
                _ => format!("must be an array with the {wanted} values of a row's key"),
            };
            report.add(at, "value_error", msg, Some(json), None);
            return None;
        }
        let text = |value: &Json<'_>| match value {
            Json::String(text) => Some(text.to_string()),
            Json::Number(text) => Some((*text).to_owned()),
            Json::Bool(flag) => Some(flag.to_string()),
            _ => None,
        };
        let key: Option<Vec<String>> = values.iter().map(text).collect();
        if key
            .as_ref()
            .is_none_or(|key| key.iter().any(|text| text.contains('\0')))
        {
            report.add(at, "value_error", "must be the key of a row", Some(json), None);
            return None;
        }
        key
    }

    /// `where` and `select` in the words of a query string, by which they are read.
    fn query(&self, report: &mut Report) -> String {
        let mut query = String::new();
        let mut pair = |name: &str, value: &str| {
            let name = utf8_percent_encode(name, NON_ALPHANUMERIC);
            let value = utf8_percent_encode(value, NON_ALPHANUMERIC);
            // Writing to a string cannot fail.
            _ = write!(query, "&{name}={value}");
        };
        if let Some(select) = self.text("select", report) {
            pair("select", select);
        }
        let at = self.root.name("where");
        match self.member("where") {
            None => {}
            Some(Json::Object(entries)) => {
                for (name, json) in entries {
                    let texts = match json {
                        Json::Array(items) => items.as_slice(),
                        one => std::slice::from_ref(one),
                    };
                    for text in texts {
                        match text {
                            Json::String(text) => pair(name, text),
                            other => {
                                let msg = "must be a condition such as \"eq.open\", or an array of them";
                                report.add(&at.name(&clip(name)), "string_type", msg, Some(other), None);
                            }
                        }
                    }
                }
            }
            Some(Json::String(text)) => {
                query.push('&');
                query.push_str(text.strip_prefix('?').unwrap_or(text));
            }
            Some(other) => {
                let msg = "must be conditions as in a query string, or an object of them";
                report.add(&at, "string_type", msg, Some(other), None);
            }
        }
        query
    }
}
