//! The embedded `PostgreSQL`: unpacked, created, started and kept alive by Windlass itself.
//!
//! The way of a start: `place` says where the cluster lies and whom it belongs to, `lock` that it is ours alone,
//! `programs` what runs it (from the `bundle` or the system), `initdb` makes it if it is new, `settings`
//! tunes it, `postmaster` starts or adopts the server, `provision` gives it roles and a database, and
//! `supervise` keeps it running.

#[cfg(feature = "bundled-postgres")]
mod bundle;
mod complaint;
mod endpoint;
mod initdb;
mod lock;
mod log;
mod memory;
mod place;
mod postmaster;
mod process;
mod programs;
mod provision;
pub mod runtime;
mod settings;
mod supervise;
mod user;

use std::io::ErrorKind;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

pub use self::endpoint::{Endpoint, Role};
pub use self::place::short_hash;
pub use self::programs::Programs;

use self::lock::Lock;
use self::log::Journal;
use self::place::Place;
use self::postmaster::{Launcher, Postmaster};
use self::settings::{Settings, Tuning};
use self::supervise::Supervisor;
use crate::error::{Code, Error, Result};

/// What a cluster needs to know.
#[derive(Debug, Clone)]
pub struct ClusterOptions {
    /// The project's `.windlass`.
    pub directory: PathBuf,
    /// The connections that Windlass itself opens at most; the server allows some more, for people.
    pub max_connections: u32,
    /// The memory in bytes to tune for; by default that of the machine or of the control group around us.
    pub memory_bytes: Option<u64>,
}

/// What a cluster does at the moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClusterState {
    /// It has not been ready yet.
    Starting,
    /// It serves connections.
    Running {
        /// The server's main process.
        pid: i32,
        /// How the server before it ended, if it was not told to.
        restarted: Option<Restarted>,
    },
    /// It ended without being told to, and comes back.
    Restarting {
        /// Counted from 1, until it has run for a minute.
        attempt: u32,
        /// How it ended, or why it did not start again.
        reason: String,
    },
    /// It was stopped.
    Stopped,
}

/// A server that ended without being told to, and was started again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restarted {
    /// When the new one answered.
    pub at: SystemTime,
    /// How the old one ended.
    pub reason: String,
}

/// A running cluster. Dropping it stops the server, too, but does not wait for that.
#[derive(Debug)]
pub struct Cluster {
    endpoint: Endpoint,
    programs: Programs,
    state: watch::Receiver<ClusterState>,
    stop: oneshot::Sender<()>,
    supervisor: JoinHandle<()>,
    follower: Follower,
}

/// Follows the log as long as it lives.
#[derive(Debug)]
struct Follower(JoinHandle<()>);

impl Drop for Follower {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Cluster {
    /// Starts the cluster of a project, or takes over the server that a killed Windlass left; creates it first, if it
    /// is new.
    ///
    /// # Errors
    /// [`Code::ClusterInUse`] if another Windlass holds it, [`Code::ClusterFailed`] with the cause and the next step
    /// for everything else.
    pub async fn start(options: ClusterOptions) -> Result<Self> {
        let (launcher, locks) = tokio::task::spawn_blocking(move || prepare(&options))
            .await
            .map_err(Error::internal)??;
        let (sender, state) = watch::channel(ClusterState::Starting);
        let (postmaster, endpoint) = running(&launcher).await?;
        let pid = postmaster.pid().unwrap_or_default();
        sender.send_replace(ClusterState::Running { pid, restarted: None });
        tracing::info!(pid, version = launcher.programs.version(), user = %launcher.place.account, "PostgreSQL runs");
        let follower = Follower(tokio::spawn(launcher.journal.clone().follow(postmaster.log_start())));
        let programs = launcher.programs.clone();
        let (stop, stopped) = oneshot::channel();
        let supervisor = Supervisor {
            launcher,
            postmaster,
            state: sender,
            locks,
        };
        let supervisor = tokio::spawn(supervisor.run(stopped));
        Ok(Self {
            endpoint,
            programs,
            state,
            stop,
            supervisor,
            follower,
        })
    }

    /// Where it listens; the same after each restart.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// The programs that belong to it.
    #[must_use]
    pub fn programs(&self) -> &Programs {
        &self.programs
    }

    /// What it does, now and from now on.
    #[must_use]
    pub fn state(&self) -> watch::Receiver<ClusterState> {
        self.state.clone()
    }

    /// Stops the server and waits until it has stopped: open transactions are rolled back, sessions are ended.
    ///
    /// # Errors
    /// Only if the task that does so has been lost.
    pub async fn stop(self) -> Result<()> {
        let Self {
            stop,
            supervisor,
            follower,
            ..
        } = self;
        // It may have ended by itself: then there is nothing to stop.
        let _ended = stop.send(());
        let ended = supervisor.await.map_err(Error::internal);
        drop(follower);
        ended
    }
}

/// The cluster of a project, if it runs: for programs that work beside a Windlass that serves it.
///
/// # Errors
/// If the notes in `directory` cannot be read.
pub fn attach(directory: &Path) -> Result<Option<(Endpoint, Programs)>> {
    let Some(note) = Note::read(directory)? else {
        return Ok(None);
    };
    let endpoint = Endpoint::new(note.sockets, note.port);
    match UnixStream::connect(endpoint.socket()) {
        Ok(_) => {}
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) => return Ok(None),
        Err(error) => return Err(at("connect to", &endpoint.socket())(error)),
    }
    let programs = Programs::at(&note.programs)
        .map_err(|reason| failed(format!("{} cannot be used: {reason}", note.programs.display())))?;
    Ok(Some((endpoint, programs)))
}

/// Everything before a server runs: blocking work with files and programs.
fn prepare(options: &ClusterOptions) -> Result<(Launcher, Vec<Lock>)> {
    let place = Place::find(&options.directory)?;
    let mut locks = vec![Lock::take(&place.directory)?];
    if place.home != place.directory {
        // Two copies of a project may lead to the same data.
        locks.push(Lock::take(&place.home)?);
    }
    if place.account.drop {
        tracing::info!(user = %place.account, "PostgreSQL refuses root: running it as another user");
    }
    let programs = Programs::find(&place)?;
    let sockets = place.sockets()?;
    let fresh = place.major()?.is_none();
    if fresh {
        initdb::create(&place, &programs)?;
    }
    let tuning = Tuning {
        memory: options.memory_bytes.unwrap_or_else(memory::available),
        connections: options.max_connections,
        processors: std::thread::available_parallelism().map_or(1, |count| count.get() as u64),
    };
    let settings = Settings::write(&place, &programs, &sockets, &tuning)?;
    let journal = Journal::of(&place.directory);
    Ok((
        Launcher {
            place,
            programs,
            settings,
            journal,
            sockets,
            fresh,
        },
        locks,
    ))
}

/// A server that is ready and has everything: the one that runs already, if it can be kept, else a new one.
async fn running(launcher: &Launcher) -> Result<(Postmaster, Endpoint)> {
    if let Some((mut postmaster, endpoint)) = launcher.adopt().await {
        let pid = postmaster.pid();
        let same = Note::read(&launcher.place.directory)?.is_some_and(|note| {
            note.fingerprint == launcher.settings.fingerprint && note.sockets == endpoint.sockets()
        });
        if !same {
            tracing::info!(
                pid,
                "PostgreSQL runs already, but with other settings: starting it anew"
            );
        } else if let Err(error) = provision::ensure(&endpoint, false).await {
            tracing::warn!(pid, "PostgreSQL runs already, but is no use: {error}; starting it anew");
        } else {
            tracing::info!(pid, "PostgreSQL runs already, left by an earlier Windlass: keeping it");
            return Ok((postmaster, endpoint));
        }
        postmaster.stop().await;
    }
    process::clear(&launcher.place, &launcher.sockets).await;
    let mut postmaster = launcher.spawn()?;
    let ready = async {
        let endpoint = launcher.ready(&mut postmaster).await?;
        provision::ensure(&endpoint, launcher.fresh).await?;
        Note::write(launcher)?;
        Ok(endpoint)
    };
    match ready.await {
        Ok(endpoint) => Ok((postmaster, endpoint)),
        Err(error) => {
            postmaster.stop().await;
            Err(error)
        }
    }
}

/// What other programs, and a later Windlass, need to know of a running server.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
struct Note {
    sockets: PathBuf,
    port: u16,
    programs: PathBuf,
    fingerprint: String,
}

impl Note {
    fn path(directory: &Path) -> PathBuf {
        directory.join("cluster.json")
    }

    fn write(launcher: &Launcher) -> Result<()> {
        let note = Self {
            sockets: launcher.sockets.clone(),
            port: settings::PORT,
            programs: launcher.programs.folder().to_owned(),
            fingerprint: launcher.settings.fingerprint.clone(),
        };
        let text = serde_json::to_string(&note).map_err(Error::internal)?;
        settings::replace(&Self::path(&launcher.place.directory), &text)
    }

    /// Reads it; one that nobody can read is as good as none.
    fn read(directory: &Path) -> Result<Option<Self>> {
        let path = Self::path(directory);
        match std::fs::read_to_string(&path) {
            Ok(text) => Ok(serde_json::from_str(&text).ok()),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
            Err(error) => Err(at("read", &path)(error)),
        }
    }
}

fn failed(message: impl Into<String>) -> Error {
    Error::new(Code::ClusterFailed, message)
}

/// Turns a system's error into one that says what was being done, where, and what to do.
fn at(verb: &str, path: &Path) -> impl FnOnce(std::io::Error) -> Error {
    let message = format!("cannot {verb} {}", path.display());
    let path = path.to_owned();
    move |error| {
        let hint = match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
                "Free some space on that disk, then start again.".to_owned()
            }
            ErrorKind::ReadOnlyFilesystem => "It is on a read-only file system: mount that writable.".to_owned(),
            ErrorKind::PermissionDenied => {
                format!(
                    "Give the user who runs Windlass access: `namei -l {}` shows where it ends.",
                    path.display()
                )
            }
            _ => "Nothing was changed by this; correct the cause, then start again.".to_owned(),
        };
        failed(format!("{message}: {error}")).with_hint(hint).with_source(error)
    }
}
