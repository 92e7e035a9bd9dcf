//! Keeping the server alive: whoever kills it gets a new one.

use std::time::{Duration, SystemTime};

use tokio::sync::{oneshot, watch};
use tokio::time::{Instant, sleep};

use super::lock::Lock;
use super::postmaster::{Launcher, Postmaster};
use super::process;
use super::{ClusterState, Restarted};
use crate::error::Result;

const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// A server that ran this long is in good health: its next fall counts as the first.
const HEALTHY: Duration = Duration::from_secs(60);

/// Owns the server and the right to run it.
#[derive(Debug)]
pub(super) struct Supervisor {
    pub(super) launcher: Launcher,
    pub(super) postmaster: Postmaster,
    pub(super) state: watch::Sender<ClusterState>,
    /// Given back after the server has stopped, not before.
    pub(super) locks: Vec<Lock>,
}

impl Supervisor {
    /// Runs until it is told to stop, or until nobody is left who could tell it.
    pub(super) async fn run(mut self, mut stop: oneshot::Receiver<()>) {
        let mut attempt = 0;
        let mut since = Instant::now();
        loop {
            let how = tokio::select! {
                _ = &mut stop => break,
                how = self.postmaster.exited() => how,
            };
            if since.elapsed() >= HEALTHY {
                attempt = 0;
            }
            let ended = format!("PostgreSQL {how}");
            let mut reason = ended.clone();
            loop {
                attempt += 1;
                tracing::warn!(attempt, "{reason}; starting it again");
                self.state.send_replace(ClusterState::Restarting { attempt, reason });
                tokio::select! {
                    _ = &mut stop => return self.end().await,
                    again = Self::again(&self.launcher, &mut self.postmaster, attempt) => match again {
                        Ok(()) => break,
                        Err(error) => reason = error.message().to_owned(),
                    },
                }
            }
            since = Instant::now();
            let pid = self.postmaster.pid().unwrap_or_default();
            tracing::info!(pid, "PostgreSQL runs again");
            let restarted = Some(Restarted {
                at: SystemTime::now(),
                reason: ended,
            });
            self.state.send_replace(ClusterState::Running { pid, restarted });
        }
        self.end().await;
    }

    async fn again(launcher: &Launcher, postmaster: &mut Postmaster, attempt: u32) -> Result<()> {
        sleep(pause(attempt, jitter())).await;
        process::clear(&launcher.place, &launcher.sockets).await;
        // Stored before waiting, so that a stop in the meantime finds it.
        *postmaster = launcher.spawn()?;
        launcher.ready(postmaster).await?;
        Ok(())
    }

    async fn end(mut self) {
        self.postmaster.stop().await;
        // Empty now; the next start makes it again.
        let _not_empty = std::fs::remove_dir(&self.launcher.sockets);
        self.state.send_replace(ClusterState::Stopped);
        tracing::info!("PostgreSQL stopped");
        drop(self.locks);
    }
}

/// None before the first attempt, then doubling; up to half of it by chance, so that neighbours do not march in step.
fn pause(attempt: u32, chance: f64) -> Duration {
    let Some(doublings) = attempt.checked_sub(2) else {
        return Duration::ZERO;
    };
    let full = FIRST_PAUSE.saturating_mul(1 << doublings.min(16)).min(LONGEST_PAUSE);
    full.mul_f64(1.0 - chance / 2.0)
}

/// Something between 0 and 1 that differs from process to process.
fn jitter() -> f64 {
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    f64::from(now.subsec_nanos() % 1_000_000) / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_begin_at_nothing_and_grow_up_to_a_bound() {
        let full: Vec<u128> = (1..=8).map(|attempt| pause(attempt, 0.0).as_millis()).collect();
        assert_eq!(full, [0, 200, 400, 800, 1600, 3200, 6400, 10_000]);
        assert_eq!(pause(u32::MAX, 1.0), LONGEST_PAUSE / 2);
    }
}
