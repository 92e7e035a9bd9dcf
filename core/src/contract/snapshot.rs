//! All contracts in force, immutable; swapped whole when the project or the database changes.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use super::{Function, Relationship, Resource, Route, SqlRoute, relationship, route};

/// What the files of a project expose.
#[derive(Debug, Clone, Default)]
pub struct Contracts {
    /// Tables and views.
    pub resources: Vec<Arc<Resource>>,
    /// Functions.
    pub functions: Vec<Arc<Function>>,
    /// SQL routes.
    pub sql_routes: Vec<Arc<SqlRoute>>,
}

impl From<Vec<Arc<Resource>>> for Contracts {
    fn from(resources: Vec<Arc<Resource>>) -> Self {
        Self {
            resources,
            ..Self::default()
        }
    }
}

/// All contracts in force.
#[derive(Debug, Default)]
pub struct Snapshot {
    /// In name order.
    pub resources: Vec<Arc<Resource>>,
    /// In name order.
    pub functions: Vec<Arc<Function>>,
    /// In name order.
    pub sql_routes: Vec<Arc<SqlRoute>>,
    /// Of all resources, then of all functions and SQL routes, in their order.
    pub routes: Vec<Route>,
    relationships: Vec<Vec<Relationship>>,
    by_path: HashMap<String, (usize, Range<usize>)>,
    functions_by_path: HashMap<String, (usize, Range<usize>)>,
    /// By the number of steps of their paths: places in `sql_routes` and in `routes`, words before parameters.
    sql_by_length: HashMap<usize, Vec<(usize, usize)>>,
    /// The project's title, for the docs.
    pub title: String,
    /// The project's version, for the docs.
    pub version: String,
}

impl Snapshot {
    /// Builds a snapshot; resources and functions are put in name order.
    #[must_use]
    pub fn new(title: String, version: String, contracts: impl Into<Contracts>) -> Self {
        let Contracts {
            mut resources,
            mut functions,
            mut sql_routes,
        } = contracts.into();
        sql_routes.sort_by(|a, b| a.name.cmp(&b.name));
        functions.sort_by(|a, b| a.name.cmp(&b.name));
        resources.sort_by(|a, b| a.name.cmp(&b.name));
        let mut routes = Vec::new();
        let mut by_path = HashMap::new();
        for (index, resource) in resources.iter().enumerate() {
            let first = routes.len();
            routes.extend(route::of(resource));
            by_path.insert(resource.path.clone(), (index, first..routes.len()));
        }
        let mut functions_by_path = HashMap::new();
        for (index, function) in functions.iter().enumerate() {
            let first = routes.len();
            routes.extend(route::of_function(function));
            functions_by_path.insert(function.path.clone(), (index, first..routes.len()));
        }
        let mut sql_by_length: HashMap<usize, Vec<(usize, usize)>> = HashMap::new();
        let mut by_words: Vec<(usize, &Arc<SqlRoute>)> = sql_routes.iter().enumerate().collect();
        by_words.sort_by(|(_, a), (_, b)| a.template.before(&b.template));
        for (index, route) in by_words {
            let places = sql_by_length.entry(route.template.length()).or_default();
            places.push((index, routes.len() + index));
        }
        routes.extend(sql_routes.iter().map(route::of_sql));
        Self {
            sql_by_length,
            sql_routes,
            relationships: relationship::graph(&resources),
            routes,
            resources,
            functions,
            by_path,
            functions_by_path,
            title,
            version,
        }
    }

    /// The ways from a resource to others, in the order of their names.
    #[must_use]
    pub fn relationships(&self, resource: &Resource) -> &[Relationship] {
        let place = self.resources.binary_search_by(|known| known.name.cmp(&resource.name));
        let ways = place.ok().and_then(|place| self.relationships.get(place));
        ways.map_or(&[], Vec::as_slice)
    }

    /// The resource served at exactly this path.
    #[must_use]
    pub fn at(&self, path: &str) -> Option<&Arc<Resource>> {
        self.resources.get(self.by_path.get(path)?.0)
    }

    /// The resource served at exactly this path, and the places of its routes in `routes`.
    #[must_use]
    pub fn routes_at(&self, path: &str) -> Option<(&Arc<Resource>, Range<usize>)> {
        let (resource, routes) = self.by_path.get(path)?;
        Some((self.resources.get(*resource)?, routes.clone()))
    }
    /// The function served at exactly this path, and the places of its routes in `routes`.
    #[must_use]
    pub fn function_at(&self, path: &str) -> Option<(&Arc<Function>, Range<usize>)> {
        let (function, routes) = self.functions_by_path.get(path)?;
        Some((self.functions.get(*function)?, routes.clone()))
    }

    /// The SQL routes at this path, whatever their methods, those with words in place of parameters first: each with its
    /// place in `routes` and what stands at its parameters, still encoded.
    pub fn sql_at<'p>(&self, path: &'p str) -> impl Iterator<Item = (&Arc<SqlRoute>, usize, Vec<&'p str>)> {
        let length = path.strip_prefix('/').map_or(0, |rest| rest.split('/').count());
        let places = self.sql_by_length.get(&length).map(Vec::as_slice).unwrap_or_default();
        places.iter().filter_map(move |(index, place)| {
            let route = self.sql_routes.get(*index)?;
            Some((route, *place, route.template.captures(path)?))
        })
    }
}
