//! The rows beside a cursor, as a condition.

use super::condition::compared_cast;
use super::order;
use super::statement::Builder;
use crate::contract::Resource;
use crate::error::Result;
use crate::plan::{Cursor, Order};
use crate::validate::Bind;

/// A term of the order with the cursor's value for it.
struct Term {
    /// What orders, as SQL; the keys of a path in it are bound once, however often it is written.
    expression: String,
    /// The cast of a value beside it.
    cast: String,
    nullable: bool,
    descending: bool,
    nulls_first: bool,
    /// The number of its bind; none for null.
    bind: Option<usize>,
}

/// Writes the condition that a row comes after the cursor's, or before it if the cursor goes back.
pub(super) fn write(sql: &mut Builder, resource: &Resource, order: &[Order], cursor: &Cursor) -> Result<()> {
    let mut terms = Vec::with_capacity(order.len());
    for (order, value) in order.iter().zip(&cursor.values) {
        let bind = value.as_ref().map(|value| {
            sql.binds.push(Bind::Text(value.clone()));
            sql.binds.len()
        });
        let start = sql.text.len();
        let pg_type = order::compared(sql, resource, &order.by)?;
        terms.push(Term {
            expression: sql.text.split_off(start),
            cast: compared_cast(&pg_type),
            nullable: order::nullable(resource, &order.by)?,
            descending: order.descending != cursor.backward,
            nulls_first: order.nulls_first() != cursor.backward,
            bind,
        });
    }
    let one_way = |terms: &[Term]| {
        let plain = |term: &Term| !term.nullable && term.bind.is_some();
        terms.iter().all(plain)
            && terms
                .windows(2)
                .all(|pair| matches!(pair, [a, b] if a.descending == b.descending))
    };
    if one_way(&terms) {
        row_comparison(sql, &terms);
        return Ok(());
    }
    // Implied by the rest, but something that an index on the first column can use.
    if let [first, ..] = terms.as_slice()
        && !first.nullable
        && first.bind.is_some()
    {
        sql.push("(");
        column(sql, first).push(if first.descending { " <= " } else { " >= " });
        bound(sql, first).push(" AND ");
        after(sql, &terms);
        sql.push(")");
    } else {
        after(sql, &terms);
    }
    Ok(())
}

/// `(a, b) > ($1, $2)`, which an index on both can use.
fn row_comparison(sql: &mut Builder, terms: &[Term]) {
    sql.push("(");
    for (index, term) in terms.iter().enumerate() {
        column(sql.push(if index == 0 { "" } else { ", " }), term);
    }
    let descending = terms.first().is_some_and(|term| term.descending);
    sql.push(if descending { ") < (" } else { ") > (" });
    for (index, term) in terms.iter().enumerate() {
        bound(sql.push(if index == 0 { "" } else { ", " }), term);
    }
    sql.push(")");
}

/// After in the first term, or equal in it and after in the rest.
fn after(sql: &mut Builder, terms: &[Term]) {
    let Some((term, rest)) = terms.split_first() else {
        // Equal in all terms: the cursor's row itself.
        sql.push("false");
        return;
    };
    sql.push("(");
    match (term.bind, term.nulls_first) {
        (Some(_), nulls_first) => {
            column(sql, term).push(if term.descending { " < " } else { " > " });
            bound(sql, term);
            if !nulls_first && term.nullable {
                sql.push(" OR ").push(&term.expression).push(" IS NULL");
            }
        }
        (None, true) => {
            sql.push(&term.expression).push(" IS NOT NULL");
        }
        (None, false) => {
            // Nothing comes after null. The expression is written all the same: a bind in it that stands nowhere would have
            // no type.
            sql.push(&term.expression).push(" IS NULL AND false");
        }
    }
    if !rest.is_empty() {
        sql.push(" OR (");
        if term.bind.is_some() {
            column(sql, term).push(" = ");
            bound(sql, term);
        } else {
            sql.push(&term.expression).push(" IS NULL");
        }
        sql.push(" AND ");
        after(sql, rest);
        sql.push(")");
    }
    sql.push(")");
}

fn column<'a>(sql: &'a mut Builder, term: &Term) -> &'a mut Builder {
    sql.push(&term.expression)
}

/// The cursor's value, by the number it was bound to.
fn bound<'a>(sql: &'a mut Builder, term: &Term) -> &'a mut Builder {
    let number = term.bind.unwrap_or(0);
    sql.push("$").push(itoa::Buffer::new().format(number)).push(&term.cast)
}
