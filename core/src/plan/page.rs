//! Which rows of a list are read: how many, and from where.

use super::cursor::{Binding, Cursor, Key};
use super::order::Order;
use super::principal::Principal;
use crate::contract::{PageLimits, Resource};
use crate::error::{Code, Error, Result};
use crate::request::{self, Query};

/// From where rows are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Page {
    /// After so many rows.
    Offset(u64),
    /// From a cursor on.
    After(Cursor),
}

/// How lists are answered.
#[derive(Debug, Clone, Copy)]
pub struct Lists<'a> {
    /// Opens the request's cursor.
    pub key: &'a Key,
    /// Whether the rows are written as they come, instead of being gathered.
    pub streamed: bool,
}

/// A planned page.
pub(super) struct Paged {
    pub(super) limit: u64,
    pub(super) capped: bool,
    pub(super) page: Page,
    pub(super) binding: Option<Binding>,
}

/// Plans the page of a list.
pub(super) fn plan(
    resource: &Resource,
    query: &Query,
    order: &[Order],
    grouped: bool,
    lists: Lists<'_>,
    principal: &Principal,
) -> Result<Paged> {
    let binding = Binding::new(resource, order, &query.narrowing, principal);
    // Without a key the order is not total: rows equal in it would be skipped. Groups have none.
    let total = !resource.key.is_empty() && !grouped;
    let streamed = lists.streamed && !grouped;
    let (limit, page) = match &query.page {
        request::Page::Offset { limit, offset } => (*limit, Page::Offset(offset.unwrap_or(0))),
        request::Page::After { .. } if grouped => {
            return Err(
                Error::new(Code::BadQuery, "Groups have no cursors").with_hint("page with `limit` and `offset`")
            );
        }
        request::Page::After { .. } if !total => {
            return Err(Error::new(Code::BadQuery, format!("{} has no cursors", resource.path))
                .with_details("its rows have no key, so no order tells all of them apart")
                .with_hint("page with `limit` and `offset`"));
        }
        request::Page::After { limit, cursor } => {
            let cursor = Cursor::open(cursor, lists.key, binding)?;
            if cursor.values.len() != order.len() {
                return Err(Error::internal("a cursor has values for another order"));
            }
            if cursor.backward && streamed {
                return Err(
                    Error::new(Code::BadQuery, "A streamed reply cannot go back from a cursor")
                        .with_hint("ask for `Accept: application/json`"),
                );
            }
            (*limit, Page::After(cursor))
        }
    };
    let (limit, capped) = rows(resource.page, limit, grouped, streamed);
    Ok(Paged {
        limit,
        capped,
        page,
        // What is streamed has sent its headers before the last row is known.
        binding: (total && limit > 0 && !streamed).then_some(binding),
    })
}

/// How many rows or groups a page may have.
pub(super) fn limit(resource: &Resource, page: &request::Page, grouped: bool, streamed: bool) -> u64 {
    match page {
        request::Page::Offset { limit, .. } | request::Page::After { limit, .. } => {
            rows(resource.page, *limit, grouped, streamed).0
        }
    }
}

/// How many rows are given, if so many are asked for; and whether more were wanted of a stream, or of groups, than there may be.
fn rows(limits: PageLimits, asked: Option<u64>, grouped: bool, streamed: bool) -> (u64, bool) {
    let (usual, most) = match limits.max_groups.filter(|_| grouped) {
        Some(most) => (most, most),
        None if streamed => (limits.max_stream, limits.max_stream),
        None => (limits.default, limits.max),
    };
    let most = u64::from(most);
    // Of groups nobody may take a part for all, either.
    let capped = (streamed || grouped) && asked.is_none_or(|asked| asked > most);
    (asked.unwrap_or(usual.into()).min(most), capped)
}
