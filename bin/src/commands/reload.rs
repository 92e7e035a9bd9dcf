//! `windlass reload`: new contracts without a restart.

use std::path::Path;
use std::process::ExitCode;

use windlass_core::admin::protocol::Act;
use windlass_core::admin::{Source, Via};
use windlass_core::app::Project;
use windlass_core::error::Result;

use super::act;
use crate::report;

/// Lets the service read resource files and tables again.
pub async fn run(directory: &Path, json: bool) -> Result<ExitCode> {
    let source = Source::find(&Project::open(directory)?).await?;
    act(&source, Act::Reload, json).await
}

/// After a migration: the service, if one runs, goes on with the new tables.
pub async fn after_migration(project: &Project) {
    let told = async {
        let source = Source::find(project).await?;
        if source.is_live() {
            source.act(Act::Reload, Via::Command).await?;
        }
        Ok::<_, windlass_core::error::Error>(())
    };
    if let Err(error) = told.await {
        report::note(format_args!(
            "the running service goes on with the old contracts: {error}"
        ));
        for detail in error.details().unwrap_or_default().lines() {
            report::note(format_args!("  {detail}"));
        }
        report::note("hint: correct the cause, then run `windlass reload`");
    }
}
