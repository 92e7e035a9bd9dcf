//! Answers kept for a moment, so that ten consoles cost what one does.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::admin::protocol::{Answer, Ask};
use crate::error::{Error, Result};

/// More questions than there are; each route is one of its own.
const MOST: usize = 256;

/// The last answer to a question. Whoever holds the lock is asking; the others wait for what it finds.
#[derive(Debug, Default)]
struct Slot(tokio::sync::Mutex<Option<(Instant, Result<Answer, Error>)>>);

/// The last answers.
#[derive(Debug, Default)]
pub(super) struct Cache(Mutex<HashMap<Ask, Arc<Slot>>>);

impl Cache {
    /// The answer to `ask` that is at most so old, else a new one; refusals are kept as well.
    pub(super) async fn get(
        &self,
        ask: &Ask,
        age: Duration,
        find: impl Future<Output = Result<Answer>>,
    ) -> Result<Answer> {
        let slot = self.slot(ask);
        let mut kept = slot.0.lock().await;
        if let Some((at, answer)) = kept.as_ref()
            && at.elapsed() < age
        {
            return copy(answer);
        }
        let found = find.await;
        let answer = copy(&found);
        *kept = Some((Instant::now(), answer));
        found
    }

    /// Forgets everything: something was changed.
    pub(super) fn clear(&self) {
        self.lock().clear();
    }

    fn slot(&self, ask: &Ask) -> Arc<Slot> {
        let mut slots = self.lock();
        if slots.len() >= MOST && !slots.contains_key(ask) {
            slots.clear();
        }
        Arc::clone(slots.entry(ask.clone()).or_default())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Ask, Arc<Slot>>> {
        // A panic elsewhere leaves at worst an answer too many.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn copy(answer: &Result<Answer>) -> Result<Answer> {
    match answer {
        Ok(answer) => Ok(answer.clone()),
        Err(error) => Err(error.retold()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::error::Code;

    #[tokio::test]
    async fn many_askers_cost_one_search() {
        let (cache, searches) = (Cache::default(), AtomicUsize::new(0));
        let ask = || {
            cache.get(&Ask::Audit, Duration::from_secs(60), async {
                searches.fetch_add(1, Ordering::SeqCst);
                tokio::task::yield_now().await;
                Err(Error::new(Code::DatabaseUnavailable, "away").with_hint("wait"))
            })
        };
        let answers = futures_util::future::join_all((0..10).map(|_| ask())).await;
        assert_eq!(searches.load(Ordering::SeqCst), 1);
        for answer in answers {
            assert_eq!(answer.unwrap_err().hint(), Some("wait"));
        }
        cache.clear();
        assert!(ask().await.is_err());
        assert_eq!(searches.load(Ordering::SeqCst), 2);
    }
}
