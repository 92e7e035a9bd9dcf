//! The server's settings, written anew on each start. `PostgreSQL` reads ours last but for `postgresql.auto.conf`, so
//! what an operator sets by `ALTER SYSTEM` wins.

use std::fmt::Write as _;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::at;
use super::endpoint::Role;
use super::place::{Place, hex, make};
use super::programs::Programs;
use crate::error::Result;

/// The number in the socket's name.
pub(super) const PORT: u16 = 5432;
/// Connections on top of Windlass's own: three that `PostgreSQL` keeps for superusers, and some for people.
const SPARE: u32 = 8;

const KB: u64 = 1 << 10;
const MB: u64 = 1 << 20;
const GB: u64 = 1 << 30;

/// The server's command line and the files that it names.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) arguments: Vec<String>,
    /// Equal for servers that would run alike, so that a running one can be kept.
    pub(super) fingerprint: String,
}

impl Settings {
    /// Writes the files and returns how to start the server with them.
    pub(super) fn write(place: &Place, programs: &Programs, sockets: &Path, tuning: &Tuning) -> Result<Self> {
        // Outside of the data directory: root writes here, and must not be led astray by links of somebody else's.
        let folder = place.home.join("settings");
        make(&folder, 0o755)?;
        let files = [
            ("postgresql.conf", tuning.text(&place.data)),
            ("pg_hba.conf", hba()),
            (
                "pg_ident.conf",
                ident(&[
                    Some("root"),
                    place.account.name.as_deref(),
                    super::user::own_name().as_deref(),
                ]),
            ),
        ];
        let mut arguments = vec!["-D".to_owned(), place.data.display().to_string()];
        let mut option = |name: &str, value: &str| arguments.extend(["-c".to_owned(), format!("{name}={value}")]);
        for ((name, text), setting) in files.iter().zip(["config_file", "hba_file", "ident_file"]) {
            let path = folder.join(name);
            replace(&path, text)?;
            option(setting, &path.display().to_string());
        }
        // What Windlass itself relies on is no matter of taste, and stands where no file can change it.
        option("unix_socket_directories", &sockets.display().to_string());
        option("port", &PORT.to_string());
        option("log_destination", "stderr");
        option("logging_collector", "off");
        option("log_line_prefix", super::log::PREFIX);
        let mut hash = Sha256::new();
        hash.update(programs.folder().as_os_str().as_encoded_bytes());
        hash.update(programs.version());
        for text in files.iter().map(|(_, text)| text).chain(&arguments) {
            hash.update(text);
            hash.update([0]);
        }
        Ok(Self {
            arguments,
            fingerprint: hex(&hash.finalize(), 16),
        })
    }
}

/// What the settings are computed from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tuning {
    /// Bytes that the server shares with Windlass and others.
    pub(super) memory: u64,
    /// Connections that Windlass itself opens at most.
    pub(super) connections: u32,
    /// Processors.
    pub(super) processors: u64,
}

impl Tuning {
    /// pgtune's formulas for "mixed": a server beside an application on the same machine, on SSDs.
    fn lines(&self) -> Vec<(&'static str, String)> {
        let Self {
            memory,
            connections,
            processors,
        } = *self;
        let connections = connections.saturating_add(SPARE);
        let shared = (memory / 4).max(16 * MB);
        let workers = processors.max(8);
        // Each of up to three sorts per connection and worker, and half of that for a mixed load.
        let work = memory.saturating_sub(shared) / ((u64::from(connections) + workers) * 3) / 2;
        // pgtune keeps 1 to 4 GB of journal; a small disk on a small machine has better uses for it.
        let journal = (memory / 2).clamp(256 * MB, 4 * GB);
        let mut lines = vec![
            ("max_connections", connections.to_string()),
            // The operator gets in when all others are taken: the admin desk uses up to five.
            ("superuser_reserved_connections", "6".to_owned()),
            ("shared_buffers", size(shared)),
            ("effective_cache_size", size(memory / 4 * 3)),
            ("maintenance_work_mem", size((memory / 16).clamp(16 * MB, 2 * GB))),
            ("work_mem", size(work.max(MB))),
            ("wal_buffers", size((shared * 3 / 100).clamp(32 * KB, 16 * MB))),
            ("max_wal_size", size(journal)),
            ("min_wal_size", size(journal / 4)),
            ("checkpoint_completion_target", "0.9".to_owned()),
            ("default_statistics_target", "100".to_owned()),
            ("random_page_cost", "1.1".to_owned()),
            ("effective_io_concurrency", "200".to_owned()),
        ];
        if processors >= 4 {
            let half = processors.div_ceil(2).min(4);
            lines.extend([
                ("max_worker_processes", workers.to_string()),
                ("max_parallel_workers", processors.to_string()),
                ("max_parallel_workers_per_gather", half.to_string()),
                ("max_parallel_maintenance_workers", half.to_string()),
            ]);
        }
        lines
    }

    fn text(&self, data: &Path) -> String {
        let mut text =
            "# Written by Windlass on each start: changes here are lost. Use ALTER SYSTEM instead.\n".to_owned();
        let mut line = |name: &str, value: &str| {
            // Writing to a string cannot fail.
            let _written = writeln!(text, "{name} = {}", quoted(value));
        };
        line("include_if_exists", &data.join("postgresql.conf").display().to_string());
        for (name, value) in self.lines() {
            line(name, &value);
        }
        for (name, value) in FIXED {
            line(name, value);
        }
        text
    }
}

/// Settings that do not depend on the machine.
const FIXED: &[(&str, &str)] = &[
    ("cluster_name", "windlass"),
    ("listen_addresses", ""),
    ("unix_socket_permissions", "0700"),
    ("password_encryption", "scram-sha-256"),
    ("idle_in_transaction_session_timeout", "30s"),
    // Requests are short; compiling their plans costs more than it saves.
    ("jit", "off"),
    ("timezone", "UTC"),
    ("log_timezone", "UTC"),
    // Our reader of the log knows English.
    ("lc_messages", "C"),
    ("log_min_messages", "warning"),
    // Statements hold what people typed: they do not belong in a log.
    ("log_min_error_statement", "panic"),
];

/// Who may connect: three roles by name, from users that `pg_ident.conf` lists.
fn hba() -> String {
    format!("local all {} peer map=windlass\n", ROLES.map(Role::name).join(","))
}

const ROLES: [Role; 3] = [Role::Superuser, Role::Owner, Role::Login];

fn ident(users: &[Option<&str>]) -> String {
    let mut text = String::new();
    let mut seen = Vec::new();
    for user in users.iter().flatten() {
        if seen.contains(user) {
            continue;
        }
        seen.push(*user);
        for role in ROLES {
            let _written = writeln!(text, "windlass \"{user}\" {}", role.name());
        }
    }
    text
}

fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\\', "\\\\").replace('\'', "''"))
}

fn size(bytes: u64) -> String {
    if bytes.is_multiple_of(MB) {
        format!("{}MB", bytes / MB)
    } else {
        format!("{}kB", bytes / KB)
    }
}

/// Replaces a file whole, and only if it changes.
pub(super) fn replace(path: &Path, text: &str) -> Result<()> {
    if std::fs::read_to_string(path).is_ok_and(|found| found == text) {
        return Ok(());
    }
    let draft: PathBuf = path.with_extension("new");
    std::fs::write(&draft, text)
        .and_then(|()| std::fs::set_permissions(&draft, Permissions::from_mode(0o644)))
        .and_then(|()| std::fs::rename(&draft, path))
        .map_err(at("write", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(tuning: &Tuning, name: &str) -> String {
        tuning.lines().into_iter().find(|(found, _)| *found == name).unwrap().1
    }

    #[test]
    fn memory_is_shared_out_by_pgtunes_formulas() {
        let cases = [
            // memory, shared_buffers, effective_cache_size, maintenance_work_mem, work_mem, wal_buffers, max_wal_size
            (512 * MB, "128MB", "384MB", "32MB", "1170kB", "3932kB", "256MB"),
            (4 * GB, "1024MB", "3072MB", "256MB", "9362kB", "16MB", "2048MB"),
            (64 * GB, "16384MB", "49152MB", "2048MB", "149796kB", "16MB", "4096MB"),
        ];
        for (memory, shared, cache, maintenance, work, buffers, journal) in cases {
            let tuning = Tuning {
                memory,
                connections: 40,
                processors: 2,
            };
            assert_eq!(value(&tuning, "max_connections"), "48");
            assert_eq!(value(&tuning, "shared_buffers"), shared);
            assert_eq!(value(&tuning, "effective_cache_size"), cache);
            assert_eq!(value(&tuning, "maintenance_work_mem"), maintenance);
            assert_eq!(value(&tuning, "work_mem"), work);
            assert_eq!(value(&tuning, "wal_buffers"), buffers);
            assert_eq!(value(&tuning, "max_wal_size"), journal);
        }
    }

    #[test]
    fn paths_are_quoted() {
        let text = Tuning {
            memory: GB,
            connections: 10,
            processors: 1,
        }
        .text(Path::new("/srv/o'hara"));
        assert!(
            text.contains("include_if_exists = '/srv/o''hara/postgresql.conf'"),
            "{text}"
        );
    }

    #[test]
    fn each_user_is_mapped_once() {
        let text = ident(&[Some("root"), Some("nobody"), Some("root"), None]);
        assert_eq!(text.lines().count(), 6);
        assert!(text.contains("windlass \"nobody\" windlass_login"));
    }
}
