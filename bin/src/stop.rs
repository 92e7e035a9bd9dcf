//! SIGTERM and SIGINT, caught from the start: whatever runs then, the database is stopped on the way out.

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use windlass_core::error::{Code, Error, Result};

/// Knows whether the operator wants the process to end.
#[derive(Clone)]
pub struct Stop(watch::Receiver<bool>);

/// Which signals end the process.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Signals {
    /// SIGTERM and SIGINT.
    Both,
    /// SIGTERM alone: Ctrl-C belongs to a program in the foreground, such as psql.
    TerminateOnly,
}

impl Stop {
    /// Catches the signals from now on. A second one ends the process at once.
    ///
    /// # Errors
    /// `internal` if the system gives no handler.
    pub fn install(signals: Signals) -> Result<Self> {
        let mut terminate = signal(SignalKind::terminate()).map_err(Error::internal)?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(Error::internal)?;
        let (tell, told) = watch::channel(false);
        tokio::spawn(async move {
            let mut seen = false;
            loop {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {
                        if signals == Signals::TerminateOnly {
                            continue;
                        }
                    }
                }
                if std::mem::replace(&mut seen, true) {
                    std::process::exit(1);
                }
                tracing::info!("stopping: what is under way finishes first");
                // Nobody waits any more when the receiver is gone.
                _ = tell.send(true);
            }
        });
        Ok(Self(told))
    }

    /// Ends when the operator wants the process to end.
    pub async fn wait(&self) {
        let mut told = self.0.clone();
        if told.wait_for(|stop| *stop).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Works until it is done or the operator ends it; then what was begun is dropped.
    ///
    /// # Errors
    /// Those of `work`; `interrupted` if it was ended.
    pub async fn unless<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        tokio::select! {
            done = work => done,
            () = self.wait() => Err(Error::new(Code::Interrupted, "stopped before it was done")),
        }
    }
}
