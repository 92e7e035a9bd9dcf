//! Ways from one resource to another along foreign keys: the graph that embedding walks.
//!
//! Only what is exposed takes part, and only foreign keys whose columns are all shown, on both sides: a
//! hidden column says nothing, not even whom it points at. Views have no foreign keys, so nothing but what functions
//! compute leads to or from them.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Reference, Resource};
use crate::catalog::QualifiedName;

/// A way from one resource to another.
#[derive(Debug, Clone)]
pub struct Relationship {
    /// Where it leads.
    pub target: Arc<Resource>,
    /// Whether a row may have several related rows.
    pub many: bool,
    /// Whether it leads back to the table that it comes from.
    pub circular: bool,
    /// Which rows belong together.
    pub join: Join,
}

/// Which rows belong together.
#[derive(Debug, Clone)]
pub enum Join {
    /// The foreign key stands on this side: many-to-one.
    Out(Leg),
    /// The foreign key stands on the other side: one-to-many, or one-to-one where its columns are unique.
    In(Leg),
    /// A table between them has a foreign key to each: many-to-many.
    Through {
        /// The table between.
        table: Arc<Resource>,
        /// From this resource to the table between.
        near: Leg,
        /// From the table between to the target.
        far: Leg,
    },
    /// A function finds them.
    Computed {
        /// The function, which takes a row.
        function: QualifiedName,
        /// The table of that row.
        of: QualifiedName,
    },
}

/// One foreign key as a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leg {
    /// The constraint's name.
    pub constraint: String,
    /// The names of the referencing columns.
    pub columns: Vec<String>,
    /// Columns that must be equal: the one where the step begins, and the one where it ends.
    pub on: Vec<(String, String)>,
}

impl Leg {
    fn named(&self, hint: &str) -> bool {
        self.constraint == hint || self.columns.iter().any(|column| column == hint)
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        let columns = self.columns.iter().map(String::as_str);
        columns.chain([self.constraint.as_str()])
    }

    fn turned(&self) -> Self {
        Self {
            on: self.on.iter().map(|(from, to)| (to.clone(), from.clone())).collect(),
            ..self.clone()
        }
    }
}

impl Relationship {
    /// What it is called: as the resource it leads to, or as the function that finds it.
    #[must_use]
    pub fn name(&self) -> &str {
        match &self.join {
            Join::Computed { function, .. } => &function.name,
            _ => &self.target.name,
        }
    }

    /// Whether a hint chooses it: the target's name, the table between, a foreign key's name or one of its columns.
    #[must_use]
    pub fn matches(&self, hint: &str) -> bool {
        self.target.name == hint
            || match &self.join {
                Join::Out(leg) | Join::In(leg) => leg.named(hint),
                // Where both ends are one table the near step alone says which way is meant.
                Join::Through { table, near, far } => {
                    table.name == hint || near.named(hint) || !self.circular && far.named(hint)
                }
                Join::Computed { .. } => false,
            }
    }

    /// What is needed of the principal besides the target: the table between must be readable, too.
    #[must_use]
    pub fn between(&self) -> Option<&Arc<Resource>> {
        match &self.join {
            Join::Through { table, .. } => Some(table),
            Join::Out(_) | Join::In(_) | Join::Computed { .. } => None,
        }
    }

    /// Hints that may choose it, the shortest to explain first.
    #[must_use]
    pub fn hints(&self) -> Vec<Vec<&str>> {
        match &self.join {
            Join::Out(leg) | Join::In(leg) => leg
                .names()
                .map(|hint| vec![hint])
                .chain(leg.names().map(|hint| vec![self.target.name.as_str(), hint]))
                .collect(),
            Join::Through { table, near, .. } => {
                let name = table.name.as_str();
                let alone = [vec![name]].into_iter().chain(near.names().map(|hint| vec![hint]));
                alone.chain(near.names().map(|hint| vec![name, hint])).collect()
            }
            // A second resource over the same table is told by its name.
            Join::Computed { .. } => vec![vec![self.target.name.as_str()]],
        }
    }

    /// The foreign keys along which it leads, each with its direction: what tells it from all others of its resource.
    pub fn steps(&self) -> impl Iterator<Item = &str> {
        let (first, second) = match &self.join {
            Join::Out(leg) => (["out", &leg.constraint], None),
            Join::In(leg) => (["in", &leg.constraint], None),
            Join::Through { near, far, .. } => (["through", &near.constraint], Some(far.constraint.as_str())),
            Join::Computed { function, .. } => (["computed", &function.schema], Some(function.name.as_str())),
        };
        first.into_iter().chain(second)
    }

    /// Its kind, in the words of messages and docs.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match (&self.join, self.many) {
            (Join::Out(_), _) => "many-to-one",
            (Join::In(_), false) => "one-to-one",
            (Join::In(_), true) => "one-to-many",
            (Join::Through { .. }, _) => "many-to-many",
            (Join::Computed { .. }, false) => "computed one",
            (Join::Computed { .. }, true) => "computed several",
        }
    }
}

/// All ways between resources; the first list belongs to the first resource.
pub(super) fn graph(resources: &[Arc<Resource>]) -> Vec<Vec<Relationship>> {
    let mut by_table: HashMap<&QualifiedName, Vec<usize>> = HashMap::new();
    for (index, resource) in resources.iter().enumerate() {
        by_table.entry(&resource.table).or_default().push(index);
    }
    let mut graph: Vec<Vec<Relationship>> = resources.iter().map(|_| Vec::new()).collect();
    let mut add = |from: usize, way: Relationship| {
        if let Some(ways) = graph.get_mut(from) {
            ways.push(way);
        }
    };
    for (index, resource) in resources.iter().enumerate() {
        // Every foreign key with every resource over the table it points at.
        let mut legs: Vec<(usize, &Arc<Resource>, Leg)> = Vec::new();
        for reference in &resource.references {
            for target in by_table.get(&reference.target).into_iter().flatten() {
                if let Some((end, leg)) = resources
                    .get(*target)
                    .and_then(|end| Some((end, leg(resource, reference, end)?)))
                {
                    legs.push((*target, end, leg));
                }
            }
        }
        for (target, end, leg) in &legs {
            add(
                index,
                Relationship {
                    target: Arc::clone(end),
                    many: false,
                    circular: end.table == resource.table,
                    join: Join::Out(leg.clone()),
                },
            );
            add(
                *target,
                Relationship {
                    target: Arc::clone(resource),
                    many: !is_unique(resource, leg),
                    circular: end.table == resource.table,
                    join: Join::In(leg.turned()),
                },
            );
        }
        for (near_at, start, near) in legs.iter().filter(|(_, _, leg)| in_key(resource, leg)) {
            for (_, end, far) in legs.iter().filter(|(_, _, leg)| in_key(resource, leg)) {
                if near.constraint != far.constraint {
                    add(
                        *near_at,
                        Relationship {
                            target: Arc::clone(end),
                            many: true,
                            circular: start.table == end.table,
                            join: Join::Through {
                                table: Arc::clone(resource),
                                near: near.turned(),
                                far: far.clone(),
                            },
                        },
                    );
                }
            }
        }
    }
    for (index, resource) in resources.iter().enumerate() {
        for computed in &resource.computed {
            for target in by_table.get(&computed.returns).into_iter().flatten() {
                if let (Some(ways), Some(end)) = (graph.get_mut(index), resources.get(*target)) {
                    ways.push(Relationship {
                        target: Arc::clone(end),
                        many: computed.many,
                        circular: false,
                        join: Join::Computed {
                            function: computed.function.clone(),
                            of: resource.table.clone(),
                        },
                    });
                }
            }
        }
    }
    for ways in &mut graph {
        ways.sort_by(|a, b| a.name().cmp(b.name()));
    }
    graph
}

/// A foreign key as a step, if all of its columns are shown on both sides.
fn leg(from: &Resource, reference: &Reference, to: &Resource) -> Option<Leg> {
    if reference.fields.is_empty() || reference.fields.len() != reference.target_columns.len() {
        return None;
    }
    if !reference
        .target_columns
        .iter()
        .all(|column| to.by_name.contains_key(column))
    {
        return None;
    }
    let columns = names(from, &reference.fields)?;
    Some(Leg {
        constraint: reference.constraint.clone(),
        on: columns
            .iter()
            .cloned()
            .zip(reference.target_columns.iter().cloned())
            .collect(),
        columns,
    })
}

fn names(resource: &Resource, fields: &[usize]) -> Option<Vec<String>> {
    let names = fields
        .iter()
        .map(|index| Some(resource.fields.get(*index)?.name.clone()));
    names.collect()
}

/// Whether the referencing columns hold a unique key, so that at most one row points at another.
fn is_unique(resource: &Resource, leg: &Leg) -> bool {
    let mut keys = resource
        .unique
        .iter()
        .filter_map(|unique| names(resource, &unique.fields));
    keys.any(|key| !key.is_empty() && key.iter().all(|column| leg.columns.contains(column)))
}

/// Whether the referencing columns are part of the primary key, which makes a table one that joins others.
fn in_key(resource: &Resource, leg: &Leg) -> bool {
    let primary = resource.unique.iter().find(|unique| unique.primary);
    let key = primary.and_then(|unique| names(resource, &unique.fields));
    key.is_some_and(|key| leg.columns.iter().all(|column| key.contains(column)))
}
