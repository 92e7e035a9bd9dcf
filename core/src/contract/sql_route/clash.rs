//! Two routes for one request: SQL routes among each other, and with resources and functions.

use std::path::Path;

use super::{SqlRoute, Template};
use crate::contract::{Contracts, Owner, Route, route};
use crate::diagnostic::Diagnostic;

/// A route that is no SQL route, as far as another may be in its way.
struct Other<'a> {
    method: &'static str,
    template: Template,
    path: String,
    file: &'a Path,
    /// Whether the parameters of its path may be any word.
    keyed: bool,
}

/// What is wrong with the paths of the SQL routes, told of their files.
#[must_use]
pub fn clashes(contracts: &Contracts) -> Vec<Diagnostic> {
    let resources = contracts.resources.iter().flat_map(route::of);
    let routes: Vec<Route> = resources
        .chain(contracts.functions.iter().flat_map(route::of_function))
        .collect();
    let others: Vec<Other<'_>> = routes.iter().flat_map(others).collect();
    let mut found = Vec::new();
    for (number, one) in contracts.sql_routes.iter().enumerate() {
        let before = contracts.sql_routes.iter().take(number);
        let other = others.iter().find_map(|other| against(one, other));
        let wrong = other.or_else(|| before.filter_map(|other| among(one, other)).next());
        if let Some((message, help)) = wrong {
            let (line, column) = one.at;
            found.push(Diagnostic {
                file: one.file.clone(),
                line,
                column,
                message,
                help: Some(help),
            });
        }
    }
    found
}

/// A route, and where PostgREST's clients reach it, too: `PUT` with the key as a filter.
fn others(route: &Route) -> Vec<Other<'_>> {
    let keyed = match &route.owner {
        Owner::Resource(resource, _) => match resource.key.as_slice() {
            [key] => resource
                .fields
                .get(*key)
                .is_some_and(|field| field.pg_type.kind.is_text()),
            _ => false,
        },
        Owner::Function(_) | Owner::Sql(_) => false,
    };
    let other = |path: &str| Other {
        method: route.method,
        template: Template::of(path),
        path: path.to_owned(),
        file: route.file(),
        keyed,
    };
    let mut all = vec![other(&route.path)];
    if let (Owner::Resource(resource, _), "PUT") = (&route.owner, route.method) {
        all.push(other(&resource.path));
    }
    all
}

fn against(one: &SqlRoute, other: &Other<'_>) -> Option<(String, String)> {
    let file = other.file.display();
    if one.method == other.method && one.template.meets(&other.template, other.keyed) {
        let message = format!("`{} {}` is a route of {file}, too", other.method, other.path);
        return Some((message, "give one of them another path".to_owned()));
    }
    misnamed(one, &other.template, &other.path, other.file)
}

fn among(one: &SqlRoute, other: &SqlRoute) -> Option<(String, String)> {
    if one.method == other.method && one.template.same_shape(&other.template) {
        let message = format!(
            "`{} {}` is the route of {}, too",
            other.method,
            other.path,
            other.file.display()
        );
        return Some((message, "give one of them another path".to_owned()));
    }
    misnamed(one, &other.template, &other.path, &other.file)
}

/// The docs know a path by one spelling.
fn misnamed(one: &SqlRoute, template: &Template, path: &str, file: &Path) -> Option<(String, String)> {
    (one.template.same_shape(template) && one.path != path).then(|| {
        let message = format!("{} writes this path `{path}`", file.display());
        (message, "call the parameters alike in both".to_owned())
    })
}
