//! `windlass resource add`: writes a resource file from the catalog.

use std::process::ExitCode;

use windlass_core::app::{Project, contracts};
use windlass_core::error::{Code, Error, Result};

use super::with_database;
use crate::cli::Resource;
use crate::report;

/// Runs one of its actions.
pub async fn run(action: Resource) -> Result<ExitCode> {
    let Resource::Add { project, table } = action;
    let project = Project::open(&project.dir)?;
    let catalog = with_database(&project, async |database| contracts::catalog(&project, database).await).await?;
    let (file, text) = contracts::resource_file(&catalog, &table)?;
    let path = project.directory.join(&file);
    let refused = |error: std::io::Error| {
        Error::new(
            Code::ProjectInvalid,
            format!("cannot write {}: {error}", file.display()),
        )
    };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(refused)?;
    }
    if path.exists() {
        return Err(
            Error::new(Code::ProjectInvalid, format!("{} exists already", file.display()))
                .with_hint("Edit it, or remove it first. Nothing was written."),
        );
    }
    std::fs::write(&path, text).map_err(refused)?;
    report::line(file.display());
    report::note("Nothing is served yet: uncomment the verbs to open under [access], then run `windlass check`.");
    Ok(ExitCode::SUCCESS)
}
