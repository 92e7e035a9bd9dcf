//! Conditions as SQL.

use super::embed;
use super::statement::{Builder, input_cast};
use crate::catalog::{Kind, PgType};
use crate::contract::{Field, Resource};
use crate::error::{Error, Result};
use crate::plan::Condition;
use crate::validate::Bind;

/// Writes a condition; true and false are written out where a list is empty.
pub(super) fn write(sql: &mut Builder, resource: &Resource, condition: &Condition) -> Result<()> {
    match condition {
        Condition::All(members) => join(sql, resource, members, " AND ", "true")?,
        Condition::Any(members) => join(sql, resource, members, " OR ", "false")?,
        Condition::Not(member) => {
            sql.push("NOT (");
            write(sql, resource, member)?;
            sql.push(")");
        }
        Condition::Compare(index, comparison, value) => {
            let field = field(resource, *index)?;
            compared(sql, field).push(" ").push(comparison.sql()).push(" ");
            value_of(sql, field, value);
        }
        Condition::In(index, values) => {
            let field = field(resource, *index)?;
            if matches!(field.pg_type.kind, Kind::Array { .. }) {
                // An array of arrays is no type of its own: each value is a bind.
                sql.push(if values.is_empty() { "false" } else { "(" });
                for (number, value) in values.iter().enumerate() {
                    compared(sql.push(if number == 0 { "" } else { " OR " }), field).push(" = ");
                    value_of(sql, field, value);
                }
                sql.push(if values.is_empty() { "" } else { ")" });
                return Ok(());
            }
            compared(sql, field).push(" = ANY (");
            // One array bind: the text of the statement does not depend on how many values there are.
            sql.bind(
                Bind::Text(array_literal(values)),
                &format!("{}[]", compared_cast(field)),
            );
            sql.push(")");
        }
        Condition::Is(index, is) => {
            sql.column(field(resource, *index)?).push(" ").push(is.sql());
        }
        Condition::Exists(related) => embed::exists(sql, related)?,
        Condition::Like(index, pattern, ignore_case) => {
            sql.column(field(resource, *index)?)
                .push(if *ignore_case { " ILIKE " } else { " LIKE " });
            sql.bind(Bind::Text(pattern.clone()), "::text");
        }
        Condition::IsDistinct(index, value) => {
            let field = field(resource, *index)?;
            compared(sql, field).push(" IS DISTINCT FROM ");
            value_of(sql, field, value);
        }
    }
    Ok(())
}

fn join(sql: &mut Builder, resource: &Resource, members: &[Condition], word: &str, empty: &str) -> Result<()> {
    if members.is_empty() {
        sql.push(empty);
    }
    for (index, member) in members.iter().enumerate() {
        sql.push(if index == 0 { "(" } else { word });
        write(sql, resource, member)?;
    }
    if !members.is_empty() {
        sql.push(")");
    }
    Ok(())
}

pub(super) fn field(resource: &Resource, index: usize) -> Result<&Field> {
    resource
        .fields
        .get(index)
        .ok_or_else(|| Error::internal("a plan names a field that the resource does not have"))
}

/// The column as it is compared: types without operators as text, and domains over types whose operators
/// want the type itself without the domain.
fn compared<'a>(sql: &'a mut Builder, field: &Field) -> &'a mut Builder {
    let pg_type = &field.pg_type;
    sql.column(field);
    match &pg_type.kind {
        Kind::Other if !pg_type.is_ordered() => sql.push("::text"),
        Kind::Array { .. } => sql.push(&array_cast(pg_type)),
        Kind::Enum { .. } | Kind::Range | Kind::Other if pg_type.is_domain() => sql.push("::").push(&pg_type.base),
        _ => sql,
    }
}

fn compared_cast(field: &Field) -> String {
    let pg_type = &field.pg_type;
    match &pg_type.kind {
        Kind::Other if !pg_type.is_ordered() => "::text".to_owned(),
        Kind::Array { .. } => format!("::text{}", array_cast(pg_type)),
        _ => input_cast(pg_type),
    }
}

/// Both sides of a comparison of arrays must be of one type: that of the items without domain and length.
fn array_cast(pg_type: &PgType) -> String {
    match &pg_type.kind {
        Kind::Array { item } => format!("::{}[]", input_cast(item).rsplit("::").next().unwrap_or("text")),
        _ => String::new(),
    }
}

fn value_of(sql: &mut Builder, field: &Field, value: &str) {
    sql.bind(Bind::Text(value.to_owned()), &compared_cast(field));
}

/// `{"a","b"}`: each item quoted, so that no character in it means anything.
fn array_literal(values: &[String]) -> String {
    let mut literal = String::from("{");
    for (index, value) in values.iter().enumerate() {
        if index > 0 {
            literal.push(',');
        }
        literal.push('"');
        for c in value.chars() {
            if matches!(c, '"' | '\\') {
                literal.push('\\');
            }
            literal.push(c);
        }
        literal.push('"');
    }
    literal.push('}');
    literal
}
