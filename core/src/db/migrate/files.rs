//! The project's migrations as files, in Diesel's directory format.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::place;
use crate::diagnostic::Diagnostic;
use crate::error::{Code, Error, Result};

/// The folder of a project's migrations.
pub const FOLDER: &str = "migrations";

/// One migration.
#[derive(Debug, Clone)]
pub struct Migration {
    /// The digits before the first `_`, as the diesel CLI records them.
    pub version: String,
    /// The directory's name.
    pub name: String,
    /// `up.sql`
    pub up: String,
    /// `down.sql`, if there is one.
    pub down: Option<String>,
    /// Whether it runs in a transaction; `metadata.toml` may say no.
    pub in_transaction: bool,
    /// Of `up.sql`, in hexadecimal.
    pub sha256: String,
}

impl Migration {
    /// A file of it, relative to the project.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        Path::new(FOLDER).join(&self.name).join(name)
    }
}

/// The digest of a file's text, in hexadecimal.
#[must_use]
pub fn sha256(text: &str) -> String {
    Sha256::digest(text.as_bytes())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Reads all migrations of a project, in order of their versions, and what is wrong with them.
#[must_use]
pub fn read(project: &Path) -> (Vec<Migration>, Vec<Diagnostic>) {
    let mut found: Vec<Migration> = Vec::new();
    let mut wrong = Vec::new();
    let entries = match std::fs::read_dir(project.join(FOLDER)) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return (found, wrong),
        Err(error) => {
            wrong.push(Diagnostic::file(FOLDER, format!("cannot be read: {error}")));
            return (found, wrong);
        }
    };
    for entry in entries {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                wrong.push(Diagnostic::file(FOLDER, format!("cannot be read: {error}")));
                continue;
            }
        };
        let name = entry.file_name().to_string_lossy().into_owned();
        // As Diesel does: files and hidden directories are not migrations.
        if name.starts_with('.') || !entry.path().is_dir() {
            continue;
        }
        match one(project, name) {
            Ok(migration) => found.push(migration),
            Err(diagnostic) => wrong.push(diagnostic),
        }
    }
    found.sort_by(|a, b| (&a.version, &a.name).cmp(&(&b.version, &b.name)));
    for (first, second) in found.iter().zip(found.iter().skip(1)) {
        if first.version == second.version {
            wrong.push(
                Diagnostic::file(
                    Path::new(FOLDER).join(&second.name),
                    format!("has the same version as {}", first.name),
                )
                .with_help("rename one: the part before the first `_` must be unique"),
            );
        }
    }
    wrong.sort_by(|a, b| a.file.cmp(&b.file));
    (found, wrong)
}

fn one(project: &Path, name: String) -> Result<Migration, Diagnostic> {
    let relative = Path::new(FOLDER).join(&name);
    let directory = project.join(&relative);
    let version = name.split('_').next().unwrap_or_default().replace('-', "");
    if version.is_empty() || !version.bytes().all(|byte| byte.is_ascii_digit()) || !name.contains('_') {
        return Err(Diagnostic::file(&relative, "the name is not that of a migration")
            .with_help("name it like 2026-11-23-120000_leads; `windlass migrate new NAME` does"));
    }
    let text = |file: &str| match std::fs::read_to_string(directory.join(file)) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Diagnostic::file(
            relative.join(file),
            format!("cannot be read: {error}"),
        )),
    };
    let Some(up) = text("up.sql")? else {
        return Err(Diagnostic::file(&relative, "there is no up.sql").with_help("write one, or remove the directory"));
    };
    if place::statements(&up).is_empty() {
        return Err(Diagnostic::at(&relative.join("up.sql"), &up, 0, "has no statement")
            .with_help("write the change, or `select 1;` if there is none"));
    }
    let down = text("down.sql")?;
    let in_transaction = match text("metadata.toml")? {
        Some(text) => metadata(&relative.join("metadata.toml"), &text)?,
        None => true,
    };
    if in_transaction {
        for (file, text) in [("up.sql", Some(&up)), ("down.sql", down.as_ref())] {
            let controls = text.and_then(|text| Some((text, place::control(text)?)));
            if let Some((text, (byte, word))) = controls {
                let message = format!("{word} has no place in a migration that runs in a transaction");
                return Err(Diagnostic::at(&relative.join(file), text, byte, message)
                    .with_help("remove it, or set run_in_transaction = false in metadata.toml"));
            }
        }
    }
    let sha256 = sha256(&up);
    Ok(Migration {
        version,
        name,
        up,
        down,
        in_transaction,
        sha256,
    })
}

fn metadata(file: &Path, text: &str) -> Result<bool, Diagnostic> {
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Metadata {
        #[serde(default = "yes")]
        run_in_transaction: bool,
    }
    fn yes() -> bool {
        true
    }
    toml::from_str::<Metadata>(text)
        .map(|metadata| metadata.run_in_transaction)
        .map_err(|error| Diagnostic::at(file, text, error.span().map_or(0, |span| span.start), error.message()))
}

/// Makes the directory of a new migration; gives its path, relative to the project.
///
/// # Errors
/// [`Code::MigrationInvalid`] for a name that cannot be one.
pub fn new(project: &Path, name: &str) -> Result<PathBuf> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if name.is_empty() || name.len() > 100 || !name.chars().all(fits) {
        return Err(
            Error::new(Code::MigrationInvalid, format!("`{name}` cannot be a migration's name"))
                .with_hint("Use letters, digits, `_` and `-`, such as `add_leads`."),
        );
    }
    let now = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC);
    let relative = Path::new(FOLDER).join(format!("{}_{name}", now.strftime("%Y-%m-%d-%H%M%S")));
    let directory = project.join(&relative);
    let write = || {
        std::fs::create_dir_all(project.join(FOLDER))?;
        std::fs::create_dir(&directory)?;
        std::fs::write(directory.join("up.sql"), "-- The change.\n")?;
        std::fs::write(directory.join("down.sql"), "-- Its undoing.\n")
    };
    write().map_err(|error| {
        Error::new(
            Code::MigrationInvalid,
            format!("cannot write {}: {error}", relative.display()),
        )
    })?;
    Ok(relative)
}
