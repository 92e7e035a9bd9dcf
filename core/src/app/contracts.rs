//! Makes the snapshot: the catalog of the database, narrowed by the project's resource files.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio_postgres::Client;

use super::project::{Database, Project};
use crate::catalog::Catalog;
use crate::config::Rate;
use crate::contract::{self, Contracts, Described, Draft, Snapshot, SqlRoute, Step, Undescribed};
use crate::db::introspect;
use crate::diagnostic::Diagnostic;
use crate::error::Result;
use crate::suggest;
use crate::validate::sql_route::wrong_defaults;

/// What the serving role sees in the database.
///
/// # Errors
/// As connecting.
pub async fn catalog(project: &Project, database: &Database) -> Result<Catalog> {
    let client = project.connect(database).await?;
    introspect::catalog(&client).await
}

/// The snapshot of a project, with the mistakes in its files.
///
/// # Errors
/// As [`catalog`].
pub async fn snapshot(project: &Project, database: &Database) -> Result<(Snapshot, Vec<Diagnostic>)> {
    let client = project.connect(database).await?;
    let (contracts, mut wrong) = Box::pin(read(&project.directory, &client)).await?;
    let settings = &project.settings;
    let snapshot = Snapshot::new(settings.title.clone(), settings.version.clone(), contracts);
    // Where a file is wrong, its routes are missing: that is one mistake, not two.
    if wrong.is_empty() {
        wrong = rates(&settings.rate, &snapshot);
    }
    Ok((snapshot, wrong))
}

/// Rates of routes that there are none of.
fn rates(rate: &Rate, snapshot: &Snapshot) -> Vec<Diagnostic> {
    let names = snapshot.routes.iter().map(|route| route.name.as_str());
    let unknown = rate
        .routes
        .iter()
        .filter(|one| !names.clone().any(|name| name == one.route));
    unknown
        .map(|one| {
            let wrong = one.wrong(format!("`rate.routes.route`: there is no route `{}`", one.route));
            match suggest::help(&one.route, names.clone()) {
                Some(help) => wrong.with_help(help),
                None => wrong,
            }
        })
        .collect()
}

/// What the files in `directory` expose of the database that `client` is connected to, as the serving role sees it; and the
/// mistakes in them, in the order of the files.
///
/// # Errors
/// If the database goes away.
pub async fn read(directory: &Path, client: &Client) -> Result<(Contracts, Vec<Diagnostic>)> {
    let catalog = Box::pin(introspect::catalog(client)).await?;
    let (drafts, mistakes) = contract::sql_drafts(directory);
    let steps: Vec<&[Step]> = drafts.iter().map(Draft::steps).collect();
    let described = introspect::describe(client, &steps).await?;
    let (contracts, mut wrong) = expose(directory, &catalog, &drafts, described);
    wrong.extend(mistakes);
    wrong.sort_by(|a, b| (&a.file, a.line, a.column).cmp(&(&b.file, b.line, b.column)));
    Ok((contracts, wrong))
}

/// What the files in `directory` expose of a catalog; `described` are the SQL routes among them.
pub(super) fn expose(
    directory: &Path,
    catalog: &Catalog,
    drafts: &[Draft],
    described: Vec<Result<Described, Undescribed>>,
) -> (Contracts, Vec<Diagnostic>) {
    let (mut contracts, mut wrong) = contract::load(directory, catalog);
    let read_file = |path: &Path| std::fs::read_to_string(directory.join(path)).map_err(|error| error.to_string());
    for (draft, described) in drafts.iter().zip(described) {
        match contract::sql_route(draft, described, &read_file, &catalog.roles) {
            Ok(route) => {
                wrong.extend(defaults(&route));
                contracts.sql_routes.push(Arc::new(route));
            }
            Err(mistakes) => wrong.extend(mistakes),
        }
    }
    wrong.extend(contract::clashes(&contracts));
    (contracts, wrong)
}

/// Defaults of parameters that break the parameters' own rules.
fn defaults(route: &SqlRoute) -> impl Iterator<Item = Diagnostic> {
    wrong_defaults(route).into_iter().filter_map(|(number, message)| {
        let parameter = route.parameters.get(number)?;
        let (line, column) = parameter.default_at?;
        Some(Diagnostic {
            line,
            column,
            ..Diagnostic::file(&route.file, format!("the default of `{}` {message}", parameter.name))
        })
    })
}

/// The text of a resource file for a table or a function, with its path in the project.
///
/// # Errors
/// If there is neither.
pub fn resource_file(catalog: &Catalog, table: &str) -> Result<(PathBuf, String)> {
    let new = contract::new_resource(table, catalog)?;
    Ok((PathBuf::from(format!("resources/{}.toml", new.name)), new.text))
}
