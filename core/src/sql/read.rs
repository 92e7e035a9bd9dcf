//! Reads as SQL.

use std::sync::Arc;

use super::statement::{Builder, Column, Statement, form};
use super::{condition, embed};
use crate::contract::Resource;
use crate::error::Result;
use crate::plan::{Embed, Order, Output, Read};
use crate::request::Nulls;
use crate::validate::Bind;

/// The statement of a read.
///
/// # Errors
/// `internal` for a plan that does not fit its resource.
pub fn statement(read: &Read) -> Result<Statement> {
    let mut sql = Builder::default();
    let resource = &read.resource;
    if read.count {
        // One statement, one moment: the count stands beside each row, and comes even if the page is empty.
        sql.push("SELECT total.n, page.* FROM (SELECT count(*) AS n FROM ")
            .table(&resource.table)
            .push(" AS t WHERE ");
        condition::write(&mut sql, resource, &read.condition)?;
        sql.push(") AS total LEFT JOIN LATERAL (SELECT true AS present");
        for (number, piece) in pieces(&read.output, &read.embeds).enumerate() {
            sql.push(", ");
            write(&mut sql, resource, piece)?;
            sql.push(" AS c").push(&number.to_string());
        }
    } else {
        sql.push("SELECT ");
        outputs(&mut sql, resource, &read.output, &read.embeds)?;
    }
    sql.push(" FROM ").table(&resource.table).push(" AS t WHERE ");
    condition::write(&mut sql, resource, &read.condition)?;
    order_by(&mut sql, resource, &read.order)?;
    if let Some(limit) = read.limit {
        sql.push(" LIMIT ").bind(Bind::Text(limit.to_string()), "::int8");
    }
    if read.offset > 0 {
        sql.push(" OFFSET ").bind(Bind::Text(read.offset.to_string()), "::int8");
    }
    if read.count {
        sql.push(") AS page ON true");
    }
    let columns = columns(resource, &read.output, &read.embeds, true)?;
    Ok(sql.finish(columns, read.count))
}

/// ` ORDER BY …`; nothing without terms.
pub(super) fn order_by(sql: &mut Builder, resource: &Resource, terms: &[Order]) -> Result<()> {
    for (index, order) in terms.iter().enumerate() {
        sql.push(if index == 0 { " ORDER BY " } else { ", " });
        match &order.of {
            Some(embed) => embed::column(sql, embed, order.field)?,
            None => {
                sql.column(condition::field(resource, order.field)?);
            }
        }
        sql.push(if order.descending { " DESC" } else { "" })
            .push(match order.nulls {
                Some(Nulls::First) => " NULLS FIRST",
                Some(Nulls::Last) => " NULLS LAST",
                None => "",
            });
    }
    Ok(())
}

/// What a row is made of, in the order of its members.
enum Piece<'a> {
    Column(&'a Output),
    Related(&'a Embed),
}

/// Columns with the related rows among them, where each says that it stands.
fn pieces<'a>(output: &'a [Output], embeds: &'a [Arc<Embed>]) -> impl Iterator<Item = Piece<'a>> {
    let mut embeds = embeds.iter().peekable();
    let mut output = output.iter().enumerate().peekable();
    std::iter::from_fn(move || {
        let at = output.peek().map_or(usize::MAX, |(at, _)| *at);
        match embeds.next_if(|embed| embed.at <= at) {
            Some(embed) => Some(Piece::Related(embed)),
            None => output.next().map(|(_, column)| Piece::Column(column)),
        }
    })
}

fn write(sql: &mut Builder, resource: &Resource, piece: Piece<'_>) -> Result<()> {
    match piece {
        Piece::Column(column) => {
            sql.output(condition::field(resource, column.field)?);
        }
        Piece::Related(embed) => embed::output(sql, embed)?,
    }
    Ok(())
}

/// The list of output columns; `1` when there are none, as Postgres wants at least one to count rows by.
pub(super) fn outputs(sql: &mut Builder, resource: &Resource, output: &[Output], embeds: &[Arc<Embed>]) -> Result<()> {
    if output.is_empty() && embeds.is_empty() {
        sql.push("1");
    }
    for (index, piece) in pieces(output, embeds).enumerate() {
        if index > 0 {
            sql.push(", ");
        }
        write(sql, resource, piece)?;
    }
    Ok(())
}

pub(super) fn columns(
    resource: &Resource,
    output: &[Output],
    embeds: &[Arc<Embed>],
    shown: bool,
) -> Result<Vec<Column>> {
    pieces(output, embeds)
        .map(|piece| {
            let (label, form) = match piece {
                Piece::Column(column) => (&column.label, form(condition::field(resource, column.field)?)),
                Piece::Related(embed) => (&embed.label, embed::form(embed)?),
            };
            Ok(Column {
                label: label.clone(),
                form,
                shown,
                key: false,
            })
        })
        .collect()
}
