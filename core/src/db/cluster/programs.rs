//! Which `PostgreSQL` runs: the one inside the binary, else one found on the system.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::failed;
use super::place::Place;
use crate::error::{Error, Result};

/// Names the folder of the programs to use, before all others.
const SETTING: &str = "WINDLASS_POSTGRES_BIN";
/// The oldest major version that Windlass works with.
const OLDEST: u32 = 14;

/// The programs of one `PostgreSQL`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Programs {
    folder: PathBuf,
    version: String,
    major: u32,
}

impl Programs {
    /// The folder that holds them.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The version in full, for example `16.14`.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The major version, for example `16`.
    #[must_use]
    pub fn major(&self) -> u32 {
        self.major
    }

    /// The SQL prompt.
    #[must_use]
    pub fn psql(&self) -> PathBuf {
        self.folder.join("psql")
    }

    /// Writes dumps.
    #[must_use]
    pub fn pg_dump(&self) -> PathBuf {
        self.folder.join("pg_dump")
    }

    /// Reads dumps.
    #[must_use]
    pub fn pg_restore(&self) -> PathBuf {
        self.folder.join("pg_restore")
    }

    pub(super) fn postgres(&self) -> PathBuf {
        self.folder.join("postgres")
    }

    pub(super) fn initdb(&self) -> PathBuf {
        self.folder.join("initdb")
    }

    /// Looks for programs that can run the cluster of `place`: of the major version that made its data, if there is
    /// data already.
    pub(super) fn find(place: &Place) -> Result<Self> {
        let made_by = place.major()?;
        let fits = |found: &Self| made_by.is_none_or(|major| major == found.major);
        if let Some(folder) = std::env::var_os(SETTING) {
            let found = Self::at(Path::new(&folder)).map_err(|reason| {
                failed(format!(
                    "{SETTING} names {}, but {reason}",
                    Path::new(&folder).display()
                ))
                .with_hint("Name the folder that holds `postgres` and `initdb`, or unset it.")
            })?;
            return if fits(&found) {
                Ok(found)
            } else {
                Err(other_version(place, made_by, &[found]))
            };
        }
        let mut seen = Vec::new();
        let bundled = bundled(place)?;
        for found in bundled.into_iter().chain(on_system()) {
            if fits(&found) {
                return Ok(found);
            }
            seen.push(found);
        }
        if !seen.is_empty() {
            return Err(other_version(place, made_by, &seen));
        }
        Err(failed("there is no PostgreSQL in this binary and none on this system").with_hint(format!(
            "Install one (`apt-get install postgresql`), name its programs' folder in {SETTING}, or set database.url."
        )))
    }

    /// The programs in `folder`, or why they cannot be used.
    pub(super) fn at(folder: &Path) -> Result<Self, String> {
        let postgres = folder
            .join("postgres")
            .canonicalize()
            .map_err(|_| "there is no `postgres` in it".to_owned())?;
        // Through a link: `initdb` and the rest lie beside the program itself.
        let folder = postgres.parent().unwrap_or(folder).to_path_buf();
        if !folder.join("initdb").is_file() {
            return Err("there is no `initdb` in it".to_owned());
        }
        let output = Command::new(&postgres)
            .arg("--version")
            .output()
            .map_err(|error| format!("its `postgres` cannot be run: {error}"))?;
        if !output.status.success() {
            let text = String::from_utf8_lossy(&output.stderr);
            return Err(format!("its `postgres` does not run here: {}", text.trim()));
        }
        let text = String::from_utf8_lossy(&output.stdout);
        let (version, major) = version(&text).ok_or_else(|| format!("its version is not readable: {}", text.trim()))?;
        if major < OLDEST {
            return Err(format!("its version {version} is older than {OLDEST}"));
        }
        Ok(Self { folder, version, major })
    }
}

/// Reads `postgres (PostgreSQL) 16.14 (Debian …)`.
fn version(text: &str) -> Option<(String, u32)> {
    let version = text.split_whitespace().nth(2)?;
    let digits: String = version.chars().take_while(char::is_ascii_digit).collect();
    Some((version.to_owned(), digits.parse().ok()?))
}

#[cfg(feature = "bundled-postgres")]
fn bundled(place: &Place) -> Result<Option<Programs>> {
    // Root shares one copy between projects, where every user can run it and only root can change it; else each
    // project has its own.
    let shared = place.shares().then(|| Path::new(super::place::SHARED).join("bundles"));
    let own = place.home.join("bundle");
    let folder = match shared.map(|cache| super::bundle::programs(&cache)) {
        Some(Ok(folder)) => folder,
        Some(Err(error)) => {
            tracing::info!("{error}; unpacking into the project instead");
            super::bundle::programs(&own)?
        }
        None => super::bundle::programs(&own)?,
    };
    match Programs::at(&folder) {
        Ok(found) => Ok(Some(found)),
        Err(reason) => {
            tracing::warn!(folder = %folder.display(), "the bundled PostgreSQL cannot be used: {reason}");
            Ok(None)
        }
    }
}

#[cfg(not(feature = "bundled-postgres"))]
#[expect(clippy::unnecessary_wraps, reason = "with the bundle it can fail")]
fn bundled(_place: &Place) -> Result<Option<Programs>> {
    Ok(None)
}

/// Every usable `PostgreSQL` of the system, newest first.
fn on_system() -> Vec<Programs> {
    let packaged = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let packaged = packaged.map(|entry| entry.path().join("bin"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut found: Vec<Programs> = packaged
        .chain(std::env::split_paths(&path))
        .filter_map(|folder| Programs::at(&folder).ok())
        .collect();
    found.sort_by_key(|programs| std::cmp::Reverse(programs.major));
    found.dedup();
    found
}

fn other_version(place: &Place, made_by: Option<u32>, seen: &[Programs]) -> Error {
    let made_by = made_by.unwrap_or_default();
    let seen: Vec<&str> = seen.iter().map(|programs| programs.version.as_str()).collect();
    failed(format!(
        "the data in {} was made by PostgreSQL {made_by}, but only {} is here",
        place.data.display(),
        seen.join(" and ")
    ))
    .with_hint(format!(
        "Nothing was changed. Install PostgreSQL {made_by} (`apt-get install postgresql-{made_by}`) or name its programs' \
         folder in {SETTING}; to move to another version, dump with the old one and restore into a new --dir."
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_what_the_programs_say() {
        assert_eq!(version("postgres (PostgreSQL) 16.14\n"), Some(("16.14".to_owned(), 16)));
        assert_eq!(
            version("postgres (PostgreSQL) 15.18 (Debian 15.18-0)\n"),
            Some(("15.18".to_owned(), 15))
        );
        assert_eq!(
            version("postgres (PostgreSQL) 18beta1\n"),
            Some(("18beta1".to_owned(), 18))
        );
        assert_eq!(version("busybox\n"), None);
    }
}
