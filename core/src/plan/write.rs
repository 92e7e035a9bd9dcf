//! Plans of writes.

use std::sync::Arc;

use super::condition::{self, Condition};
use super::embed;
use super::output::Output;
use super::policy::{self, Principal};
use super::relation::View;
use super::upsert::{Conflict, conflict};
use crate::catalog::RelationKind;
use crate::contract::{Decimal, Resource, Verb};
use crate::error::{Code, Error, Result, Violation};
use crate::request::precondition::Tags;
use crate::request::{Comparison, Page, Preconditions, Prefer, Query, Resolution, Return, SelectItem, Target};
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
        /// What becomes of rows that are there already; otherwise they are a conflict.
        conflict: Option<Conflict>,
    },
    /// As `Replace`, but the row is created where it does not exist.
    Put(Condition, Row),
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
    /// Whether the state of the row as stored is told, as its tag.
    pub tag: bool,
    /// Most rows that may be written.
    pub most: Option<u64>,
    /// What must hold of the row as it is before the write.
    pub conditions: Preconditions,
}

impl Write {
    /// With what must hold of the row before the write.
    ///
    /// # Errors
    /// `precondition_failed` where there is no single row that could have a tag; `forbidden` for tags of rows that may not
    /// be read.
    pub fn with_conditions(mut self, conditions: Preconditions, principal: &Principal) -> Result<Self> {
        if conditions.is_empty() {
            return Ok(self);
        }
        if !self.item {
            // A collection exists, but has no tag.
            let wanted = conditions.if_match != Some(Tags::Any) && conditions.if_match.is_some();
            if wanted || conditions.if_none_match == Some(Tags::Any) {
                return Err(Error::new(Code::PreconditionFailed, Code::PreconditionFailed.title())
                    .with_details("a collection has no ETag")
                    .with_hint("name one row in the path"));
            }
            return Ok(self);
        }
        // Whether a guessed tag fits would tell what is in the row.
        if conditions.names_tags() && policy::allow(&self.resource, Verb::Read, principal).is_err() {
            return Err(Error::new(Code::Forbidden, "Rows that may not be read have no tags"));
        }
        if matches!(self.action, Action::Delete(_)) {
            self.tag = true;
        }
        self.conditions = conditions;
        Ok(self)
    }

    /// The row that a `PUT` or `PATCH` on an item is about.
    #[must_use]
    pub const fn about(&self) -> Option<&Condition> {
        match &self.action {
            Action::Put(condition, _) | Action::Replace(condition, _) | Action::Update(condition, _) if self.item => {
                Some(condition)
            }
            _ => None,
        }
    }
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
    let output = output(view, resource, query.select)?;
    let conflict = conflict(resource, query.on_conflict.as_deref(), prefer, view.principal)?;
    let merges = conflict
        .as_ref()
        .is_some_and(|conflict| conflict.resolution == Resolution::Merge);
    // What a merge leaves of the row that was there is not in the body.
    let verify = checked.rows.iter().any(|row| row.deferred) || merges && !resource.rules.is_empty();
    Ok(Write {
        resource: Arc::clone(resource),
        output,
        tag: !checked.many && readable(resource, view.principal),
        action: Action::Create {
            rows: checked.rows,
            many: checked.many,
            conflict,
        },
        returns: returns(resource, prefer, view.principal, Return::Representation)?,
        item: false,
        verify,
        most: prefer.most(),
        conditions: Preconditions::default(),
    })
}

/// Plans a `PUT` on an item. Where the key is the client's to choose and rows may be created, one that does not exist is.
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
    let given = |index: &usize| resource.fields.get(*index).is_some_and(|field| !field.read_only);
    let creates = resource.kind == RelationKind::Table
        && resource.key.iter().all(given)
        && policy::allow(resource, Verb::Create, view.principal).is_ok();
    Ok(Write {
        resource: Arc::clone(resource),
        output: output(view, resource, query.select)?,
        verify: row.deferred,
        tag: readable(resource, view.principal),
        action: if creates {
            Action::Put(condition, row)
        } else {
            Action::Replace(condition, row)
        },
        returns: returns(resource, prefer, view.principal, Return::Representation)?,
        item: true,
        most: prefer.most(),
        conditions: Preconditions::default(),
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
    let (condition, item, output) = rows(resource, target, query, prefer, view, "PATCH")?;
    let row = single(checked)?;
    let usual = if item { Return::Representation } else { Return::Minimal };
    Ok(Write {
        resource: Arc::clone(resource),
        output,
        verify: row.deferred,
        action: Action::Update(condition, row),
        returns: returns(resource, prefer, view.principal, usual)?,
        item,
        tag: item && readable(resource, view.principal),
        most: prefer.most(),
        conditions: Preconditions::default(),
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
    no_columns(&query)?;
    let (condition, item, output) = rows(resource, target, query, prefer, view, "DELETE")?;
    Ok(Write {
        resource: Arc::clone(resource),
        output,
        action: Action::Delete(condition),
        returns: returns(resource, prefer, view.principal, Return::Minimal)?,
        item,
        verify: false,
        tag: false,
        most: prefer.most(),
        conditions: Preconditions::default(),
    })
}

fn rows(
    resource: &Resource,
    target: &Target,
    query: Query,
    prefer: &Prefer,
    view: &View<'_>,
    method: &str,
) -> Result<(Condition, bool, Vec<Output>)> {
    match target {
        Target::Item(key) => {
            no_rows_wanted(&query, true)?;
            Ok((
                condition::key(resource, key)?,
                true,
                output(view, resource, query.select)?,
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
            if query.filters.is_empty() && prefer.most().is_none() {
                return Err(Error::new(
                    Code::MassWrite,
                    format!("{method} on {} would change every row", resource.path),
                )
                .with_hint(
                    "add a filter, name one row in the path, or say how many rows it may be with \
                     `Prefer: handling=strict, max-affected=N`",
                ));
            }
            Ok((
                condition::check(resource, query.filters, &[])?,
                false,
                output(view, resource, query.select)?,
            ))
        }
    }
}

/// The columns of the reply. Which rows are written is never asked of related ones.
fn output(view: &View<'_>, resource: &Resource, select: Vec<SelectItem>) -> Result<Vec<Output>> {
    let shape = embed::shape(view, resource, select, Vec::new(), false)?;
    if shape.required.is_empty() {
        return Ok(shape.output);
    }
    Err(Error::new(Code::BadQuery, "A write takes no `!inner`")
        .with_hint("without it the rows come with what is related to them"))
}

fn no_rows_wanted(query: &Query, no_filters: bool) -> Result<()> {
    if !query.embedded.is_empty() {
        return Err(Error::new(Code::BadQuery, "A write takes no filters on related rows"));
    }
    if query.page != Page::UNSAID || !query.order.is_empty() {
        return Err(Error::new(
            Code::BadQuery,
            "A write takes no order, limit, offset or cursor",
        ));
    }
    if no_filters && !query.filters.is_empty() {
        return Err(Error::new(Code::BadQuery, "This write takes no filters")
            .with_hint("`select`, `columns` and, for POST, `on_conflict` are the only query parameters here"));
    }
    Ok(())
}

fn no_columns(query: &Query) -> Result<()> {
    if query.columns.is_some() {
        return Err(
            Error::new(Code::BadQuery, "`columns` needs a body").with_hint("`select` picks columns of the reply")
        );
    }
    Ok(())
}

fn readable(resource: &Resource, principal: &Principal) -> bool {
    policy::allow(resource, Verb::Read, principal).is_ok()
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
            .find(|(index, _)| *index == field.field)
            .map(|(_, bind)| bind);
        let differs = given.is_some_and(|bind| !matches!(bind, Bind::Text(text) if equal(text, wanted)));
        if let Some(field) = resource.fields.get(field.field).filter(|_| differs) {
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
