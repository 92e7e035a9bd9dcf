//! Reads as SQL.

use super::statement::{Builder, Column, Form, Paged, Statement, Tag};
use super::{condition, embed, keyset, nearest, order, output};
use crate::contract::Resource;
use crate::error::{Error, Result};
use crate::plan::output::every;
use crate::plan::{Output, Page, Read, Value};
use crate::request::Count;
use crate::validate::Bind;

/// The statement of a read.
///
/// # Errors
/// `internal` for a plan that does not fit its resource.
pub fn statement(read: &Read) -> Result<Statement> {
    let mut sql = Builder::default();
    let resource = &read.resource;
    // One row by its key has a tag, whatever of it is asked for.
    let tagged = read.tagged();
    let whole = is_whole(resource, &read.output);
    let mut columns_of = read.output.clone();
    if tagged && !whole {
        columns_of.extend(every(resource));
    }
    let counted = matches!(read.count, Some(Count::Exact | Count::Estimated));
    let beside = counted || read.run;
    let nearest = read.nearest();
    let shown_distance = nearest.and_then(|nearest| nearest.label.as_ref());
    // Columns that stand before those of the reply.
    let before = usize::from(beside);
    if beside {
        // One statement, one moment: the count stands beside each row, and comes even if the page is empty.
        sql.push(if counted { "SELECT total.n" } else { "SELECT ran.n" });
        sql.push(", page.* FROM ");
        if read.run {
            // Postgres leaves out what no row could come of: all that the function gives is counted, whatever is asked of it.
            sql.push("(SELECT count(*) AS n FROM ")
                .table(&resource.table)
                .push(") AS ran");
            sql.push(if counted { " CROSS JOIN " } else { "" });
        }
        if counted {
            total(sql.push("(SELECT count(*) AS n FROM "), read)?;
            sql.push(") AS total");
        }
        sql.push(" LEFT JOIN LATERAL (SELECT true AS present");
        sql.within = nearest::calls(read);
        if !read.output.is_empty() {
            output::named(sql.push(", "), resource, &read.output)?;
        }
    } else {
        sql.push("SELECT ");
        sql.within = nearest::calls(read);
        if !columns_of.is_empty() || shown_distance.is_none() && read.binding.is_none() {
            outputs(&mut sql, resource, &columns_of)?;
        }
    }
    let mut columns = output::columns(resource, &columns_of, true)?;
    if let Some(label) = shown_distance {
        nearest::distance(sql.push(if columns.is_empty() { "" } else { ", " }));
        sql.push(" AS ").name(label);
        columns.push(Column {
            label: label.clone(),
            form: Form::Float8,
            shown: true,
            key: false,
        });
    }
    let first_value = columns.len();
    if read.binding.is_some() {
        order::values(&mut sql, resource, &read.order, &mut columns, beside)?;
    }
    match nearest {
        Some(nearest) => nearest::from(&mut sql, read, nearest)?,
        None => from(&mut sql, read)?,
    }
    let mut backward = false;
    if let Page::After(cursor) = &read.page {
        keyset::write(sql.push(" AND "), resource, &read.order, cursor)?;
        backward = cursor.backward;
    }
    group_by(&mut sql, resource, &read.output, before)?;
    order::write(&mut sql, resource, &read.order, &read.output, before, backward)?;
    let paged = read.limit.filter(|_| read.binding.is_some()).map(|limit| Paged {
        limit,
        from: first_value,
        backward,
    });
    if let Some(limit) = read.limit {
        let fetched = limit.saturating_add(u64::from(paged.is_some() || read.capped));
        sql.push(" LIMIT ").bind(Bind::Text(fetched.to_string()), "::int8");
    }
    if let Page::Offset(offset @ 1..) = &read.page {
        sql.push(" OFFSET ").bind(Bind::Text(offset.to_string()), "::int8");
    }
    if beside {
        sql.push(if read.run {
            ") AS page ON ran.n >= 0"
        } else {
            ") AS page ON true"
        });
    }
    let mut statement = Statement {
        paged,
        settings: settings(read),
        ..sql.finish(columns, beside)
    };
    if tagged {
        let shown = read.output.len();
        hide(&mut statement, shown, whole);
    }
    Ok(statement)
}

/// What holds while the statement runs. A function that finds related rows only says that it changes nothing: what it
/// calls might, and so it is run where nothing can be changed.
fn settings(read: &Read) -> Vec<(&'static str, String)> {
    let mut settings = read.nearest().map_or_else(Vec::new, |nearest| nearest.settings.clone());
    if embed::computes(read) {
        settings.push(("transaction_read_only", "on".to_owned()));
    }
    settings
}

/// Whether an output is every field, in order and under its own name.
pub(super) fn is_whole(resource: &Resource, output: &[Output]) -> bool {
    let plain = |column: &Output, index: usize, name: &str| {
        matches!(&column.value, Value::Plain(subject, None) if subject.field == index && subject.path.is_empty())
            && column.label == name
    };
    output.len() == resource.fields.len()
        && output
            .iter()
            .zip(resource.fields.iter().enumerate())
            .all(|(column, (index, field))| plain(column, index, &field.name))
}

/// The tag is made from what is shown, or from the columns that follow it.
fn hide(statement: &mut Statement, shown: usize, whole: bool) {
    statement.tag = if whole { Tag::Shown } else { Tag::Hidden };
    for column in statement.columns.iter_mut().skip(shown) {
        column.shown = false;
    }
}

/// ` FROM … WHERE …`.
fn from(sql: &mut Builder, read: &Read) -> Result<()> {
    sql.push(" FROM ").table(&read.resource.table).push(" AS t WHERE ");
    condition::write(sql, &read.resource, &read.condition)
}

/// ` GROUP BY …` beside aggregates. Groups are named by their places, behind `before` other columns, as a path's keys are
/// binds, and two binds are never known to be the same.
pub(super) fn group_by(sql: &mut Builder, resource: &Resource, columns: &[Output], before: usize) -> Result<()> {
    if !columns.iter().any(Output::is_aggregate) {
        return Ok(());
    }
    let mut word = " GROUP BY ";
    for (place, column) in columns.iter().enumerate() {
        if column.is_aggregate() {
            continue;
        }
        sql.push(word);
        if !output::bare(sql, resource, column)? {
            sql.push(&(place + 1 + before).to_string());
        }
        word = ", ";
    }
    Ok(())
}

/// What is counted: all rows that match, or all groups of them.
fn total(sql: &mut Builder, read: &Read) -> Result<()> {
    let estimated = read.count == Some(Count::Estimated);
    if !estimated && !read.grouped() {
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
    if read.grouped() {
        output::named(sql, &read.resource, &read.output)?;
    }
    from(sql, read)?;
    group_by(sql, &read.resource, &read.output, 0)
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
pub(super) fn outputs(sql: &mut Builder, resource: &Resource, columns: &[Output]) -> Result<()> {
    if columns.is_empty() {
        sql.push("1");
    }
    for (index, column) in columns.iter().enumerate() {
        output::write(sql.push(if index == 0 { "" } else { ", " }), resource, column)?;
    }
    Ok(())
}
