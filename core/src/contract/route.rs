//! A route: one method on one path, as clients, figures, console and audit name it.

use std::sync::Arc;

use super::{Resource, Verb};

/// One method on one path of a resource. `HEAD` belongs to `GET`.
#[derive(Debug, Clone)]
pub struct Route {
    /// `GET /api/leads/{id}`: names the route everywhere.
    pub name: String,
    /// The method.
    pub method: &'static str,
    /// The path, with the key's fields in braces.
    pub path: String,
    /// What it does.
    pub verb: Verb,
    /// Whether it is about one row.
    pub item: bool,
    /// Whether it searches for the nearest rows; it is neither of the collection nor of an item then.
    pub nearest: bool,
    /// What it belongs to.
    pub resource: Arc<Resource>,
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
        verb: Verb::Read,
        item: false,
        nearest: true,
        resource: Arc::clone(resource),
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
                verb,
                item,
                nearest: false,
                resource: Arc::clone(resource),
            })
        })
        .chain(nearest)
        .collect()
}
