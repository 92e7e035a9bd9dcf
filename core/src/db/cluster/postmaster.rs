//! The server's main process: starting it, waiting for its word that it is ready, and ending it.

use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::Signal;
use tokio::process::Child;
use tokio::time::{Instant, sleep, timeout};

use super::endpoint::Endpoint;
use super::failed;
use super::log::Journal;
use super::place::Place;
use super::process::{self, PidFile, Process, Status};
use super::programs::Programs;
use super::settings::Settings;
use crate::error::Result;

/// How long a fast shutdown may take; it writes everything in memory to disk.
const FAST: Duration = Duration::from_secs(30);
/// How long it may take without writing: the next start then replays the journal.
const IMMEDIATE: Duration = Duration::from_secs(5);
/// How often a process that is no child of ours is looked at.
const LOOK: Duration = Duration::from_millis(200);

/// Everything that is needed to start a server, again and again.
#[derive(Debug)]
pub(super) struct Launcher {
    pub(super) place: Place,
    pub(super) programs: Programs,
    pub(super) settings: Settings,
    pub(super) journal: Journal,
    /// The folder for the socket, of this cluster alone.
    pub(super) sockets: PathBuf,
    /// Whether the cluster has just been created.
    pub(super) fresh: bool,
}

impl Launcher {
    /// Starts a server; it is not ready yet.
    pub(super) fn spawn(&self) -> Result<Postmaster> {
        let log_start = self.journal.length();
        let log = self.journal.writer()?;
        let log_start = log_start.min(self.journal.length());
        let again = log.try_clone().map_err(super::at("open", self.journal.path()))?;
        let mut command = Command::new(self.programs.postgres());
        command
            .args(&self.settings.arguments)
            .env_clear()
            .envs([("LC_ALL", "C"), ("PATH", "/usr/bin:/bin")])
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(again)
            // Ctrl-C is for Windlass, which stops the server after the last request.
            .process_group(0);
        self.place.account.apply(&mut command);
        let child = tokio::process::Command::from(command).spawn().map_err(|error| {
            failed(format!("PostgreSQL cannot be run as {}: {error}", self.place.account)).with_hint(format!(
                "Look whether {} may run {}.",
                self.place.account,
                self.programs.postgres().display()
            ))
        })?;
        let process = child.id().and_then(|pid| Process::of(pid.cast_signed()));
        Ok(Postmaster {
            process,
            child: Some(child),
            log_start,
        })
    }

    /// Waits until the server says that it is ready. It may take its time to recover, but not if it ends.
    pub(super) async fn ready(&self, postmaster: &mut Postmaster) -> Result<Endpoint> {
        let begun = Instant::now();
        let mut told = begun;
        let mut pause = Duration::from_millis(2);
        loop {
            let said = PidFile::read(&self.place.data).filter(|said| Some(said.pid) == postmaster.pid());
            if let Some(said) = said.filter(|said| said.status == Status::Ready) {
                return Ok(Endpoint::new(said.sockets, said.port));
            }
            if let Ok(how) = timeout(pause, postmaster.exited()).await {
                let complaint = self.journal.complaint(postmaster.log_start);
                tracing::debug!("PostgreSQL {how} while starting");
                let error = complaint.into_error("PostgreSQL does not start", &self.place.data);
                return Err(match error.hint() {
                    Some(_) => error,
                    None => error.with_hint(format!("Its log says more: {}", self.journal.path().display())),
                });
            }
            if told.elapsed() > Duration::from_secs(5) {
                told = Instant::now();
                tracing::info!(seconds = begun.elapsed().as_secs(), "PostgreSQL is still starting");
            }
            pause = (pause * 2).min(Duration::from_millis(20));
        }
    }

    /// Waits until a server that somebody else has started is ready to be adopted; nothing, if it ends instead.
    pub(super) async fn adopt(&self) -> Option<(Postmaster, Endpoint)> {
        let (_, process) = process::server(&self.place)?;
        let mut postmaster = Postmaster {
            process: Some(process),
            child: None,
            log_start: self.journal.length(),
        };
        loop {
            let (said, found) = process::server(&self.place)?;
            match said.status {
                _ if found != process => return None,
                Status::Ready => return Some((postmaster, Endpoint::new(said.sockets, said.port))),
                Status::Starting => sleep(Duration::from_millis(20)).await,
                Status::Stopping => {
                    tracing::info!(pid = said.pid, "waiting for an earlier PostgreSQL to stop");
                    postmaster.stop().await;
                    return None;
                }
            }
        }
    }
}

/// A running server: our child, or one that an earlier Windlass left.
#[derive(Debug)]
pub(super) struct Postmaster {
    process: Option<Process>,
    child: Option<Child>,
    log_start: u64,
}

impl Postmaster {
    pub(super) fn pid(&self) -> Option<i32> {
        self.process.map(|process| process.pid)
    }

    /// Where its log begins.
    pub(super) fn log_start(&self) -> u64 {
        self.log_start
    }

    /// Waits for its end and says how it came. May be called again, and dropped while waiting.
    pub(super) async fn exited(&mut self) -> String {
        let how = match &mut self.child {
            Some(child) => match child.wait().await {
                Ok(status) => describe(status),
                Err(error) => format!("cannot be waited for: {error}"),
            },
            None => {
                // Not our child: the kernel tells only its parent.
                while self.process.is_some_and(Process::alive) {
                    sleep(LOOK).await;
                }
                "ended".to_owned()
            }
        };
        self.process = None;
        how
    }

    /// Ends it: at once but cleanly, or, when that takes too long, without the last writes to the data files.
    pub(super) async fn stop(&mut self) {
        for (signal, patience) in [
            (Signal::SIGINT, FAST),
            (Signal::SIGQUIT, IMMEDIATE),
            (Signal::SIGKILL, IMMEDIATE),
        ] {
            let Some(process) = self.process else { return };
            if signal != Signal::SIGINT {
                tracing::warn!(pid = process.pid, %signal, "PostgreSQL takes too long to stop");
            }
            process.signal(signal);
            if timeout(patience, self.exited()).await.is_ok() {
                return;
            }
        }
    }
}

impl Drop for Postmaster {
    /// Whoever lets go of a server without stopping it leaves it no reason to run.
    fn drop(&mut self) {
        if let Some(process) = self.process {
            process.signal(Signal::SIGINT);
        }
    }
}

fn describe(status: ExitStatus) -> String {
    match (status.signal(), status.code()) {
        (Some(signal), _) => format!("was killed by signal {signal}"),
        (None, Some(0)) => "was stopped".to_owned(),
        (None, Some(code)) => format!("ended with code {code}"),
        (None, None) => "ended".to_owned(),
    }
}
