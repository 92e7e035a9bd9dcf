//! Writes as SQL.

use std::sync::Arc;

use super::condition;
use super::read::{columns, outputs};
use super::statement::{Builder, Column, Statement, form, input_cast};
use crate::contract::Resource;
use crate::error::{Error, Result};
use crate::plan::{Action, Embed, Output, Write};
use crate::request::Return;
use crate::validate::{Bind, Row};

/// The statements of a write, to be run in one transaction when there are several.
///
/// # Errors
/// `internal` for a plan that does not fit its resource.
pub fn statements(write: &Write) -> Result<Vec<Statement>> {
    match &write.action {
        Action::Create { rows, many: false } => rows.iter().map(|row| insert_one(write, row)).collect(),
        Action::Create { rows, many: true } => same_fields(rows).map(|run| insert_many(write, run)).collect(),
        Action::Replace(condition, row) => {
            let mut sql = update_head(write);
            let mut first = true;
            for (index, field) in write
                .resource
                .fields
                .iter()
                .enumerate()
                .filter(|(_, field)| !field.read_only)
            {
                let given = row
                    .values
                    .iter()
                    .find(|(known, _)| *known == index)
                    .map(|(_, bind)| bind);
                // The key came with the path; a PUT never changes it.
                if write.resource.key.contains(&index) {
                    continue;
                }
                sql.push(if std::mem::take(&mut first) { "" } else { ", " })
                    .name(&field.name)
                    .push(" = ");
                match given {
                    Some(bind) => sql.bind(bind.clone(), &input_cast(&field.pg_type)),
                    None => sql.push("DEFAULT"),
                };
            }
            if first {
                // Nothing but the key: the row stays as it is.
                return Ok(vec![keep(write, condition)?]);
            }
            Ok(vec![tail(write, sql, condition)?])
        }
        Action::Update(condition, row) => {
            let mut sql = update_head(write);
            for (number, (index, bind)) in row.values.iter().enumerate() {
                let field = condition::field(&write.resource, *index)?;
                sql.push(if number == 0 { "" } else { ", " })
                    .name(&field.name)
                    .push(" = ");
                sql.bind(bind.clone(), &input_cast(&field.pg_type));
            }
            Ok(vec![tail(write, sql, condition)?])
        }
        Action::Delete(condition) => {
            let mut sql = Builder::default();
            sql.push("DELETE FROM ").table(&write.resource.table).push(" AS t");
            Ok(vec![tail(write, sql, condition)?])
        }
    }
}

fn update_head(write: &Write) -> Builder {
    let mut sql = Builder::default();
    sql.push("UPDATE ").table(&write.resource.table).push(" AS t SET ");
    sql
}

fn keep(write: &Write, condition: &crate::plan::Condition) -> Result<Statement> {
    let mut sql = Builder::default();
    let (output, columns) = returned(write)?;
    sql.push("SELECT ");
    outputs(&mut sql, &write.resource, &output, shown(write))?;
    sql.push(" FROM ").table(&write.resource.table).push(" AS t WHERE ");
    condition::write(&mut sql, &write.resource, condition)?;
    Ok(sql.finish(columns, false))
}

fn tail(write: &Write, mut sql: Builder, condition: &crate::plan::Condition) -> Result<Statement> {
    sql.push(" WHERE ");
    condition::write(&mut sql, &write.resource, condition)?;
    returning(write, sql)
}

fn returning(write: &Write, mut sql: Builder) -> Result<Statement> {
    let (output, columns) = returned(write)?;
    sql.push(" RETURNING ");
    outputs(&mut sql, &write.resource, &output, shown(write))?;
    Ok(sql.finish(columns, false))
}

/// The reply's columns, then those of `Location` and of the rules to verify, which are not shown.
fn returned(write: &Write) -> Result<(Vec<Output>, Vec<Column>)> {
    let resource = &write.resource;
    let mut output = match write.returns {
        Return::Representation => write.output.clone(),
        Return::Minimal | Return::HeadersOnly => Vec::new(),
    };
    let mut columns = columns(resource, &output, shown(write), true)?;
    if matches!(write.action, Action::Create { .. }) && !resource.key.is_empty() {
        add(resource, &resource.key, true, &mut output, &mut columns)?;
    }
    if write.verify {
        let every: Vec<usize> = (0..resource.fields.len()).collect();
        add(resource, &every, false, &mut output, &mut columns)?;
    }
    Ok((output, columns))
}

/// The related rows that the reply shows.
fn shown(write: &Write) -> &[Arc<Embed>] {
    match write.returns {
        Return::Representation => &write.embeds,
        Return::Minimal | Return::HeadersOnly => &[],
    }
}

fn add(
    resource: &Resource,
    fields: &[usize],
    key: bool,
    output: &mut Vec<Output>,
    columns: &mut Vec<Column>,
) -> Result<()> {
    for index in fields {
        let field = condition::field(resource, *index)?;
        output.push(Output {
            field: *index,
            label: field.name.clone(),
        });
        columns.push(Column {
            label: field.name.clone(),
            form: form(field),
            shown: false,
            key,
        });
    }
    Ok(())
}

fn insert_head(write: &Write, fields: &[(usize, Bind)]) -> Result<Builder> {
    let mut sql = Builder::default();
    sql.push("INSERT INTO ").table(&write.resource.table).push(" AS t");
    for (number, (index, _)) in fields.iter().enumerate() {
        sql.push(if number == 0 { " (" } else { ", " })
            .name(&condition::field(&write.resource, *index)?.name);
    }
    if !fields.is_empty() {
        sql.push(")");
    }
    Ok(sql)
}

fn insert_one(write: &Write, row: &Row) -> Result<Statement> {
    let mut sql = insert_head(write, &row.values)?;
    if row.values.is_empty() {
        sql.push(" DEFAULT VALUES");
    }
    for (number, (index, bind)) in row.values.iter().enumerate() {
        let field = condition::field(&write.resource, *index)?;
        sql.push(if number == 0 { " VALUES (" } else { ", " })
            .bind(bind.clone(), &input_cast(&field.pg_type));
    }
    if !row.values.is_empty() {
        sql.push(")");
    }
    returning(write, sql)
}

/// Runs of neighbouring rows that set the same fields: each is one statement, and absent fields take their default.
fn same_fields(rows: &[Row]) -> impl Iterator<Item = &[Row]> {
    rows.chunk_by(|a, b| a.values.len() == b.values.len() && a.values.iter().zip(&b.values).all(|(x, y)| x.0 == y.0))
}

/// All rows of a run travel as one JSON bind, so the statement's text depends on their fields alone.
fn insert_many(write: &Write, run: &[Row]) -> Result<Statement> {
    let fields = run.first().map_or(&[][..], |row| &row.values);
    if fields.is_empty() {
        // Rows of defaults alone: a list of one such row stands for each of them.
        let mut sql = insert_head(write, fields)?;
        sql.push(" SELECT FROM generate_series(1, ")
            .bind(Bind::Text(run.len().to_string()), "::int8")
            .push(")");
        return returning(write, sql);
    }
    let mut sql = insert_head(write, fields)?;
    for (number, (index, _)) in fields.iter().enumerate() {
        sql.push(if number == 0 { " SELECT " } else { ", " })
            .push("x.")
            .name(&condition::field(&write.resource, *index)?.name);
    }
    sql.push(" FROM json_to_recordset(")
        .bind(Bind::Json(recordset(write, run)?), "::json")
        .push(") AS x(");
    for (number, (index, _)) in fields.iter().enumerate() {
        let field = condition::field(&write.resource, *index)?;
        sql.push(if number == 0 { "" } else { ", " })
            .name(&field.name)
            .push(" ")
            .push(&field.pg_type.sql);
    }
    sql.push(")");
    returning(write, sql)
}

/// `[{"a":"1","meta":{}}]`: every value as Postgres's text, JSON columns as JSON.
fn recordset(write: &Write, run: &[Row]) -> Result<String> {
    let mut text = String::from("[");
    for (number, row) in run.iter().enumerate() {
        text.push_str(if number == 0 { "{" } else { ",{" });
        for (at, (index, bind)) in row.values.iter().enumerate() {
            if at > 0 {
                text.push(',');
            }
            quote(&condition::field(&write.resource, *index)?.name, &mut text)?;
            text.push(':');
            match bind {
                Bind::Null => text.push_str("null"),
                Bind::Text(value) => quote(value, &mut text)?,
                Bind::Json(value) => text.push_str(value),
            }
        }
        text.push('}');
    }
    text.push(']');
    Ok(text)
}

fn quote(value: &str, text: &mut String) -> Result<()> {
    text.push_str(&serde_json::to_string(value).map_err(Error::internal)?);
    Ok(())
}
