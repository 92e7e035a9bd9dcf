//! A route: one method on one path, as clients, figures, console and audit name it.

use std::path::Path;
use std::sync::Arc;

use super::{Function, Grant, Resource, SqlRoute, Verb};

/// What a route belongs to.
#[derive(Debug, Clone)]
pub enum Owner {
    /// A table or view, and what is done with its rows.
    Resource(Arc<Resource>, Verb),
    /// A function that is called.
    Function(Arc<Function>),
    /// A file of SQL.
    Sql(Arc<SqlRoute>),
}

/// One method on one path. `HEAD` belongs to `GET`.
#[derive(Debug, Clone)]
pub struct Route {
    /// `GET /api/leads/{id}`: names the route everywhere.
    pub name: String,
    /// The method.
    pub method: &'static str,
    /// The path, with the key's fields in braces.
    pub path: String,
    /// Whether it is about one row.
    pub item: bool,
    /// Whether it searches for the nearest rows; it is neither of the collection nor of an item then.
    pub nearest: bool,
    /// What it belongs to.
    pub owner: Owner,
}

impl Route {
    /// Who may use it.
    #[must_use]
    pub fn grants(&self) -> &[Grant] {
        match &self.owner {
            Owner::Resource(resource, verb) => resource.access.of(*verb).unwrap_or_default(),
            Owner::Function(function) => &function.call,
            Owner::Sql(route) => &route.access,
        }
    }

    /// The file that opens it, relative to the project.
    #[must_use]
    pub fn file(&self) -> &Path {
        match &self.owner {
            Owner::Resource(resource, _) => &resource.file,
            Owner::Function(function) => &function.file,
            Owner::Sql(route) => &route.file,
        }
    }
}

/// The methods that a resource offers to somebody, on its collection or on its items; `HEAD` comes with `GET`.
pub fn methods(resource: &Resource, item: bool) -> impl Iterator<Item = (&'static str, Verb)> {
    let all: &[(&'static str, Verb)] = if item {
        &[
            ("GET", Verb::Read),
            ("PUT", Verb::Update),
            ("PATCH", Verb::Update),
            ("DELETE", Verb::Delete),
        ]
    } else {
        &[
            ("GET", Verb::Read),
            ("POST", Verb::Create),
            ("PATCH", Verb::Update),
            ("DELETE", Verb::Delete),
        ]
    };
    all.iter()
        .copied()
        .filter(move |(_, verb)| (!item || !resource.key.is_empty()) && resource.access.of(*verb).is_some())
}

/// Every route of a resource: those of the collection, then those of its items, then the search for the nearest rows.
pub(super) fn of(resource: &Arc<Resource>) -> Vec<Route> {
    let nearest = resource.nearest_path().map(|path| Route {
        name: format!("POST {path}"),
        method: "POST",
        path,
        item: false,
        nearest: true,
        owner: Owner::Resource(Arc::clone(resource), Verb::Read),
    });
    let places = [(false, Some(resource.path.clone())), (true, resource.item_path())];
    places
        .into_iter()
        .filter_map(|(item, path)| Some((item, path?)))
        .flat_map(|(item, path)| {
            methods(resource, item).map(move |(method, verb)| Route {
                name: format!("{method} {path}"),
                method,
                path: path.clone(),
                item,
                nearest: false,
                owner: Owner::Resource(Arc::clone(resource), verb),
            })
        })
        .chain(nearest)
        .collect()
}

/// Every route of a function.
pub(super) fn of_function(function: &Arc<Function>) -> impl Iterator<Item = Route> {
    function.methods().map(|method| Route {
        name: format!("{method} {}", function.path),
        method,
        path: function.path.clone(),
        item: false,
        nearest: false,
        owner: Owner::Function(Arc::clone(function)),
    })
}

/// The route of a file of SQL.
pub(super) fn of_sql(route: &Arc<SqlRoute>) -> Route {
    Route {
        name: format!("{} {}", route.method, route.path),
        method: route.method,
        path: route.path.clone(),
        item: false,
        nearest: false,
        owner: Owner::Sql(Arc::clone(route)),
    }
}
