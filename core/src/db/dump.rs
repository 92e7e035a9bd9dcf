//! A dump of the embedded cluster's database: the way back from a migration.

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use nix::sys::statvfs::statvfs;
use tokio::process::Command;
use tokio_postgres::Client;

use super::cluster::{Endpoint, Programs, Role};
use crate::error::{Code, Error, Result};

/// How many dumps are kept.
pub const KEPT: usize = 5;
/// What remains free beside the dump.
const RESERVE: u64 = 64 << 20;
/// The ending of a dump that is being written.
const UNFINISHED: &str = "unfinished";

/// Whether a project has made a table, and the size of its database in bytes.
const LOOK: &str = "select exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relkind in ('r', 'p', 'm') and n.nspname not in ('pg_catalog', 'information_schema', 'windlass')
        and n.nspname !~ '^pg_(toast|temp|toast_temp)' and c.relname <> '__diesel_schema_migrations'
        and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'e')),
    pg_database_size(current_database())";

/// Makes dumps into one folder, `pg_dump`'s custom format, the newest [`KEPT`] of them.
#[derive(Debug, Clone)]
pub struct Dumps {
    endpoint: Endpoint,
    programs: Programs,
    folder: PathBuf,
}

impl Dumps {
    /// Dumps of the cluster at `endpoint` into `folder`, which is made for its owner alone.
    #[must_use]
    pub fn new(endpoint: Endpoint, programs: Programs, folder: PathBuf) -> Self {
        Self {
            endpoint,
            programs,
            folder,
        }
    }

    /// Dumps the database before the migration of `version` runs; gives the file, or nothing if the project has no
    /// table yet.
    ///
    /// `client` is a connection to that database. The caller holds the migration lock: two dumps at once would sweep
    /// each other away.
    ///
    /// # Errors
    /// [`Code::DumpFailed`] with the cause and the next step; then nothing but older dumps is in the folder.
    pub async fn before(&self, client: &Client, version: &str) -> Result<Option<PathBuf>> {
        let row = client
            .query_one(LOOK, &[])
            .await
            .map_err(|error| super::error::translate(error, None, false))?;
        let (filled, size): (bool, i64) = (
            row.try_get(0).map_err(Error::internal)?,
            row.try_get(1).map_err(Error::internal)?,
        );
        if !filled {
            return Ok(None);
        }
        self.make_folder()
            .map_err(|error| refused(format!("cannot create {}: {error}", self.folder.display())))?;
        self.sweep();
        self.enough_space(size.unsigned_abs())?;
        let time = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC);
        let name = format!("{}_before_{version}.dump", time.strftime("%Y%m%dT%H%M%S.%3fZ"));
        let path = self.folder.join(name);
        let unfinished = path.with_extension(UNFINISHED);
        let written = self.write(&unfinished, &path).await;
        if written.is_err() {
            // The error that matters is the first one; the next dump sweeps away what is left.
            let _left = std::fs::remove_file(&unfinished);
        }
        written?;
        self.forget_old();
        tracing::info!(dump = %path.display(), "dumped the database before migrating");
        Ok(Some(path))
    }

    /// A shell's command that puts the database back as it is in `dump`. The cluster must run and nobody else be
    /// connected.
    #[must_use]
    pub fn restore_command(&self, dump: &Path) -> String {
        let to = self.endpoint.maintenance_url();
        format!(
            "{} --clean --if-exists --create --exit-on-error --dbname {} {}",
            quoted(&self.programs.pg_restore().to_string_lossy()),
            quoted(&to),
            quoted(&dump.to_string_lossy())
        )
    }

    fn make_folder(&self) -> std::io::Result<()> {
        if let Some(parent) = self.folder.parent() {
            std::fs::create_dir_all(parent)?;
        }
        match DirBuilder::new().mode(0o700).create(&self.folder) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists && self.folder.is_dir() => {}
            other => return other,
        }
        std::fs::set_permissions(&self.folder, Permissions::from_mode(0o700))
    }

    /// A dump is compressed and holds no indexes, so it is smaller than the database; and the migration needs room, too.
    fn enough_space(&self, size: u64) -> Result<()> {
        let Ok(disk) = statvfs(&self.folder) else {
            return Ok(());
        };
        let free = disk.blocks_available().saturating_mul(disk.fragment_size());
        if free >= size.saturating_add(RESERVE) {
            return Ok(());
        }
        let mib = |bytes: u64| bytes.div_ceil(1 << 20);
        Err(refused(format!(
            "the disk of {} has {} MiB free, and the database takes {} MiB",
            self.folder.display(),
            mib(free),
            mib(size)
        )))
    }

    async fn write(&self, unfinished: &Path, path: &Path) -> Result<()> {
        let at = |error: std::io::Error| refused(format!("cannot write {}: {error}", unfinished.display()));
        // Made here, so that its mode is right before the first row is in it.
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(unfinished)
            .map_err(at)?;
        let program = self.programs.pg_dump();
        let mut command = Command::new(&program);
        command
            .args(["--format=custom", "--no-password", "--lock-wait-timeout=10s"])
            // Replies that are kept for a day are nobody's to find in a dump years later.
            .arg("--exclude-table-data=windlass.idempotency")
            .arg("--file")
            .arg(unfinished)
            // The superuser: row-level security and objects of others must not leave a gap.
            .arg(self.endpoint.url(Role::Superuser))
            .env_clear()
            .envs([("LC_ALL", "C"), ("TZ", "UTC"), ("PATH", "/usr/bin:/bin")])
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let output = command
            .output()
            .await
            .map_err(|error| refused(format!("{} cannot be run: {error}", program.display())))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            let reason = said.lines().next().unwrap_or("pg_dump says nothing");
            return Err(refused(reason.to_owned()).with_details(said.trim().to_owned()));
        }
        file.sync_all().map_err(at)?;
        std::fs::rename(unfinished, path).map_err(at)?;
        File::open(&self.folder)
            .and_then(|folder| folder.sync_all())
            .map_err(at)
    }

    /// The dumps, oldest first: their names begin with the time.
    fn files(&self, ending: &str) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let mut files: Vec<PathBuf> = entries
            .map(|entry| entry.path())
            .filter(|path| {
                path.extension().is_some_and(|found| found == ending)
                    && path
                        .file_name()
                        .is_some_and(|name| name.to_string_lossy().contains("_before_"))
            })
            .collect();
        files.sort();
        files
    }

    /// Removes what a killed process left.
    fn sweep(&self) {
        self.files(UNFINISHED).iter().for_each(|file| remove(file));
    }

    fn forget_old(&self) {
        let files = self.files("dump");
        let before = |file: &Path| -> Option<String> {
            let name = file.file_stem()?.to_str()?;
            Some(name.split_once("_before_")?.1.to_owned())
        };
        let old = files.len().saturating_sub(KEPT);
        for (index, file) in files.iter().take(old).enumerate() {
            // Tries of one migration do not push out what was before the first of them, as long as they go on.
            let version = before(file);
            let first = files.iter().position(|other| before(other) == version) == Some(index);
            let tried_again = version.is_some() && files.last().and_then(|last| before(last)) == version;
            if !(first && tried_again) {
                remove(file);
            }
        }
    }
}

fn remove(file: &Path) {
    if let Err(error) = std::fs::remove_file(file) {
        tracing::warn!(file = %file.display(), %error, "cannot remove an old dump");
    }
}

/// For a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

fn refused(reason: String) -> Error {
    Error::new(Code::DumpFailed, format!("no dump could be made: {reason}"))
        .with_hint("Nothing was migrated. Correct the cause, or migrate without a dump: `--no-dump`.")
}
