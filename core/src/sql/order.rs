//! Orders as SQL: `ORDER BY`, and the values by which a cursor finds its place again.

use super::statement::{Builder, Column, Form};
use super::{condition, embed, nearest, output};
use crate::catalog::PgType;
use crate::contract::Resource;
use crate::error::{Error, Result};
use crate::plan::{By, Order, Output};
use crate::request::Nulls;

/// ` ORDER BY …`; nothing without terms. `before` columns stand before those of the reply, `outputs`. A list that goes
/// backward comes last row first.
pub(super) fn write(
    sql: &mut Builder,
    resource: &Resource,
    terms: &[Order],
    outputs: &[Output],
    before: usize,
    backward: bool,
) -> Result<()> {
    for (index, order) in terms.iter().enumerate() {
        sql.push(if index == 0 { " ORDER BY " } else { ", " });
        match &order.by {
            By::Output(place) => {
                let column = outputs
                    .get(*place)
                    .ok_or_else(|| Error::internal("an order by no column"))?;
                if !output::bare(sql, resource, column)? {
                    sql.push(&(place + 1 + before).to_string());
                }
            }
            By::Nearest(_) => nearest::distance(sql),
            // What is compared would hide an index on the column, and orders the same.
            By::Own(subject) if subject.path.is_empty() => _ = condition::expression(sql, resource, subject)?,
            By::Own(_) | By::Related(..) => _ = compared(sql, resource, &order.by)?,
        }
        direction(sql, order, backward);
    }
    Ok(())
}

fn direction(sql: &mut Builder, order: &Order, backward: bool) {
    let nulls = match (order.nulls, backward) {
        (None, _) => "",
        (Some(Nulls::First), false) | (Some(Nulls::Last), true) => " NULLS FIRST",
        (Some(_), _) => " NULLS LAST",
    };
    sql.push(if order.descending == backward { "" } else { " DESC" })
        .push(nulls);
}

/// What orders, as columns behind others.
pub(super) fn columns(sql: &mut Builder, resource: &Resource, terms: &[Order]) -> Result<()> {
    for order in terms {
        compared(sql.push(", "), resource, &order.by)?;
    }
    Ok(())
}

/// ` ORDER BY …` these columns, which are called `o0`, `o1` ….
pub(super) fn by_columns(sql: &mut Builder, terms: &[Order]) {
    for (index, order) in terms.iter().enumerate() {
        sql.push(if index == 0 { " ORDER BY o" } else { ", o" })
            .push(&index.to_string());
        direction(sql, order, false);
    }
}

/// The order's values as columns, in a form that Postgres reads again as the very same. `behind`: whether others stand
/// before `columns`.
pub(super) fn values(
    sql: &mut Builder,
    resource: &Resource,
    terms: &[Order],
    columns: &mut Vec<Column>,
    behind: bool,
) -> Result<()> {
    for order in terms {
        sql.push(if behind || !columns.is_empty() { ", " } else { "" });
        match &order.by {
            By::Own(subject) => _ = condition::expression(sql, resource, subject)?,
            By::Related(related, subject) => _ = embed::column(sql, related, subject)?,
            By::Output(_) | By::Nearest(_) => return Err(no_cursor()),
        }
        sql.push("::text AS c").push(&columns.len().to_string());
        columns.push(Column {
            label: String::new(),
            form: Form::Text,
            shown: false,
            key: false,
        });
    }
    Ok(())
}

/// What orders, in a form that can be compared, with its type.
pub(super) fn compared(sql: &mut Builder, resource: &Resource, by: &By) -> Result<PgType> {
    match by {
        By::Own(subject) => condition::compared(sql, resource, subject),
        By::Related(related, subject) => embed::column(sql, related, subject),
        By::Output(_) | By::Nearest(_) => Err(no_cursor()),
    }
}

/// Whether what orders may be null.
pub(super) fn nullable(resource: &Resource, by: &By) -> Result<bool> {
    Ok(match by {
        By::Own(subject) => !subject.path.is_empty() || condition::field(resource, subject.field)?.nullable,
        By::Related(..) | By::Output(_) | By::Nearest(_) => true,
    })
}

fn no_cursor() -> Error {
    Error::internal("groups and distances have no cursors")
}
