//! Reads as SQL.

use super::statement::{Builder, Column, Form, Paged, Statement, Tag, form};
use super::{condition, keyset};
use crate::contract::Resource;
use crate::error::Result;
use crate::plan::{Output, Page, Read};
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
    let mut columns = columns(resource, &output, true)?;
    let from = columns.len();
    if read.binding.is_some() {
        order_values(&mut sql, read, &mut columns)?;
    }
    sql.push(" FROM ").table(&resource.table).push(" AS t WHERE ");
    condition::write(&mut sql, resource, &read.condition)?;
    let mut backward = false;
    if let Page::After(cursor) = &read.page {
        keyset::write(sql.push(" AND "), resource, &read.order, cursor)?;
        backward = cursor.backward;
    }
    order_by(&mut sql, read, backward)?;
    let paged = read
        .limit
        .filter(|_| read.binding.is_some())
        .map(|limit| Paged { limit, from, backward });
    if let Some(limit) = read.limit {
        let fetched = limit.saturating_add(u64::from(paged.is_some()));
        sql.push(" LIMIT ").bind(Bind::Text(fetched.to_string()), "::int8");
    }
    if let Page::Offset(offset @ 1..) = read.page {
        sql.push(" OFFSET ").bind(Bind::Text(offset.to_string()), "::int8");
    }
    if read.count {
        sql.push(") AS page ON true");
    }
    let mut statement = Statement {
        paged,
        ..sql.finish(columns, read.count)
    };
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

/// The order's values in a form that Postgres reads again as the very same.
fn order_values(sql: &mut Builder, read: &Read, columns: &mut Vec<Column>) -> Result<()> {
    for order in &read.order {
        sql.push(", ")
            .column(condition::field(&read.resource, order.field)?)
            .push("::text AS c")
            .push(&columns.len().to_string());
        columns.push(Column {
            label: String::new(),
            form: Form::Text,
            shown: false,
            key: false,
        });
    }
    Ok(())
}

fn order_by(sql: &mut Builder, read: &Read, backward: bool) -> Result<()> {
    for (index, order) in read.order.iter().enumerate() {
        let field = condition::field(&read.resource, order.field)?;
        sql.push(if index == 0 { " ORDER BY " } else { ", " }).column(field);
        let nulls = match (order.nulls, backward) {
            (None, _) => "",
            (Some(Nulls::First), false) | (Some(Nulls::Last), true) => " NULLS FIRST",
            (Some(_), _) => " NULLS LAST",
        };
        sql.push(if order.descending == backward { "" } else { " DESC" })
            .push(nulls);
    }
    Ok(())
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
