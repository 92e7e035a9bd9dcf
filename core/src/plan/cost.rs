//! What a request would cost the database: filters that no index serves, and estimates over a bound.
//!
//! A filter is served if an index finds its rows: one of the conditions that must all hold does, or each of those of which
//! one must. No filter at all is fine: pages follow the key. Related rows must be found along an indexed column, too.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::condition::Condition;
use super::embed::Embed;
use super::output::{Output, Value};
use super::related::Reach;
use super::{operators, served};
use crate::catalog::{QualifiedName, RelationKind};
use crate::config::CostRules;
use crate::contract::{Join, Leg, Resource};
use crate::error::{Code, Error};
use crate::request::Key;

/// A table of fewer rows is read as fast as any index of it.
pub const SMALL: u64 = 1_000;

/// What a request asks the database, as far as its cost goes.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// What is read or written.
    pub resource: &'a Arc<Resource>,
    /// What is asked of its rows.
    pub reach: Reach<'a>,
}

/// What the planner expects of a statement.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// Most rows that one of its steps gives.
    pub rows: f64,
    /// Its total cost, in the planner's units.
    pub cost: f64,
}

/// Something that no index serves.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Missing {
    /// In the client's words: a column with its operator, or related rows.
    pub what: String,
    /// Whether it is about the way to related rows.
    pub related: bool,
}

/// What indexes do for a condition.
enum Verdict {
    /// They find its rows.
    Served,
    /// It narrows nothing, or only leaves out some of the rows that are read anyway, at little cost for each.
    Passed,
    /// They do nothing for these tests.
    Unserved(Vec<Missing>),
}

/// Whose rows it asks for, the resource itself first: each has rules of its own.
#[must_use]
pub fn resources(asked: Asked<'_>) -> Vec<&Arc<Resource>> {
    let mut into = vec![asked.resource];
    for embed in asked.reach.embeds() {
        for resource in std::iter::once(&embed.way.target).chain(embed.way.between()) {
            if into.iter().all(|one| one.name != resource.name) {
                into.push(resource);
            }
        }
    }
    into
}

/// The tables whose size decides whether they need an index.
#[must_use]
pub fn tables(asked: Asked<'_>) -> Vec<QualifiedName> {
    let stored = resources(asked).into_iter().filter(|resource| !resource.is_called());
    let tables: BTreeSet<&QualifiedName> = stored.map(|resource| &resource.table).collect();
    tables.into_iter().cloned().collect()
}

/// What no index serves, in the client's words; nothing where all is well. `small` are tables that need no index.
#[must_use]
pub fn unserved(asked: Asked<'_>, small: &BTreeSet<QualifiedName>) -> Vec<Missing> {
    let judge = Judge { small };
    let mut found = match judge.condition(asked.resource, asked.reach.condition, false, &[]) {
        Verdict::Served | Verdict::Passed => Vec::new(),
        Verdict::Unserved(found) => found,
    };
    judge.output(asked.reach.output, &mut found);
    let mut seen = BTreeSet::new();
    found.retain(|one| seen.insert(one.clone()));
    found
}

fn related(output: &[Output]) -> impl Iterator<Item = &Embed> {
    output.iter().filter_map(|output| match &output.value {
        Value::Related(embed) => Some(embed.as_ref()),
        _ => None,
    })
}

struct Judge<'a> {
    small: &'a BTreeSet<QualifiedName>,
}

impl Judge<'_> {
    /// Whether it needs no index that is known: small tables, what functions give, and views, of which nothing is known.
    fn is_free(&self, resource: &Resource) -> bool {
        matches!(resource.kind, RelationKind::View | RelationKind::ForeignTable)
            || resource.is_called()
            || self.small.contains(&resource.table)
    }

    /// `beside` are the columns tested by what must hold as well.
    fn condition(&self, resource: &Resource, condition: &Condition, negated: bool, beside: &[&str]) -> Verdict {
        match (condition, negated) {
            (Condition::Not(member), _) => self.condition(resource, member, !negated, beside),
            (Condition::All(members), false) | (Condition::Any(members), true) => {
                let mut together = beside.to_vec();
                members
                    .iter()
                    .for_each(|member| tested(resource, member, negated, &mut together));
                self.all(resource, members, negated, &together)
            }
            (Condition::Any(members), false) | (Condition::All(members), true) => {
                self.any(resource, members, negated, beside)
            }
            (Condition::Exists(embed), _) => self.exists(resource, embed, negated),
            (Condition::Implied(_), _) => Verdict::Passed,
            _ if self.is_free(resource) || served::test(resource, condition, negated, beside) => Verdict::Served,
            _ => Verdict::Unserved(vec![told(resource, condition, negated)]),
        }
    }

    fn all(&self, resource: &Resource, members: &[Condition], negated: bool, beside: &[&str]) -> Verdict {
        let mut unserved = Vec::new();
        let mut served = false;
        for member in members {
            match self.condition(resource, member, negated, beside) {
                Verdict::Served => served = true,
                Verdict::Passed => {}
                Verdict::Unserved(more) => unserved.extend(more),
            }
        }
        match (served, unserved.is_empty()) {
            (true, _) => Verdict::Served,
            (false, true) => Verdict::Passed,
            (false, false) => Verdict::Unserved(unserved),
        }
    }

    fn any(&self, resource: &Resource, members: &[Condition], negated: bool, beside: &[&str]) -> Verdict {
        let mut unserved = Vec::new();
        let mut passed = false;
        for member in members {
            match self.condition(resource, member, negated, beside) {
                Verdict::Served => {}
                Verdict::Passed => passed = true,
                Verdict::Unserved(more) => unserved.extend(more),
            }
        }
        match (unserved.is_empty(), passed) {
            (false, _) => Verdict::Unserved(unserved),
            (true, true) => Verdict::Passed,
            (true, false) => Verdict::Served,
        }
    }

    /// Rows with related ones, or without: either the related ones are found first, and then the rows, or the related ones of
    /// each row are looked up.
    fn exists(&self, resource: &Resource, embed: &Embed, negated: bool) -> Verdict {
        let inner = self.condition(&embed.way.target, &embed.condition, false, &[]);
        let lookup = self.lookup(embed);
        match (inner, lookup) {
            (Verdict::Served, _) if negated => Verdict::Passed,
            (Verdict::Served, _) => self.back(resource, embed).map_or(Verdict::Served, unserved_join),
            (Verdict::Unserved(found), _) if !negated => Verdict::Unserved(found),
            (_, Some(missing)) => unserved_join(missing),
            (_, None) => Verdict::Passed,
        }
    }

    /// What is missing to look up the related rows of one row.
    fn lookup(&self, embed: &Embed) -> Option<Missing> {
        match &embed.way.join {
            // A foreign key points at a unique key.
            // How a function finds them is its own affair.
            Join::Out(_) | Join::Computed { .. } => None,
            Join::In(leg) => self.step(&embed.way.target, leg, true, embed),
            Join::Through { table, near, .. } => self.step(table, near, true, embed),
        }
    }

    /// What is missing to find the rows that a related one belongs to.
    fn back(&self, resource: &Resource, embed: &Embed) -> Option<Missing> {
        match &embed.way.join {
            Join::Out(leg) => self.step(resource, leg, false, embed),
            Join::In(_) | Join::Computed { .. } => None,
            Join::Through { table, far, .. } => self.step(table, far, false, embed),
        }
    }

    /// Whether rows are found by the foreign key that a step ends at, or begins with.
    fn step(&self, holder: &Resource, leg: &Leg, ends: bool, embed: &Embed) -> Option<Missing> {
        let column = |pair: &'_ (String, String)| if ends { pair.1.clone() } else { pair.0.clone() };
        let columns: Vec<String> = leg.on.iter().map(column).collect();
        let names: Vec<&str> = columns.iter().map(String::as_str).collect();
        if self.is_free(holder) || served::equal(holder, &names) {
            return None;
        }
        Some(Missing {
            what: format!(
                "related rows `{}`, as no index of {} begins with `{}`",
                super::clip(&embed.label),
                holder.name,
                names.join("` or `")
            ),
            related: true,
        })
    }

    /// Related rows are looked up for each row of the page.
    fn output(&self, output: &[Output], found: &mut Vec<Missing>) {
        for embed in related(output) {
            if let Some(missing) = self.lookup(embed)
                && !matches!(
                    self.condition(&embed.way.target, &embed.condition, false, &[]),
                    Verdict::Served
                )
            {
                found.push(missing);
            }
            self.output(&embed.output, found);
        }
    }
}

fn unserved_join(missing: Missing) -> Verdict {
    Verdict::Unserved(vec![missing])
}

/// The columns of the tests that must all hold.
fn tested<'a>(resource: &'a Resource, condition: &Condition, negated: bool, into: &mut Vec<&'a str>) {
    match (condition, negated) {
        (Condition::Not(member), _) => tested(resource, member, !negated, into),
        (Condition::Implied(member), _) => tested(resource, member, negated, into),
        (Condition::All(members), false) | (Condition::Any(members), true) => {
            members
                .iter()
                .for_each(|member| tested(resource, member, negated, into));
        }
        _ => {
            let field = served::subject(condition).and_then(|subject| resource.fields.get(subject.field));
            into.extend(field.map(|field| field.name.as_str()));
        }
    }
}

/// A test in the client's words: `name` with `ilike`.
fn told(resource: &Resource, condition: &Condition, negated: bool) -> Missing {
    let (Some(subject), Some(word)) = (served::subject(condition), operators::planned(condition)) else {
        return Missing {
            what: "a condition".to_owned(),
            related: false,
        };
    };
    let mut column = resource
        .fields
        .get(subject.field)
        .map_or_else(String::new, |field| field.name.clone());
    for step in &subject.path {
        column.push_str(if step.text { "->>" } else { "->" });
        match &step.key {
            Key::Name(name) => column.push_str(&super::clip(name)),
            Key::Index(index) => column.push_str(&index.to_string()),
        }
    }
    let not = if negated { "not." } else { "" };
    Missing {
        what: format!("`{column}` of {} with `{not}{word}`", resource.name),
        related: false,
    }
}

/// The refusal of what no index serves.
#[must_use]
pub fn unindexed(resource: &Resource, found: &[Missing]) -> Error {
    let told: Vec<&str> = found.iter().map(|missing| missing.what.as_str()).collect();
    let error = Error::new(Code::UnindexedFilter, Code::UnindexedFilter.title()).with_details(told.join("; "));
    if found.iter().all(|missing| missing.related) {
        return error.with_hint("leave these related rows out, or filter them by a column of theirs that has an index");
    }
    let mut indexed: Vec<&str> = Vec::new();
    for index in resource.indexes.iter().filter(|index| index.predicate.is_none()) {
        let column = index.keys.first().and_then(|key| key.column.as_deref());
        // Vectors are searched, not filtered.
        let filtered = |column: &&str| {
            let field = resource.field(column);
            field.is_some_and(|(_, field)| !field.pg_type.kind.is_vector())
        };
        let shown = column.filter(filtered);
        indexed.extend(shown.filter(|column| !indexed.contains(column)));
    }
    if indexed.is_empty() {
        return error.with_hint(format!("{} has no indexes; name one row in the path", resource.name));
    }
    error.with_hint(format!(
        "filter by a column of {} that has an index, others may stand beside it: {}",
        resource.name,
        indexed.join(", ")
    ))
}

/// The refusal of an estimate over a bound; nothing where it is within.
#[must_use]
pub fn over(rules: &CostRules, estimate: Estimate) -> Option<Error> {
    let above = |bound: Option<u32>, value: f64, what: &str| {
        let bound = bound.filter(|bound| value > f64::from(*bound))?;
        Some(format!("{what} {value:.0}, at most {bound}"))
    };
    let found = [
        above(rules.max_rows, estimate.rows, "estimated rows"),
        above(rules.max_cost, estimate.cost, "estimated cost"),
    ];
    let found: Vec<String> = found.into_iter().flatten().collect();
    (!found.is_empty()).then(|| {
        Error::new(Code::TooCostly, Code::TooCostly.title())
            .with_details(found.join("; "))
            .with_hint("ask for fewer rows: with narrower filters, a smaller `limit`, or without a count")
    })
}
