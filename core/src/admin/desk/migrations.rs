//! Migrations: their states, their files, and what pending ones would do.

use super::Desk;
use super::database::within;
use crate::admin::protocol::{MigrationFiles, MigrationState, MigrationStatus, Rehearsal};
use crate::app::rehearse;
use crate::db::migrate::{self, Migrator};
use crate::error::{Code, Error, Result};
use crate::suggest::nearest;

impl Desk {
    pub(super) async fn migrations(&self) -> Result<Vec<MigrationStatus>> {
        let database = self.door.database()?;
        // Not behind the lock of one that runs: then this is looked at above all.
        within(async {
            Migrator::look(&database.owner, &self.project.directory)
                .await?
                .status()
                .await
        })
        .await
    }

    pub(super) async fn migration(&self, name: &str) -> Result<MigrationFiles> {
        let found = migrate::read(&self.project.directory)
            .0
            .into_iter()
            .find(|migration| migration.name == name);
        let states = self.migrations().await;
        let is = |status: &&MigrationStatus| status.name == name || status.version == name;
        let status = match &states {
            Ok(all) => all.iter().find(is).cloned(),
            Err(_) => None,
        };
        match (found, status) {
            (Some(migration), Some(status)) => Ok(MigrationFiles {
                status,
                up_sha256: migration.sha256,
                down_sha256: migration.down.as_deref().map(migrate::sha256).unwrap_or_default(),
                up: migration.up,
                down: migration.down,
                in_transaction: migration.in_transaction,
            }),
            (None, Some(status)) if status.state == MigrationState::Gone => Ok(MigrationFiles {
                status,
                up: String::new(),
                down: None,
                in_transaction: true,
                up_sha256: String::new(),
                down_sha256: String::new(),
            }),
            _ => {
                let known = states?;
                let error = Error::new(Code::MigrationInvalid, format!("there is no migration `{name}`"));
                Err(match nearest(name, known.iter().map(|status| status.name.as_str())) {
                    Some(near) => error.with_hint(format!("Did you mean `{near}`?")),
                    None => error.with_hint("`windlass migrate status` lists them."),
                })
            }
        }
    }

    pub(super) async fn rehearse(&self, upto: Option<&str>) -> Result<Vec<Rehearsal>> {
        let database = self.door.database()?;
        rehearse(&self.project, &database, upto).await
    }
}
