//! Plans of searches for neighbours: `POST …/nearest`, and lists ordered by distance from a vector.

use std::sync::Arc;

use super::condition::{self, Condition};
use super::embed;
use super::order::{self, By, Order};
use super::output;
use super::page::Page;
use super::policy;
use super::read::{Read, all};
use super::relation::View;
use crate::catalog::VectorMethod;
use crate::contract::{Metric, Resource, Verb};
use crate::error::{Code, Error, Result};
use crate::request::{self, Comparison, Filter, Is, Operand, Operator, OrderTerm, Query, SelectItem, Test};
use crate::validate::nearest::{self as check, Near, Sought};

/// What rows are near to, and by which distance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nearest {
    /// The column with vectors: index into the resource's fields.
    pub field: usize,
    /// The distance.
    pub metric: Metric,
    /// The vector, in pgvector's text form.
    pub vector: String,
    /// The name of the distance in the reply; none where it is not shown.
    pub label: Option<String>,
    /// Only rows this near; numbers as text.
    pub within: Vec<(Comparison, String)>,
    /// What Postgres is told about its indexes.
    pub settings: Vec<(&'static str, String)>,
}

/// Plans a search. `vector` is what [`Sought::near`] stands for.
///
/// # Errors
/// Refusals of access, unknown columns, values of another type, parts of a query that a search does not have.
pub fn plan(
    resource: &Arc<Resource>,
    sought: &Sought,
    vector: String,
    mut query: Query,
    view: &View<'_>,
) -> Result<Read> {
    policy::allow(resource, Verb::Read, view.principal)?;
    if !query.order.is_empty()
        || query.page != request::Page::UNSAID
        || query.columns.is_some()
        || query.on_conflict.is_some()
    {
        return Err(Error::new(
            Code::BadQuery,
            "A search takes no order, limit, offset, cursor, columns or on_conflict",
        )
        .with_hint("`k` says how many rows there are; the nearest comes first"));
    }
    let mut items = std::mem::take(&mut query.select);
    let label = label(resource, &items);
    items.retain(|item| !names(item, &label));
    let shape = embed::shape(view, resource, items, std::mem::take(&mut query.embedded), false)?;
    let (within, filters): (Vec<_>, Vec<_>) = std::mem::take(&mut query.filters)
        .into_iter()
        .partition(|filter| matches!(filter, Filter::Test(test) if is_distance(&test.column, &label)));
    let mut required = shape.required;
    required.push(has_vector(sought.field));
    if let Near::Row(key) = &sought.near {
        // It would be its own neighbour.
        let itself = Condition::Not(Box::new(row(resource, key)?));
        required.push(Condition::Implied(Box::new(itself)));
    }
    let nearest = Nearest {
        field: sought.field,
        metric: sought.metric,
        vector,
        within: within.into_iter().map(bound).collect::<Result<_>>()?,
        label: Some(label),
        settings: settings(resource, sought.field, sought.metric, sought.k, sought.ef_search),
    };
    let mut order = vec![Order::ascending(By::Nearest(Arc::new(nearest)))];
    order.extend(order::rows(resource, Vec::new(), &shape.named)?);
    Ok(Read {
        resource: Arc::clone(resource),
        output: shape.output,
        condition: all(condition::check(resource, filters, &shape.named)?, required),
        order,
        limit: Some(sought.k),
        capped: false,
        page: Page::Offset(0),
        binding: None,
        count: None,
        run: false,
    })
}

/// Plans the read of the vector of a row that others are to be near to.
///
/// # Errors
/// As [`plan`]; `validation_failed` for a key of another type.
pub fn stored(resource: &Arc<Resource>, field: usize, key: &[String], view: &View<'_>) -> Result<Read> {
    policy::allow(resource, Verb::Read, view.principal)?;
    Ok(Read {
        resource: Arc::clone(resource),
        output: vec![output::Output::plain(field, "vector".to_owned())],
        condition: row(resource, key)?,
        order: Vec::new(),
        limit: Some(1),
        capped: false,
        page: Page::Offset(0),
        binding: None,
        count: None,
        run: false,
    })
}

/// Takes the term of a list's order that asks for distance; the others order what is equally far.
///
/// # Errors
/// `bad_query` where it is not the first term or the column has no vectors, `unknown_column`, `validation_failed` for the
/// vector and the metric.
pub(super) fn of_order(resource: &Resource, terms: &mut Vec<OrderTerm>, rows: u64) -> Result<Option<Nearest>> {
    if terms.first().is_none_or(|term| term.nearest.is_none()) {
        return Ok(None);
    }
    let term = terms.remove(0);
    let (index, field) = condition::find(resource, &term.column.name)?;
    let column = resource.nearest.columns.iter().find(|column| column.field == index);
    let (Some(column), Some(asked)) = (
        column.filter(|_| term.column.path.is_empty() && term.relation.is_none()),
        term.nearest,
    ) else {
        return Err(Error::new(
            Code::BadQuery,
            format!("Rows cannot be ordered by distance in `{}`", field.name),
        )
        .with_details("only columns with vectors, of the rows themselves, have distances"));
    };
    let loc = ["query", "order"];
    let metric = check::metric(column, asked.metric.as_deref(), &loc).map_err(|fault| Error::invalid(vec![fault]))?;
    let vector = check::target_text(field, metric, &asked.vector, &loc).map_err(Error::invalid)?;
    Ok(Some(Nearest {
        field: index,
        metric,
        vector,
        label: None,
        within: Vec::new(),
        settings: settings(resource, index, metric, rows, None),
    }))
}

/// Whether a row has a vector at all: without one it is near to nothing.
pub(super) fn has_vector(field: usize) -> Condition {
    Condition::Implied(Box::new(Condition::Is(field.into(), Is::NotNull)))
}

/// What Postgres is told about the indexes that it may use.
fn settings(
    resource: &Resource,
    field: usize,
    metric: Metric,
    rows: u64,
    ef_search: Option<u32>,
) -> Vec<(&'static str, String)> {
    let nearest = &resource.nearest;
    let column = nearest.columns.iter().find(|column| column.field == field);
    let lists = |method: VectorMethod| match method {
        VectorMethod::IvfFlat { lists } => Some(lists),
        VectorMethod::Hnsw => None,
    };
    let indexes = column.into_iter().flat_map(|column| column.usable(metric));
    let lists = indexes.filter_map(|index| lists(index.method)).max();
    // A plan for any number of rows would take a LIMIT that it does not know for a large one, and read the whole table.
    let mut settings = vec![("plan_cache_mode", "force_custom_plan".to_owned())];
    let ef_search = ef_search.unwrap_or_else(|| nearest.ef_search(rows));
    settings.push(("hnsw.ef_search", ef_search.to_string()));
    if nearest.iterative {
        settings.push(("hnsw.iterative_scan", "strict_order".to_owned()));
    }
    if let Some(lists) = lists {
        // As pgvector advises: the square root of the lists.
        settings.push(("ivfflat.probes", lists.isqrt().max(1).to_string()));
        if nearest.iterative {
            // It knows no strict order; the rows that it finds are sorted in any case.
            settings.push(("ivfflat.iterative_scan", "relaxed_order".to_owned()));
        }
    }
    settings
}

/// The row that others are to be near to.
fn row(resource: &Resource, key: &[String]) -> Result<Condition> {
    condition::key(resource, key).map_err(|error| {
        let mut violations = error.violations().to_vec();
        for violation in &mut violations {
            violation.loc = vec!["body".into(), "like".into()];
        }
        Error::invalid(violations)
    })
}

/// `distance`, with as many `_` before it as keep it apart from every field, and every name that `select` gives.
fn label(resource: &Resource, items: &[SelectItem]) -> String {
    fn taken(items: &[SelectItem], label: &str) -> bool {
        items.iter().any(|item| match item {
            SelectItem::Column { alias, .. } | SelectItem::Aggregate { alias, .. } => alias.as_deref() == Some(label),
            SelectItem::Embed {
                alias,
                relation,
                spread,
                items,
                ..
            } => {
                let plain = |item: &SelectItem| matches!(item, SelectItem::Column { column, alias: None, .. } if column.name == label);
                alias.as_deref().unwrap_or(relation) == label || *spread && (taken(items, label) || items.iter().any(plain))
            }
            SelectItem::All => false,
        })
    }
    let mut label = "distance".to_owned();
    while resource.field(&label).is_some() || taken(items, &label) {
        label.insert(0, '_');
    }
    label
}

/// Whether `select` names the distance, which is there in any case.
fn names(item: &SelectItem, label: &str) -> bool {
    matches!(item, SelectItem::Column { column, alias: None, cast: None } if is_distance(column, label))
}

fn is_distance(column: &request::ColumnRef, label: &str) -> bool {
    column.name == label && column.path.is_empty()
}

/// `distance=lt.0.5`. What is farther off than something is no question for neighbours.
fn bound(filter: Filter) -> Result<(Comparison, String)> {
    let refused = || {
        Error::new(
            Code::BadQuery,
            "The distance can be filtered by `lt` and `lte` with a number only",
        )
        .with_hint("write for example `distance=lt.0.5`")
    };
    let Filter::Test(Test {
        operator: Operator::Compare(comparison @ (Comparison::Lt | Comparison::Lte), Operand::One(text)),
        ..
    }) = filter
    else {
        return Err(refused());
    };
    let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
    number
        .map(|number| (comparison, number.to_string()))
        .ok_or_else(refused)
}
