//! Reads as SQL.

use super::statement::{Builder, Column, Form, Statement};
use super::{condition, output as column_of};
use crate::contract::Resource;
use crate::error::{Error, Result};
use crate::plan::{Output, Read};
use crate::request::{Count, Nulls};
use crate::validate::Bind;

pub(super) use super::output::columns;

/// The statement of a read.
///
/// # Errors
/// `internal` for a plan that does not fit its resource.
pub fn statement(read: &Read) -> Result<Statement> {
    let mut sql = Builder::default();
    let resource = &read.resource;
    let counted = matches!(read.count, Some(Count::Exact | Count::Estimated));
    // Columns that stand before those of the reply.
    let before = usize::from(counted);
    if counted {
        // One statement, one moment: the count stands beside each row, and comes even if the page is empty.
        sql.push("SELECT total.n, page.* FROM (SELECT count(*) AS n FROM ");
        total(&mut sql, read)?;
        sql.push(") AS total LEFT JOIN LATERAL (SELECT true AS present");
        for (number, column) in read.output.iter().enumerate() {
            column_of::write(sql.push(", "), resource, column)?;
            sql.push(" AS c").push(&number.to_string());
        }
    } else {
        sql.push("SELECT ");
        outputs(&mut sql, resource, &read.output)?;
    }
    from(&mut sql, read, before)?;
    for (index, order) in read.order.iter().enumerate() {
        sql.push(if index == 0 { " ORDER BY " } else { ", " });
        match order.output {
            Some(place) => _ = sql.push(&(place + 1 + before).to_string()),
            None if order.subject.path.is_empty() => {
                _ = condition::expression(&mut sql, resource, &order.subject)?;
            }
            None => _ = condition::compared(&mut sql, resource, &order.subject)?,
        }
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
    if counted {
        sql.push(") AS page ON true");
    }
    let columns = columns(resource, &read.output, true)?;
    Ok(sql.finish(columns, counted))
}

/// ` FROM … WHERE … GROUP BY …`. Groups are named by their places, as a path's keys are binds, and two binds are never
/// known to be the same.
fn from(sql: &mut Builder, read: &Read, before: usize) -> Result<()> {
    sql.push(" FROM ").table(&read.resource.table).push(" AS t WHERE ");
    condition::write(sql, &read.resource, &read.condition)?;
    if !read.output.iter().any(Output::is_aggregate) {
        return Ok(());
    }
    let mut word = " GROUP BY ";
    for (place, column) in read.output.iter().enumerate() {
        if !column.is_aggregate() {
            sql.push(word).push(&(place + 1 + before).to_string());
            word = ", ";
        }
    }
    Ok(())
}

/// What is counted: all rows that match, or all groups of them.
fn total(sql: &mut Builder, read: &Read) -> Result<()> {
    let estimated = read.count == Some(Count::Estimated);
    let grouped = read.output.iter().any(Output::is_aggregate);
    if !estimated && !grouped {
        sql.table(&read.resource.table).push(" AS t WHERE ");
        return condition::write(sql, &read.resource, &read.condition);
    }
    matching(sql.push("("), read)?;
    if estimated {
        let enough = u64::from(read.resource.page.max) + 1;
        sql.push(" LIMIT ").bind(Bind::Text(enough.to_string()), "::int8");
    }
    sql.push(") AS matching");
    Ok(())
}

/// All rows or groups that match, whatever page is asked for.
fn matching(sql: &mut Builder, read: &Read) -> Result<()> {
    sql.push("SELECT ");
    if read.output.iter().any(Output::is_aggregate) {
        for (number, column) in read.output.iter().enumerate() {
            column_of::write(sql.push(if number == 0 { "" } else { ", " }), &read.resource, column)?;
            sql.push(" AS c").push(&number.to_string());
        }
    }
    from(sql, read, 0)
}

/// Asks the planner how many rows match; its answer is read by [`planned_rows`].
///
/// # Errors
/// As [`statement`].
pub fn planned(read: &Read) -> Result<Statement> {
    let mut sql = Builder::default();
    matching(sql.push("EXPLAIN (FORMAT JSON) "), read)?;
    let columns = vec![Column {
        label: "plan".to_owned(),
        form: Form::Json,
        shown: true,
        key: false,
    }];
    Ok(sql.finish(columns, false))
}

/// The rows that the planner reckons with, from the reply to [`planned`].
///
/// # Errors
/// `internal` for a reply without them.
pub fn planned_rows(reply: &str) -> Result<u64> {
    let plan: serde_json::Value = serde_json::from_str(reply).map_err(Error::internal)?;
    let rows = plan
        .pointer("/plan/0/Plan/Plan Rows")
        .and_then(serde_json::Value::as_u64);
    rows.ok_or_else(|| Error::internal("a plan without a number of rows"))
}

/// The list of output columns; `1` when there are none, as Postgres wants at least one to count rows by.
pub(super) fn outputs(sql: &mut Builder, resource: &Resource, output: &[Output]) -> Result<()> {
    if output.is_empty() {
        sql.push("1");
    }
    for (index, column) in output.iter().enumerate() {
        column_of::write(sql.push(if index == 0 { "" } else { ", " }), resource, column)?;
    }
    Ok(())
}
