//! Calls as SQL: what is read of the rows stands behind the call, which is a query of its own in front of it.
//!
//! Postgres merges the two where the function can be looked into, and runs the function once in any case: what is
//! volatile or named twice is not merged.

use super::read;
use super::statement::{Builder, Statement, input_cast};
use crate::catalog::{Kind, PgType};
use crate::contract::{CALLED, Outcome};
use crate::error::{Error, Result};
use crate::plan::Call;

/// The statement of a call.
///
/// # Errors
/// `internal` for a plan that does not fit its function.
pub fn statement(call: &Call) -> Result<Statement> {
    let mut statement = read::statement(&call.read)?;
    // Numbers of binds go on where those of the rows end, as the text of these is written already.
    let mut sql = Builder::default();
    std::mem::swap(&mut sql.binds, &mut statement.binds);
    source(&mut sql, call)?;
    sql.push(&statement.text);
    statement.text = sql.text;
    statement.binds = sql.binds;
    statement.bare = matches!(call.overload.outcome, Outcome::Value | Outcome::Values);
    Ok(statement)
}

/// `WITH "windlass_call" AS (SELECT * FROM "public"."f"("a" => $1::int4)) `
fn source(sql: &mut Builder, call: &Call) -> Result<()> {
    let overload = &call.overload;
    sql.push("WITH ").name(CALLED).push(" AS (SELECT ");
    // Of `void` no column can be made.
    sql.push(if overload.outcome == Outcome::Nothing { "1" } else { "*" });
    sql.push(" FROM ").table(&call.function.function).push("(");
    for (number, (place, bind)) in call.arguments.iter().enumerate() {
        let Some(field) = overload.arguments.fields.get(*place) else {
            return Err(Error::internal(
                "a call has an argument that its function does not have",
            ));
        };
        sql.push(if number == 0 { "" } else { ", " });
        if overload.variadic == Some(*place) {
            sql.push("VARIADIC ");
        }
        if overload.whole.is_none() {
            sql.name(&field.name).push(" => ");
        }
        sql.bind(bind.clone(), &argument_cast(&field.pg_type));
    }
    sql.push(") AS t");
    if matches!(overload.outcome, Outcome::Value | Outcome::Values) {
        // The only column of a value is named after what it is asked as.
        let Some(field) = overload.rows.fields.first() else {
            return Err(Error::internal("a value without a column"));
        };
        sql.push("(").name(&field.name).push(")");
    }
    sql.push(") ");
    Ok(())
}

/// Domains and arrays of them are told by name, as no array becomes one of a domain by itself. Nothing else is: `character`
/// in a cast means one character.
fn argument_cast(pg_type: &PgType) -> String {
    let read = input_cast(pg_type);
    let of_domain = matches!(&pg_type.kind, Kind::Array { item } if item.is_domain());
    if of_domain || pg_type.is_domain() {
        format!("{read}::{}", pg_type.sql)
    } else {
        read
    }
}
