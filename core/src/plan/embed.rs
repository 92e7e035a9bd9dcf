//! Plans of embeds: related rows inside of a reply's rows.

use std::collections::HashSet;
use std::sync::Arc;

use super::clip;
use super::condition::{self, Condition};
use super::read::{self, Order, Output};
use super::relation::View;
use crate::contract::{Relationship, Resource};
use crate::error::{Code, Error, Result};
use crate::request::{Is, Operator, Part, SelectItem, Test};

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
    /// It stands before the output column of this place in the row around it.
    pub at: usize,
    /// Which rows.
    pub way: Relationship,
    /// Whether its members stand among those of the row around it.
    pub spread: bool,
    /// The columns of its rows.
    pub output: Vec<Output>,
    /// What is embedded in them.
    pub embeds: Vec<Arc<Embed>>,
    /// Which of the related rows.
    pub condition: Condition,
    /// Their order, where there may be several.
    pub order: Vec<Order>,
    /// At most so many for each row around them.
    pub limit: u64,
    /// Rows to skip.
    pub offset: u64,
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
    /// Columns.
    pub output: Vec<Output>,
    /// Related rows that are shown.
    pub embeds: Vec<Arc<Embed>>,
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

/// Plans what `select` says of a resource's rows.
///
/// # Errors
/// Unknown columns and relations, ambiguous relations, names that come twice, filters on what is not embedded.
pub fn shape(view: &View<'_>, resource: &Resource, items: Vec<SelectItem>, parts: Parts) -> Result<Shape> {
    let mut planner = Planner { view, count: 0 };
    planner.shape(resource, items, parts, 0)
}

struct Planner<'a> {
    view: &'a View<'a>,
    count: usize,
}

impl Planner<'_> {
    fn shape(&mut self, resource: &Resource, items: Vec<SelectItem>, mut parts: Parts, depth: usize) -> Result<Shape> {
        let mut shape = Shape::default();
        let everything = items.is_empty();
        let (mut plain, mut at) = (Vec::new(), 0);
        let mut asked = Vec::new();
        for item in items {
            match item {
                SelectItem::Embed { .. } => asked.push((at, item)),
                SelectItem::All => {
                    at += resource.fields.len();
                    plain.push(item);
                }
                _ => {
                    at += 1;
                    plain.push(item);
                }
            }
        }
        if everything || !plain.is_empty() {
            shape.output = read::output(resource, plain)?;
        }
        let labels: Vec<String> = asked.iter().filter_map(|(_, item)| label(item)).collect();
        for (at, item) in asked {
            self.embed(resource, at, item, &labels, &mut parts, depth, &mut shape)?;
        }
        if let Some((path, _)) = parts.first() {
            return Err(not_embedded(path.first().map_or("", String::as_str)));
        }
        distinct(&shape)?;
        Ok(shape)
    }

    #[expect(clippy::too_many_arguments, reason = "one step of a loop, taken out to be read")]
    fn embed(
        &mut self,
        resource: &Resource,
        at: usize,
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
        let within = self.shape(&way.target, items, nested, depth + 1)?;
        if spread && way.many && within.embeds.iter().any(|embed| embed.spread) {
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
        let max = u64::from(way.target.page.max);
        let embed = Arc::new(Embed {
            label,
            at,
            way: way.clone(),
            spread,
            output: within.output,
            embeds: within.embeds,
            condition: Condition::All(conditions),
            order: read::order(&way.target, part.order, &within.named)?,
            limit: part.limit.unwrap_or(max).min(max),
            offset: part.offset.unwrap_or(0),
        });
        if inner {
            shape.required.push(Condition::Exists(Arc::clone(&embed)));
        }
        if shown {
            shape.embeds.push(Arc::clone(&embed));
        }
        shape.named.push(Named { relation, embed });
        Ok(())
    }
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

/// No two members of a row have one name, those of rows that are spread into it among them.
fn distinct(shape: &Shape) -> Result<()> {
    let mut labels = HashSet::new();
    let mut members: Vec<&str> = shape.output.iter().map(|output| output.label.as_str()).collect();
    shape.embeds.iter().for_each(|embed| lifted(embed, &mut members));
    for label in members {
        if !labels.insert(label) {
            return Err(
                Error::new(Code::BadQuery, format!("`select` names `{}` twice", clip(label)))
                    .with_hint("give one of them another name, as `alias:name`"),
            );
        }
    }
    Ok(())
}

fn lifted<'a>(embed: &'a Embed, members: &mut Vec<&'a str>) {
    if embed.spread {
        members.extend(embed.output.iter().map(|output| output.label.as_str()));
        embed.embeds.iter().for_each(|inside| lifted(inside, members));
    } else {
        members.push(&embed.label);
    }
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
