//! Plans of reads: lists and single rows.

use std::sync::Arc;

use super::condition::{self, Condition};
use super::output::{Output, Value, output};
use super::policy::{self, Principal};
use super::subject::{Subject, subject};
use crate::contract::{Resource, Verb};
use crate::error::{Code, Error, Result};
use crate::request::{Count, Nulls, OrderTerm, Page, Prefer, Query, Target};

/// One term of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// By what.
    pub subject: Subject,
    /// The place among the reply's columns of what it orders by, for groups; from 0.
    pub output: Option<usize>,
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
    /// Which rows.
    pub condition: Condition,
    /// Their order; the key comes last, so that it is total.
    pub order: Vec<Order>,
    /// At most so many rows; `None` for one row by key.
    pub limit: Option<u64>,
    /// Rows to skip.
    pub offset: u64,
    /// Whether and how all rows that match are counted, too.
    pub count: Option<Count>,
}

/// Plans a `GET`.
///
/// # Errors
/// Refusals of access, unknown columns, values of another type.
pub fn plan(
    resource: &Arc<Resource>,
    target: Target,
    query: Query,
    prefer: &Prefer,
    principal: &Principal,
) -> Result<Read> {
    policy::allow(resource, Verb::Read, principal)?;
    if !query.embedded.is_empty() {
        return Err(later("filters on related rows"));
    }
    let groups = resource.page.max_groups.filter(|_| target == Target::Collection);
    let output = output(resource, query.select, groups.is_some())?;
    let grouped = output.iter().any(Output::is_aggregate);
    let Page::Offset { limit, offset } = query.page;
    Ok(match target {
        Target::Item(values) => {
            if !query.filters.is_empty() || !query.order.is_empty() || limit.is_some() || offset > 0 {
                return Err(
                    Error::new(Code::BadQuery, "A single row takes no filters, order, limit or offset")
                        .with_hint(format!("ask {} for lists", resource.path)),
                );
            }
            let condition = condition::key(resource, &values)?;
            Read {
                resource: Arc::clone(resource),
                output,
                condition,
                order: Vec::new(),
                limit: None,
                offset: 0,
                count: None,
            }
        }
        Target::Collection => {
            let condition = condition::check(resource, query.filters)?;
            let order = if grouped {
                group_order(resource, query.order, &output)?
            } else {
                order(resource, query.order)?
            };
            let limit = match groups.filter(|_| grouped) {
                Some(most) => limit.unwrap_or(most.into()).min(most.into()),
                None => limit
                    .unwrap_or(resource.page.default.into())
                    .min(resource.page.max.into()),
            };
            Read {
                resource: Arc::clone(resource),
                output,
                condition,
                order,
                limit: Some(limit),
                offset,
                count: prefer.count,
            }
        }
    })
}

fn later(what: &str) -> Error {
    Error::new(
        Code::BadQuery,
        format!("Of `select`, filters and `order`, {what} are not part of this version"),
    )
}

/// What a term orders by.
fn ordered(resource: &Resource, term: OrderTerm, known: &[Order]) -> Result<Order> {
    if term.relation.is_some() {
        return Err(later("order by related columns"));
    }
    let (subject, field) = subject(resource, term.column)?;
    if !subject.pg_type(field).is_ordered() {
        return Err(
            Error::new(Code::BadQuery, format!("Rows cannot be ordered by `{}`", field.name))
                .with_details("columns of this type have no order"),
        );
    }
    if known.iter().any(|known| known.subject == subject) {
        return Err(Error::new(
            Code::BadQuery,
            format!("`order` names `{}` twice", field.name),
        ));
    }
    Ok(Order {
        subject,
        output: None,
        descending: term.descending,
        nulls: term.nulls,
    })
}

fn order(resource: &Resource, terms: Vec<OrderTerm>) -> Result<Vec<Order>> {
    let mut order: Vec<Order> = Vec::with_capacity(terms.len() + resource.key.len());
    for term in terms {
        let term = ordered(resource, term, &order)?;
        order.push(term);
    }
    // A total order: pages neither repeat nor skip rows that are equal in what was asked.
    for field in &resource.key {
        let subject = Subject::from(*field);
        if !order.iter().any(|known| known.subject == subject) {
            order.push(Order {
                subject,
                output: None,
                descending: false,
                nulls: None,
            });
        }
    }
    Ok(order)
}

/// Groups have no key: what they are grouped by orders them, after what was asked.
fn group_order(resource: &Resource, terms: Vec<OrderTerm>, output: &[Output]) -> Result<Vec<Order>> {
    let mut order: Vec<Order> = Vec::with_capacity(terms.len() + output.len());
    for term in terms {
        let mut term = ordered(resource, term, &order)?;
        let among = |output: &Output| matches!(&output.value, Value::Plain(subject, None) if *subject == term.subject);
        term.output = output.iter().position(among);
        if term.output.is_none() {
            let name = resource.fields.get(term.subject.field).map_or("", |field| &field.name);
            return Err(
                Error::new(Code::BadQuery, format!("Groups cannot be ordered by `{name}`"))
                    .with_details("only by columns that `select` names without a cast"),
            );
        }
        order.push(term);
    }
    for (place, column) in output.iter().enumerate() {
        let known = order.iter().any(|known| known.output == Some(place));
        if let (Value::Plain(subject, _), false) = (&column.value, known) {
            order.push(Order {
                subject: subject.clone(),
                output: Some(place),
                descending: false,
                nulls: None,
            });
        }
    }
    Ok(order)
}
