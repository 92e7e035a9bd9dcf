//! Once a second, what was counted becomes a sample.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

use super::Telemetry;
use super::machine::{Gauge, Machine};

/// The task that samples; it ends when this is dropped.
#[derive(Debug)]
#[must_use = "sampling ends when this is dropped"]
pub struct Sampler(JoinHandle<()>);

impl Sampler {
    /// Starts to sample, with the disk that holds `directory`. It needs a tokio runtime.
    pub fn start(telemetry: Arc<Telemetry>, directory: &Path) -> Self {
        let directory: Arc<Path> = directory.into();
        Self(tokio::spawn(async move {
            let mut gauge = Gauge::default();
            let mut seconds = tokio::time::interval(Duration::from_secs(1));
            seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
            // The first one comes at once, when no second has passed yet.
            seconds.tick().await;
            loop {
                seconds.tick().await;
                let machine;
                (gauge, machine) = look(gauge, Arc::clone(&directory)).await;
                telemetry.metrics.second(Instant::now(), unix_seconds(), &machine);
            }
        }))
    }
}

impl Drop for Sampler {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// On a thread of its own: a disk that does not answer must hold up no request.
async fn look(mut gauge: Gauge, directory: Arc<Path>) -> (Gauge, Machine) {
    let looked = tokio::task::spawn_blocking(move || {
        let machine = gauge.look(&directory);
        (gauge, machine)
    });
    looked.await.unwrap_or_default()
}

fn unix_seconds() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |time| i64::try_from(time.as_secs()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_second_becomes_a_sample_until_the_sampler_is_dropped() {
        let telemetry = Arc::new(Telemetry::default());
        let sampler = Sampler::start(Arc::clone(&telemetry), Path::new("/tmp"));
        let sampled = async {
            while telemetry.samples().is_empty() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), sampled).await.unwrap();
        let sample = telemetry.samples()[0];
        assert!(
            sample.disk_total > 0 && sample.memory > 0 && sample.at > 1_700_000_000,
            "{sample:?}"
        );
        drop(sampler);
        let ended = async {
            while Arc::strong_count(&telemetry) > 1 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), ended).await.unwrap();
    }
}
