//! Filters with their columns found in the contract and their values typed.

use std::sync::Arc;

use super::clip;
use super::embed::{self, Embed, Named};
use crate::catalog::Kind;
use crate::contract::{Field, Resource};
use crate::error::{Code, Error, Result};
use crate::request::{Comparison, Filter, Is, Operand, Operator, Pattern, Test};
use crate::suggest;
use crate::validate;

/// A condition over a resource's rows; columns are indexes into `Resource::fields`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// All hold; the empty one is true.
    All(Vec<Condition>),
    /// At least one holds; the empty one is false.
    Any(Vec<Condition>),
    /// It does not hold.
    Not(Box<Condition>),
    /// A comparison with a value, in Postgres's text form.
    Compare(usize, Comparison, String),
    /// One of these values.
    In(usize, Vec<String>),
    /// `IS …`.
    Is(usize, Is),
    /// `LIKE`, or `ILIKE` where the flag is set.
    Like(usize, String, bool),
    /// `IS DISTINCT FROM`.
    IsDistinct(usize, String),
    /// There are related rows.
    Exists(Arc<Embed>),
}

/// Finds a column, or suggests one.
///
/// # Errors
/// `unknown_column`.
pub fn find<'a>(resource: &'a Resource, name: &str) -> Result<(usize, &'a Field)> {
    resource.field(name).ok_or_else(|| {
        let known = resource.fields.iter().map(|field| field.name.as_str());
        let error = Error::new(
            Code::UnknownColumn,
            format!("{} has no column `{}`", resource.name, clip(name)),
        );
        match suggest::nearest(name, known) {
            Some(near) => error.with_hint(format!("did you mean `{near}`?")),
            None => error.with_hint(format!(
                "columns are {}",
                resource
                    .fields
                    .iter()
                    .map(|f| f.name.as_str())
                    .collect::<Vec<_>>()
                    .join(", ")
            )),
        }
    })
}

/// Checks filters against the contract; `named` are the related rows that they may ask for.
///
/// # Errors
/// `unknown_column`, or `bad_query` for an operator or value that the column's type does not have.
pub fn check(resource: &Resource, filters: Vec<Filter>, named: &[Named]) -> Result<Condition> {
    Ok(Condition::All(
        filters
            .into_iter()
            .map(|filter| one(resource, filter, named))
            .collect::<Result<_>>()?,
    ))
}

fn one(resource: &Resource, filter: Filter, named: &[Named]) -> Result<Condition> {
    let each = |filters: Vec<Filter>| {
        filters
            .into_iter()
            .map(|f| one(resource, f, named))
            .collect::<Result<Vec<_>>>()
    };
    Ok(match filter {
        Filter::All(filters) => Condition::All(each(filters)?),
        Filter::Any(filters) => Condition::Any(each(filters)?),
        Filter::Not(filter) => Condition::Not(Box::new(one(resource, *filter, named)?)),
        Filter::Test(test) => match embed::presence(resource, named, &test)? {
            Some(condition) => condition,
            None => tested(resource, test)?,
        },
    })
}

fn tested(resource: &Resource, test: Test) -> Result<Condition> {
    let (index, field) = find(resource, &test.column.name)?;
    let later = || {
        Error::new(
            Code::BadQuery,
            format!("This filter on `{}` is not part of this version", field.name),
        )
    };
    if !test.column.path.is_empty() {
        return Err(later());
    }
    let refused = |what: &str| {
        Error::new(Code::BadQuery, format!("Filter on `{}` cannot be used", field.name)).with_details(what.to_owned())
    };
    let kind = &field.pg_type.kind;
    let null = matches!(test.operator, Operator::Is(Is::Null | Is::NotNull));
    let ordered = field.pg_type.is_ordered();
    // Other types are compared as Postgres's text, which says no more than whether they are the same.
    let equal = !kind.is_vector() && !matches!(kind, Kind::Json | Kind::Jsonb) && (ordered || *kind == Kind::Other);
    if !equal && !null {
        return Err(refused(
            "columns of this type can only be asked `is.null` and `is.not_null`",
        ));
    }
    if matches!(&test.operator, Operator::Compare(comparison, _) if comparison.needs_order() && !ordered) {
        return Err(refused("columns of this type have no order"));
    }
    let typed = |text: &str| {
        validate::filter_value(field, text).map_err(|expected| refused(&format!("`{}` is not {expected}", clip(text))))
    };
    Ok(match test.operator {
        Operator::Compare(comparison, Operand::One(text)) => Condition::Compare(index, comparison, typed(&text)?),
        Operator::In(texts) => Condition::In(index, texts.iter().map(|text| typed(text)).collect::<Result<_>>()?),
        Operator::IsDistinct(text) => Condition::IsDistinct(index, typed(&text)?),
        Operator::Is(is) => {
            if !matches!(is, Is::Null | Is::NotNull) && *kind != Kind::Bool {
                return Err(refused("`is.true`, `is.false` and `is.unknown` need a boolean column"));
            }
            Condition::Is(index, is)
        }
        Operator::Pattern(pattern @ (Pattern::Like | Pattern::Ilike), Operand::One(text)) => {
            if !kind.is_text() {
                return Err(refused("`like` and `ilike` need a text column"));
            }
            Condition::Like(index, text, pattern == Pattern::Ilike)
        }
        _ => return Err(later()),
    })
}

/// The row with this key.
///
/// # Errors
/// `validation_failed` at `path` for values of another type.
pub fn key(resource: &Resource, values: &[String]) -> Result<Condition> {
    let mut violations = Vec::new();
    let mut parts = Vec::new();
    for (index, text) in resource.key.iter().zip(values) {
        let Some(field) = resource.fields.get(*index) else {
            continue;
        };
        match validate::path_value(field, text) {
            Ok(value) => parts.push(Condition::Compare(*index, Comparison::Eq, value)),
            Err(violation) => violations.push(violation),
        }
    }
    if violations.is_empty() {
        Ok(Condition::All(parts))
    } else {
        Err(Error::invalid(violations))
    }
}
