//! A strict JSON reader (RFC 8259) that borrows from the body, and the writer for what was read.
//!
//! Stricter than most, because whatever passes here reaches Postgres: duplicate keys, U+0000, lone
//! surrogates, nesting over [`MAX_DEPTH`] and numbers that no `numeric` holds are refused, each with
//! its line and column. Numbers stay the text they came as, so nothing is rounded on the way.

mod parse;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;

use serde_json::value::RawValue;

use crate::error::{Code, Error};

pub use parse::parse;
pub(crate) use parse::parse_stored;

/// Deepest nesting of arrays and objects.
pub const MAX_DEPTH: u32 = 64;

/// Most digits of one number.
pub const MAX_DIGITS: usize = 2_000;

/// Largest exponent of a number, either way: what Postgres's `numeric` reaches.
pub const MAX_EXPONENT: u32 = 131_071;

/// A JSON value that borrows from the body it was read from.
#[derive(Debug, Clone, PartialEq)]
pub enum Json<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, as it was written.
    Number(&'a str),
    /// A string; owned only if it held escapes.
    String(Cow<'a, str>),
    /// An array.
    Array(Vec<Json<'a>>),
    /// An object, in the order of the text; no key comes twice.
    Object(Vec<(Cow<'a, str>, Json<'a>)>),
}

impl Json<'_> {
    /// Appends compact JSON.
    pub fn write(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(true) => out.push_str("true"),
            Self::Bool(false) => out.push_str("false"),
            Self::Number(text) => out.push_str(text),
            Self::String(text) => write_string(text, out),
            Self::Array(items) => {
                out.push('[');
                for (position, item) in items.iter().enumerate() {
                    if position > 0 {
                        out.push(',');
                    }
                    item.write(out);
                }
                out.push(']');
            }
            Self::Object(entries) => {
                out.push('{');
                for (position, (key, value)) in entries.iter().enumerate() {
                    if position > 0 {
                        out.push(',');
                    }
                    write_string(key, out);
                    out.push(':');
                    value.write(out);
                }
                out.push('}');
            }
        }
    }

    /// As raw JSON for an error's `input`, or nothing when that would be longer than `limit` bytes.
    #[must_use]
    pub fn to_raw(&self, limit: usize) -> Option<Box<RawValue>> {
        // The first look spares writing out a long value only to drop it.
        let least = match self {
            Self::Null | Self::Bool(_) => 4,
            Self::Number(text) => text.len(),
            Self::String(text) => text.len() + 2,
            Self::Array(items) => items.len() * 2 + 1,
            Self::Object(entries) => entries.len() * 5 + 1,
        };
        if least > limit {
            return None;
        }
        let mut text = String::new();
        self.write(&mut text);
        if text.len() > limit {
            return None;
        }
        RawValue::from_string(text).ok()
    }

    /// As a `serde_json` value, for libraries that want one. Numbers that are not whole and within 64
    /// bits become doubles; beyond a double's range, the largest double.
    #[must_use]
    pub fn to_value(&self) -> serde_json::Value {
        use serde_json::Value;
        match self {
            Self::Null => Value::Null,
            Self::Bool(flag) => Value::Bool(*flag),
            Self::Number(text) => number(text),
            Self::String(text) => Value::String(text.clone().into_owned()),
            Self::Array(items) => Value::Array(items.iter().map(Self::to_value).collect()),
            Self::Object(entries) => Value::Object(
                entries
                    .iter()
                    .map(|(key, value)| (key.clone().into_owned(), value.to_value()))
                    .collect(),
            ),
        }
    }
}

fn number(text: &str) -> serde_json::Value {
    if let Ok(whole) = text.parse::<i64>() {
        // `-0` is a double to `serde_json`.
        if whole != 0 || !text.starts_with('-') {
            return whole.into();
        }
    } else if let Ok(whole) = text.parse::<u64>() {
        return whole.into();
    }
    let double = text.parse::<f64>().unwrap_or_default();
    serde_json::Value::from(double.clamp(f64::MIN, f64::MAX))
}

/// Appends a JSON string with its quotes; only what JSON demands is escaped.
pub fn write_string(text: &str, out: &mut String) {
    out.push('"');
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|b| b < 0x20 || b == b'"' || b == b'\\') {
        let (plain, special) = rest.split_at(at);
        out.push_str(plain);
        let mut characters = special.chars();
        match characters.next() {
            Some('"') => out.push_str("\\\""),
            Some('\\') => out.push_str("\\\\"),
            Some('\n') => out.push_str("\\n"),
            Some('\r') => out.push_str("\\r"),
            Some('\t') => out.push_str("\\t"),
            Some(control) => {
                out.push_str("\\u00");
                let code = u32::from(control);
                for digit in [code >> 4, code & 15] {
                    out.push(char::from_digit(digit, 16).unwrap_or('0'));
                }
            }
            None => {}
        }
        rest = characters.as_str();
    }
    out.push_str(rest);
    out.push('"');
}

/// Why a body is not the JSON that is read here, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonError {
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// In bytes, from 0.
    pub offset: usize,
    /// What is wrong, as a phrase.
    pub message: String,
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.message)
    }
}

impl std::error::Error for JsonError {}

impl From<JsonError> for Error {
    fn from(error: JsonError) -> Self {
        Self::new(Code::BadJson, Code::BadJson.title()).with_details(error.to_string())
    }
}
