//! Which stored row a new one meets: the unique key of an upsert, and the key that a `PUT` names by filters.

use super::condition;
use super::policy::{self, Principal};
use crate::catalog::RelationKind;
use crate::contract::{Resource, Verb};
use crate::error::{Code, Error, Result};
use crate::request::{Comparison, Filter, Operand, Operator, Prefer, Query, Resolution, Test};

/// How new rows meet those that are there already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// The fields of the unique key by which they are found.
    pub fields: Vec<usize>,
    /// What becomes of them.
    pub resolution: Resolution,
}

/// The unique key by which new rows meet old ones; none where nothing is to be resolved.
pub(super) fn conflict(
    resource: &Resource,
    named: Option<&[String]>,
    prefer: &Prefer,
    principal: &Principal,
) -> Result<Option<Conflict>> {
    let mut named_fields: Option<Vec<usize>> = None;
    if let Some(names) = named {
        let fields = names.iter().map(|name| Ok(condition::find(resource, name)?.0));
        named_fields = Some(fields.collect::<Result<_>>()?);
    }
    let keys = || {
        let unique = resource.unique.iter().map(|unique| &unique.fields);
        unique.filter(|fields| !fields.is_empty())
    };
    let refused = |what: &str| {
        let named = |fields: &Vec<usize>| {
            let names = fields.iter().filter_map(|index| resource.fields.get(*index));
            names.map(|field| field.name.as_str()).collect::<Vec<_>>().join(",")
        };
        let all: Vec<String> = keys()
            .map(|fields| format!("`on_conflict={}`", named(fields)))
            .collect();
        let error = Error::new(Code::BadQuery, what.to_owned());
        if all.is_empty() || resource.kind != RelationKind::Table {
            error.with_hint("it has no unique key by which rows could be found")
        } else {
            error.with_hint(format!("possible here: {}", all.join(", ")))
        }
    };
    let fields = match named_fields {
        Some(fields) => {
            // Who asks has one tenant: it need not be named.
            let named = |key: &Vec<usize>| key.iter().filter(|field| resource.tenant != Some(**field)).count();
            let own = fields.iter().filter(|field| resource.tenant != Some(**field)).count();
            let same = |key: &&Vec<usize>| named(key) == own && fields.iter().all(|field| key.contains(field));
            let key = keys().find(same);
            key.cloned()
                .ok_or_else(|| refused("`on_conflict` does not name a unique key"))?
        }
        None if resource.key.is_empty() => Vec::new(),
        None => resource.stored_key(),
    };
    let Some(resolution) = prefer.resolution else {
        return Ok(None);
    };
    if fields.is_empty() || resource.kind != RelationKind::Table {
        return Err(refused(
            "Rows cannot be resolved by a key that this resource does not have",
        ));
    }
    if resolution == Resolution::Merge {
        policy::allow(resource, Verb::Update, principal).map_err(|error| match error.code() {
            Code::MethodNotAllowed => Error::new(Code::BadHeader, "Rows of this resource cannot be merged")
                .with_details("it offers no updates")
                .with_hint("`resolution=ignore-duplicates` creates only"),
            _ => error,
        })?;
    }
    Ok(Some(Conflict { fields, resolution }))
}

/// The key in a filter such as `id=eq.7`, by which `PUT` names its row on a collection; taken out of the query.
///
/// # Errors
/// `bad_query` for other filters than one `eq` for each column of the key.
pub fn key_of_filters(resource: &Resource, query: &mut Query) -> Result<Vec<String>> {
    let wrong = || {
        let names = resource.key.iter().filter_map(|index| resource.fields.get(*index));
        let names: Vec<String> = names.map(|field| format!("{}=eq.…", field.name)).collect();
        Error::new(
            Code::BadQuery,
            "PUT needs the whole key of one row, and no other filter",
        )
        .with_hint(format!("write `{}?{}`", resource.path, names.join("&")))
    };
    let mut values: Vec<Option<String>> = vec![None; resource.key.len()];
    for filter in std::mem::take(&mut query.filters) {
        let Filter::Test(Test {
            column,
            operator: Operator::Compare(Comparison::Eq, Operand::One(value)),
        }) = filter
        else {
            return Err(wrong());
        };
        if !column.path.is_empty() {
            return Err(wrong());
        }
        let (field, _) = condition::find(resource, &column.name)?;
        let place = resource.key.iter().position(|index| *index == field);
        match place.and_then(|place| values.get_mut(place)) {
            Some(slot) if slot.is_none() => *slot = Some(value),
            _ => return Err(wrong()),
        }
    }
    values.into_iter().collect::<Option<_>>().ok_or_else(wrong)
}
