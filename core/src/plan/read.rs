//! Plans of reads: lists and single rows.

use std::sync::Arc;

use super::condition::{self, Condition};
use super::cursor::Binding;
use super::embed;
use super::nearest::{self, Nearest};
use super::order::{self, By, Order};
use super::output::Output;
use super::page::{self, Lists, Page};
use super::policy;
use super::related::Reach;
use super::relation::View;
use crate::contract::{Resource, Verb};
use crate::error::{Code, Error, Result};
use crate::request::{self, Count, Prefer, Query, Target};

/// A planned read.
#[derive(Debug, Clone)]
pub struct Read {
    /// What is read.
    pub resource: Arc<Resource>,
    /// The reply's columns, in order.
    pub output: Vec<Output>,
    /// Which rows.
    pub condition: Condition,
    /// Their order; the key comes last, so that it is total.
    pub order: Vec<Order>,
    /// At most so many rows; `None` for one row by key.
    pub limit: Option<u64>,
    /// Whether `limit` is the most that a stream may have, which then breaks off if there are more, so that it never looks like
    /// all there is. With it, one row more than `limit` is read.
    pub capped: bool,
    /// From where on.
    pub page: Page,
    /// What cursors to the pages beside this one are bound to; none where there are no such cursors. With it, the order's
    /// values are read besides, and one row more than `limit`, which tells whether another page follows.
    pub binding: Option<Binding>,
    /// Whether and how all rows that match are counted, too.
    pub count: Option<Count>,
    /// Whether the rows are given by a function that must run, whatever becomes of them.
    pub run: bool,
}

impl Read {
    /// The same without a row: for the headers of a stream.
    #[must_use]
    pub fn without_rows(&self) -> Self {
        Self {
            limit: Some(0),
            capped: false,
            ..self.clone()
        }
    }

    /// Whether its row has a tag. What is related to a row changes without it, so that no tag of the row is one of both.
    #[must_use]
    pub fn tagged(&self) -> bool {
        self.limit.is_none() && !self.related()
    }

    /// What of it may reach related rows.
    #[must_use]
    pub fn reach(&self) -> Reach<'_> {
        Reach {
            condition: &self.condition,
            output: &self.output,
            order: &self.order,
        }
    }

    /// Whether related rows stand in its rows.
    #[must_use]
    pub fn related(&self) -> bool {
        self.output.iter().any(Output::is_related)
    }

    /// What its rows are near to, where they are ordered by distance.
    #[must_use]
    pub fn nearest(&self) -> Option<&Nearest> {
        match &self.order.first()?.by {
            By::Nearest(nearest) => Some(nearest),
            _ => None,
        }
    }

    /// Whether its rows are groups of rows.
    #[must_use]
    pub fn grouped(&self) -> bool {
        self.output.iter().any(Output::is_aggregate)
    }
}

/// Plans a `GET`.
///
/// # Errors
/// Refusals of access, unknown columns, values of another type.
pub fn plan(
    resource: &Arc<Resource>,
    target: Target,
    mut query: Query,
    prefer: &Prefer,
    view: &View<'_>,
    lists: Lists<'_>,
) -> Result<Read> {
    policy::allow(resource, Verb::Read, view.principal)?;
    if query.columns.is_some() || query.on_conflict.is_some() {
        return Err(
            Error::new(Code::BadQuery, "`columns` and `on_conflict` belong to writes")
                .with_hint("`select` picks columns of the reply"),
        );
    }
    let (select, embedded) = (std::mem::take(&mut query.select), std::mem::take(&mut query.embedded));
    let shape = embed::shape(view, resource, select, embedded, target == Target::Collection)?;
    Ok(match target {
        Target::Item(values) => {
            if !query.filters.is_empty() || !query.order.is_empty() || query.page != request::Page::UNSAID {
                return Err(Error::new(
                    Code::BadQuery,
                    "A single row takes no filters, order, limit, offset or cursor",
                )
                .with_hint(format!("ask {} for lists", resource.path)));
            }
            Read {
                resource: Arc::clone(resource),
                output: shape.output,
                condition: all(condition::key(resource, &values)?, shape.required),
                order: Vec::new(),
                limit: None,
                capped: false,
                page: Page::Offset(0),
                binding: None,
                count: None,
                run: false,
            }
        }
        Target::Collection => {
            let mut terms = std::mem::take(&mut query.order);
            let grouped = shape.output.iter().any(Output::is_aggregate);
            let limit = page::limit(resource, &query.page, grouped, lists.streamed);
            let skipped = match &query.page {
                request::Page::Offset { offset, .. } => offset.unwrap_or(0),
                request::Page::After { .. } => 0,
            };
            let near = nearest::of_order(resource, &mut terms, limit.saturating_add(skipped))?;
            if near.is_some() && (grouped || matches!(query.page, request::Page::After { .. })) {
                return Err(
                    Error::new(Code::BadQuery, "An order by distance has neither groups nor cursors")
                        .with_hint("page with `limit` and `offset`"),
                );
            }
            let mut order = if grouped {
                order::groups(resource, terms, &shape.output)?
            } else {
                order::rows(resource, terms, &shape.named)?
            };
            let filters = std::mem::take(&mut query.filters);
            // What `!inner` leaves out is left out on the next page, too.
            let inner = shape.required.iter().filter_map(Condition::path);
            query.narrowing.extend(inner.map(|path| ("!inner".to_owned(), path)));
            let mut required = shape.required;
            required.extend(near.as_ref().map(|near| nearest::has_vector(near.field)));
            let condition = all(condition::check(resource, filters, &shape.named)?, required);
            let mut paged = page::plan(resource, &query, &order, grouped, lists, view.principal)?;
            if let Some(near) = near {
                paged.binding = None;
                order.insert(0, Order::ascending(By::Nearest(Arc::new(near))));
            }
            Read {
                resource: Arc::clone(resource),
                output: shape.output,
                condition,
                order,
                limit: Some(paged.limit),
                capped: paged.capped,
                page: paged.page,
                binding: paged.binding,
                count: prefer.count,
                run: false,
            }
        }
    })
}

pub(super) fn all(condition: Condition, required: Vec<Condition>) -> Condition {
    if required.is_empty() {
        return condition;
    }
    Condition::All(std::iter::once(condition).chain(required).collect())
}
