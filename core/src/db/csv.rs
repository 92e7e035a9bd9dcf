//! Rows as CSV (RFC 4180): a header line, CRLF, quotes where they are needed.
//!
//! Values are written as in JSON, texts and moments without its quotes; JSON columns and arrays are JSON text. Null is
//! nothing at all, the empty text `""`, as in Postgres's own CSV.

use tokio_postgres::Row;

use super::{wire, wire_record};
use crate::error::{Error, Result};
use crate::sql::{Column, Form};

/// Writes the header line: the labels of the columns that are shown, members of related rows that are spread among them.
pub(super) fn header(columns: &[Column], out: &mut String) {
    let mut comma = false;
    for column in columns.iter().filter(|column| column.shown) {
        label(column, &mut comma, out);
    }
    out.push_str("\r\n");
}

fn label(column: &Column, comma: &mut bool, out: &mut String) {
    match &column.form {
        Form::Spread(form) => {
            if let Form::Record(columns) | Form::Records(columns) = form.as_ref() {
                columns.iter().for_each(|column| label(column, comma, out));
            }
        }
        _ => {
            separate(comma, out);
            cell(&column.label, out);
        }
    }
}

fn separate(comma: &mut bool, out: &mut String) {
    if std::mem::replace(comma, true) {
        out.push(',');
    }
}

/// Writes a row; `first` is its first column of `columns`.
///
/// # Errors
/// `internal` for bytes that are not of the column's type.
pub(super) fn row(row: &Row, first: usize, columns: &[Column], scratch: &mut String, out: &mut String) -> Result<()> {
    let mut comma = false;
    for (index, column) in columns.iter().enumerate().filter(|(_, column)| column.shown) {
        member(column, wire::raw(row, first + index)?, &mut comma, scratch, out)?;
    }
    out.push_str("\r\n");
    Ok(())
}

/// Writes one column, or the members of related rows that are spread into the row.
fn member(
    column: &Column,
    bytes: Option<&[u8]>,
    comma: &mut bool,
    scratch: &mut String,
    out: &mut String,
) -> Result<()> {
    let Form::Spread(form) = &column.form else {
        separate(comma, out);
        return bytes.map_or(Ok(()), |bytes| value(&column.form, bytes, scratch, out));
    };
    match form.as_ref() {
        Form::Record(columns) => {
            let mut values = bytes
                .map(wire_record::split)
                .transpose()?
                .unwrap_or_default()
                .into_iter();
            columns
                .iter()
                .try_for_each(|column| member(column, values.next().flatten(), comma, scratch, out))
        }
        Form::Records(columns) => {
            let rows = wire_record::table(bytes)?;
            for (place, column) in columns.iter().enumerate() {
                separate(comma, out);
                scratch.clear();
                wire_record::across(&rows, place, &column.form, scratch)?;
                cell(scratch, out);
            }
            Ok(())
        }
        _ => Err(Error::internal("only related rows can be spread")),
    }
}

fn value(form: &Form, bytes: &[u8], scratch: &mut String, out: &mut String) -> Result<()> {
    match form {
        Form::Text => cell(std::str::from_utf8(bytes).map_err(Error::internal)?, out),
        _ => {
            scratch.clear();
            wire::value(form, bytes, scratch)?;
            let text = match form {
                Form::Json | Form::Jsonb | Form::Array(_) => scratch.as_str(),
                // None of the others has anything to escape inside of its quotes.
                _ => scratch.trim_matches('"'),
            };
            cell(text, out);
        }
    }
    Ok(())
}

fn cell(text: &str, out: &mut String) {
    if !text.is_empty() && !text.bytes().any(|byte| matches!(byte, b',' | b'"' | b'\r' | b'\n')) {
        out.push_str(text);
        return;
    }
    out.push('"');
    for (index, part) in text.split('"').enumerate() {
        if index > 0 {
            out.push_str("\"\"");
        }
        out.push_str(part);
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells() {
        for (text, wanted) in [
            ("plain", "plain"),
            (" a b ", " a b "),
            ("", "\"\""),
            ("a,b", "\"a,b\""),
            ("say \"x\"", "\"say \"\"x\"\"\""),
            ("two\nlines", "\"two\nlines\""),
            ("\"", "\"\"\"\""),
        ] {
            let mut out = String::new();
            cell(text, &mut out);
            assert_eq!(out, wanted);
        }
        let written = |form: &Form, bytes: &[u8]| {
            let (mut scratch, mut out) = (String::new(), String::new());
            value(form, bytes, &mut scratch, &mut out).unwrap();
            out
        };
        assert_eq!(written(&Form::Float8, &f64::NAN.to_be_bytes()), "NaN");
        assert_eq!(written(&Form::Jsonb, b"\x01\"a\""), "\"\"\"a\"\"\"");
        assert_eq!(written(&Form::Bytea, b""), "\"\"");
        assert_eq!(written(&Form::Int8, &(-5_i64).to_be_bytes()), "-5");
    }
}
