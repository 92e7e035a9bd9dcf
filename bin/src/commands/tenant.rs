//! `windlass tenant enable`: writes the migration after which rows belong to tenants.

use std::process::ExitCode;

use windlass_core::app::{Project, contracts};
use windlass_core::contract::{TenantWanted, tenant_migration};
use windlass_core::db::migrate;
use windlass_core::error::{Code, Error, Result};

use super::with_database;
use crate::cli::Tenant;
use crate::report;

/// Runs its only action.
pub async fn run(action: Tenant) -> Result<ExitCode> {
    let Tenant::Enable {
        project,
        tables,
        column,
        sql_type,
        existing,
    } = action;
    let project = Project::open(&project.dir)?;
    let catalog = with_database(&project, async |database| contracts::catalog(&project, database).await).await?;
    let wanted = TenantWanted {
        tables,
        column,
        sql_type,
        existing,
    };
    let made = tenant_migration(&wanted, &catalog)?;
    let first = wanted.tables.first().map_or("", String::as_str);
    let plain: String = first
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_lowercase()
            } else {
                '_'
            }
        })
        .collect();
    let folder = migrate::new(&project.directory, &format!("tenants_of_{plain}"))?;
    for (name, text) in [("up.sql", made.up), ("down.sql", made.down)] {
        let path = folder.join(name);
        std::fs::write(project.directory.join(&path), text).map_err(|error| {
            Error::new(
                Code::MigrationInvalid,
                format!("cannot write {}: {error}", path.display()),
            )
        })?;
        report::line(path.display());
    }
    report::note(format_args!(
        "Read it, then `windlass migrate check` and `windlass migrate up`; in the resource files write:\n[tenant]\ncolumn = {:?}",
        wanted.column
    ));
    Ok(ExitCode::SUCCESS)
}
