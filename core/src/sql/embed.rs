//! Embeds as SQL: a subquery in the list of columns, so that related rows are looked up for the rows of the page alone,
//! and after a write as well as in a read.

use super::statement::{Builder, Form};
use super::{condition, nearest, order, output as columns_of, read};
use crate::catalog::PgType;
use crate::contract::{Join, Leg};
use crate::error::Result;
use crate::plan::{Embed, Read, Subject};
use crate::validate::Bind;

/// The related rows as a record, or as an array of records.
pub(super) fn output(sql: &mut Builder, embed: &Embed) -> Result<()> {
    sql.push(if embed.way.many { "ARRAY(" } else { "(" });
    let around = sql.enter();
    let grouped = embed.grouped();
    if grouped {
        // Groups are named by their places, which a record does not have.
        sql.push("SELECT ROW(");
        for number in 0..embed.output.len() {
            sql.push(if number == 0 { "g.c" } else { ", g.c" })
                .push(&number.to_string());
        }
        sql.push(") FROM (SELECT ");
        columns_of::named(sql, &embed.way.target, &embed.output)?;
    } else {
        sql.push("SELECT ROW(");
        read::outputs(sql, &embed.way.target, &embed.output)?;
        sql.push(")");
    }
    sql.push(" FROM ");
    related(sql, embed, &around)?;
    if grouped {
        read::group_by(sql, &embed.way.target, &embed.output, 0)?;
    }
    if embed.way.many {
        order::write(sql, &embed.way.target, &embed.order, &embed.output, 0, false)?;
        sql.push(" LIMIT ").bind(Bind::Text(embed.limit.to_string()), "::int8");
        if embed.offset > 0 {
            sql.push(" OFFSET ")
                .bind(Bind::Text(embed.offset.to_string()), "::int8");
        }
    } else {
        sql.push(" LIMIT 1");
    }
    sql.push(if grouped { ") AS g" } else { "" });
    sql.leave(around);
    sql.push(")");
    Ok(())
}

/// How they become JSON.
pub(super) fn form(embed: &Embed) -> Result<Form> {
    let columns = columns_of::columns(&embed.way.target, &embed.output, true)?;
    let form = if embed.way.many {
        Form::Records(columns)
    } else {
        Form::Record(columns)
    };
    Ok(if embed.spread {
        Form::Spread(Box::new(form))
    } else {
        form
    })
}

/// Whether there are any.
pub(super) fn exists(sql: &mut Builder, embed: &Embed) -> Result<()> {
    sql.push("EXISTS (SELECT FROM ");
    let around = sql.enter();
    match &embed.way.join {
        Join::Through { table, near, far } => {
            // A join, as no row is counted here: the planner can begin at either end, which it cannot behind a second EXISTS.
            let (row, between) = between(sql);
            sql.table(&embed.way.target.table).push(" AS ").push(&row).push(", ");
            sql.table(&table.table).push(" AS ").push(&between).push(" WHERE ");
            equal(sql, near, outside(&around), &between);
            sql.push(" AND ");
            equal(sql, far, &between, &row);
            sql.push(" AND ");
            condition::write(sql, &embed.way.target, &embed.condition)?;
        }
        Join::Out(_) | Join::In(_) | Join::Computed { .. } => related(sql, embed, &around)?,
    }
    sql.leave(around);
    sql.push(")");
    Ok(())
}

/// Whether a function finds any of the rows that a read is about, shown or not.
pub(super) fn computes(read: &Read) -> bool {
    let embeds = read.reach().embeds();
    embeds
        .iter()
        .any(|embed| matches!(embed.way.join, Join::Computed { .. }))
}

/// The names of the related row and of the one between.
fn between(sql: &mut Builder) -> (String, String) {
    let row = sql.row().to_owned();
    let here = sql.enter();
    let between = sql.row().to_owned();
    sql.leave(here);
    (row, between)
}

/// What the row around is called.
fn outside(around: &str) -> &str {
    if around.is_empty() { "t" } else { around }
}

/// A column of the single related row, or a place inside of it, in a form that can be compared; gives its type.
pub(super) fn column(sql: &mut Builder, embed: &Embed, subject: &Subject) -> Result<PgType> {
    sql.push("(SELECT ");
    let around = sql.enter();
    let pg_type = condition::compared(sql, &embed.way.target, subject)?;
    sql.push(" FROM ");
    related(sql, embed, &around)?;
    sql.leave(around);
    sql.push(" LIMIT 1)");
    Ok(pg_type)
}

/// `table AS e1 WHERE …`: the rows that belong to the row called `around`.
fn related(sql: &mut Builder, embed: &Embed, around: &str) -> Result<()> {
    let around = outside(around);
    let row = sql.row().to_owned();
    if let Join::Computed { function, .. } = &embed.way.join {
        sql.table(function).push("(").push(around);
        if around == "t" && sql.within {
            sql.push(".").name(nearest::ROW);
        }
        sql.push(")");
    } else {
        sql.table(&embed.way.target.table);
    }
    sql.push(" AS ").push(&row).push(" WHERE ");
    match &embed.way.join {
        Join::Out(leg) | Join::In(leg) => equal(sql, leg, around, &row),
        Join::Computed { .. } if embed.way.many => _ = sql.push("true"),
        // A function that gives no set gives a row of nulls where it finds none.
        Join::Computed { .. } => _ = sql.push("NOT (").push(&row).push(" IS NULL)"),
        Join::Through { table, near, far } => {
            // Not a join: a row that is related twice still comes once.
            sql.push("EXISTS (SELECT FROM ");
            let (_, between) = between(sql);
            sql.table(&table.table).push(" AS ").push(&between).push(" WHERE ");
            equal(sql, near, around, &between);
            sql.push(" AND ");
            equal(sql, far, &between, &row);
            sql.push(")");
        }
    }
    sql.push(" AND ");
    condition::write(sql, &embed.way.target, &embed.condition)
}

fn equal(sql: &mut Builder, leg: &Leg, from: &str, to: &str) {
    for (number, (begin, end)) in leg.on.iter().enumerate() {
        sql.push(if number == 0 { "" } else { " AND " });
        sql.push(from).push(".").name(begin).push(" = ");
        sql.push(to).push(".").name(end);
    }
}
