//! Plans of calls: which of the functions of a name is meant, and what is asked of its rows.

use std::sync::Arc;

use super::page::Lists;
use super::policy::{self, Principal};
use super::read::{self, Read};
use super::relation::View;
use crate::contract::{Function, Overload, Whole};
use crate::error::{Code, Error, Result};
use crate::request::{Count, Page, Prefer, Query, Target};
use crate::validate::Bind;

/// Arguments as a request gives them, before they are read.
#[derive(Debug, Clone, Copy)]
pub enum Given<'a> {
    /// Their names; with `body` they are the members of a JSON object.
    Names {
        /// In any order.
        names: &'a [&'a str],
        /// Whether they come as a body, which may be an argument itself.
        body: bool,
    },
    /// A body that is an argument itself or nothing.
    Whole(Whole),
}

/// A planned call.
#[derive(Debug, Clone)]
pub struct Call {
    /// The functions of the name.
    pub function: Arc<Function>,
    /// The one that is called.
    pub overload: Arc<Overload>,
    /// Values by the place of their arguments; those that are left out take their default.
    pub arguments: Vec<(usize, Bind)>,
    /// What is read of the rows that it gives.
    pub read: Read,
}

/// Lets a principal call, or says why not.
///
/// # Errors
/// `unauthenticated`.
pub fn allow(function: &Function, principal: &Principal) -> Result<()> {
    policy::granted(&function.call, principal)
}

/// The function that takes what is given, as PostgREST finds it: by the names alone. Where none takes these names, one
/// whose only argument is the body does.
///
/// # Errors
/// `unknown_function` with the closest one, `ambiguous_function` with those that are meant, `unsupported_media_type`.
pub fn choose<'f>(function: &'f Function, given: Given<'_>) -> Result<&'f Arc<Overload>> {
    let whole = |form: Whole| function.overloads.iter().find(|overload| overload.whole == Some(form));
    let (names, body) = match given {
        Given::Names { names, body } => (names, body),
        Given::Whole(form) => {
            return whole(form).ok_or_else(|| match form {
                Whole::Json => not_an_object(),
                _ => Error::new(Code::UnsupportedMediaType, Code::UnsupportedMediaType.title())
                    .with_hint("send `Content-Type: application/json`, in UTF-8"),
            });
        }
    };
    let found: Vec<&Arc<Overload>> = function.overloads.iter().filter(|o| o.takes(names)).collect();
    match found.as_slice() {
        [one] => Ok(one),
        [] => match whole(Whole::Json).filter(|_| body) {
            Some(overload) => Ok(overload),
            None => Err(unknown(function, names)),
        },
        several => {
            let candidates: Vec<&str> = several.iter().map(|overload| overload.signature.as_str()).collect();
            Err(Error::new(Code::AmbiguousFunction, Code::AmbiguousFunction.title())
                .with_details(format!("it may be {}", candidates.join(" or ")))
                .with_hint("give an argument that only one of them has, or rename one of them in a migration"))
        }
    }
}

/// Plans what is read of a call.
///
/// # Errors
/// Whatever a list of the same rows would be refused for; `bad_query` for a query of what has no rows.
pub fn plan(
    function: &Arc<Function>,
    overload: &Arc<Overload>,
    arguments: Vec<(usize, Bind)>,
    query: Query,
    prefer: &Prefer,
    view: &View<'_>,
    lists: Lists<'_>,
) -> Result<Call> {
    let outcome = overload.outcome;
    if !outcome.is_set() && (!query.filters.is_empty() || !query.order.is_empty() || query.page != Page::UNSAID) {
        return Err(Error::new(Code::BadQuery, "What this function gives is no list")
            .with_details("it takes no filters, order, limit, offset or cursor"));
    }
    if !outcome.is_rows() && (!query.filters.is_empty() || !query.order.is_empty() || !query.select.is_empty()) {
        return Err(Error::new(Code::BadQuery, "What this function gives has no columns")
            .with_details("it takes no `select`, order or filters"));
    }
    if matches!(query.page, Page::After { .. }) {
        return Err(Error::new(Code::BadQuery, format!("{} has no cursors", function.path))
            .with_details("what a function gives has no key, so no order tells all rows apart")
            .with_hint("page with `limit` and `offset`"));
    }
    let mut read = read::plan(&overload.rows, Target::Collection, query, prefer, view, lists)?;
    // Groups have cursors, but not those of rows that may be others with the next call.
    read.binding = None;
    read.run = !overload.reads && outcome.is_set();
    // What was written is not undone for its length.
    read.capped &= overload.reads;
    // All rows are there once the function ran: what Postgres reckons would be worse, and no faster.
    read.count = read.count.filter(|_| outcome.is_set()).map(|_| Count::Exact);
    Ok(Call {
        function: Arc::clone(function),
        overload: Arc::clone(overload),
        arguments,
        read,
    })
}

fn not_an_object() -> Error {
    Error::invalid(vec![crate::error::Violation {
        kind: "model_type".into(),
        loc: vec!["body".into()],
        msg: "must be an object with the arguments by name".to_owned(),
        input: None,
        ctx: None,
    }])
}

/// No function takes these names: the closest is the one that has most of them, and lacks fewest.
fn unknown(function: &Function, names: &[&str]) -> Error {
    let named = function.overloads.iter().filter(|overload| overload.whole.is_none());
    let distance = |overload: &&Arc<Overload>| {
        let strange = names
            .iter()
            .filter(|name| !overload.arguments.by_name.contains_key(**name))
            .count();
        let fields = overload.arguments.fields.iter();
        let missing = fields
            .filter(|field| !field.optional && !names.contains(&field.name.as_str()))
            .count();
        strange + missing
    };
    let list = |names: &[&str]| {
        names
            .iter()
            .map(|name| format!("`{}`", clip(name)))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let error = Error::new(Code::UnknownFunction, Code::UnknownFunction.title());
    let Some(near) = named.min_by_key(distance) else {
        return error.with_hint("it takes the whole body as its only argument");
    };
    let strange: Vec<&str> = names
        .iter()
        .copied()
        .filter(|name| !near.arguments.by_name.contains_key(*name))
        .collect();
    let fields = near.arguments.fields.iter();
    let missing: Vec<&str> = fields
        .filter(|field| !field.optional)
        .map(|field| field.name.as_str())
        .filter(|name| !names.contains(name))
        .collect();
    let mut said = Vec::new();
    if !missing.is_empty() {
        said.push(format!("{} missing", list(&missing)));
    }
    if !strange.is_empty() {
        said.push(format!("{} unknown", list(&strange)));
    }
    error
        .with_details(said.join("; "))
        .with_hint(format!("the closest is {}", near.signature))
}

fn clip(name: &str) -> String {
    name.chars().take(64).collect()
}
