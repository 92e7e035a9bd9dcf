//! Plans of writes.

use std::sync::Arc;

use super::condition::{self, Condition};
use super::order::{self, Order};
use super::output::Output;
use super::policy::{self, Principal};
use super::relation::View;
use super::upsert::{Conflict, conflict};
use super::{embed, put, tenant};
use crate::catalog::RelationKind;
use crate::contract::{Resource, Verb};
use crate::error::{Code, Error, Result};
use crate::request::precondition::Tags;
use crate::request::{OrderTerm, Page, Preconditions, Prefer, Query, Resolution, Return, SelectItem, Target};
use crate::validate::{Checked, Row};

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
    /// The order of the reply's rows; empty where nothing is said of it.
    pub order: Vec<Order>,
    /// What is answered.
    pub returns: Return,
    /// Whether it is about one row by its key (none: 404).
    pub item: bool,
    /// Whether rules across fields are checked on the rows as stored, before the commit.
    pub verify: bool,
    /// Whether the state of the row as stored is told, as its tag.
    pub tag: bool,
    /// Whether the principal may read the rows.
    pub readable: bool,
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
    pub fn with_conditions(mut self, conditions: Preconditions) -> Result<Self> {
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
        if conditions.names_tags() && !self.readable {
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
    mut checked: Checked,
) -> Result<Write> {
    no_rows_wanted(&query, true)?;
    tenant::fill(resource, view.principal, &mut checked)?;
    let readable = readable(resource, view.principal);
    let returns = returns(prefer, readable, Return::Representation)?;
    let (output, mut order) = output(view, resource, query.select, query.order, returns)?;
    if !checked.many {
        order.clear();
    } else if !order.is_empty()
        && !checked
            .rows
            .windows(2)
            .all(|pair| matches!(pair, [a, b] if a.sets_same(b)))
    {
        // Rows of other fields are another statement.
        return Err(
            Error::new(Code::BadQuery, "`order` needs rows that all name the same fields")
                .with_hint("name every field in each row, or send `Prefer: missing=null`"),
        );
    }
    let conflict = conflict(resource, query.on_conflict.as_deref(), prefer, view.principal)?;
    let merges = conflict
        .as_ref()
        .is_some_and(|conflict| conflict.resolution == Resolution::Merge);
    // What a merge leaves of the row that was there is not in the body.
    let verify = checked.rows.iter().any(|row| row.deferred) || merges && !resource.rules.is_empty();
    Ok(Write {
        resource: Arc::clone(resource),
        output,
        tag: !checked.many && readable,
        readable,
        action: Action::Create {
            rows: checked.rows,
            many: checked.many,
            conflict,
        },
        order,
        returns,
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
    mut checked: Checked,
) -> Result<Write> {
    no_rows_wanted(&query, true)?;
    tenant::fill(resource, view.principal, &mut checked)?;
    one_row(&query)?;
    no_conflict(&query)?;
    let readable = readable(resource, view.principal);
    let returns = returns(prefer, readable, Return::Representation)?;
    let condition = condition::key(resource, key)?;
    let row = single(checked)?;
    put::same_key(&condition, resource, &row)?;
    put::whole(resource, &row)?;
    let given = |index: &usize| resource.fields.get(*index).is_some_and(|field| !field.read_only);
    let creates = resource.kind == RelationKind::Table
        && resource.key.iter().all(given)
        && policy::allow(resource, Verb::Create, view.principal).is_ok();
    Ok(Write {
        resource: Arc::clone(resource),
        output: output(view, resource, query.select, query.order, returns)?.0,
        order: Vec::new(),
        verify: row.deferred,
        tag: readable,
        readable,
        action: if creates {
            Action::Put(condition, row)
        } else {
            Action::Replace(condition, row)
        },
        returns,
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
    tenant::keep(resource, view.principal, &checked)?;
    let readable = readable(resource, view.principal);
    let item = matches!(target, Target::Item(_));
    let usual = if item { Return::Representation } else { Return::Minimal };
    let returns = returns(prefer, readable, usual)?;
    let (condition, output, order) = rows(resource, target, query, prefer, view, returns, "PATCH")?;
    let row = single(checked)?;
    Ok(Write {
        resource: Arc::clone(resource),
        output,
        verify: row.deferred,
        action: Action::Update(condition, row),
        order,
        returns,
        item,
        tag: item && readable,
        readable,
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
    let readable = readable(resource, view.principal);
    let returns = returns(prefer, readable, Return::Minimal)?;
    let (condition, output, order) = rows(resource, target, query, prefer, view, returns, "DELETE")?;
    Ok(Write {
        resource: Arc::clone(resource),
        output,
        action: Action::Delete(condition),
        order,
        returns,
        item: matches!(target, Target::Item(_)),
        verify: false,
        tag: false,
        readable,
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
    returns: Return,
    method: &str,
) -> Result<(Condition, Vec<Output>, Vec<Order>)> {
    no_conflict(&query)?;
    match target {
        Target::Item(key) => {
            no_rows_wanted(&query, true)?;
            one_row(&query)?;
            let (output, order) = output(view, resource, query.select, query.order, returns)?;
            Ok((condition::key(resource, key)?, output, order))
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
            let (output, order) = output(view, resource, query.select, query.order, returns)?;
            Ok((condition::check(resource, query.filters, &[])?, output, order))
        }
    }
}

/// The columns of the reply, and the order of its rows. Which rows are written is never asked of related ones.
fn output(
    view: &View<'_>,
    resource: &Resource,
    select: Vec<SelectItem>,
    order: Vec<OrderTerm>,
    returns: Return,
) -> Result<(Vec<Output>, Vec<Order>)> {
    let shape = embed::shape(view, resource, select, Vec::new(), false)?;
    if !shape.required.is_empty() {
        return Err(Error::new(Code::BadQuery, "A write takes no `!inner`")
            .with_hint("without it the rows come with what is related to them"));
    }
    if order.is_empty() {
        return Ok((shape.output, Vec::new()));
    }
    if returns != Return::Representation {
        return Err(Error::new(Code::BadQuery, "`order` is for rows that come back")
            .with_hint("ask for them with `Prefer: return=representation`"));
    }
    Ok((shape.output, order::rows(resource, order, &shape.named)?))
}

fn no_rows_wanted(query: &Query, no_filters: bool) -> Result<()> {
    if !query.embedded.is_empty() {
        return Err(Error::new(Code::BadQuery, "A write takes no filters on related rows"));
    }
    if query.page != Page::UNSAID {
        return Err(
            Error::new(Code::BadQuery, "A write takes no limit, offset or cursor").with_hint(
                "filters pick the rows that are written; `Prefer: handling=strict, max-affected=N` bounds their number",
            ),
        );
    }
    if no_filters && !query.filters.is_empty() {
        return Err(Error::new(Code::BadQuery, "This write takes no filters")
            .with_hint("`select`, `columns` and, for POST, `on_conflict` are the only query parameters here"));
    }
    Ok(())
}

fn one_row(query: &Query) -> Result<()> {
    if query.order.is_empty() {
        return Ok(());
    }
    Err(Error::new(Code::BadQuery, "A write of one row takes no `order`"))
}

fn no_conflict(query: &Query) -> Result<()> {
    if query.on_conflict.is_none() {
        return Ok(());
    }
    Err(Error::new(Code::BadQuery, "`on_conflict` belongs to POST")
        .with_hint("there it names the unique key by which new rows meet old ones"))
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
fn returns(prefer: &Prefer, readable: bool, usual: Return) -> Result<Return> {
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

fn single(checked: Checked) -> Result<Row> {
    checked
        .rows
        .into_iter()
        .next()
        .ok_or_else(|| Error::internal("a checked body without a row"))
}
