//! What a filter, an order or an output is about: a column, or a place inside of its JSON.

use super::condition::find;
use crate::catalog::{Kind, PgType};
use crate::contract::{Field, Resource};
use crate::error::{Code, Error, Result};
use crate::request::{ColumnRef, Step};

/// A column, or a place inside of its JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// Index into the resource's fields.
    pub field: usize,
    /// Steps into its value; empty for the value itself. Their keys are values, and are bound.
    pub path: Vec<Step>,
}

impl From<usize> for Subject {
    fn from(field: usize) -> Self {
        Self {
            field,
            path: Vec::new(),
        }
    }
}

impl Subject {
    /// The type of what is found there: text behind `->>`, JSON behind `->`, else the column's.
    #[must_use]
    pub fn pg_type(&self, field: &Field) -> PgType {
        let of = |name: &str, kind| PgType {
            sql: name.to_owned(),
            base: name.to_owned(),
            kind,
            domain_rules: Vec::new(),
        };
        match self.path.last() {
            None => field.pg_type.clone(),
            Some(step) if step.text => of("text", Kind::Text { max_length: None }),
            Some(_) => of("jsonb", Kind::Jsonb),
        }
    }
}

/// Finds the column of a reference, and whether one can step into it.
///
/// # Errors
/// `unknown_column`, or `bad_query` for a path into a type that has nothing inside.
pub fn subject(resource: &Resource, column: ColumnRef) -> Result<(Subject, &Field)> {
    let (index, field) = find(resource, &column.name)?;
    let inside = matches!(
        field.pg_type.kind,
        Kind::Json | Kind::Jsonb | Kind::Array { .. } | Kind::TsVector | Kind::TsQuery | Kind::Object | Kind::Other
    );
    if !column.path.is_empty() && !inside {
        return Err(Error::new(
            Code::BadQuery,
            format!("`{}` has nothing inside that a path could lead to", field.name),
        )
        .with_details(format!(
            "`->` and `->>` are for JSON; its type is {}",
            field.pg_type.base
        )));
    }
    let subject = Subject {
        field: index,
        path: column.path,
    };
    Ok((subject, field))
}
