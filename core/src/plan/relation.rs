//! Which relation an embed means: by the target's name, a foreign key's name or one of its columns, and hints.
//!
//! A resource that the principal may not read is as if it did not exist: it is neither found nor named.

use std::sync::Arc;

use super::policy::{self, Principal};
use crate::contract::{Join, Relationship, Resource, Snapshot, Verb};
use crate::error::{Code, Error, Result};
use crate::suggest;

/// What a request may look at: all contracts, through the eyes of who asks.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// All contracts in force.
    pub snapshot: &'a Snapshot,
    /// Who asks.
    pub principal: &'a Principal,
}

impl<'a> View<'a> {
    /// The relations of a resource that this principal may follow.
    pub fn relations(&self, resource: &Resource) -> impl Iterator<Item = &'a Relationship> + use<'a> {
        let principal = self.principal;
        let readable = move |resource: &Arc<Resource>| policy::allow(resource, Verb::Read, principal).is_ok();
        let ways = self.snapshot.relationships(resource).iter();
        // A function takes rows of a table; what another function gives is none, though it looks the same.
        let table = resource.table.clone();
        let fits = move |way: &Relationship| match &way.join {
            Join::Computed { of, .. } => *of == table,
            _ => true,
        };
        ways.filter(move |way| fits(way) && readable(&way.target) && way.between().is_none_or(readable))
    }

    /// The one relation that a name and its hints mean.
    ///
    /// # Errors
    /// `unknown_relation` where there is none, `ambiguous_embed` where there are several.
    pub fn relation(&self, resource: &Resource, name: &str, hints: &[String]) -> Result<&'a Relationship> {
        let hints: Vec<&str> = hints.iter().map(String::as_str).collect();
        let ways: Vec<&'a Relationship> = self.relations(resource).collect();
        let found = chosen(&ways, name, &hints);
        match found.as_slice() {
            [way] => Ok(*way),
            [] => Err(unknown(resource, &ways, name, &hints)),
            several => Err(ambiguous(resource, &ways, several, name)),
        }
    }
}

/// The relations that a name and hints leave: those to the resource of that name, else those along the foreign key or
/// column of that name, which stands in this resource.
fn chosen<'a>(ways: &[&'a Relationship], name: &str, hints: &[&str]) -> Vec<&'a Relationship> {
    let hinted = |way: &&&'a Relationship| hints.iter().all(|hint| way.matches(hint));
    let mut found: Vec<&'a Relationship> = ways
        .iter()
        .filter(|way| way.name() == name)
        .filter(hinted)
        .copied()
        .collect();
    // A self-reference has two ends of one name and one foreign key: with a hint it is the many, as the one is had
    // by the foreign key's own name.
    let circular = found.len() == 2 && !hints.is_empty() && found.iter().all(|way| way.circular);
    if circular && found.iter().any(|way| matches!(way.join, Join::Out(_))) {
        found.retain(|way| !matches!(way.join, Join::Out(_)));
    }
    // What the operator names for a resource goes before what is found in its foreign keys.
    if found.iter().any(|way| matches!(way.join, Join::Computed { .. })) {
        found.retain(|way| matches!(way.join, Join::Computed { .. }));
    }
    if !found.is_empty() {
        return found;
    }
    let along = |way: &&&'a Relationship| match &way.join {
        Join::Out(leg) => leg.constraint == name || leg.columns.iter().any(|column| column == name),
        Join::In(_) | Join::Through { .. } | Join::Computed { .. } => false,
    };
    ways.iter().filter(along).filter(hinted).copied().collect()
}

fn unknown(resource: &Resource, ways: &[&Relationship], name: &str, hints: &[&str]) -> Error {
    let shown = super::clip(name);
    let error = Error::new(
        Code::UnknownRelation,
        format!("{} has no relation to `{shown}`", resource.name),
    );
    if !hints.is_empty() && ways.iter().any(|way| way.name() == name) {
        let written: Vec<String> = ways
            .iter()
            .filter(|way| way.name() == name)
            .map(|way| spelled(ways, way, name))
            .collect();
        return error
            .with_details(format!("none goes by the hint `{}`", super::clip(&hints.join("!"))))
            .with_hint(format!("write {}", listed(&written, " or ")));
    }
    let mut names: Vec<&str> = ways.iter().map(|way| way.name()).collect();
    names.dedup();
    let hint = suggest::help(name, names);
    error.with_hint(hint.unwrap_or_else(|| format!("{} has no relations that can be embedded", resource.name)))
}

fn ambiguous(resource: &Resource, ways: &[&Relationship], several: &[&Relationship], name: &str) -> Error {
    let candidates: Vec<String> = several
        .iter()
        .map(|way| {
            let along = match &way.join {
                Join::Out(leg) | Join::In(leg) => format!("along {}", leg.constraint),
                Join::Through { table, near, far } => {
                    format!(
                        "through {}, along {} and {}",
                        table.name, near.constraint, far.constraint
                    )
                }
                Join::Computed { function, .. } => format!("by {}()", function.name),
            };
            let spelling = spelled(ways, way, name);
            format!("`{spelling}`: {} to {} {along}", way.kind(), way.target.name)
        })
        .collect();
    Error::new(
        Code::AmbiguousEmbed,
        format!(
            "{} is related to `{}` in several ways",
            resource.name,
            super::clip(name)
        ),
    )
    .with_details(candidates.join("; "))
    .with_hint("name the one that is meant, as `details` shows")
}

/// How each of a resource's relations is written in `select` so that no other is meant, and where it leads.
#[must_use]
pub fn spellings(ways: &[&Relationship]) -> Vec<(String, String)> {
    let spelling = |way: &&Relationship| {
        let kind = format!("{} to {}", way.kind(), way.target.name);
        (spelled(ways, way, way.name()), kind)
    };
    ways.iter().map(spelling).collect()
}

/// How a relation is written so that no other is meant.
fn spelled(ways: &[&Relationship], way: &Relationship, name: &str) -> String {
    let only =
        |name: &str, hints: &[&str]| matches!(chosen(ways, name, hints).as_slice(), [one] if std::ptr::eq(*one, way));
    let name = if way.name() == name { name } else { way.name() };
    let mut hints: Vec<Vec<&str>> = vec![Vec::new()];
    hints.extend(way.hints());
    if let Some(hints) = hints.iter().find(|hints| only(name, hints)) {
        let parts = std::iter::once(&name).chain(hints).map(|part| quoted(part));
        return parts.collect::<Vec<_>>().join("!");
    }
    // The near end of a self-reference, or a second resource over the same table: by the foreign key itself.
    if let Join::Out(leg) = &way.join {
        let names = leg.columns.iter().chain([&leg.constraint]);
        let alone = names.clone().find(|name| only(name, &[]));
        if let Some(name) = alone {
            return quoted(name);
        }
        let target = way.target.name.as_str();
        if let Some(name) = names.clone().find(|name| only(name, &[target])) {
            return format!("{}!{}", quoted(name), quoted(target));
        }
    }
    quoted(name)
}

/// A name as it is written in `select`.
fn quoted(name: &str) -> String {
    let plain = name.chars().all(|c| c.is_alphanumeric() || c == '_');
    if plain && !name.is_empty() {
        name.to_owned()
    } else {
        format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
    }
}

fn listed(texts: &[String], word: &str) -> String {
    let quoted: Vec<String> = texts.iter().map(|text| format!("`{text}`")).collect();
    quoted.join(word)
}
