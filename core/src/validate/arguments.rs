//! The arguments of a call, from a body or as texts of a query string. Both go through the rules of a field.

use std::borrow::Cow;

use super::parameter::with_plus;
use super::report::{At, Report};
use super::value::{self, Want};
use super::{Bind, Model, check};
use crate::catalog::{Kind, PgType};
use crate::contract::{Overload, Whole};
use crate::error::{Code, Error, Result};
use crate::request::json::{self, Json};

/// Arguments with their places in the function.
pub type Arguments = Vec<(usize, Bind)>;

/// Checks the arguments in a body.
///
/// # Errors
/// `validation_failed` with everything that is wrong; each `loc` starts `["body", name]`.
pub fn arguments(overload: &Overload, body: &Json<'_>) -> Result<Arguments> {
    let mut report = Report::default();
    let checked = check::within("body", &overload.arguments, Model::Create, body, &mut report);
    finish(overload, checked, report)
}

/// Checks arguments that came as texts. One of an array takes `{a,b}` or JSON, the variadic one may be repeated.
///
/// # Errors
/// `validation_failed` with everything that is wrong; each `loc` starts `["query", name]`.
pub fn texts(overload: &Overload, given: &[(String, Vec<String>)]) -> Result<Arguments> {
    let mut report = Report::default();
    let root = At::root("query");
    let mut entries = Vec::with_capacity(given.len());
    for (name, values) in given {
        let Some((place, field)) = overload.arguments.field(name) else {
            continue;
        };
        let pg_type = &field.pg_type;
        let json = match (values.as_slice(), &pg_type.kind) {
            ([text], Kind::Array { item }) if overload.variadic == Some(place) && !is_list(text) => {
                Json::Array(vec![scalar(item, text)])
            }
            ([text], _) => read(pg_type, text),
            (texts, Kind::Array { item }) if overload.variadic == Some(place) => {
                Json::Array(texts.iter().map(|text| scalar(item, text)).collect())
            }
            _ => {
                let text = Json::String(values.join(", ").into());
                report.add(&root.name(name), "value_error", "is given twice", Some(&text), None);
                Json::Null
            }
        };
        entries.push((Cow::Borrowed(name.as_str()), json));
    }
    let checked = check::within(
        "query",
        &overload.arguments,
        Model::Create,
        &Json::Object(entries),
        &mut report,
    );
    finish(overload, checked, report)
}

/// Checks a body that is the only argument by itself.
///
/// # Errors
/// `bad_json`, or `validation_failed` for text that Postgres cannot store.
pub fn whole(overload: &Overload, form: Whole, body: &[u8]) -> Result<Arguments> {
    let bind = match form {
        Whole::Json => {
            let json = json::parse(body)?;
            let mut report = Report::default();
            let bind = match overload.arguments.fields.first() {
                Some(field) if json != Json::Null => {
                    value::check(Want::of(field), &json, &At::root("body"), &mut report)
                }
                // A JSON null, not SQL's.
                _ => Some(Bind::Json("null".to_owned())),
            };
            if let Some(error) = report.into_error() {
                return Err(error);
            }
            bind.unwrap_or(Bind::Null)
        }
        Whole::Text => match std::str::from_utf8(body) {
            Ok(text) if !text.contains('\0') => Bind::Text(text.to_owned()),
            _ => {
                let mut report = Report::default();
                let msg = "must be UTF-8 without U+0000";
                report.add(&At::root("body"), "string_unicode", msg, None, None);
                return Err(report
                    .into_error()
                    .unwrap_or_else(|| Error::internal("a refusal without a reason")));
            }
        },
        Whole::Bytes => {
            let mut hex = String::with_capacity(body.len() * 2 + 2);
            hex.push_str("\\x");
            for byte in body {
                for digit in [byte >> 4, byte & 15] {
                    hex.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
                }
            }
            Bind::Text(hex)
        }
    };
    Ok(vec![(0, bind)])
}

fn finish(overload: &Overload, checked: super::Checked, report: Report) -> Result<Arguments> {
    if let Some(error) = report.into_error() {
        return Err(error);
    }
    let row = checked.rows.into_iter().next();
    let values = row.map(|row| row.values).unwrap_or_default();
    if overload.variadic.is_some_and(|place| {
        values
            .iter()
            .any(|(known, bind)| *known == place && *bind == Bind::Null)
    }) {
        return Err(Error::new(Code::BadQuery, "The variadic argument cannot be null").with_hint("send an empty array"));
    }
    Ok(values)
}

pub(super) fn is_list(text: &str) -> bool {
    text.starts_with('{') && text.ends_with('}') || text.starts_with('[') && text.ends_with(']')
}

/// A text as the JSON that a body would have in its place.
pub(super) fn read<'t>(pg_type: &PgType, text: &'t str) -> Json<'t> {
    match &pg_type.kind {
        Kind::Array { item } if text.starts_with('{') => {
            literal(item, text).unwrap_or_else(|| Json::String(text.into()))
        }
        Kind::Array { .. } | Kind::Vector { .. } | Kind::HalfVec { .. } if text.starts_with('[') => {
            json::parse(text.as_bytes()).unwrap_or_else(|_| Json::String(text.into()))
        }
        _ => scalar(pg_type, text),
    }
}

pub(super) fn scalar<'t>(pg_type: &PgType, text: &'t str) -> Json<'t> {
    let kind = &pg_type.kind;
    match kind {
        Kind::Bool => match text.to_ascii_lowercase().as_str() {
            "true" | "t" | "yes" | "y" | "on" | "1" => Json::Bool(true),
            "false" | "f" | "no" | "n" | "off" | "0" => Json::Bool(false),
            _ => Json::String(text.into()),
        },
        kind if kind.is_number() => match json::parse(text.as_bytes()) {
            Ok(Json::Number(_)) => Json::Number(text.trim()),
            _ => Json::String(text.into()),
        },
        // What is no JSON is taken for a text: `data=abc` as `"abc"`.
        Kind::Json | Kind::Jsonb => json::parse(text.as_bytes()).unwrap_or_else(|_| Json::String(text.into())),
        Kind::TimestampTz | Kind::TimeTz => Json::String(with_plus(text)),
        _ => Json::String(text.into()),
    }
}

/// Postgres's array literal: `{a,"b c",NULL,{…}}`.
fn literal<'t>(item: &PgType, text: &'t str) -> Option<Json<'t>> {
    let mut rest = text;
    let json = list(item, &mut rest, 0)?;
    rest.is_empty().then_some(json)
}

fn list<'t>(item: &PgType, rest: &mut &'t str, depth: usize) -> Option<Json<'t>> {
    // Deeper than arrays go; the validator says so.
    if depth > 8 {
        return None;
    }
    *rest = rest.strip_prefix('{')?;
    let mut items = Vec::new();
    *rest = rest.trim_start();
    if let Some(after) = rest.strip_prefix('}') {
        *rest = after;
        return Some(Json::Array(items));
    }
    loop {
        *rest = rest.trim_start();
        if rest.starts_with('{') {
            items.push(list(item, rest, depth + 1)?);
        } else if let Some(quoted) = rest.strip_prefix('"') {
            let (text, after) = unquoted(quoted)?;
            items.push(Json::String(text));
            *rest = after;
        } else {
            let (word, after) = rest.split_at(rest.find([',', '}'])?);
            let word = word.trim_end();
            items.push(match word {
                "" => return None,
                word if word.eq_ignore_ascii_case("null") => Json::Null,
                word => scalar(item, word),
            });
            *rest = after;
        }
        *rest = rest.trim_start();
        if let Some(after) = rest.strip_prefix(',') {
            *rest = after;
        } else {
            *rest = rest.strip_prefix('}')?;
            return Some(Json::Array(items));
        }
    }
}

/// The text up to the closing quote, and what follows it.
fn unquoted(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let mut out = String::new();
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            c if escaped => {
                out.push(c);
                escaped = false;
            }
            '\\' => escaped = true,
            '"' => return Some((Cow::Owned(out), text.get(at + 1..)?)),
            c => out.push(c),
        }
    }
    None
}
