//! Reads resource files and catalog again, and puts the new contracts in force: whole, or not at all.

use super::{Context, Database, Project, Published, contracts};
use crate::config;
use crate::error::{Code, Result};

/// What a reload came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reloaded {
    /// Routes in force now.
    pub routes: usize,
    /// Names of routes that were not there before.
    pub added: Vec<String>,
    /// Names of routes that are not there any more.
    pub removed: Vec<String>,
}

/// Builds a new snapshot and swaps it in. Requests under way keep the one that they were given.
///
/// # Errors
/// [`Code::ProjectInvalid`] with the mistakes in the resource files, or whatever the database says: then the old
/// contracts stay in force.
pub async fn reload(project: &Project, database: &Database, context: &Context) -> Result<Reloaded> {
    let (snapshot, wrong) = contracts::snapshot(project, database).await?;
    if !wrong.is_empty() {
        return Err(config::refuse(Code::ProjectInvalid, &wrong)
            .with_hint("The contracts in force stay as they were; correct the files, then `windlass reload`."));
    }
    let published = Published::new(snapshot)?;
    let names = |published: &Published| -> Vec<String> {
        let routes = published.snapshot.routes.iter();
        routes.map(|route| route.name.clone()).collect()
    };
    let (before, after) = (names(&context.published.load()), names(&published));
    context.publish(published);
    let only = |those: &[String], others: &[String]| -> Vec<String> {
        those.iter().filter(|name| !others.contains(name)).cloned().collect()
    };
    let reloaded = Reloaded {
        routes: after.len(),
        added: only(&after, &before),
        removed: only(&before, &after),
    };
    tracing::info!(
        routes = reloaded.routes,
        added = reloaded.added.len(),
        removed = reloaded.removed.len(),
        "contracts reloaded"
    );
    Ok(reloaded)
}
