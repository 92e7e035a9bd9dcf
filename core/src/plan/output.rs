//! The columns of a reply: columns of the table, casts of them, and aggregates over groups.

use std::collections::HashSet;
use std::sync::Arc;

use super::embed::Embed;
use super::subject::{Subject, subject};
use crate::catalog::{Kind, PgType};
use crate::contract::{Field, Resource};
use crate::error::{Code, Error, Result};
use crate::request::{Aggregate, Cast, ColumnRef};

/// One column of a reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// What it holds.
    pub value: Value,
    /// Its name in the reply.
    pub label: String,
}

/// What a column of a reply holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A column or a place inside of it, perhaps as another type.
    Plain(Subject, Option<Cast>),
    /// Something reckoned over the rows of a group.
    Aggregate {
        /// What.
        function: Aggregate,
        /// Over which values, perhaps as another type; none for all rows.
        input: Option<(Subject, Option<Cast>)>,
        /// The type of the result, where it is not the function's own.
        cast: Option<Cast>,
    },
    /// Related rows.
    Related(Arc<Embed>),
}

impl Output {
    /// A field as it is.
    #[must_use]
    pub fn plain(field: usize, label: String) -> Self {
        Self {
            value: Value::Plain(field.into(), None),
            label,
        }
    }

    /// Whether it is related rows.
    #[must_use]
    pub const fn is_related(&self) -> bool {
        matches!(self.value, Value::Related(_))
    }

    /// Whether it is an aggregate.
    #[must_use]
    pub const fn is_aggregate(&self) -> bool {
        matches!(self.value, Value::Aggregate { .. })
    }
}

/// Every field under its own name.
pub fn every(resource: &Resource) -> impl Iterator<Item = Output> + use<'_> {
    let fields = resource.fields.iter().enumerate();
    fields.map(|(index, field)| Output::plain(index, field.name.clone()))
}

/// A column, perhaps cast, under its alias or its own name.
///
/// # Errors
/// `unknown_column`, or `bad_query` for a path into what has nothing inside.
pub fn plain(resource: &Resource, column: ColumnRef, cast: Option<Cast>, alias: Option<String>) -> Result<Output> {
    let label = alias.unwrap_or_else(|| column.label().to_owned());
    let (subject, _) = subject(resource, column)?;
    Ok(Output {
        value: Value::Plain(subject, cast),
        label,
    })
}

/// An aggregate over `column`, of all rows without one.
///
/// # Errors
/// `unknown_column`, or `bad_query` for aggregates that the column's type does not have.
pub fn aggregate(
    resource: &Resource,
    function: Aggregate,
    column: Option<(ColumnRef, Option<Cast>)>,
    cast: Option<Cast>,
    alias: Option<String>,
) -> Result<Output> {
    let input = match column {
        Some((column, input_cast)) => Some(input(resource, function, column, input_cast)?),
        None => None,
    };
    Ok(Output {
        value: Value::Aggregate { function, input, cast },
        label: alias.unwrap_or_else(|| function.as_str().to_owned()),
    })
}

/// Whether columns can stand together: not too many, no two of one name, and beside aggregates only what makes groups.
///
/// # Errors
/// `bad_query`.
pub fn together(resource: &Resource, output: &[Output]) -> Result<()> {
    // Postgres has 1,664 places for columns; writes and orders need some besides.
    if output.len() > resource.fields.len() + 256 {
        return Err(refused("`select` names too many columns"));
    }
    let mut labels = HashSet::new();
    let mut members = Vec::new();
    output.iter().for_each(|output| lifted(output, &mut members));
    for label in members {
        if !labels.insert(label) {
            return Err(refused(&format!("`select` names `{}` twice", super::clip(label)))
                .with_hint("give one of them another name, as `alias:name`"));
        }
    }
    if output.iter().any(Output::is_aggregate) {
        for column in output {
            grouped(resource, column)?;
        }
    }
    Ok(())
}

/// The members that a column gives its row: one, or those of the rows that are spread into it.
fn lifted<'a>(output: &'a Output, members: &mut Vec<&'a str>) {
    match &output.value {
        Value::Related(embed) if embed.spread => embed.output.iter().for_each(|inside| lifted(inside, members)),
        _ => members.push(&output.label),
    }
}

fn refused(what: &str) -> Error {
    Error::new(Code::BadQuery, what)
}

fn input(
    resource: &Resource,
    function: Aggregate,
    column: ColumnRef,
    cast: Option<Cast>,
) -> Result<(Subject, Option<Cast>)> {
    let (subject, field) = subject(resource, column)?;
    let pg_type = value_type(&subject, cast, field);
    let fits = match function {
        Aggregate::Count => true,
        Aggregate::Sum => pg_type.kind.is_number() || pg_type.kind == Kind::Interval || pg_type.base == "money",
        Aggregate::Avg => pg_type.kind.is_number() || pg_type.kind == Kind::Interval,
        Aggregate::Min | Aggregate::Max => has_extremes(&pg_type),
    };
    if fits {
        return Ok((subject, cast));
    }
    let error = refused(&format!("`{}` has no {}()", field.name, function.as_str()))
        .with_details(format!("values of type {} have none", pg_type.base));
    // Postgres has casts to numbers from texts, and from true and false to int4.
    let cast = match pg_type.kind {
        Kind::Bool => "int4",
        _ if pg_type.kind.is_text() => "numeric",
        _ => return Err(error),
    };
    Err(error.with_hint(format!(
        "a cast may help: `{}::{cast}.{}()`",
        field.name,
        function.as_str()
    )))
}

/// Types that Postgres has `min` and `max` for.
fn has_extremes(pg_type: &PgType) -> bool {
    match &pg_type.kind {
        Kind::Text { .. }
        | Kind::Date
        | Kind::Time
        | Kind::TimeTz
        | Kind::Timestamp
        | Kind::TimestampTz
        | Kind::Interval
        | Kind::Enum { .. } => true,
        Kind::Array { item } => item.is_ordered(),
        Kind::Other => matches!(pg_type.base.as_str(), "money" | "inet" | "oid" | "pg_lsn"),
        kind => kind.is_number(),
    }
}

/// What is not an aggregate makes the groups, and so must be comparable.
fn grouped(resource: &Resource, output: &Output) -> Result<()> {
    let (subject, cast) = match &output.value {
        Value::Plain(subject, cast) => (subject, cast),
        Value::Aggregate { .. } => return Ok(()),
        Value::Related(embed) if embed.way.many => {
            return Err(refused(&format!(
                "Rows cannot be grouped by the several rows of `{}`",
                embed.label
            ))
            .with_hint("aggregates inside of them stand for themselves: `projects(amount.sum())`"));
        }
        // Rows with equal members of their related row are alike.
        Value::Related(embed) => {
            return embed
                .output
                .iter()
                .try_for_each(|inside| grouped(&embed.way.target, inside));
        }
    };
    let Some(field) = resource.fields.get(subject.field) else {
        return Err(Error::internal(
            "an output names a field that the resource does not have",
        ));
    };
    let json = field.pg_type.kind == Kind::Json && !subject.path.is_empty();
    let pg_type = value_type(subject, *cast, field);
    if (pg_type.is_ordered() && !(json && pg_type.kind == Kind::Jsonb))
        || matches!(pg_type.kind, Kind::Object | Kind::Other)
    {
        return Ok(());
    }
    Err(refused(&format!("Rows cannot be grouped by `{}`", field.name))
        .with_details(format!("values of type {} cannot be compared", pg_type.base)))
}

/// The type of a value after its cast.
#[must_use]
pub fn value_type(subject: &Subject, cast: Option<Cast>, field: &Field) -> PgType {
    cast.map_or_else(|| subject.pg_type(field), cast_type)
}

/// The type that a cast gives.
#[must_use]
pub fn cast_type(cast: Cast) -> PgType {
    let kind = match cast {
        Cast::Text => Kind::Text { max_length: None },
        Cast::Int2 => Kind::Int2,
        Cast::Int4 => Kind::Int4,
        Cast::Int8 => Kind::Int8,
        Cast::Numeric => Kind::Numeric {
            precision: None,
            scale: None,
        },
        Cast::Float4 => Kind::Float4,
        Cast::Float8 => Kind::Float8,
        Cast::Bool => Kind::Bool,
        Cast::Date => Kind::Date,
        Cast::Time => Kind::Time,
        Cast::Timestamp => Kind::Timestamp,
        Cast::TimestampTz => Kind::TimestampTz,
        Cast::Interval => Kind::Interval,
        Cast::Uuid => Kind::Uuid,
        Cast::Json => Kind::Json,
        Cast::Jsonb => Kind::Jsonb,
    };
    PgType {
        sql: cast.sql().to_owned(),
        base: cast.sql().to_owned(),
        kind,
        domain_rules: Vec::new(),
    }
}

/// The type of an aggregate over values of a type (Postgres, "Aggregate Functions").
#[must_use]
pub fn aggregate_type(function: Aggregate, input: Option<PgType>) -> PgType {
    let Some(input) = input else {
        return cast_type(Cast::Int8);
    };
    match (function, &input.kind) {
        (Aggregate::Count, _) | (Aggregate::Sum, Kind::Int2 | Kind::Int4) => cast_type(Cast::Int8),
        (Aggregate::Sum, Kind::Int8) => cast_type(Cast::Numeric),
        (Aggregate::Avg, Kind::Float4 | Kind::Float8) => cast_type(Cast::Float8),
        (Aggregate::Avg, kind) if kind.is_number() => cast_type(Cast::Numeric),
        _ => input,
    }
}
