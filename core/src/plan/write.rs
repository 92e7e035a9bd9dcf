//! Plans of writes.

use std::sync::Arc;

use super::condition::{self, Condition};
use super::embed::{self, Embed, Shape};
use super::policy::{self, Principal};
use super::read::Output;
use super::relation::View;
use crate::catalog::RelationKind;
use crate::contract::{Decimal, Resource, Verb};
use crate::error::{Code, Error, Result, Violation};
use crate::request::{Comparison, Page, Prefer, Query, Return, SelectItem, Target};
use crate::validate::{Bind, Checked, Row};

/// What is done.
#[derive(Debug, Clone)]
pub enum Action {
    /// New rows; `many` when the body was an array.
    Create {
        /// In the body's order.
        rows: Vec<Row>,
        /// Whether the body was an array.
        many: bool,
    },
    /// One row takes new values for every writable field; absent ones take their default.
    Replace(Condition, Row),
    /// Rows take new values for some fields.
    Update(Condition, Row),
    /// Rows go.
    Delete(Condition),
}

/// A planned write.
#[derive(Debug, Clone)]
pub struct Write {
    /// What is written to.
    pub resource: Arc<Resource>,
    /// What is done.
    pub action: Action,
    /// The reply's columns.
    pub output: Vec<Output>,
    /// Related rows among the columns.
    pub embeds: Vec<Arc<Embed>>,
    /// What is answered.
    pub returns: Return,
    /// Whether it is about one row by its key (none: 404).
    pub item: bool,
    /// Whether rules across fields are checked on the rows as stored, before the commit.
    pub verify: bool,
}

/// The verb that a method needs on a resource; checked before the body is read.
///
/// # Errors
/// As [`policy::allow`].
pub fn allow(resource: &Resource, verb: Verb, principal: &Principal) -> Result<()> {
    policy::allow(resource, verb, principal)
}

/// Plans a `POST`.
///
/// # Errors
/// Unknown columns in `select`; filters, which a create does not take.
pub fn create(
    resource: &Arc<Resource>,
    query: Query,
    prefer: &Prefer,
    view: &View<'_>,
    checked: Checked,
) -> Result<Write> {
    no_rows_wanted(&query, true)?;
    let shape = shape(view, resource, query.select)?;
    let verify = checked.rows.iter().any(|row| row.deferred);
    Ok(Write {
        resource: Arc::clone(resource),
        output: shape.output,
        embeds: shape.embeds,
        action: Action::Create {
            rows: checked.rows,
            many: checked.many,
        },
        returns: returns(resource, prefer, view.principal, Return::Representation)?,
        item: false,
        verify,
    })
}

/// Plans a `PUT` on an item.
///
/// # Errors
/// `validation_failed` for a body whose key differs from the path's.
pub fn replace(
    resource: &Arc<Resource>,
    key: &[String],
    query: Query,
    prefer: &Prefer,
    view: &View<'_>,
    checked: Checked,
) -> Result<Write> {
    no_rows_wanted(&query, true)?;
    let condition = condition::key(resource, key)?;
    let row = single(checked)?;
    same_key(&condition, resource, &row)?;
    whole(resource, &row)?;
    let shape = shape(view, resource, query.select)?;
    Ok(Write {
        resource: Arc::clone(resource),
        output: shape.output,
        embeds: shape.embeds,
        verify: row.deferred,
        action: Action::Replace(condition, row),
        returns: returns(resource, prefer, view.principal, Return::Representation)?,
        item: true,
    })
}

/// Plans a `PATCH`.
///
/// # Errors
/// `mass_write` without a filter on a collection.
pub fn update(
    resource: &Arc<Resource>,
    target: &Target,
    query: Query,
    prefer: &Prefer,
    view: &View<'_>,
    checked: Checked,
) -> Result<Write> {
    let (condition, item, shape) = rows(resource, target, query, view, "PATCH")?;
    let row = single(checked)?;
    let usual = if item { Return::Representation } else { Return::Minimal };
    Ok(Write {
        resource: Arc::clone(resource),
        output: shape.output,
        embeds: shape.embeds,
        verify: row.deferred,
        action: Action::Update(condition, row),
        returns: returns(resource, prefer, view.principal, usual)?,
        item,
    })
}

/// Plans a `DELETE`.
///
/// # Errors
/// `mass_write` without a filter on a collection.
pub fn delete(
    resource: &Arc<Resource>,
    target: &Target,
    query: Query,
    prefer: &Prefer,
    view: &View<'_>,
) -> Result<Write> {
    let (condition, item, shape) = rows(resource, target, query, view, "DELETE")?;
    Ok(Write {
        resource: Arc::clone(resource),
        output: shape.output,
        embeds: shape.embeds,
        action: Action::Delete(condition),
        returns: returns(resource, prefer, view.principal, Return::Minimal)?,
        item,
        verify: false,
    })
}

fn rows(
    resource: &Resource,
    target: &Target,
    query: Query,
    view: &View<'_>,
    method: &str,
) -> Result<(Condition, bool, Shape)> {
    match target {
        Target::Item(key) => {
            no_rows_wanted(&query, true)?;
            Ok((
                condition::key(resource, key)?,
                true,
                shape(view, resource, query.select)?,
            ))
        }
        Target::Collection => {
            no_rows_wanted(&query, false)?;
            // Which rows a filter picks tells what is in them.
            policy::allow(resource, Verb::Read, view.principal).map_err(|_| {
                Error::new(
                    Code::Forbidden,
                    "Rows that may not be read cannot be picked by a filter",
                )
            })?;
            if query.filters.is_empty() {
                return Err(Error::new(
                    Code::MassWrite,
                    format!("{method} on {} would change every row", resource.path),
                )
                .with_hint("add a filter, or name one row in the path"));
            }
            Ok((
                condition::check(resource, query.filters, &[])?,
                false,
                shape(view, resource, query.select)?,
            ))
        }
    }
}

/// What the rows of a reply hold. Which rows are written is never asked of related ones.
fn shape(view: &View<'_>, resource: &Resource, select: Vec<SelectItem>) -> Result<Shape> {
    let shape = embed::shape(view, resource, select, Vec::new())?;
    if shape.required.is_empty() {
        return Ok(shape);
    }
    Err(Error::new(Code::BadQuery, "A write takes no `!inner`")
        .with_hint("without it the rows come with what is related to them"))
}

fn no_rows_wanted(query: &Query, no_filters: bool) -> Result<()> {
    if !query.embedded.is_empty() {
        return Err(Error::new(Code::BadQuery, "A write takes no filters on related rows"));
    }
    let Page::Offset { limit, offset } = query.page;
    if limit.is_some() || offset > 0 || !query.order.is_empty() {
        return Err(Error::new(Code::BadQuery, "A write takes no order, limit or offset"));
    }
    if no_filters && !query.filters.is_empty() {
        return Err(Error::new(Code::BadQuery, "This write takes no filters")
            .with_hint("`select` is the only query parameter here"));
    }
    Ok(())
}

/// What is answered. Who may not read the rows is told nothing of them.
fn returns(resource: &Resource, prefer: &Prefer, principal: &Principal, usual: Return) -> Result<Return> {
    let readable = policy::allow(resource, Verb::Read, principal).is_ok();
    match prefer.returns {
        Some(Return::Representation) if !readable => {
            Err(Error::new(Code::Forbidden, "The rows of this resource may not be read")
                .with_hint("ask for `Prefer: return=minimal`"))
        }
        Some(wanted) => Ok(wanted),
        None if readable => Ok(usual),
        None => Ok(Return::Minimal),
    }
}

/// `DEFAULT` in a view is null, not the default of the table below: there a PUT must say everything.
fn whole(resource: &Resource, row: &Row) -> Result<()> {
    if resource.kind == RelationKind::Table {
        return Ok(());
    }
    let absent = |index: &usize| !row.values.iter().any(|(known, _)| known == index) && !resource.key.contains(index);
    let missing = resource
        .fields
        .iter()
        .enumerate()
        .filter(|(index, field)| !field.read_only && absent(index));
    let violation = |name: &str| Violation {
        kind: "missing".into(),
        loc: vec!["body".into(), name.into()],
        msg: "is required, as a view has no defaults".to_owned(),
        input: None,
        ctx: None,
    };
    let violations: Vec<Violation> = missing.map(|(_, field)| violation(&field.name)).collect();
    if violations.is_empty() {
        Ok(())
    } else {
        Err(Error::invalid(violations))
    }
}

/// Whether two values in Postgres's text form are the same key: 1.5 is 1.50.
fn equal(one: &str, other: &str) -> bool {
    one == other || Decimal::parse(one).is_some_and(|one| Decimal::parse(other).is_some_and(|other| one == other))
}

fn single(checked: Checked) -> Result<Row> {
    checked
        .rows
        .into_iter()
        .next()
        .ok_or_else(|| Error::internal("a checked body without a row"))
}

fn same_key(condition: &Condition, resource: &Resource, row: &Row) -> Result<()> {
    let Condition::All(parts) = condition else {
        return Ok(());
    };
    let mut violations = Vec::new();
    for part in parts {
        let Condition::Compare(field, Comparison::Eq, wanted) = part else {
            continue;
        };
        let given = row
            .values
            .iter()
            .find(|(index, _)| index == field)
            .map(|(_, bind)| bind);
        let differs = given.is_some_and(|bind| !matches!(bind, Bind::Text(text) if equal(text, wanted)));
        if let Some(field) = resource.fields.get(*field).filter(|_| differs) {
            violations.push(Violation {
                kind: "value_error".into(),
                loc: vec!["body".into(), field.name.as_str().into()],
                msg: "must equal the key in the path".to_owned(),
                input: None,
                ctx: None,
            });
        }
    }
    if violations.is_empty() {
        Ok(())
    } else {
        Err(Error::invalid(violations))
    }
}
