//! Plans of embeds: related rows inside of a reply's rows.

use std::sync::Arc;

use super::clip;
use super::condition::{self, Condition};
use super::order::{self, Order};
use super::output::{self, Output, Value};
use super::relation::View;
use crate::contract::{Relationship, Resource};
use crate::error::{Code, Error, Result};
use crate::request::{Aggregate, Is, Operator, Part, SelectItem, Test};

/// Deepest nesting.
const MAX_DEPTH: usize = 5;
/// Most embeds of one request.
const MAX_EMBEDS: usize = 20;

/// What is said of related rows, by the path of their relations.
pub type Parts = Vec<(Vec<String>, Part)>;

/// Related rows inside of a row.
#[derive(Debug, Clone)]
pub struct Embed {
    /// Its name in the reply.
    pub label: String,
    /// Which rows.
    pub way: Relationship,
    /// Whether its members stand among those of the row around it.
    pub spread: bool,
    /// The columns of its rows, with what is embedded in them.
    pub output: Vec<Output>,
    /// Which of the related rows.
    pub condition: Condition,
    /// Their order, where there may be several.
    pub order: Vec<Order>,
    /// At most so many for each row around them.
    pub limit: u64,
    /// Rows to skip.
    pub offset: u64,
}

impl Embed {
    /// Whether its rows are groups of rows.
    #[must_use]
    pub fn grouped(&self) -> bool {
        self.output.iter().any(Output::is_aggregate)
    }
}

// An embed is the same as itself alone.
impl PartialEq for Embed {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Eq for Embed {}

/// What the rows of a reply hold.
#[derive(Debug, Default)]
pub struct Shape {
    /// Columns, related rows among them.
    pub output: Vec<Output>,
    /// All that can be named in filters and orders: also those of which nothing is shown.
    pub named: Vec<Named>,
    /// What `!inner` asks of the rows.
    pub required: Vec<Condition>,
}

/// An embed as filters and orders name it.
#[derive(Debug)]
pub struct Named {
    /// The relation, in the client's words.
    relation: String,
    embed: Arc<Embed>,
}

/// The embed that a name means: by its name in the reply, else by its relation.
fn find<'a>(named: &'a [Named], name: &str) -> Option<&'a Arc<Embed>> {
    let by_label = named.iter().find(|known| known.embed.label == name);
    let found = by_label.or_else(|| named.iter().find(|known| known.relation == name));
    found.map(|known| &known.embed)
}

/// Plans what `select` says of a resource's rows; `groups` where they may be groups, if the resource allows it.
///
/// # Errors
/// Unknown columns and relations, ambiguous relations, names that come twice, filters on what is not embedded.
pub fn shape(
    view: &View<'_>,
    resource: &Resource,
    items: Vec<SelectItem>,
    parts: Parts,
    groups: bool,
) -> Result<Shape> {
    let mut planner = Planner { view, count: 0 };
    planner.shape(resource, items, parts, groups, 0)
}

struct Planner<'a> {
    view: &'a View<'a>,
    count: usize,
}

impl Planner<'_> {
    fn shape(
        &mut self,
        resource: &Resource,
        items: Vec<SelectItem>,
        mut parts: Parts,
        groups: bool,
        depth: usize,
    ) -> Result<Shape> {
        let mut shape = Shape::default();
        if items.is_empty() {
            shape.output.extend(output::every(resource));
        }
        let labels: Vec<String> = items.iter().filter_map(label).collect();
        for item in items {
            match item {
                SelectItem::All => shape.output.extend(output::every(resource)),
                // What PostgREST's clients write for the number of related rows.
                SelectItem::Column { column, alias, cast }
                    if column.name == "count" && column.path.is_empty() && resource.field("count").is_none() =>
                {
                    offered(resource, groups)?;
                    let count = output::aggregate(resource, Aggregate::Count, None, cast, alias)?;
                    shape.output.push(count);
                }
                SelectItem::Column { column, alias, cast } => {
                    shape.output.push(output::plain(resource, column, cast, alias)?);
                }
                SelectItem::Aggregate {
                    function,
                    column,
                    input_cast,
                    cast,
                    alias,
                } => {
                    offered(resource, groups)?;
                    let column = column.map(|column| (column, input_cast));
                    shape
                        .output
                        .push(output::aggregate(resource, function, column, cast, alias)?);
                }
                SelectItem::Embed { .. } => self.embed(resource, item, &labels, &mut parts, depth, &mut shape)?,
            }
        }
        if let Some((path, _)) = parts.first() {
            return Err(not_embedded(path.first().map_or("", String::as_str)));
        }
        output::together(resource, &shape.output)?;
        Ok(shape)
    }

    fn embed(
        &mut self,
        resource: &Resource,
        item: SelectItem,
        labels: &[String],
        parts: &mut Parts,
        depth: usize,
        shape: &mut Shape,
    ) -> Result<()> {
        let SelectItem::Embed {
            alias,
            relation,
            hints,
            inner,
            spread,
            items,
        } = item
        else {
            return Ok(());
        };
        self.count += 1;
        if self.count > MAX_EMBEDS || depth >= MAX_DEPTH {
            return Err(Error::new(Code::BadQuery, "`select` embeds too much")
                .with_details(format!("at most {MAX_EMBEDS} embeds, {MAX_DEPTH} deep")));
        }
        let way = self.view.relation(resource, &relation, &hints)?;
        let label = alias.unwrap_or_else(|| relation.clone());
        let (part, nested) = taken(parts, |name| {
            name == label || name == relation && !labels.iter().any(|label| label == name)
        });
        let shown = !items.is_empty();
        let within = self.shape(&way.target, items, nested, way.many, depth + 1)?;
        let spreads = |output: &Output| matches!(&output.value, Value::Related(embed) if embed.spread);
        if spread && way.many && within.output.iter().any(spreads) {
            return Err(Error::new(
                Code::BadQuery,
                format!(
                    "`{}` is spread with several rows, inside of which nothing more can be spread",
                    clip(&relation)
                ),
            ));
        }
        let mut conditions = vec![condition::check(&way.target, part.filters, &within.named)?];
        conditions.extend(within.required);
        let grouped = within.output.iter().any(Output::is_aggregate);
        let (order, max) = if grouped {
            let max = way.target.page.max_groups.unwrap_or(way.target.page.max);
            (order::groups(&way.target, part.order, &within.output)?, max)
        } else {
            let order = order::rows(&way.target, part.order, &within.named)?;
            (order, way.target.page.max)
        };
        let max = u64::from(max);
        let embed = Arc::new(Embed {
            label,
            way: way.clone(),
            spread,
            output: within.output,
            condition: Condition::All(conditions),
            order,
            limit: part.limit.unwrap_or(max).min(max),
            offset: part.offset.unwrap_or(0),
        });
        if inner {
            shape.required.push(Condition::Exists(Arc::clone(&embed)));
        }
        if shown {
            shape.output.push(Output {
                label: embed.label.clone(),
                value: Value::Related(Arc::clone(&embed)),
            });
        }
        shape.named.push(Named { relation, embed });
        Ok(())
    }
}

/// Whether aggregates may stand here.
fn offered(resource: &Resource, groups: bool) -> Result<()> {
    if groups && resource.page.max_groups.is_some() {
        return Ok(());
    }
    Err(Error::new(Code::BadQuery, "Aggregates are not offered here")
        .with_details("only lists have them, of resources whose file sets `max_groups` under [page]"))
}

fn label(item: &SelectItem) -> Option<String> {
    match item {
        SelectItem::Embed { alias, relation, .. } => Some(alias.as_ref().unwrap_or(relation).clone()),
        _ => None,
    }
}

/// Takes out what is said of one relation, and of those inside of it.
fn taken(parts: &mut Parts, meant: impl Fn(&str) -> bool) -> (Part, Parts) {
    let (mut own, mut nested) = (Part::default(), Parts::new());
    for (mut path, part) in std::mem::take(parts) {
        if !path.first().is_some_and(|name| meant(name)) {
            parts.push((path, part));
        } else if path.len() == 1 {
            own = part;
        } else {
            path.remove(0);
            nested.push((path, part));
        }
    }
    (own, nested)
}

fn not_embedded(name: &str) -> Error {
    let name = clip(name);
    Error::new(
        Code::UnknownRelation,
        format!("`{name}` is not embedded in this request"),
    )
    .with_hint(format!("add `{name}()` to `select` to filter or order by it"))
}

/// `relation=is.null` and `relation=not.is.null`: rows without and with related ones. Nothing if it is about a column.
///
/// # Errors
/// `bad_query` for another operator.
pub fn presence(resource: &Resource, named: &[Named], test: &Test) -> Result<Option<Condition>> {
    if resource.field(&test.column.name).is_some() || !test.column.path.is_empty() {
        return Ok(None);
    }
    let Some(embed) = find(named, &test.column.name) else {
        return Ok(None);
    };
    let exists = Condition::Exists(Arc::clone(embed));
    match test.operator {
        Operator::Is(Is::NotNull) => Ok(Some(exists)),
        Operator::Is(Is::Null) => Ok(Some(Condition::Not(Box::new(exists)))),
        _ => Err(Error::new(
            Code::BadQuery,
            format!(
                "Related rows `{}` can only be asked `is.null` and `not.is.null`",
                embed.label
            ),
        )
        .with_hint(format!("filter their columns with `{}.column=…`", embed.label))),
    }
}

/// The single related row whose column orders the rows around it.
///
/// # Errors
/// `unknown_relation` if it is not embedded, `bad_query` if there may be several rows.
pub fn single(named: &[Named], name: &str) -> Result<Arc<Embed>> {
    let embed = find(named, name).ok_or_else(|| not_embedded(name))?;
    if embed.way.many {
        return Err(
            Error::new(Code::BadQuery, format!("Rows cannot be ordered by `{}`", clip(name)))
                .with_details("a row has several of them"),
        );
    }
    Ok(Arc::clone(embed))
}
