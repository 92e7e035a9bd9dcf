//! Live streams: what was said since the last look, in batches, with what was missed.

use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::mpsc;
use tokio::time::sleep;

use crate::error::Result;
use crate::telemetry::feed::{Heard, Listener};

/// Most items of one batch.
const MOST: usize = 500;
/// Between two batches: nobody reads faster, and few large batches cost less than many small ones.
const PAUSE: Duration = Duration::from_millis(50);

/// What came since the last batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch<T> {
    /// In order.
    pub items: Vec<T>,
    /// Items before these that were not delivered, as the reader was too slow.
    pub lost: u64,
}

impl<T> Default for Batch<T> {
    fn default() -> Self {
        Self {
            items: Vec::new(),
            lost: 0,
        }
    }
}

impl<T> Batch<T> {
    /// Whether there is nothing to tell.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty() && self.lost == 0
    }
}

/// Batches as they come; it ends with the service, or after an error. Dropping it ends the stream.
pub type Batches<T> = mpsc::Receiver<Result<Batch<T>>>;

/// Carries what a listener hears into batches, as far as it is wanted.
pub(super) fn gather<T>(mut listener: Listener<T>, wanted: impl Fn(&T) -> bool + Send + 'static) -> Batches<T>
where
    T: Clone + Send + Sync + 'static,
{
    let (sender, batches) = mpsc::channel(2);
    tokio::spawn(async move {
        loop {
            let mut heard = tokio::select! {
                heard = listener.next() => heard,
                () = sender.closed() => return,
            };
            let mut batch = Batch::default();
            loop {
                match heard {
                    None => return,
                    Some(Heard::Next(item)) if wanted(&item) => batch.items.push(T::clone(&item)),
                    Some(Heard::Next(_)) => {}
                    // What was missed stands before what follows.
                    Some(Heard::Lagged(lost)) => {
                        let whole = std::mem::replace(
                            &mut batch,
                            Batch {
                                items: Vec::new(),
                                lost,
                            },
                        );
                        if !whole.is_empty() && sender.send(Ok(whole)).await.is_err() {
                            return;
                        }
                    }
                }
                if batch.items.len() >= MOST {
                    break;
                }
                // As far as it can be had at once.
                match listener.next().now_or_never() {
                    Some(next) => heard = next,
                    None => break,
                }
            }
            if !batch.is_empty() && sender.send(Ok(batch)).await.is_err() {
                return;
            }
            sleep(PAUSE).await;
        }
    });
    batches
}
