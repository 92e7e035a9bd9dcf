//! Postgres's binary rows as JSON text, written straight into the reply buffer.

use std::error::Error as StdError;

use tokio_postgres::Row;
use tokio_postgres::types::{Format, FromSql, IsNull, ToSql, Type};

use super::{wire_record, wire_time};
use crate::error::{Error, Result};
use crate::sql::{Column, Form, Statement};
use crate::validate::Bind;

/// A value's bytes as they came.
struct Raw<'a>(&'a [u8]);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn StdError + Sync + Send>> {
        Ok(Self(raw))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

// Every value goes in Postgres's text form, so that Postgres's own input functions read it.
impl ToSql for Bind {
    fn to_sql(&self, _: &Type, out: &mut bytes::BytesMut) -> Result<IsNull, Box<dyn StdError + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Text(text) | Self::Json(text) => {
                out.extend_from_slice(text.as_bytes());
                Ok(IsNull::No)
            }
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Text
    }

    tokio_postgres::types::to_sql_checked!();
}

/// One column's bytes; `None` for null.
///
/// # Errors
/// `internal` if the row has no such column.
pub fn raw(row: &Row, index: usize) -> Result<Option<&[u8]>> {
    Ok(row
        .try_get::<_, Option<Raw<'_>>>(index)
        .map_err(Error::internal)?
        .map(|raw| raw.0))
}

/// Writes the columns that `wanted` picks as one JSON object; `first` is the row's first column of `columns`.
///
/// # Errors
/// `internal` for bytes that are not of the column's type.
pub fn object(
    row: &Row,
    first: usize,
    columns: &[Column],
    wanted: impl Fn(&Column) -> bool,
    out: &mut String,
) -> Result<()> {
    out.push('{');
    let mut comma = false;
    for (index, column) in columns.iter().enumerate().filter(|(_, column)| wanted(column)) {
        wire_record::member(column, raw(row, first + index)?, &mut comma, out)?;
    }
    out.push('}');
    Ok(())
}

/// Writes a row as the reply has it: an object, or the only value of a row that is `bare`.
///
/// # Errors
/// `internal` for bytes that are not of the column's type.
pub fn shown(row: &Row, first: usize, statement: &Statement, out: &mut String) -> Result<()> {
    if !statement.bare {
        return object(row, first, &statement.columns, |column| column.shown, out);
    }
    let mut columns = statement.columns.iter().enumerate();
    match columns.find(|(_, column)| column.shown) {
        Some((index, column)) => match raw(row, first + index)? {
            Some(bytes) => value(&column.form, bytes, out)?,
            None => out.push_str("null"),
        },
        None => out.push_str("null"),
    }
    Ok(())
}

/// One value as plain text, as it stands in a `Location`.
///
/// # Errors
/// `internal` for bytes that are not of the column's type.
pub fn plain(form: &Form, bytes: &[u8]) -> Result<String> {
    let mut json = String::new();
    value(form, bytes, &mut json)?;
    if json.starts_with('"') {
        serde_json::from_str(&json).map_err(Error::internal)
    } else {
        Ok(json)
    }
}

/// Writes one value.
///
/// # Errors
/// `internal` for bytes that are not of the type.
pub fn value(form: &Form, bytes: &[u8], out: &mut String) -> Result<()> {
    match form {
        Form::Bool => out.push_str(if bytes == [0] { "false" } else { "true" }),
        Form::Int2 => out.push_str(itoa::Buffer::new().format(i16::from_be_bytes(fixed(bytes)?))),
        Form::Int4 => out.push_str(itoa::Buffer::new().format(i32::from_be_bytes(fixed(bytes)?))),
        Form::Int8 => out.push_str(itoa::Buffer::new().format(i64::from_be_bytes(fixed(bytes)?))),
        Form::Float4 => float(
            f32::from_be_bytes(fixed(bytes)?).is_finite(),
            &f32::from_be_bytes(fixed(bytes)?),
            out,
        ),
        Form::Float8 => float(
            f64::from_be_bytes(fixed(bytes)?).is_finite(),
            &f64::from_be_bytes(fixed(bytes)?),
            out,
        ),
        Form::Numeric => numeric(bytes, out)?,
        Form::Text => string(text(bytes)?, out),
        Form::Uuid => quoted(out, |out| {
            let mut buffer = uuid::Uuid::encode_buffer();
            out.push_str(
                uuid::Uuid::from_bytes(fixed(bytes)?)
                    .hyphenated()
                    .encode_lower(&mut buffer),
            );
            Ok(())
        })?,
        Form::Date => quoted(out, |out| {
            wire_time::date(i32::from_be_bytes(fixed(bytes)?), out);
            Ok(())
        })?,
        Form::Time => quoted(out, |out| {
            wire_time::time(i64::from_be_bytes(fixed(bytes)?), out);
            Ok(())
        })?,
        Form::TimeTz => quoted(out, |out| {
            let mut reader = Reader(bytes);
            wire_time::time_with_offset(i64::from_be_bytes(reader.take()?), reader.int()?, out);
            Ok(())
        })?,
        Form::Timestamp => quoted(out, |out| {
            wire_time::timestamp(i64::from_be_bytes(fixed(bytes)?), "", out);
            Ok(())
        })?,
        Form::TimestampTz => quoted(out, |out| {
            wire_time::timestamp(i64::from_be_bytes(fixed(bytes)?), "Z", out);
            Ok(())
        })?,
        Form::Interval => quoted(out, |out| {
            let mut reader = Reader(bytes);
            let (micros, days, months) = (i64::from_be_bytes(reader.take()?), reader.int()?, reader.int()?);
            wire_time::interval(micros, days, months, out);
            Ok(())
        })?,
        Form::Bytea => quoted(out, |out| {
            base64::Engine::encode_string(&base64::engine::general_purpose::STANDARD, bytes, out);
            Ok(())
        })?,
        Form::Json => out.push_str(text(bytes)?),
        Form::Jsonb => out.push_str(text(bytes.get(1..).unwrap_or_default())?),
        Form::Array(item) => array(item, bytes, out)?,
        Form::Sparse => sparse(text(bytes)?, out)?,
        Form::Record(columns) => wire_record::record(columns, bytes, out)?,
        Form::Records(columns) => wire_record::records(columns, bytes, out)?,
        Form::Spread(_) => return Err(Error::internal("spread rows have no value of their own")),
        Form::Quoted(inner) => {
            let start = out.len();
            value(inner, bytes, out)?;
            if !out.get(start..).unwrap_or("").starts_with('"') {
                out.insert(start, '"');
                out.push('"');
            }
        }
    }
    Ok(())
}

fn quoted(out: &mut String, write: impl FnOnce(&mut String) -> Result<()>) -> Result<()> {
    out.push('"');
    write(out)?;
    out.push('"');
    Ok(())
}

fn text(bytes: &[u8]) -> Result<&str> {
    std::str::from_utf8(bytes).map_err(Error::internal)
}

fn fixed<const N: usize>(bytes: &[u8]) -> Result<[u8; N]> {
    bytes.try_into().map_err(Error::internal)
}

/// A JSON string (RFC 8259 §7); only what must be escaped is.
pub fn string(text: &str, out: &mut String) {
    out.push('"');
    let mut start = 0;
    for (index, byte) in text.bytes().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.push_str(text.get(start..index).unwrap_or(""));
        start = index + 1;
        match byte {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            _ => {
                out.push_str("\\u00");
                out.push(char::from_digit(u32::from(byte >> 4), 16).unwrap_or('0'));
                out.push(char::from_digit(u32::from(byte & 15), 16).unwrap_or('0'));
            }
        }
    }
    out.push_str(text.get(start..).unwrap_or(""));
    out.push('"');
}

/// Infinities and NaN have no JSON number; they are strings, as Postgres's `to_json` writes them.
fn float(finite: bool, number: &(impl std::fmt::Display + serde::Serialize), out: &mut String) {
    if finite {
        out.push_str(&serde_json::to_string(number).unwrap_or_else(|_| "null".to_owned()));
        return;
    }
    let word = number.to_string();
    string(
        if word == "inf" {
            "Infinity"
        } else if word == "-inf" {
            "-Infinity"
        } else {
            "NaN"
        },
        out,
    );
}

/// `{1:0.5,7:2}/10` as `{"dimensions":10,"indices":[1,7],"values":[0.5,2]}`.
fn sparse(text: &str, out: &mut String) -> Result<()> {
    let parts = text.strip_prefix('{').and_then(|text| text.split_once("}/"));
    let (entries, dimensions) = parts.ok_or_else(|| Error::internal("not a sparse vector"))?;
    let list = |out: &mut String, second: bool| {
        for (position, entry) in entries.split(',').filter(|entry| !entry.is_empty()).enumerate() {
            out.push_str(if position == 0 { "" } else { "," });
            let (index, number) = entry.split_once(':').unwrap_or_default();
            out.push_str(if second { number } else { index });
        }
    };
    out.push_str("{\"dimensions\":");
    out.push_str(dimensions);
    out.push_str(",\"indices\":[");
    list(out, false);
    out.push_str("],\"values\":[");
    list(out, true);
    out.push_str("]}");
    Ok(())
}

pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn bytes(&mut self, length: usize) -> Result<&'a [u8]> {
        let (head, rest) = self
            .0
            .split_at_checked(length)
            .ok_or_else(|| Error::internal("a value is cut short"))?;
        self.0 = rest;
        Ok(head)
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N]> {
        fixed(self.bytes(N)?)
    }

    pub(super) fn int(&mut self) -> Result<i32> {
        Ok(i32::from_be_bytes(self.take()?))
    }

    fn short(&mut self) -> Result<u16> {
        Ok(u16::from_be_bytes(self.take()?))
    }
}

/// `numeric`: groups of four decimal digits, the weight of the first, a sign and the digits after the point.
fn numeric(bytes: &[u8], out: &mut String) -> Result<()> {
    let mut reader = Reader(bytes);
    let groups = usize::from(reader.short()?);
    let weight = i16::from_be_bytes(reader.take()?);
    let sign = reader.short()?;
    let scale = usize::from(reader.short()?);
    match sign {
        0x0000 => {}
        0x4000 => out.push('-'),
        0xD000 => {
            string("Infinity", out);
            return Ok(());
        }
        0xF000 => {
            string("-Infinity", out);
            return Ok(());
        }
        _ => {
            string("NaN", out);
            return Ok(());
        }
    }
    let mut digits = Vec::with_capacity(groups);
    for _ in 0..groups {
        digits.push(reader.short()?);
    }
    let group = |at: i32| {
        usize::try_from(at)
            .ok()
            .and_then(|at| digits.get(at))
            .copied()
            .unwrap_or(0)
    };
    let weight = i32::from(weight);
    if weight < 0 {
        out.push('0');
    } else {
        out.push_str(itoa::Buffer::new().format(group(0)));
        for at in 1..=weight {
            out.push_str(&format!("{:04}", group(at)));
        }
    }
    if scale > 0 {
        out.push('.');
        let end = out.len() + scale;
        let mut at = weight + 1;
        while out.len() < end {
            out.push_str(&if at < 0 {
                "0000".to_owned()
            } else {
                format!("{:04}", group(at))
            });
            at += 1;
        }
        out.truncate(end);
    }
    Ok(())
}

fn array(item: &Form, bytes: &[u8], out: &mut String) -> Result<()> {
    let mut reader = Reader(bytes);
    let dimensions = reader.int()?;
    _ = (reader.int()?, reader.int()?);
    if dimensions == 0 {
        out.push_str("[]");
        return Ok(());
    }
    let mut lengths = Vec::new();
    for _ in 0..dimensions {
        lengths.push(reader.int()?);
        _ = reader.int()?;
    }
    nested(item, &lengths, &mut reader, out)
}

fn nested(item: &Form, lengths: &[i32], reader: &mut Reader<'_>, out: &mut String) -> Result<()> {
    let Some((length, inner)) = lengths.split_first() else {
        let size = reader.int()?;
        return match usize::try_from(size) {
            Ok(size) => value(item, reader.bytes(size)?, out),
            Err(_) => {
                out.push_str("null");
                Ok(())
            }
        };
    };
    out.push('[');
    for index in 0..*length {
        if index > 0 {
            out.push(',');
        }
        nested(item, inner, reader, out)?;
    }
    out.push(']');
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(form: &Form, bytes: &[u8]) -> String {
        let mut out = String::new();
        value(form, bytes, &mut out).unwrap();
        out
    }

    #[test]
    fn numbers() {
        let numeric = |weight: i16, sign: u16, scale: u16, groups: &[u16]| {
            let mut bytes = Vec::new();
            bytes.extend(u16::try_from(groups.len()).unwrap().to_be_bytes());
            bytes.extend(weight.to_be_bytes());
            bytes.extend(sign.to_be_bytes());
            bytes.extend(scale.to_be_bytes());
            for group in groups {
                bytes.extend(group.to_be_bytes());
            }
            written(&Form::Numeric, &bytes)
        };
        assert_eq!(numeric(0, 0, 2, &[12, 3400]), "12.34");
        assert_eq!(numeric(1, 0x4000, 0, &[1, 2]), "-10002");
        assert_eq!(numeric(-1, 0, 5, &[5]), "0.00050");
        assert_eq!(numeric(-2, 0, 8, &[5]), "0.00000005");
        assert_eq!(numeric(0, 0, 0, &[]), "0");
        assert_eq!(numeric(2, 0, 0, &[1]), "100000000");
        assert_eq!(numeric(0, 0xC000, 0, &[]), "\"NaN\"");
        assert_eq!(written(&Form::Float8, &0.1_f64.to_be_bytes()), "0.1");
        assert_eq!(written(&Form::Float4, &0.1_f32.to_be_bytes()), "0.1");
        assert_eq!(written(&Form::Float8, &f64::INFINITY.to_be_bytes()), "\"Infinity\"");
        assert_eq!(
            written(&Form::Quoted(Box::new(Form::Int8)), &5_i64.to_be_bytes()),
            "\"5\""
        );
    }

    #[test]
    fn sparse_vectors() {
        for (text, json) in [
            (
                "{1:0.5,7:-2e-05}/10",
                r#"{"dimensions":10,"indices":[1,7],"values":[0.5,-2e-05]}"#,
            ),
            ("{}/3", r#"{"dimensions":3,"indices":[],"values":[]}"#),
        ] {
            assert_eq!(written(&Form::Sparse, text.as_bytes()), json);
        }
    }

    #[test]
    fn strings() {
        for text in ["", "plain", "qu\"ote", "b\\s", "\u{1}\n\t\r\u{1f}", "żółć 🦀"] {
            let json = written(&Form::Text, text.as_bytes());
            assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
        }
    }
}
