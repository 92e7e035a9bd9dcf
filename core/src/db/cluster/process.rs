//! What the kernel knows of a cluster's processes, whether they are our children or not.

use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::place::Place;
use super::settings::PORT;

/// A process, told apart from a later one with the same number by its start time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Process {
    pub(super) pid: i32,
    started: u64,
}

impl Process {
    /// The process of this number, unless it has ended. One that has ended, but that nobody waited for, has ended.
    pub(super) fn of(pid: i32) -> Option<Self> {
        let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        started(&text).map(|started| Self { pid, started })
    }

    pub(super) fn alive(self) -> bool {
        Self::of(self.pid) == Some(self)
    }

    /// Sends a signal; a process that has ended meanwhile is no error.
    pub(super) fn signal(self, signal: Signal) {
        if self.alive()
            && let Err(error) = kill(Pid::from_raw(self.pid), signal)
            && self.alive()
        {
            tracing::warn!(pid = self.pid, %signal, %error, "cannot send a signal to PostgreSQL");
        }
    }

    /// Whether it is a process of the cluster in `data`: they all work inside of it.
    fn belongs_to(self, place: &Place) -> bool {
        let folder = PathBuf::from(format!("/proc/{}", self.pid));
        if std::fs::read_to_string(folder.join("comm")).map_or(true, |name| name.trim() != "postgres") {
            return false;
        }
        match std::fs::read_link(folder.join("cwd")) {
            Ok(cwd) => cwd == place.data,
            // A confined root may not look. Then a server of the right user counts: rather wait for a stranger
            // than start beside our own.
            Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                folder.metadata().is_ok_and(|found| found.uid() == place.account.uid)
            }
            Err(_) => false,
        }
    }
}

/// Reads the state and the start time out of `/proc/<pid>/stat`; the name in brackets may hold anything.
fn started(stat: &str) -> Option<u64> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    if matches!(fields.next()?, "Z" | "X" | "x") {
        return None;
    }
    fields.nth(18)?.parse().ok()
}

/// What the server says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Starting,
    Ready,
    Stopping,
}

/// `postmaster.pid`, which the server writes into its data directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PidFile {
    pub(super) pid: i32,
    pub(super) port: u16,
    pub(super) sockets: PathBuf,
    pub(super) status: Status,
}

impl PidFile {
    pub(super) fn path(data: &Path) -> PathBuf {
        data.join("postmaster.pid")
    }

    pub(super) fn read(data: &Path) -> Option<Self> {
        Self::parse(&std::fs::read_to_string(Self::path(data)).ok()?)
    }

    /// Lines: pid, data directory, start time, port, socket directory, TCP address, memory, status.
    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let pid = lines.next()?.trim().parse().ok()?;
        let port = lines
            .nth(2)
            .and_then(|line| line.trim().parse().ok())
            .unwrap_or_default();
        let sockets = PathBuf::from(lines.next().unwrap_or_default().trim());
        let status = match lines.nth(2).unwrap_or_default().trim() {
            "ready" | "standby" => Status::Ready,
            "stopping" => Status::Stopping,
            _ => Status::Starting,
        };
        Some(Self {
            pid,
            port,
            sockets,
            status,
        })
    }
}

/// The server that runs on the data of `place`, if one does.
pub(super) fn server(place: &Place) -> Option<(PidFile, Process)> {
    let file = PidFile::read(&place.data)?;
    let process = Process::of(file.pid).filter(|process| process.belongs_to(place))?;
    Some((file, process))
}

/// Every process that still works on the data.
fn members(place: &Place) -> Vec<Process> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter_map(Process::of)
        .filter(|process| process.belongs_to(place))
        .collect()
}

/// Makes way for a new server after one has gone without a goodbye. Its children notice and end, except one in the
/// middle of a long computation: as long as it lives, the shared memory is in use and no new server starts.
pub(super) async fn clear(place: &Place, sockets: &Path) {
    let begun = Instant::now();
    let mut sent = None;
    loop {
        let left = members(place);
        if left.is_empty() {
            break;
        }
        let signal = match begun.elapsed() {
            waited if waited > Duration::from_secs(3) => {
                tracing::warn!(processes = left.len(), "processes of an earlier PostgreSQL do not end");
                break;
            }
            waited if waited > Duration::from_secs(1) => Some(Signal::SIGKILL),
            waited if waited > Duration::from_millis(400) => Some(Signal::SIGQUIT),
            _ => None,
        };
        if let Some(signal) = signal
            && sent != Some(signal)
        {
            left.iter().for_each(|process| process.signal(signal));
            sent = Some(signal);
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let Some(stale) = PidFile::read(&place.data).filter(|_| server(place).is_none()) else {
        return;
    };
    tracing::info!(
        pid = stale.pid,
        "an earlier PostgreSQL ended without cleaning up; it will recover its journal"
    );
    // PostgreSQL would do so itself, unless the number in there is still known: it may have gone to another program,
    // or be that of a server that ended and that nobody waited for.
    let socket = sockets.join(format!(".s.PGSQL.{PORT}"));
    for file in [
        PidFile::path(&place.data),
        sockets.join(format!(".s.PGSQL.{PORT}.lock")),
        socket,
    ] {
        match std::fs::remove_file(&file) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                tracing::warn!(file = %file.display(), %error, "cannot remove what it left");
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_of_the_server_is_its_eighth_line() {
        let text = "4711\n/srv/data\n1700000000\n5432\n/run/windlass/ab\n\n  123 456\nready   \n";
        let expected = PidFile {
            pid: 4711,
            port: 5432,
            sockets: "/run/windlass/ab".into(),
            status: Status::Ready,
        };
        assert_eq!(PidFile::parse(text), Some(expected));
        let begun = PidFile::parse("4711\n/srv/data\n1700000000\n5432\n").unwrap();
        assert_eq!(begun.status, Status::Starting);
        assert_eq!(PidFile::parse(""), None);
    }

    #[test]
    fn an_ended_process_is_not_alive_even_before_it_is_waited_for() {
        let this = Process::of(std::process::id().cast_signed()).unwrap();
        assert!(this.alive());
        assert_eq!(started("7 (a ) b) Z 1 7 7 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 99 0"), None);
        assert_eq!(
            started("7 (a ) b) S 1 7 7 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 99 0"),
            Some(99)
        );
    }
}
