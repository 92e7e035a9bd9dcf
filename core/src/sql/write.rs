//! Writes as SQL.

use super::output::columns;
use super::read::{is_whole, outputs};
use super::statement::{Builder, Column, Statement, Tag, form, input_cast};
use super::{condition, order};
use crate::contract::Resource;
use crate::error::{Error, Result};
use crate::plan::output::every;
use crate::plan::{Action, Conflict, Output, Write};
use crate::request::{Resolution, Return};
use crate::validate::{Bind, Row};

/// The key of the row that the transaction merged last. A row's own `xmax` would tell whether it is new, too, but not in
/// partitioned tables; a count of merges would not, where a trigger keeps a row as it is.
const MERGED: &str = "windlass.merged";

/// The statements of a write, to be run in one transaction when there are several.
///
/// # Errors
/// `internal` for a plan that does not fit its resource.
pub fn statements(write: &Write) -> Result<Vec<Statement>> {
    match &write.action {
        Action::Create {
            rows,
            many: false,
            conflict,
        } => rows
            .iter()
            .map(|row| insert_one(write, row, conflict.as_ref()))
            .collect(),
        Action::Create {
            rows,
            many: true,
            conflict,
        } => same_fields(rows)
            .map(|run| insert_many(write, run, conflict.as_ref()))
            .collect(),
        Action::Put(condition, row) => Ok(vec![put(write, condition, row)?]),
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
                if write.resource.key.contains(&index) || write.resource.tenant == Some(index) {
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
    outputs(&mut sql, &write.resource, &output)?;
    sql.push(" FROM ").table(&write.resource.table).push(" AS t WHERE ");
    condition::write(&mut sql, &write.resource, condition)?;
    let mut statement = sql.finish(columns, false);
    statement.tag = tag(write);
    Ok(statement)
}

fn tail(write: &Write, mut sql: Builder, condition: &crate::plan::Condition) -> Result<Statement> {
    sql.push(" WHERE ");
    condition::write(&mut sql, &write.resource, condition)?;
    returning(write, sql)
}

fn returning(write: &Write, mut sql: Builder) -> Result<Statement> {
    let (output, columns) = returned(write)?;
    sql.push(" RETURNING ");
    outputs(&mut sql, &write.resource, &output)?;
    let marked = met_by(write);
    if let Some(key) = &marked {
        sql.push(", COALESCE(pg_catalog.current_setting('")
            .push(MERGED)
            .push("', true) = ");
        row_of(write, &mut sql, key)?;
        sql.push(", false)");
    }
    let marked = marked.is_some();
    if !write.order.is_empty() {
        ordered(write, &mut sql, output.len().max(1) + usize::from(marked))?;
    }
    let mut statement = sql.finish(columns, false);
    statement.marked = marked;
    statement.tag = tag(write);
    Ok(statement)
}

/// Puts what is returned in order: a statement that writes has none itself. `returned` columns are those before the order's.
fn ordered(write: &Write, sql: &mut Builder, returned: usize) -> Result<()> {
    order::columns(sql, &write.resource, &write.order)?;
    let listed = |letter: &str, count: usize| (0..count).map(|number| format!("{letter}{number}")).collect::<Vec<_>>();
    let columns = listed("c", returned);
    let all = [columns.as_slice(), &listed("o", write.order.len())].concat();
    sql.text
        .insert_str(0, &format!("WITH written({}) AS (", all.join(", ")));
    sql.push(") SELECT ").push(&columns.join(", ")).push(" FROM written");
    order::by_columns(sql, &write.order);
    Ok(())
}

/// The key by which a row that is there already is met, where a row may be new or not.
fn met_by(write: &Write) -> Option<Vec<usize>> {
    match &write.action {
        Action::Create { conflict, .. } => conflict
            .as_ref()
            .filter(|conflict| conflict.resolution == Resolution::Merge)
            .map(|conflict| conflict.fields.clone()),
        Action::Put(..) => Some(write.resource.stored_key()),
        _ => None,
    }
}

/// The values of these columns in the table's row, as one text.
fn row_of(write: &Write, sql: &mut Builder, key: &[usize]) -> Result<()> {
    for (number, index) in key.iter().enumerate() {
        sql.push(if number == 0 { "ROW(" } else { ", " })
            .column(condition::field(&write.resource, *index)?);
    }
    sql.push(")::text");
    Ok(())
}

fn tag(write: &Write) -> Tag {
    let shown = matches!(write.returns, Return::Representation);
    match write.tag {
        false => Tag::None,
        true if shown && is_whole(&write.resource, &write.output) => Tag::Shown,
        true => Tag::Hidden,
    }
}

/// The row that a write is about, as it is, locked until the write ends; `None` for a write without preconditions, and
/// for a `DELETE`, which returns the row itself and may be undone.
///
/// # Errors
/// `internal` for a plan that does not fit its resource.
pub fn current(write: &Write) -> Result<Option<Statement>> {
    let Some(condition) = write.about().filter(|_| !write.conditions.is_empty()) else {
        return Ok(None);
    };
    let resource = &write.resource;
    let mut sql = Builder::default();
    let output: Vec<Output> = every(resource).collect();
    sql.push("SELECT ");
    // Without the right to read there are no tags to compare, and whether the row is there is all that is asked.
    let columns = if write.conditions.names_tags() {
        outputs(&mut sql, resource, &output)?;
        columns(resource, &output, true)?
    } else {
        sql.push("1");
        Vec::new()
    };
    sql.push(" FROM ").table(&resource.table).push(" AS t WHERE ");
    condition::write(&mut sql, resource, condition)?;
    sql.push(" FOR NO KEY UPDATE");
    let mut statement = sql.finish(columns, false);
    statement.tag = if write.conditions.names_tags() {
        Tag::Shown
    } else {
        Tag::None
    };
    Ok(Some(statement))
}

/// `ON CONFLICT …`: `set` are the fields that a row which is there already takes over.
fn on_conflict(
    write: &Write,
    sql: &mut Builder,
    key: &[usize],
    resolution: Resolution,
    set: &[(usize, bool)],
) -> Result<()> {
    for (number, index) in key.iter().enumerate() {
        sql.push(if number == 0 { " ON CONFLICT (" } else { ", " })
            .name(&condition::field(&write.resource, *index)?.name);
    }
    if resolution == Resolution::Ignore {
        sql.push(") DO NOTHING");
        return Ok(());
    }
    sql.push(") DO UPDATE SET ");
    // Nothing but the key: it is set to what it is, so that the row is returned like any other.
    let same: Vec<(usize, bool)> = key.iter().take(1).map(|index| (*index, true)).collect();
    for (number, (index, given)) in (if set.is_empty() { &same[..] } else { set }).iter().enumerate() {
        let name = &condition::field(&write.resource, *index)?.name;
        sql.push(if number == 0 { "" } else { ", " }).name(name).push(" = ");
        if key.contains(index) {
            sql.push("t.").name(name);
        } else if *given {
            sql.push("EXCLUDED.").name(name);
        } else {
            sql.push("DEFAULT");
        }
    }
    // True for every row; it is asked once for each that is merged, under its lock.
    sql.push(" WHERE pg_catalog.set_config('").push(MERGED).push("', ");
    row_of(write, sql, key)?;
    sql.push(", true) IS NOT NULL");
    Ok(())
}

fn resolve(write: &Write, sql: &mut Builder, conflict: Option<&Conflict>, fields: &[(usize, Bind)]) -> Result<()> {
    let Some(conflict) = conflict else { return Ok(()) };
    let set: Vec<(usize, bool)> = fields
        .iter()
        .filter(|(index, _)| !conflict.fields.contains(index))
        .map(|(index, _)| (*index, true))
        .collect();
    on_conflict(write, sql, &conflict.fields, conflict.resolution, &set)
}

/// One row under the path's key: created, or replaced as [`Action::Replace`] does.
fn put(write: &Write, about: &crate::plan::Condition, row: &Row) -> Result<Statement> {
    let resource = &write.resource;
    let mut values: Vec<(usize, Bind)> = Vec::new();
    if let crate::plan::Condition::All(parts) = about {
        for part in parts {
            if let crate::plan::Condition::Compare(index, _, value) = part {
                values.push((index.field, Bind::Text(value.clone())));
            }
        }
    }
    let rest = row.values.iter().filter(|(index, _)| !resource.key.contains(index));
    values.extend(rest.cloned());
    let key = resource.stored_key();
    let mut sql = values_of(write, &values)?;
    let writable = resource.fields.iter().enumerate().filter(|(_, field)| !field.read_only);
    let set: Vec<(usize, bool)> = writable
        .filter(|(index, _)| !key.contains(index))
        .map(|(index, _)| (index, values.iter().any(|(known, _)| *known == index)))
        .collect();
    on_conflict(write, &mut sql, &key, Resolution::Merge, &set)?;
    returning(write, sql)
}

/// The reply's columns, then those of `Location` and of the rules to verify, which are not shown.
fn returned(write: &Write) -> Result<(Vec<Output>, Vec<Column>)> {
    let resource = &write.resource;
    let shown = matches!(write.returns, Return::Representation);
    let mut output = if shown { write.output.clone() } else { Vec::new() };
    let mut columns = columns(resource, &output, true)?;
    if matches!(write.action, Action::Create { .. } | Action::Put(..)) && !resource.key.is_empty() {
        add(resource, &resource.key, true, &mut output, &mut columns)?;
    }
    if write.verify || tag(write) == Tag::Hidden {
        let every: Vec<usize> = (0..resource.fields.len()).collect();
        add(resource, &every, false, &mut output, &mut columns)?;
    }
    Ok((output, columns))
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
        output.push(Output::plain(*index, field.name.clone()));
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

fn insert_one(write: &Write, row: &Row, conflict: Option<&Conflict>) -> Result<Statement> {
    let mut sql = values_of(write, &row.values)?;
    resolve(write, &mut sql, conflict, &row.values)?;
    returning(write, sql)
}

/// `INSERT … VALUES (…)` of one row.
fn values_of(write: &Write, values: &[(usize, Bind)]) -> Result<Builder> {
    let mut sql = insert_head(write, values)?;
    if values.is_empty() {
        sql.push(" DEFAULT VALUES");
    }
    for (number, (index, bind)) in values.iter().enumerate() {
        let field = condition::field(&write.resource, *index)?;
        sql.push(if number == 0 { " VALUES (" } else { ", " })
            .bind(bind.clone(), &input_cast(&field.pg_type));
    }
    if !values.is_empty() {
        sql.push(")");
    }
    Ok(sql)
}

/// Runs of neighbouring rows that set the same fields: each is one statement, and absent fields take their default.
fn same_fields(rows: &[Row]) -> impl Iterator<Item = &[Row]> {
    rows.chunk_by(Row::sets_same)
}

/// All rows of a run travel as one JSON bind, so the statement's text depends on their fields alone.
fn insert_many(write: &Write, run: &[Row], conflict: Option<&Conflict>) -> Result<Statement> {
    let fields = run.first().map_or(&[][..], |row| &row.values);
    if fields.is_empty() {
        // Rows of defaults alone: a list of one such row stands for each of them.
        let mut sql = insert_head(write, fields)?;
        sql.push(" SELECT FROM generate_series(1, ")
            .bind(Bind::Text(run.len().to_string()), "::int8")
            .push(")");
        resolve(write, &mut sql, conflict, fields)?;
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
    resolve(write, &mut sql, conflict, fields)?;
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
