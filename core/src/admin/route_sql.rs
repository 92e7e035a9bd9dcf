//! The statement of a plain request on a route, made by the very stages that make it for a client.

use std::sync::Arc;

use serde_json::Value;

use crate::contract::{Function, Grant, Overload, Owner, Resource, Route, Snapshot, Verb, Whole};
use crate::error::{Error, Result};
use crate::plan::cursor::Key;
use crate::plan::{self, Lists, Principal, View};
use crate::request::{Prefer, Target, json, query};
use crate::validate::{self, Checked, Model};
use crate::{request, sql};

/// The parts of a plain request.
pub(super) struct Plain<'a> {
    /// An example of each field of the key, in key order; empty for a collection.
    pub(super) key: Vec<String>,
    /// A filter as name and value, for a write to a collection.
    pub(super) filter: Option<(&'a str, &'a str)>,
    /// A body that would be accepted.
    pub(super) body: Option<&'a Value>,
}

/// The statement's text.
pub(super) fn statement(route: &Route, plain: Plain<'_>) -> Result<String> {
    let (resource, verb) = match &route.owner {
        Owner::Resource(resource, verb) => (opened(resource, *verb), *verb),
        Owner::Function(function) => return call(function, plain.body),
        Owner::Sql(route) => {
            let texts: Vec<&str> = route.steps.iter().map(|step| step.text.as_str()).collect();
            return Ok(texts.join(";\n"));
        }
    };
    let resource = &resource;
    let prefer = &Prefer::default();
    let view = &View {
        snapshot: &Snapshot::default(),
        principal: &Principal::Anonymous,
    };
    if route.nearest {
        let body = plain.body.ok_or_else(|| Error::internal("a body has no example"))?;
        let sought = validate::nearest::sought(resource, &json::parse(body.to_string().as_bytes())?)?;
        let query = query::parse(&sought.query)?;
        // The vector is a bind: the text is the same for all.
        let read = plan::nearest::plan(resource, &sought, String::new(), query, view)?;
        return Ok(sql::read::statement(&read)?.text);
    }
    let mut query = query::parse("")?;
    let target = if route.item {
        Target::Item(plain.key)
    } else {
        Target::Collection
    };
    let picks = !route.item && matches!(verb, Verb::Update | Verb::Delete);
    if let (true, Some((name, value))) = (picks, plain.filter) {
        query.filters.push(request::filter_parse::test(
            name,
            request::ColumnRef::plain(name),
            value,
        )?);
    }
    let write = match (verb, &target) {
        (Verb::Read, _) => {
            // No request brings a cursor here: any key will do.
            let lists = Lists {
                key: &Key::new(&[0; 32]),
                streamed: false,
            };
            let read = plan::read::plan(resource, target, query, prefer, view, lists)?;
            return Ok(sql::read::statement(&read)?.text);
        }
        (Verb::Create, _) => plan::write::create(
            resource,
            query,
            prefer,
            view,
            checked(resource, Model::Create, plain.body)?,
        )?,
        (Verb::Update, Target::Item(key)) if route.method == "PUT" => {
            let body = checked(resource, Model::Replace, plain.body)?;
            plan::write::replace(resource, key, query, prefer, view, body)?
        }
        (Verb::Update, _) => {
            let body = checked(resource, Model::Update, plain.body)?;
            plan::write::update(resource, &target, query, prefer, view, body)?
        }
        (Verb::Delete, _) => plan::write::delete(resource, &target, query, prefer, view)?,
    };
    let statements = sql::write::statements(&write)?;
    let texts: Vec<String> = statements.into_iter().map(|statement| statement.text).collect();
    Ok(texts.join(";\n"))
}

/// A call of a function with arguments of which an example is known.
fn call(function: &Arc<Function>, body: Option<&Value>) -> Result<String> {
    let overload = function
        .overloads
        .first()
        .ok_or_else(|| Error::internal("a function without one"))?;
    let arguments = match (overload.whole, body) {
        (Some(Whole::Json), _) => validate::whole(overload, Whole::Json, b"{}")?,
        (Some(form), _) => validate::whole(overload, form, b"")?,
        (None, Some(body)) => validate::arguments(overload, &json::parse(body.to_string().as_bytes())?)?,
        (None, None) => Vec::new(),
    };
    let open = Overload {
        rows: opened(&overload.rows, Verb::Read),
        ..Overload::clone(overload)
    };
    let lists = Lists {
        key: &Key::new(&[0; 32]),
        streamed: false,
    };
    let (query, prefer) = (query::parse("")?, Prefer::default());
    let view = View {
        snapshot: &Snapshot::default(),
        principal: &Principal::Anonymous,
    };
    let call = plan::call::plan(function, &Arc::new(open), arguments, query, &prefer, &view, lists)?;
    Ok(sql::call::statement(&call)?.text)
}

fn checked(resource: &Resource, model: Model, body: Option<&Value>) -> Result<Checked> {
    let body = body.ok_or_else(|| Error::internal("a body has no example"))?;
    validate::body(resource, model, &json::parse(body.to_string().as_bytes())?)
}

/// The resource as somebody sees it whom the route lets in: as it is if that is everybody, else with every verb that it
/// offers open.
fn opened(resource: &Arc<Resource>, verb: Verb) -> Arc<Resource> {
    let public = vec![Grant::Public];
    if resource
        .access
        .of(verb)
        .is_some_and(|grants| grants.contains(&Grant::Public))
    {
        return Arc::clone(resource);
    }
    let mut open = Resource::clone(resource);
    // Whose rows it is about is not for the statement to say.
    open.tenant = None;
    for grants in [
        &mut open.access.read,
        &mut open.access.create,
        &mut open.access.update,
        &mut open.access.delete,
    ] {
        if grants.is_some() {
            *grants = Some(public.clone());
        }
    }
    Arc::new(open)
}
