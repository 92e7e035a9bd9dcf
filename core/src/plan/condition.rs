//! Filters with their columns found in the contract and their values typed.

use std::sync::Arc;

use super::clip;
use super::embed::{self, Embed, Named};
use super::operators;
use super::subject::{Subject, subject};
use crate::catalog::{Kind, PgType, QualifiedName};
use crate::contract::{Field, Resource};
use crate::error::{Code, Error, Result};
use crate::request::{Comparison, Filter, Is, Operand, Operator, Pattern, Quantifier, Relation, Search, Test};
use crate::suggest;
use crate::validate;

/// A condition over a resource's rows; columns are [`Subject`]s.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// All hold; the empty one is true.
    All(Vec<Condition>),
    /// At least one holds; the empty one is false.
    Any(Vec<Condition>),
    /// It does not hold.
    Not(Box<Condition>),
    /// A comparison with a value, in Postgres's text form.
    Compare(Subject, Comparison, String),
    /// A comparison with several values.
    CompareMany(Subject, Comparison, Quantifier, Vec<String>),
    /// One of these values.
    In(Subject, Vec<String>),
    /// `IS …`.
    Is(Subject, Is),
    /// A pattern over text.
    Pattern(Subject, Pattern, String),
    /// Several patterns over text.
    PatternMany(Subject, Pattern, Quantifier, Vec<String>),
    /// `IS DISTINCT FROM`.
    IsDistinct(Subject, String),
    /// Text search.
    Search {
        /// Text, JSON or a `tsvector`.
        subject: Subject,
        /// How the query is read.
        form: Search,
        /// A text search configuration, as `regconfig` reads it.
        language: Option<String>,
        /// The query.
        query: String,
    },
    /// Two arrays, ranges or JSON values, the second in Postgres's text form.
    Relate(Subject, Relation, String),
    /// There are related rows.
    Exists(Arc<Embed>),
    /// What goes without saying of the rows asked for; no client filters by it.
    Implied(Box<Condition>),
}

impl Condition {
    /// The relation along which there must be related rows, as text; none for other conditions.
    #[must_use]
    pub fn path(&self) -> Option<String> {
        match self {
            Self::Exists(embed) => Some(embed.way.steps().collect::<Vec<_>>().join(" ")),
            _ => None,
        }
    }
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
    let (subject, field) = subject(resource, test.column)?;
    let pg_type = subject.pg_type(field);
    let refused = |what: String| {
        Error::new(Code::BadQuery, format!("Filter on `{}` cannot be used", field.name)).with_details(what)
    };
    let word = operators::word(&test.operator);
    let taken = operators::taken(&pg_type);
    if !taken.contains(&word) {
        let taken = if taken == ["is"] {
            "`is.null` and `is.not_null` only".to_owned()
        } else {
            taken.join(", ")
        };
        return Err(refused(format!(
            "`{word}` is not for values of type {}, which take {taken}",
            pg_type.base
        )));
    }
    let typed =
        |text: &str| typed(&pg_type, text).map_err(|expected| refused(format!("`{}` is not {expected}", clip(text))));
    let each = |texts: Vec<String>| texts.iter().map(|text| typed(text)).collect::<Result<Vec<_>>>();
    Ok(match test.operator {
        Operator::Compare(comparison, Operand::One(text)) => Condition::Compare(subject, comparison, typed(&text)?),
        Operator::Compare(comparison, Operand::Many(quantifier, texts)) => {
            let values = each(texts)?;
            // An array of arrays is no type of its own: each value is a comparison.
            if matches!(pg_type.kind, Kind::Array { .. }) {
                let members = values
                    .into_iter()
                    .map(|value| Condition::Compare(subject.clone(), comparison, value));
                match quantifier {
                    Quantifier::Any => Condition::Any(members.collect()),
                    Quantifier::All => Condition::All(members.collect()),
                }
            } else {
                Condition::CompareMany(subject, comparison, quantifier, values)
            }
        }
        Operator::In(texts) => Condition::In(subject, each(texts)?),
        Operator::IsDistinct(text) => Condition::IsDistinct(subject, typed(&text)?),
        Operator::Is(is) => {
            if !matches!(is, Is::Null | Is::NotNull) && pg_type.kind != Kind::Bool {
                return Err(refused(
                    "`is.true`, `is.false` and `is.unknown` need a boolean column".to_owned(),
                ));
            }
            Condition::Is(subject, is)
        }
        Operator::Pattern(pattern, Operand::One(text)) => Condition::Pattern(subject, pattern, text),
        Operator::Pattern(pattern, Operand::Many(quantifier, texts)) => {
            Condition::PatternMany(subject, pattern, quantifier, texts)
        }
        Operator::Search { form, language, query } => Condition::Search {
            subject,
            form,
            language: language.map(|word| self::language(resource, &word)).transpose()?,
            query,
        },
        Operator::Relate(relation, text) => Condition::Relate(subject, relation, typed(&text)?),
    })
}

/// A text search configuration by its name. One that does not exist would be an error of Postgres's about the statement.
fn language(resource: &Resource, word: &str) -> Result<String> {
    let meant = |known: &&QualifiedName| known.name.eq_ignore_ascii_case(word);
    let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    match resource.languages.iter().find(meant) {
        Some(known) => Ok(format!("{}.{}", quoted(&known.schema), quoted(&known.name))),
        None => {
            let known: Vec<&str> = resource.languages.iter().map(|known| known.name.as_str()).collect();
            let error = Error::new(
                Code::BadQuery,
                format!("The database knows no text search language `{}`", clip(word)),
            );
            Err(match suggest::nearest(word, known.iter().copied()) {
                Some(near) => error.with_hint(format!("did you mean `{near}`?")),
                None => error.with_hint(format!("languages are {}", known.join(", "))),
            })
        }
    }
}

/// A value in Postgres's text form, or what was expected.
fn typed(pg_type: &PgType, text: &str) -> Result<String, String> {
    validate::value_of_kind(&pg_type.kind, text)
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
            Ok(value) => parts.push(Condition::Compare((*index).into(), Comparison::Eq, value)),
            Err(violation) => violations.push(violation),
        }
    }
    if violations.is_empty() {
        Ok(Condition::All(parts))
    } else {
        Err(Error::invalid(violations))
    }
}
