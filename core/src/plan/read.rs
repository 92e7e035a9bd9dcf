//! Plans of reads: lists and single rows.

use std::sync::Arc;

use super::condition::{self, Condition};
use super::embed::{self, Embed, Named};
use super::policy;
use super::relation::View;
use crate::contract::{Resource, Verb};
use crate::error::{Code, Error, Result};
use crate::request::{Count, Nulls, OrderTerm, Page, Prefer, Query, SelectItem, Target};

/// One column of a reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// Index into the resource's fields.
    pub field: usize,
    /// Its name in the reply.
    pub label: String,
}

/// One term of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Index into the resource's fields.
    pub field: usize,
    /// The single related row whose field it is; none for the row itself.
    pub of: Option<Arc<Embed>>,
    /// Largest first.
    pub descending: bool,
    /// Where nulls go; Postgres's default otherwise.
    pub nulls: Option<Nulls>,
}

/// A planned read.
#[derive(Debug, Clone)]
pub struct Read {
    /// What is read.
    pub resource: Arc<Resource>,
    /// The reply's columns, in order.
    pub output: Vec<Output>,
    /// Related rows among the columns.
    pub embeds: Vec<Arc<Embed>>,
    /// Which rows.
    pub condition: Condition,
    /// Their order; the key comes last, so that it is total.
    pub order: Vec<Order>,
    /// At most so many rows; `None` for one row by key.
    pub limit: Option<u64>,
    /// Rows to skip.
    pub offset: u64,
    /// Whether all rows that match are counted, too.
    pub count: bool,
}

/// Plans a `GET`.
///
/// # Errors
/// Refusals of access, unknown columns, values of another type.
pub fn plan(resource: &Arc<Resource>, target: Target, query: Query, prefer: &Prefer, view: &View<'_>) -> Result<Read> {
    policy::allow(resource, Verb::Read, view.principal)?;
    let shape = embed::shape(view, resource, query.select, query.embedded)?;
    let Page::Offset { limit, offset } = query.page;
    Ok(match target {
        Target::Item(values) => {
            if !query.filters.is_empty() || !query.order.is_empty() || limit.is_some() || offset > 0 {
                return Err(
                    Error::new(Code::BadQuery, "A single row takes no filters, order, limit or offset")
                        .with_hint(format!("ask {} for lists", resource.path)),
                );
            }
            let condition = all(condition::key(resource, &values)?, shape.required);
            Read {
                resource: Arc::clone(resource),
                output: shape.output,
                embeds: shape.embeds,
                condition,
                order: Vec::new(),
                limit: None,
                offset: 0,
                count: false,
            }
        }
        Target::Collection => {
            let condition = all(condition::check(resource, query.filters, &shape.named)?, shape.required);
            let order = order(resource, query.order, &shape.named)?;
            let limit = limit
                .unwrap_or(resource.page.default.into())
                .min(resource.page.max.into());
            Read {
                resource: Arc::clone(resource),
                output: shape.output,
                embeds: shape.embeds,
                condition,
                order,
                limit: Some(limit),
                offset,
                count: prefer.count == Some(Count::Exact),
            }
        }
    })
}

/// The columns of a reply; all of them where nothing is said.
///
/// # Errors
/// `unknown_column`, or `bad_query` for two columns of one name.
pub fn output(resource: &Resource, items: Vec<SelectItem>) -> Result<Vec<Output>> {
    let every = || {
        resource.fields.iter().enumerate().map(|(field, f)| Output {
            field,
            label: f.name.clone(),
        })
    };
    if items.is_empty() {
        return Ok(every().collect());
    }
    let mut output: Vec<Output> = Vec::new();
    for item in items {
        match item {
            SelectItem::All => output.extend(every()),
            SelectItem::Column {
                column,
                alias,
                cast: None,
            } if column.path.is_empty() => {
                let (field, _) = condition::find(resource, &column.name)?;
                output.push(Output {
                    field,
                    label: alias.unwrap_or(column.name),
                });
            }
            _ => return Err(later("casts, JSON paths and aggregates")),
        }
    }
    // Postgres has 1,664 places for columns; writes and orders need some besides.
    if output.len() > resource.fields.len() + 256 {
        return Err(Error::new(Code::BadQuery, "`select` names too many columns"));
    }
    let mut labels = std::collections::HashSet::new();
    for column in &output {
        if !labels.insert(column.label.as_str()) {
            return Err(Error::new(
                Code::BadQuery,
                format!("`select` names `{}` twice", column.label),
            ));
        }
    }
    Ok(output)
}

fn later(what: &str) -> Error {
    Error::new(
        Code::BadQuery,
        format!("Of `select`, filters and `order`, {what} are not part of this version"),
    )
}

fn all(condition: Condition, required: Vec<Condition>) -> Condition {
    if required.is_empty() {
        return condition;
    }
    Condition::All(std::iter::once(condition).chain(required).collect())
}

/// The order of a resource's rows, with its key at the end; `named` are the related rows that may give it.
///
/// # Errors
/// `unknown_column`, `unknown_relation`, or `bad_query` for columns without an order.
pub fn order(resource: &Resource, terms: Vec<OrderTerm>, named: &[Named]) -> Result<Vec<Order>> {
    let mut order: Vec<Order> = Vec::with_capacity(terms.len() + resource.key.len());
    for term in terms {
        if !term.column.path.is_empty() {
            return Err(later("order by JSON paths"));
        }
        let of = term.relation.map(|name| embed::single(named, &name)).transpose()?;
        let owner = of.as_ref().map_or(resource, |embed| embed.way.target.as_ref());
        let (field, column) = condition::find(owner, &term.column.name)?;
        if !column.pg_type.is_ordered() {
            return Err(
                Error::new(Code::BadQuery, format!("Rows cannot be ordered by `{}`", column.name))
                    .with_details("columns of this type have no order"),
            );
        }
        if order.iter().any(|known| known.field == field && known.of == of) {
            return Err(Error::new(
                Code::BadQuery,
                format!("`order` names `{}` twice", column.name),
            ));
        }
        order.push(Order {
            field,
            of,
            descending: term.descending,
            nulls: term.nulls,
        });
    }
    // A total order: pages neither repeat nor skip rows that are equal in what was asked.
    for field in &resource.key {
        if !order.iter().any(|known| known.field == *field && known.of.is_none()) {
            order.push(Order {
                field: *field,
                of: None,
                descending: false,
                nulls: None,
            });
        }
    }
    Ok(order)
}
