//! Reads as SQL.

use super::condition;
use super::statement::{Builder, Column, Statement, Tag, form};
use crate::contract::Resource;
use crate::error::Result;
use crate::plan::{Output, Read};
use crate::request::Nulls;
use crate::validate::Bind;

/// The statement of a read.
///
/// # Errors
/// `internal` for a plan that does not fit its resource.
pub fn statement(read: &Read) -> Result<Statement> {
    let mut sql = Builder::default();
    let resource = &read.resource;
    // One row by its key has a tag, whatever of it is asked for.
    let item = read.limit.is_none();
    let whole = is_whole(resource, &read.output);
    let mut output = read.output.clone();
    if item && !whole {
        output.extend(every(resource));
    }
    if read.count {
        // One statement, one moment: the count stands beside each row, and comes even if the page is empty.
        sql.push("SELECT total.n, page.* FROM (SELECT count(*) AS n FROM ")
            .table(&resource.table)
            .push(" AS t WHERE ");
        condition::write(&mut sql, resource, &read.condition)?;
        sql.push(") AS total LEFT JOIN LATERAL (SELECT true AS present");
        for (number, output) in read.output.iter().enumerate() {
            sql.push(", ")
                .output(condition::field(resource, output.field)?)
                .push(" AS c")
                .push(&number.to_string());
        }
    } else {
        sql.push("SELECT ");
        outputs(&mut sql, resource, &output)?;
    }
    sql.push(" FROM ").table(&resource.table).push(" AS t WHERE ");
    condition::write(&mut sql, resource, &read.condition)?;
    for (index, order) in read.order.iter().enumerate() {
        let field = condition::field(resource, order.field)?;
        sql.push(if index == 0 { " ORDER BY " } else { ", " }).column(field);
        sql.push(if order.descending { " DESC" } else { "" })
            .push(match order.nulls {
                Some(Nulls::First) => " NULLS FIRST",
                Some(Nulls::Last) => " NULLS LAST",
                None => "",
            });
    }
    if let Some(limit) = read.limit {
        sql.push(" LIMIT ").bind(Bind::Text(limit.to_string()), "::int8");
    }
    if read.offset > 0 {
        sql.push(" OFFSET ").bind(Bind::Text(read.offset.to_string()), "::int8");
    }
    if read.count {
        sql.push(") AS page ON true");
    }
    let columns = columns(resource, &output, true)?;
    let mut statement = sql.finish(columns, read.count);
    if item {
        let shown = read.output.len();
        hide(&mut statement, shown, whole);
    }
    Ok(statement)
}

/// Whether an output is every field, in order and under its own name.
pub(super) fn is_whole(resource: &Resource, output: &[Output]) -> bool {
    output.len() == resource.fields.len()
        && output
            .iter()
            .zip(resource.fields.iter().enumerate())
            .all(|(column, (index, field))| column.field == index && column.label == field.name)
}

/// Every field under its own name.
pub(super) fn every(resource: &Resource) -> Vec<Output> {
    let fields = resource.fields.iter().enumerate();
    fields
        .map(|(field, known)| Output {
            field,
            label: known.name.clone(),
        })
        .collect()
}

/// The tag is made from what is shown, or from the columns that follow it.
fn hide(statement: &mut Statement, shown: usize, whole: bool) {
    statement.tag = if whole { Tag::Shown } else { Tag::Hidden };
    for column in statement.columns.iter_mut().skip(shown) {
        column.shown = false;
    }
}

/// The list of output columns; `1` when there are none, as Postgres wants at least one to count rows by.
pub(super) fn outputs(sql: &mut Builder, resource: &Resource, output: &[Output]) -> Result<()> {
    if output.is_empty() {
        sql.push("1");
    }
    for (index, column) in output.iter().enumerate() {
        if index > 0 {
            sql.push(", ");
        }
        sql.output(condition::field(resource, column.field)?);
    }
    Ok(())
}

pub(super) fn columns(resource: &Resource, output: &[Output], shown: bool) -> Result<Vec<Column>> {
    output
        .iter()
        .map(|column| {
            let field = condition::field(resource, column.field)?;
            Ok(Column {
                label: column.label.clone(),
                form: form(field),
                shown,
                key: false,
            })
        })
        .collect()
}
