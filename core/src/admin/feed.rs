//! Live streams: what was said since the last look, in batches, with what was missed.

use std::time::Duration;

use tokio::sync::{broadcast, mpsc};
use tokio::time::sleep;

use crate::error::Result;

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

/// Batches as they come; it ends with the service, or after an error. Dropping it ends the stream.
pub type Feed<T> = mpsc::Receiver<Result<Batch<T>>>;

/// Carries what is broadcast into a feed, as far as `wanted` agrees.
pub(super) fn pump<S, T>(
    mut source: broadcast::Receiver<S>,
    wanted: impl Fn(&S) -> Option<T> + Send + 'static,
) -> Feed<T>
where
    S: Clone + Send + 'static,
    T: Send + 'static,
{
    let (sender, feed) = mpsc::channel(2);
    tokio::spawn(async move {
        loop {
            let first = tokio::select! {
                first = source.recv() => first,
                () = sender.closed() => return,
            };
            let mut batch = Batch {
                items: Vec::new(),
                lost: 0,
            };
            match first {
                Ok(item) => batch.items.extend(wanted(&item)),
                Err(broadcast::error::RecvError::Lagged(missed)) => batch.lost += missed,
                Err(broadcast::error::RecvError::Closed) => return,
            }
            while batch.items.len() < MOST {
                match source.try_recv() {
                    Ok(item) => batch.items.extend(wanted(&item)),
                    // What was missed stands before what follows, so it belongs to the next batch.
                    Err(broadcast::error::TryRecvError::Lagged(missed)) if batch.items.is_empty() => {
                        batch.lost += missed;
                    }
                    Err(broadcast::error::TryRecvError::Lagged(missed)) => {
                        let whole = std::mem::replace(
                            &mut batch,
                            Batch {
                                items: Vec::new(),
                                lost: missed,
                            },
                        );
                        if sender.send(Ok(whole)).await.is_err() {
                            return;
                        }
                    }
                    Err(_) => break,
                }
            }
            if (!batch.items.is_empty() || batch.lost > 0) && sender.send(Ok(batch)).await.is_err() {
                return;
            }
            sleep(PAUSE).await;
        }
    });
    feed
}
