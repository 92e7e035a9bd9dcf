//! What pending migrations would do, to the tables and to the API.

use super::contracts::expose;
use super::project::{Database, Project};
use crate::contract::{self, Draft, Snapshot, Step};
use crate::db::migrate::rehearsal::Rehearsal;
use crate::db::migrate::{Contracts, Migrator};
use crate::error::Result;
use crate::openapi;

/// Rehearses the pending migrations, up to the one named `upto`, with the resource files as they are now.
///
/// This takes real locks; [`Migrator::rehearse`](crate::db::migrate::Migrator::rehearse) tells how they are bounded.
///
/// # Errors
/// As [`Migrator::look`] and [`Migrator::rehearse`](crate::db::migrate::Migrator::rehearse).
pub async fn rehearse(project: &Project, database: &Database, upto: Option<&str>) -> Result<Vec<Rehearsal>> {
    // Looking makes nothing, not even Windlass's own tables.
    let migrator = Migrator::look(&database.owner, &project.directory).await?;
    // An outside server is asked by the role that serves; its name in the URL may be a pooler's own spelling.
    let role = database.embedded.as_ref().and_then(|_| database.login.get_user());
    // A file that cannot be read whatever the tables are is no migration's fault.
    let (drafts, _) = contract::sql_drafts(&project.directory);
    let steps: Vec<&[Step]> = drafts.iter().map(Draft::steps).collect();
    migrator
        .rehearse(upto, role, &steps, |seen| {
            // A file that does not fit gives no routes; that a table is still to come is no mistake.
            let (contracts, mistakes) = expose(&project.directory, &seen.catalog, &drafts, seen.routes);
            let settings = &project.settings;
            let snapshot = Snapshot::new(settings.title.clone(), settings.version.clone(), contracts);
            Ok(Contracts {
                document: openapi::document(&snapshot)?,
                mistakes,
            })
        })
        .await
}
