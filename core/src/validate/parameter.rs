//! Values that come as text in a path or a query. Only their type is checked: `score=gt.1000` is a fair
//! question even where no score may exceed 100.

use std::borrow::Cow;

use super::number::float_fault;
use super::report::{INPUT_LIMIT, alternatives};
use super::text;
use super::vector::read_sparse;
use crate::catalog::Kind;
use crate::contract::{Decimal, Field};
use crate::error::Violation;
use crate::request::json::{self, Json};

/// Reads the text of a filter or a key as the field's type; gives the text that Postgres reads.
///
/// Arrays and ranges are left to Postgres. Booleans may be spelled as Postgres reads them; a space in
/// place of an offset's `+` is understood, because that is what an unescaped `+` in a query becomes.
///
/// # Errors
///
/// What was expected: "an integer", "a UUID".
pub fn filter_value(field: &Field, text: &str) -> Result<String, String> {
    value_of_kind(&field.pg_type.kind, text)
}

/// As [`filter_value`], for a value that is no column's.
///
/// # Errors
///
/// What was expected.
pub fn value_of_kind(kind: &Kind, text: &str) -> Result<String, String> {
    if text.contains('\0') {
        return Err("text without U+0000".to_owned());
    }
    match kind {
        Kind::Bool => match text.to_ascii_lowercase().as_str() {
            "true" | "t" | "yes" | "y" | "on" | "1" => Ok("true".to_owned()),
            "false" | "f" | "no" | "n" | "off" | "0" => Ok("false".to_owned()),
            _ => Err("true or false".to_owned()),
        },
        Kind::Int2 => integer(text, i64::from(i16::MIN), i64::from(i16::MAX)),
        Kind::Int4 => integer(text, i64::from(i32::MIN), i64::from(i32::MAX)),
        Kind::Int8 => integer(text, i64::MIN, i64::MAX),
        Kind::Float4 | Kind::Float8 => match Decimal::parse(text) {
            Some(_) if float_fault(kind, text).is_none() => Ok(text.to_owned()),
            Some(_) => Err("a number in the range of the column".to_owned()),
            None => Err("a number".to_owned()),
        },
        Kind::Numeric { precision, scale } => {
            let number = Decimal::parse(text).ok_or("a number")?;
            let most = precision.map(|precision| i64::from(precision) - i64::from(scale.unwrap_or(0)));
            match most.map(|most| most.max(0)) {
                Some(most) if i64::from(number.integer_digits()) > most => {
                    Err(format!("a number with at most {most} digits before the decimal point"))
                }
                _ if number.fraction_digits() > 16_383 => Err("a number with fewer decimal places".to_owned()),
                _ => Ok(text.to_owned()),
            }
        }
        Kind::Json | Kind::Jsonb => {
            let value = json::parse(text.as_bytes()).map_err(|_| "JSON")?;
            let mut out = String::with_capacity(text.len());
            value.write(&mut out);
            Ok(out)
        }
        Kind::Vector { .. } | Kind::HalfVec { .. } => vector(text),
        Kind::SparseVec { .. } if read_sparse(text).is_none() => Err("a sparse vector such as {1:0.5}/10".to_owned()),
        Kind::TimestampTz | Kind::TimeTz => read(kind, &with_plus(text)),
        _ => read(kind, text),
    }
}

/// An offset whose `+` came as a space is given it back.
pub(super) fn with_plus(text: &str) -> Cow<'_, str> {
    match text.rfind(' ') {
        Some(at) if at + 6 == text.len() && at > 5 => Cow::Owned(format!(
            "{}+{}",
            text.get(..at).unwrap_or(""),
            text.get(at + 1..).unwrap_or("")
        )),
        _ => Cow::Borrowed(text),
    }
}

fn read(kind: &Kind, text: &str) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    text::read(kind, text, &mut out)
        .map(|()| out)
        .map_err(|_| expected(kind))
}

fn expected(kind: &Kind) -> String {
    match kind {
        Kind::Uuid => "a UUID",
        Kind::Date => "a date such as 2026-01-31",
        Kind::Time => "a time without an offset, such as 13:45:00",
        Kind::TimeTz => "a time with an offset, such as 13:45:00+02:00",
        Kind::Timestamp => "a date with a time, without an offset, such as 2026-01-31T13:45:00",
        Kind::TimestampTz => "a date with a time and an offset, such as 2026-01-31T13:45:00Z",
        Kind::Interval => "a duration such as P1DT12H",
        Kind::Bytea => "base64",
        Kind::Enum { labels } => return format!("one of {}", alternatives(labels)),
        _ => "text",
    }
    .to_owned()
}

fn integer(text: &str, least: i64, most: i64) -> Result<String, String> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err("an integer".to_owned());
    }
    match text.parse::<i64>() {
        Ok(value) if (least..=most).contains(&value) => Ok(value.to_string()),
        _ => Err(format!("an integer between {least} and {most}")),
    }
}

fn vector(text: &str) -> Result<String, String> {
    let expected = || "a vector such as [1,2,3]".to_owned();
    let Ok(Json::Array(items)) = json::parse(text.as_bytes()) else {
        return Err(expected());
    };
    let finite = |item: &Json<'_>| matches!(item, Json::Number(text) if text.parse::<f32>().is_ok_and(f32::is_finite));
    if items.is_empty() || !items.iter().all(finite) {
        return Err(expected());
    }
    let mut out = String::with_capacity(text.len());
    Json::Array(items).write(&mut out);
    Ok(out)
}

/// Reads a key in a path; gives the text that Postgres reads.
///
/// # Errors
///
/// A violation at `["path", name]`.
#[expect(
    clippy::result_large_err,
    reason = "refusals are rare, and the caller gathers them as they are"
)]
pub fn path_value(field: &Field, text: &str) -> Result<String, Violation> {
    filter_value(field, text).map_err(|expected| Violation {
        kind: parsing_kind(&field.pg_type.kind).into(),
        loc: vec!["path".into(), field.name.as_str().into()],
        msg: format!("must be {expected}"),
        input: Json::String(text.into()).to_raw(INPUT_LIMIT),
        ctx: None,
    })
}

fn parsing_kind(kind: &Kind) -> &'static str {
    match kind {
        Kind::Bool => "bool_parsing",
        Kind::Int2 | Kind::Int4 | Kind::Int8 => "int_parsing",
        Kind::Float4 | Kind::Float8 => "float_parsing",
        Kind::Numeric { .. } => "decimal_parsing",
        Kind::Uuid => "uuid_parsing",
        Kind::Date => "date_parsing",
        Kind::Time | Kind::TimeTz => "time_parsing",
        Kind::Timestamp | Kind::TimestampTz => "datetime_parsing",
        Kind::Interval => "time_delta_parsing",
        Kind::Bytea => "base64_decode",
        Kind::Enum { .. } => "enum",
        Kind::Json | Kind::Jsonb => "json_invalid",
        _ => "value_error",
    }
}
