//! Postgres's binary records as JSON: related rows come as records inside of their parent's row.
//!
//! A record is a count of columns, then type, length and bytes of each (`record_send`); rows are an array of records.
//! So a value inside of a related row goes through the same hands as one at the top, and is written alike.

use super::wire::{Reader, string, value};
use crate::error::{Error, Result};
use crate::sql::{Column, Form};

/// Writes one member of an object, or the members of a row that is spread into it.
///
/// # Errors
/// `internal` for bytes that are not of the column's type.
pub(super) fn member(column: &Column, bytes: Option<&[u8]>, comma: &mut bool, out: &mut String) -> Result<()> {
    if let Form::Spread(form) = &column.form {
        return spread(form, bytes, comma, out);
    }
    label(column, comma, out);
    match bytes {
        Some(bytes) => value(&column.form, bytes, out),
        None => {
            out.push_str("null");
            Ok(())
        }
    }
}

fn label(column: &Column, comma: &mut bool, out: &mut String) {
    if std::mem::replace(comma, true) {
        out.push(',');
    }
    string(&column.label, out);
    out.push(':');
}

/// One record as an object.
pub(super) fn record(columns: &[Column], bytes: &[u8], out: &mut String) -> Result<()> {
    out.push('{');
    members(columns, Some(bytes), &mut false, out)?;
    out.push('}');
    Ok(())
}

/// Members of a record; nulls where there is none.
fn members(columns: &[Column], bytes: Option<&[u8]>, comma: &mut bool, out: &mut String) -> Result<()> {
    let mut values = bytes.map(split).transpose()?.unwrap_or_default().into_iter();
    for column in columns {
        member(column, values.next().flatten(), comma, out)?;
    }
    Ok(())
}

/// An array of records as an array of objects.
pub(super) fn records(columns: &[Column], bytes: &[u8], out: &mut String) -> Result<()> {
    out.push('[');
    for (number, row) in rows(bytes)?.into_iter().enumerate() {
        if number > 0 {
            out.push(',');
        }
        match row {
            Some(row) => record(columns, row, out)?,
            None => out.push_str("null"),
        }
    }
    out.push(']');
    Ok(())
}

/// A row's members among those of its parent; of several rows each member is an array, one value per row.
fn spread(form: &Form, bytes: Option<&[u8]>, comma: &mut bool, out: &mut String) -> Result<()> {
    match form {
        Form::Record(columns) => members(columns, bytes, comma, out),
        Form::Records(columns) => {
            let rows = table(bytes)?;
            for (place, column) in columns.iter().enumerate() {
                label(column, comma, out);
                across(&rows, place, &column.form, out)?;
            }
            Ok(())
        }
        _ => Err(Error::internal("only related rows can be spread")),
    }
}

/// The values of several records, row by row.
pub(super) fn table(bytes: Option<&[u8]>) -> Result<Vec<Vec<Option<&[u8]>>>> {
    let rows = bytes.map(rows).transpose()?.unwrap_or_default();
    rows.into_iter().map(|row| row.map_or(Ok(Vec::new()), split)).collect()
}

/// One member of several rows, as an array with a value per row.
pub(super) fn across(rows: &[Vec<Option<&[u8]>>], place: usize, form: &Form, out: &mut String) -> Result<()> {
    out.push('[');
    for (number, row) in rows.iter().enumerate() {
        if number > 0 {
            out.push(',');
        }
        match row.get(place).copied().flatten() {
            Some(bytes) => value(form, bytes, out)?,
            None => out.push_str("null"),
        }
    }
    out.push(']');
    Ok(())
}

/// The values of a record.
pub(super) fn split(bytes: &[u8]) -> Result<Vec<Option<&[u8]>>> {
    let mut reader = Reader(bytes);
    let count = reader.int()?;
    let mut values = Vec::new();
    for _ in 0..count {
        _ = reader.int()?;
        values.push(sized(&mut reader)?);
    }
    Ok(values)
}

/// The records of an array of one dimension, or of none.
fn rows(bytes: &[u8]) -> Result<Vec<Option<&[u8]>>> {
    let mut reader = Reader(bytes);
    let dimensions = reader.int()?;
    _ = (reader.int()?, reader.int()?);
    if dimensions == 0 {
        return Ok(Vec::new());
    }
    let length = reader.int()?;
    _ = reader.int()?;
    (0..length).map(|_| sized(&mut reader)).collect()
}

fn sized<'a>(reader: &mut Reader<'a>) -> Result<Option<&'a [u8]>> {
    match usize::try_from(reader.int()?) {
        Ok(size) => Ok(Some(reader.bytes(size)?)),
        Err(_) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(label: &str, form: Form) -> Column {
        Column {
            label: label.to_owned(),
            form,
            shown: true,
            key: false,
        }
    }

    fn packed(values: &[Option<&[u8]>]) -> Vec<u8> {
        let mut bytes = u32::try_from(values.len()).unwrap().to_be_bytes().to_vec();
        for value in values {
            bytes.extend(0_u32.to_be_bytes());
            bytes.extend(value.map_or(-1, |v| i32::try_from(v.len()).unwrap()).to_be_bytes());
            bytes.extend(value.unwrap_or_default());
        }
        bytes
    }

    fn array(rows: &[Vec<u8>]) -> Vec<u8> {
        let length = i32::try_from(rows.len()).unwrap();
        let mut bytes: Vec<u8> = [1, 0, 2249, length, 1].into_iter().flat_map(i32::to_be_bytes).collect();
        for row in rows {
            bytes.extend(i32::try_from(row.len()).unwrap().to_be_bytes());
            bytes.extend(row);
        }
        bytes
    }

    #[test]
    fn rows_within_rows() {
        let columns = vec![column("n", Form::Int4), column("word", Form::Text)];
        let one = packed(&[Some(&7_i32.to_be_bytes()), Some(b"a\"b")]);
        let two = packed(&[None, Some(b"c")]);
        let both = array(&[one.clone(), two]);
        let none: Vec<u8> = [0, 0, 2249].into_iter().flat_map(i32::to_be_bytes).collect();
        let spread = |form: &Form| Form::Spread(Box::new(form.clone()));
        let (record, records) = (Form::Record(columns.clone()), Form::Records(columns));
        for (form, bytes, json) in [
            (record.clone(), Some(&one), r#"{"x":{"n":7,"word":"a\"b"}}"#),
            (record.clone(), None, r#"{"x":null}"#),
            (
                records.clone(),
                Some(&both),
                r#"{"x":[{"n":7,"word":"a\"b"},{"n":null,"word":"c"}]}"#,
            ),
            (records.clone(), Some(&none), r#"{"x":[]}"#),
            (spread(&record), Some(&one), r#"{"n":7,"word":"a\"b"}"#),
            (spread(&record), None, r#"{"n":null,"word":null}"#),
            (spread(&records), Some(&both), r#"{"n":[7,null],"word":["a\"b","c"]}"#),
            (spread(&records), Some(&none), r#"{"n":[],"word":[]}"#),
        ] {
            let mut out = String::from("{");
            member(&column("x", form), bytes.map(Vec::as_slice), &mut false, &mut out).unwrap();
            out.push('}');
            assert_eq!(out, json);
        }
        assert!(member(&column("x", record), Some(&one[..9]), &mut false, &mut String::new()).is_err());
    }
}
