//! All contracts in force, immutable; swapped whole when the project or the database changes.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Resource, Route, route};

/// All contracts in force.
#[derive(Debug, Default)]
pub struct Snapshot {
    /// In name order.
    pub resources: Vec<Arc<Resource>>,
    /// Of all resources, in their order.
    pub routes: Vec<Route>,
    by_path: HashMap<String, usize>,
    /// The project's title, for the docs.
    pub title: String,
    /// The project's version, for the docs.
    pub version: String,
}

impl Snapshot {
    /// Builds a snapshot; resources are put in name order.
    #[must_use]
    pub fn new(title: String, version: String, mut resources: Vec<Arc<Resource>>) -> Self {
        resources.sort_by(|a, b| a.name.cmp(&b.name));
        let by_path = resources
            .iter()
            .enumerate()
            .map(|(index, r)| (r.path.clone(), index))
            .collect();
        Self {
            routes: resources.iter().flat_map(route::of).collect(),
            resources,
            by_path,
            title,
            version,
        }
    }

    /// The resource served at exactly this path.
    #[must_use]
    pub fn at(&self, path: &str) -> Option<&Arc<Resource>> {
        self.resources.get(*self.by_path.get(path)?)
    }
}
