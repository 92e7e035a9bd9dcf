//! The nearest rows as a subquery, so that the rest of a read is about these rows alone.
//!
//! Inside, rows are ordered by nothing but the distance between a column and a bind, which is what pgvector's indexes know;
//! outside, the few rows found are sorted again, with the key for those that are equally far, and cut to the page.

use super::condition;
use super::statement::{Builder, input_cast};
use crate::contract::{Field, Join};
use crate::error::Result;
use crate::plan::nearest::Nearest;
use crate::plan::{By, Embed, Page, Read, Value};
use crate::validate::Bind;

/// The distance as a column of the subquery: no table of a resource has one of this name.
const DISTANCE: &str = "windlass distance";

/// The table's own row as a column of the subquery, for functions that take it.
pub(super) const ROW: &str = "windlass row";

/// Whether it is a read of the nearest rows that has functions that take the table's row.
pub(super) fn calls(read: &Read) -> bool {
    if read.nearest().is_none() {
        return false;
    }
    let computed = |embed: &Embed| matches!(embed.way.join, Join::Computed { .. });
    let shown = read
        .output
        .iter()
        .any(|output| matches!(&output.value, Value::Related(embed) if computed(embed)));
    shown
        || read
            .order
            .iter()
            .any(|order| matches!(&order.by, By::Related(embed, _) if computed(embed)))
}

/// ` FROM (…) AS t WHERE …`.
pub(super) fn from(sql: &mut Builder, read: &Read, nearest: &Nearest) -> Result<()> {
    let resource = &read.resource;
    sql.push(" FROM (SELECT ");
    for field in &resource.fields {
        sql.column(field).push(", ");
    }
    // Inside, `t` is the table's own row.
    let within = std::mem::replace(&mut sql.within, false);
    if within {
        sql.push("t AS ").name(ROW).push(", ");
    }
    let field = condition::field(resource, nearest.field)?;
    sql.column(field).push(&operator(field, nearest));
    sql.bind(Bind::Text(nearest.vector.clone()), &input_cast(&field.pg_type));
    sql.push(" AS ").name(DISTANCE);
    sql.push(" FROM ").table(&resource.table).push(" AS t WHERE ");
    condition::write(sql, resource, &read.condition)?;
    sql.push(" ORDER BY ").name(DISTANCE);
    if let Some(limit) = read.limit {
        let skipped = match read.page {
            Page::Offset(offset) => offset,
            Page::After(_) => 0,
        };
        let fetched = limit.saturating_add(u64::from(read.capped)).saturating_add(skipped);
        let fetched = fetched.min(i64::MAX.unsigned_abs());
        sql.push(" FETCH FIRST (")
            .bind(Bind::Text(fetched.to_string()), "::int8");
        // Of those that are equally far as the last one, the key says which are on the page.
        sql.push(") ROWS WITH TIES");
    }
    sql.within = within;
    // Vectors without a direction, or too large, are at no distance that could be told.
    distance(sql.push(") AS t WHERE abs("));
    sql.push(") < 'Infinity'::float8");
    for (comparison, number) in &nearest.within {
        distance(sql.push(" AND "));
        sql.push(" ").push(comparison.sql()).push(" ");
        sql.bind(Bind::Text(number.clone()), "::float8");
    }
    Ok(())
}

/// The distance of a row that [`from`] gives.
pub(super) fn distance(sql: &mut Builder) {
    sql.push("t.").name(DISTANCE);
}

/// The operator in the schema of pgvector's types, as it may not be on the search path.
fn operator(field: &Field, nearest: &Nearest) -> String {
    let symbol = nearest.metric.operator();
    match field.pg_type.base.rsplit_once('.') {
        Some((schema, _)) => format!(" OPERATOR({schema}.{symbol}) "),
        None => format!(" {symbol} "),
    }
}
