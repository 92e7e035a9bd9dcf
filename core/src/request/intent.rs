//! What a request asks for, before anyone has looked at the contract.

use super::{Filter, OrderTerm, Page, SelectItem};

/// What the path points at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// All rows of the resource.
    Collection,
    /// One row; the key's values in key order, still text.
    Item(Vec<String>),
}

/// What the query string says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// Columns of the reply; empty means all.
    pub select: Vec<SelectItem>,
    /// Conditions, all of which must hold.
    pub filters: Vec<Filter>,
    /// The order, first term first.
    pub order: Vec<OrderTerm>,
    /// Which rows.
    pub page: Page,
    /// The parameters that decide which rows match, as they were written, in the order of their names: what a cursor
    /// is tied to.
    pub narrowing: Vec<(String, String)>,
    /// `columns`: the fields of a body that are used.
    pub columns: Option<Vec<String>>,
    /// `on_conflict`: the columns of the unique key by which an upsert finds rows.
    pub on_conflict: Option<Vec<String>>,
    /// What is asked of related rows, by the path of their relations: `owner.name=eq.x` is at `["owner"]`.
    /// In the order in which the paths came.
    pub embedded: Vec<(Vec<String>, Part)>,
}

/// What the query string says of related rows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Part {
    /// Conditions, all of which must hold.
    pub filters: Vec<Filter>,
    /// The order, first term first.
    pub order: Vec<OrderTerm>,
    /// At most so many for each row.
    pub limit: Option<u64>,
    /// Related rows to skip.
    pub offset: Option<u64>,
}
