//! Plans of writes.

use std::sync::Arc;

use super::condition::{self, Condition};
use super::policy::{self, Principal};
use super::read::{self, Output};
use crate::contract::{Resource, Verb};
use crate::error::{Code, Error, Result, Violation};
use crate::request::{Comparison, Page, Prefer, Query, Return, Target};
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
pub fn create(resource: &Arc<Resource>, query: Query, prefer: &Prefer, checked: Checked) -> Result<Write> {
    no_rows_wanted(&query, true)?;
    let verify = checked.rows.iter().any(|row| row.deferred);
    Ok(Write {
        resource: Arc::clone(resource),
        output: read::output(resource, query.select)?,
        action: Action::Create {
            rows: checked.rows,
            many: checked.many,
        },
        returns: prefer.returns.unwrap_or(Return::Representation),
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
    checked: Checked,
) -> Result<Write> {
    no_rows_wanted(&query, true)?;
    let condition = condition::key(resource, key)?;
    let row = single(checked)?;
    same_key(&condition, resource, &row)?;
    Ok(Write {
        resource: Arc::clone(resource),
        output: read::output(resource, query.select)?,
        verify: !resource.rules.is_empty(),
        action: Action::Replace(condition, row),
        returns: prefer.returns.unwrap_or(Return::Representation),
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
    checked: Checked,
) -> Result<Write> {
    let (condition, item, output) = rows(resource, target, query, "PATCH")?;
    let row = single(checked)?;
    let usual = if item { Return::Representation } else { Return::Minimal };
    Ok(Write {
        resource: Arc::clone(resource),
        output,
        verify: !resource.rules.is_empty(),
        action: Action::Update(condition, row),
        returns: prefer.returns.unwrap_or(usual),
        item,
    })
}

/// Plans a `DELETE`.
///
/// # Errors
/// `mass_write` without a filter on a collection.
pub fn delete(resource: &Arc<Resource>, target: &Target, query: Query, prefer: &Prefer) -> Result<Write> {
    let (condition, item, output) = rows(resource, target, query, "DELETE")?;
    Ok(Write {
        resource: Arc::clone(resource),
        output,
        action: Action::Delete(condition),
        returns: prefer.returns.unwrap_or(Return::Minimal),
        item,
        verify: false,
    })
}

fn rows(resource: &Resource, target: &Target, query: Query, method: &str) -> Result<(Condition, bool, Vec<Output>)> {
    match target {
        Target::Item(key) => {
            no_rows_wanted(&query, true)?;
            Ok((
                condition::key(resource, key)?,
                true,
                read::output(resource, query.select)?,
            ))
        }
        Target::Collection => {
            no_rows_wanted(&query, false)?;
            if query.filters.is_empty() {
                return Err(Error::new(
                    Code::MassWrite,
                    format!("{method} on {} would change every row", resource.path),
                )
                .with_hint("add a filter, or name one row in the path"));
            }
            Ok((
                condition::check(resource, query.filters)?,
                false,
                read::output(resource, query.select)?,
            ))
        }
    }
}

fn no_rows_wanted(query: &Query, no_filters: bool) -> Result<()> {
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
        let differs = given.is_some_and(|bind| !matches!(bind, Bind::Text(text) if text == wanted));
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
