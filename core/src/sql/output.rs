//! The columns of a reply as SQL, and how they become JSON.

use super::statement::{Builder, Column, Form, form, kind_form, output_cast};
use super::{condition, embed};
use crate::catalog::{Kind, PgType};
use crate::contract::{JsonForm, Resource};
use crate::error::Result;
use crate::plan::output::{aggregate_type, cast_type, value_type};
use crate::plan::{Output, Subject, Value};
use crate::request::Cast;

/// One output column.
pub(super) fn write(sql: &mut Builder, resource: &Resource, output: &Output) -> Result<()> {
    match &output.value {
        Value::Related(embed) => embed::output(sql, embed)?,
        Value::Plain(subject, None) if subject.path.is_empty() => {
            sql.output(condition::field(resource, subject.field)?);
        }
        Value::Plain(subject, cast) => {
            as_type(sql, resource, subject, *cast)?;
        }
        Value::Aggregate { function, input, cast } => {
            let mut inner = None;
            let start = sql.text.len();
            sql.push(function.as_str()).push("(");
            match input {
                None => _ = sql.push("*"),
                Some((subject, input_cast)) => inner = Some(as_type(sql, resource, subject, *input_cast)?),
            }
            sql.push(")");
            let result = aggregate_type(*function, inner);
            match cast {
                Some(cast) => _ = sql.push(conversion(&result.kind, *cast)).push(cast.sql()),
                // A cast would write `10.0.0.1/32` for what went in as `10.0.0.1`.
                None if result.base == "inet" => {
                    sql.text.insert_str(start, "pg_catalog.textin(pg_catalog.inet_out(");
                    sql.push("))");
                }
                None => _ = sql.push(output_cast(&result)),
            }
        }
    }
    Ok(())
}

/// What an output column holds, where that is written as text in the reply although it has an order of its own; writes
/// nothing, and gives false, where the column is as good.
pub(super) fn bare(sql: &mut Builder, resource: &Resource, output: &Output) -> Result<bool> {
    match &output.value {
        Value::Plain(subject, None) if subject.path.is_empty() => {
            let field = condition::field(resource, subject.field)?;
            if !is_text(&field.pg_type) {
                return Ok(false);
            }
            sql.column(field);
        }
        Value::Aggregate {
            function,
            input: Some((subject, None)),
            cast: None,
        } if subject.path.is_empty() => {
            let own = subject.pg_type(condition::field(resource, subject.field)?);
            if !is_text(&aggregate_type(*function, Some(own))) {
                return Ok(false);
            }
            sql.push(function.as_str()).push("(");
            as_type(sql, resource, subject, None)?;
            sql.push(")");
        }
        _ => return Ok(false),
    }
    Ok(true)
}

/// Whether values of an ordered type are written as Postgres's text, which has another order.
fn is_text(pg_type: &PgType) -> bool {
    pg_type.is_ordered() && !output_cast(pg_type).is_empty()
}

/// Output columns as `c0`, `c1` …
pub(super) fn named(sql: &mut Builder, resource: &Resource, output: &[Output]) -> Result<()> {
    for (number, column) in output.iter().enumerate() {
        write(sql.push(if number == 0 { "" } else { ", " }), resource, column)?;
        sql.push(" AS c").push(&number.to_string());
    }
    Ok(())
}

/// A value as the type it is cast to, or as its own without a domain; gives that type.
fn as_type(sql: &mut Builder, resource: &Resource, subject: &Subject, cast: Option<Cast>) -> Result<PgType> {
    let own = subject.pg_type(condition::field(resource, subject.field)?);
    condition::expression(sql, resource, subject)?;
    match cast {
        Some(cast) => {
            sql.push(conversion(&own.kind, cast)).push(cast.sql());
            Ok(cast_type(cast))
        }
        None => {
            if own.is_domain() {
                sql.push("::").push(&own.base);
            }
            Ok(own)
        }
    }
}

/// `::`, or by way of text where Postgres has no cast between the two types.
fn conversion(from: &Kind, to: Cast) -> &'static str {
    let target = cast_type(to).kind;
    let moment = |kind: &Kind| matches!(kind, Kind::Date | Kind::Timestamp | Kind::TimestampTz);
    let json = |kind: &Kind| matches!(kind, Kind::Json | Kind::Jsonb);
    let direct = from.is_text()
        || target.is_text()
        || (from.is_number() && target.is_number())
        || matches!(
            (from, to),
            (Kind::Bool, Cast::Int4 | Cast::Bool) | (Kind::Int4, Cast::Bool)
        )
        || (moment(from) && moment(&target))
        || matches!(
            (from, to),
            (
                Kind::Timestamp | Kind::TimestampTz | Kind::Time | Kind::Interval,
                Cast::Time
            )
        )
        || matches!((from, to), (Kind::Time | Kind::Interval, Cast::Interval))
        || matches!((from, to), (Kind::Uuid, Cast::Uuid))
        || (json(from) && json(&target));
    if direct { "::" } else { "::text::" }
}

/// How the columns become JSON.
pub(super) fn columns(resource: &Resource, output: &[Output], shown: bool) -> Result<Vec<Column>> {
    let column = |output: &Output| {
        Ok(Column {
            label: output.label.clone(),
            form: form_of(resource, output)?,
            shown,
            key: false,
        })
    };
    output.iter().map(column).collect()
}

fn form_of(resource: &Resource, output: &Output) -> Result<Form> {
    let (pg_type, json) = match &output.value {
        Value::Related(related) => return embed::form(related),
        Value::Plain(subject, cast) => {
            let field = condition::field(resource, subject.field)?;
            match (cast, subject.path.last()) {
                (None, None) => return Ok(form(field)),
                // A step into `json` gives `json`.
                (None, Some(step)) if !step.text && field.pg_type.kind == Kind::Json => return Ok(Form::Json),
                _ => (value_type(subject, *cast, field), JsonForm::Number),
            }
        }
        Value::Aggregate { function, input, cast } => {
            let mut json = JsonForm::Number;
            let mut inner = None;
            if let Some((subject, input_cast)) = input {
                let field = condition::field(resource, subject.field)?;
                if input_cast.is_none() && subject.path.is_empty() {
                    json = field.json;
                }
                inner = Some(value_type(subject, *input_cast, field));
            }
            match cast {
                Some(cast) => (cast_type(*cast), JsonForm::Number),
                None => (aggregate_type(*function, inner), json),
            }
        }
    };
    let form = kind_form(&pg_type.kind);
    Ok(match json {
        JsonForm::String if pg_type.kind.is_number() => Form::Quoted(Box::new(form)),
        _ => form,
    })
}
