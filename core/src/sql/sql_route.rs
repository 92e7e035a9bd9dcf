//! SQL routes as statements: the text is the operator's own, values are bound.

use super::statement::{Builder, Column, Rows, Statement, Tag, form, kind_form, output_cast};
use crate::catalog::{Kind, PgType};
use crate::contract::{self, Field, Output, Ready, Returns, SqlRoute};
use crate::error::{Error, Result};
use crate::plan::Run;
use crate::validate::Bind;

/// The name of the rows of a statement that is read through another one.
const ROWS: &str = "windlass_route";

/// The statements of a run, in order; of the last one the columns are told.
///
/// # Errors
/// `internal` for values that do not fit the route.
pub fn statements(run: &Run) -> Result<Vec<Statement>> {
    let last = run.route.steps.len().saturating_sub(1);
    let steps = run.route.steps.iter().enumerate();
    steps
        .map(|(place, step)| {
            let columns = if place == last { columns(&run.route) } else { Vec::new() };
            statement(step, &run.values, columns, run.route.returns == Returns::Json)
        })
        .collect()
}

fn statement(step: &Ready, values: &[Bind], columns: Vec<Column>, bare: bool) -> Result<Statement> {
    let bind = |index: &usize| {
        let value = values.get(*index).cloned();
        value.ok_or_else(|| Error::internal("a statement has a parameter without a value"))
    };
    Ok(Statement {
        text: step.text.clone(),
        binds: step.binds.iter().map(bind).collect::<Result<_>>()?,
        columns,
        rows: Rows::default(),
        counted: false,
        paged: None,
        tag: Tag::None,
        bare,
        marked: false,
        settings: Vec::new(),
    })
}

fn columns(route: &SqlRoute) -> Vec<Column> {
    let column = |(output, kind): &(Output, Kind)| {
        let field = match output {
            Output::Shown(index) => route.rows.fields.get(*index),
            _ => None,
        };
        Column {
            label: field.map(|field: &Field| field.name.clone()).unwrap_or_default(),
            form: field.map_or_else(|| kind_form(kind), form),
            shown: field.is_some(),
            // Where a key would be told of, what steers the reply is.
            key: matches!(output, Output::Status | Output::Header(_)),
        }
    };
    route.outputs.iter().map(column).collect()
}

/// The same rows with every column in a form that is read here; none if they are already.
#[must_use]
pub fn readable(text: &str, columns: &[contract::Column]) -> Option<String> {
    if columns.iter().all(|column| is_read(&column.pg_type)) {
        return None;
    }
    let mut sql = Builder::default();
    // By their places: two columns may have one name.
    sql.push("WITH ").name(ROWS).push(" (");
    for number in 0..columns.len() {
        sql.push(if number == 0 { "" } else { ", " }).name(&number.to_string());
    }
    sql.push(") AS (").push(text).push("\n) SELECT ");
    for (number, column) in columns.iter().enumerate() {
        sql.push(if number == 0 { "" } else { ", " });
        let address = column.pg_type.base == "inet";
        // A cast would write `10.0.0.1/32` for `10.0.0.1`.
        sql.push(if address {
            "pg_catalog.textin(pg_catalog.inet_out(t."
        } else {
            "t."
        });
        sql.name(&number.to_string());
        sql.push(if address { "))" } else { output_cast(&column.pg_type) });
        sql.push(" AS ").name(&column.name);
    }
    sql.push(" FROM ").name(ROWS).push(" AS t");
    Some(sql.text)
}

/// Whether the bytes of a type are read here, or are its text.
fn is_read(pg_type: &PgType) -> bool {
    match &pg_type.kind {
        Kind::Array { item } => is_read(item),
        Kind::Enum { .. } => true,
        _ => output_cast(pg_type).is_empty(),
    }
}
