//! Makes the snapshot: the catalog of the database, narrowed by the project's resource files.

use std::path::PathBuf;

use super::project::{Database, Project};
use crate::catalog::Catalog;
use crate::contract::{self, Snapshot};
use crate::db::introspect;
use crate::diagnostic::Diagnostic;
use crate::error::Result;

/// What the serving role sees in the database.
///
/// # Errors
/// As connecting.
pub async fn catalog(project: &Project, database: &Database) -> Result<Catalog> {
    let client = project.connect(database).await?;
    introspect::catalog(&client).await
}

/// The snapshot of a project, with the mistakes in its resource files.
///
/// # Errors
/// As [`catalog`].
pub async fn snapshot(project: &Project, database: &Database) -> Result<(Snapshot, Vec<Diagnostic>)> {
    let catalog = catalog(project, database).await?;
    let (contracts, wrong) = contract::load(&project.directory, &catalog);
    let settings = &project.settings;
    let snapshot = Snapshot::new(settings.title.clone(), settings.version.clone(), contracts);
    Ok((snapshot, wrong))
}

/// The text of a resource file for a table or a function, with its path in the project.
///
/// # Errors
/// If there is neither.
pub fn resource_file(catalog: &Catalog, table: &str) -> Result<(PathBuf, String)> {
    let new = contract::new_resource(table, catalog)?;
    Ok((PathBuf::from(format!("resources/{}.toml", new.name)), new.text))
}
