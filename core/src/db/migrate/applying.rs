//! Runs what is to be run, in order, under the lock that the caller holds.

use std::time::SystemTime;

use super::{Done, Expected, Migration, Migrator, place, run, sha256};
use crate::db::store::migration_run::{self, NewRun};
use crate::diagnostic::Diagnostic;
use crate::error::{Code, Error, Result};

impl Migrator {
    fn named<'a>(&self, names: impl Iterator<Item = &'a str>) -> Vec<Migration> {
        names
            .filter_map(|name| self.migrations.iter().find(|m| m.name == name).cloned())
            .collect()
    }

    async fn dump(&mut self, before: Option<&Migration>) -> Result<()> {
        self.dumped = match (&self.dumps, before) {
            (Some(dumps), Some(migration)) => dumps.before(&self.client, &migration.version).await?,
            _ => None,
        };
        Ok(())
    }

    /// Applies what is pending, with the lock; only if it is what was expected.
    pub(super) async fn up_locked(&mut self, expected: Option<&[Expected]>) -> Result<Vec<Done>> {
        let pending = self.pending().await?;
        if let Some(expected) = expected {
            let names: Vec<String> = expected.iter().map(|expected| expected.name.clone()).collect();
            if names != pending {
                let told = |names: &[String]| {
                    if names.is_empty() {
                        "nothing".to_owned()
                    } else {
                        names.join(", ")
                    }
                };
                return Err(changed(format!(
                    "{} was expected to be pending, but {} is",
                    told(&names),
                    told(&pending)
                )));
            }
            let now = self.named(pending.iter().map(String::as_str));
            let edited = now.iter().zip(expected).find(|(now, seen)| now.sha256 != seen.sha256);
            if let Some((now, _)) = edited {
                return Err(changed(format!(
                    "{} was edited since it was looked at",
                    now.file("up.sql").display()
                )));
            }
        }
        let first = self.named(pending.iter().take(1).map(String::as_str));
        self.dump(first.first()).await?;
        let mut done = Vec::new();
        for migration in self.named(pending.iter().map(String::as_str)) {
            match self.run(&migration, "up").await {
                Ok(one) => done.push(one),
                Err(error) => return Err(after(&done, error)),
            }
        }
        Ok(done)
    }

    /// Undoes the last ones, with the lock; only if the last one is what was expected.
    pub(super) async fn down_locked(&mut self, count: usize, expected: Option<&Expected>) -> Result<Vec<Done>> {
        let applied = run::applied(&self.client).await?;
        if !applied.is_empty() && applied.len() < count {
            return Err(Error::new(
                Code::MigrationInvalid,
                format!(
                    "{count} migrations cannot be undone, as only {} are applied",
                    applied.len()
                ),
            )
            .with_hint("Nothing was undone; `windlass migrate status` lists them."));
        }
        let mut undo = Vec::new();
        for version in applied.keys().rev().take(count) {
            let found = self.migrations.iter().find(|m| &m.version == version);
            let name = found.map_or(version, |migration| &migration.name);
            if let Some(expected) = expected.filter(|expected| &expected.name != name) {
                return Err(changed(format!(
                    "{} was expected to be the last one, but {name} is",
                    expected.name
                )));
            }
            let Some(migration) = found else {
                return Err(Error::new(
                    Code::MigrationInvalid,
                    format!("migration {version} is applied, but its directory is gone"),
                )
                .with_hint("Bring the directory back, from version control or a backup. Nothing was undone."));
            };
            let wrong = match migration.down.as_deref() {
                None => Some(Diagnostic::file(migration.file("down.sql"), "is missing")),
                Some(down) if expected.is_some_and(|expected| expected.sha256 != sha256(down)) => {
                    return Err(changed(format!(
                        "{} was edited since it was looked at",
                        migration.file("down.sql").display()
                    )));
                }
                Some(down) if place::statements(down).is_empty() => {
                    Some(Diagnostic::at(&migration.file("down.sql"), down, 0, "has no statement"))
                }
                Some(_) => None,
            };
            if let Some(wrong) = wrong {
                return Err(Error::new(Code::MigrationInvalid, wrong.to_string())
                    .with_hint("Write how to undo the migration. Nothing was undone."));
            }
            undo.push(migration.clone());
        }
        if undo.is_empty() && count > 0 {
            return Err(Error::new(
                Code::MigrationInvalid,
                "no migration is applied, so none can be undone",
            ));
        }
        self.dump(undo.first()).await?;
        let mut done = Vec::new();
        for migration in &undo {
            match self.run(migration, "down").await {
                Ok(one) => done.push(one),
                Err(error) => return Err(after(&done, error)),
            }
        }
        Ok(done)
    }

    /// Undoes the last migration and applies it again, with the lock.
    pub(super) async fn redo_locked(&mut self) -> Result<Vec<Done>> {
        let mut done = self.down_locked(1, None).await?;
        let again = self.named(done.iter().map(|done| done.name.as_str()));
        for migration in &again {
            match self.run(migration, "up").await {
                Ok(one) => done.push(one),
                Err(error) => return Err(after(&done, error)),
            }
        }
        Ok(done)
    }

    async fn run(&mut self, migration: &Migration, direction: &'static str) -> Result<Done> {
        let started_at = SystemTime::now();
        let clock = std::time::Instant::now();
        let ran = run::one(&mut self.client, migration, direction).await;
        let duration_ms = i64::try_from(clock.elapsed().as_millis()).unwrap_or(i64::MAX);
        let note = NewRun {
            version: migration.version.clone(),
            name: migration.name.clone(),
            direction,
            sha256: migration.sha256.clone(),
            started_at: migration_run::timestamp(started_at),
            duration_ms,
            error: ran.as_ref().err().map(|error| match error.details() {
                Some(details) => format!("{}\n{details}", error.message()),
                None => error.message().to_owned(),
            }),
        };
        // Diesel's list is the truth; this note only serves to see later edits, and failures.
        if let Err(error) = migration_run::insert(&self.runs, &note).await {
            tracing::warn!(migration = migration.name, "the run could not be noted: {error}");
        }
        ran?;
        tracing::info!(migration = migration.name, direction, duration_ms, "migration done");
        Ok(Done {
            name: migration.name.clone(),
            direction: direction.to_owned(),
            duration_ms,
        })
    }
}

fn changed(message: String) -> Error {
    Error::new(Code::MigrationsChanged, message)
        .with_hint("Somebody else migrated, or files came or went: look at the list again. Nothing was changed.")
}

/// `error`, with what was done before it and stays.
fn after(done: &[Done], error: Error) -> Error {
    let told = |direction: &str, word: &str| {
        let of = done.iter().filter(|done| done.direction == direction);
        let names: Vec<&str> = of.map(|done| done.name.as_str()).collect();
        (!names.is_empty()).then(|| format!("{word} before it: {}", names.join(", ")))
    };
    let before = [told("up", "Applied"), told("down", "Undone")];
    let lines: Vec<String> = error
        .details()
        .map(ToOwned::to_owned)
        .into_iter()
        .chain(before.into_iter().flatten())
        .collect();
    if lines.is_empty() {
        error
    } else {
        error.with_details(lines.join("\n"))
    }
}
