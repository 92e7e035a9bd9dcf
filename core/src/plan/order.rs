//! The order of a list's rows.

use std::sync::Arc;

use super::embed::{self, Embed, Named};
use super::nearest::Nearest;
use super::output::{Output, Value};
use super::subject::{Subject, subject};
use crate::contract::Resource;
use crate::error::{Code, Error, Result};
use crate::request::{Nulls, OrderTerm};

/// One term of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// By what.
    pub by: By,
    /// Largest first.
    pub descending: bool,
    /// Where nulls go; Postgres's default otherwise.
    pub nulls: Option<Nulls>,
}

/// What orders rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum By {
    /// A column of the row, or a place inside of it.
    Own(Subject),
    /// The same of the row's single related row.
    Related(Arc<Embed>, Subject),
    /// The reply's column of this place, from 0: groups have no other values.
    Output(usize),
    /// The distance from a vector, where the row is one of the nearest.
    Nearest(Arc<Nearest>),
}

impl Order {
    /// Whether nulls come before all values: where nothing is said they count as larger than any (Postgres, "Sorting Rows").
    #[must_use]
    pub fn nulls_first(&self) -> bool {
        self.nulls.map_or(self.descending, |nulls| nulls == Nulls::First)
    }

    pub(super) const fn ascending(by: By) -> Self {
        Self {
            by,
            descending: false,
            nulls: None,
        }
    }
}

/// The order of a resource's rows, with its key at the end; `named` are the related rows that may give it.
///
/// # Errors
/// `unknown_column`, `unknown_relation`, or `bad_query` for columns without an order.
pub fn rows(resource: &Resource, terms: Vec<OrderTerm>, named: &[Named]) -> Result<Vec<Order>> {
    let mut order: Vec<Order> = Vec::with_capacity(terms.len() + resource.key.len());
    for term in terms {
        let (descending, nulls) = (term.descending, term.nulls);
        let by = by(resource, term, named)?;
        push(resource, &mut order, by, descending, nulls)?;
    }
    // A total order: pages neither repeat nor skip rows that are equal in what was asked.
    for field in &resource.key {
        let by = By::Own(Subject::from(*field));
        if !order.iter().any(|known| known.by == by) {
            order.push(Order::ascending(by));
        }
    }
    Ok(order)
}

/// The order of groups: by what `select` names, columns without a cast and aggregates by their names in the reply. What
/// they are grouped by comes last, so that it is total.
///
/// # Errors
/// `unknown_column`, or `bad_query` for what is not a column of the reply.
pub fn groups(resource: &Resource, terms: Vec<OrderTerm>, output: &[Output]) -> Result<Vec<Order>> {
    let mut order: Vec<Order> = Vec::with_capacity(terms.len() + output.len());
    for term in terms {
        let (descending, nulls) = (term.descending, term.nulls);
        let name = term.column.name.clone();
        let aggregate = |output: &Output| output.is_aggregate() && output.label == name;
        let labelled = output
            .iter()
            .position(aggregate)
            .filter(|_| term.relation.is_none() && term.column.path.is_empty());
        let place = match labelled {
            Some(place) => Some(place),
            None if term.relation.is_some() => None,
            None => match by(resource, term, &[])? {
                By::Own(subject) => output
                    .iter()
                    .position(|output| matches!(&output.value, Value::Plain(known, None) if *known == subject)),
                By::Related(..) | By::Output(_) | By::Nearest(_) => None,
            },
        };
        let place = place.ok_or_else(|| {
            Error::new(
                Code::BadQuery,
                format!("Groups cannot be ordered by `{}`", super::clip(&name)),
            )
            .with_details("only by columns that `select` names without a cast, and by aggregates")
        })?;
        push(resource, &mut order, By::Output(place), descending, nulls)?;
    }
    for (place, column) in output.iter().enumerate() {
        let by = By::Output(place);
        if !column.is_aggregate() && !order.iter().any(|known| known.by == by) {
            order.push(Order::ascending(by));
        }
    }
    Ok(order)
}

/// What a term orders by.
fn by(resource: &Resource, term: OrderTerm, named: &[Named]) -> Result<By> {
    if term.nearest.is_some() {
        return Err(Error::new(
            Code::BadQuery,
            "Only a list's own rows can be ordered by distance, and by nothing before it",
        )
        .with_hint("write for example `order=embedding.nearest.[0.1,0.2],id`"));
    }
    let related = term.relation.map(|name| embed::single(named, &name)).transpose()?;
    let owner = related.as_ref().map_or(resource, |embed| embed.way.target.as_ref());
    let (subject, field) = subject(owner, term.column)?;
    if !subject.pg_type(field).is_ordered() {
        return Err(
            Error::new(Code::BadQuery, format!("Rows cannot be ordered by `{}`", field.name))
                .with_details("columns of this type have no order"),
        );
    }
    Ok(match related {
        Some(embed) => By::Related(embed, subject),
        None => By::Own(subject),
    })
}

fn push(resource: &Resource, order: &mut Vec<Order>, by: By, descending: bool, nulls: Option<Nulls>) -> Result<()> {
    if order.iter().any(|known| known.by == by) {
        let name = match &by {
            By::Own(subject) => resource.fields.get(subject.field),
            By::Related(embed, subject) => embed.way.target.fields.get(subject.field),
            By::Output(_) | By::Nearest(_) => None,
        };
        let name = name.map_or("a column", |field| field.name.as_str());
        return Err(Error::new(Code::BadQuery, format!("`order` names `{name}` twice")));
    }
    order.push(Order { by, descending, nulls });
    Ok(())
}
