//! One voice, many listeners: what is said costs nothing while nobody listens, and never waits for a slow listener.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::broadcast::{self, error::RecvError};

/// What a listener may be behind before it loses the oldest.
const BEHIND: usize = 1024;

/// Tells everything to all listeners.
#[derive(Debug)]
pub struct Feed<T> {
    sender: broadcast::Sender<Arc<T>>,
    // The channel counts its listeners too, but behind a lock.
    listeners: Arc<AtomicUsize>,
}

/// One listener.
#[derive(Debug)]
pub struct Listener<T> {
    receiver: broadcast::Receiver<Arc<T>>,
    listeners: Arc<AtomicUsize>,
}

/// What a listener is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard<T> {
    /// The next one.
    Next(Arc<T>),
    /// It was too slow: so many are lost.
    Lagged(u64),
}

impl<T> Default for Feed<T> {
    fn default() -> Self {
        Self {
            sender: broadcast::Sender::new(BEHIND),
            listeners: Arc::default(),
        }
    }
}

impl<T> Feed<T> {
    /// Tells what `make` makes; it is not called while nobody listens.
    pub fn tell(&self, make: impl FnOnce() -> T) {
        if self.listeners.load(Ordering::Relaxed) > 0 {
            // An error says that the last listener has just left.
            drop(self.sender.send(Arc::new(make())));
        }
    }

    /// Listens from now on.
    #[must_use]
    pub fn listen(&self) -> Listener<T> {
        let receiver = self.sender.subscribe();
        self.listeners.fetch_add(1, Ordering::Relaxed);
        Listener {
            receiver,
            listeners: Arc::clone(&self.listeners),
        }
    }
}

impl<T> Listener<T> {
    /// The next one; `None` when nothing will come any more. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<Heard<T>> {
        match self.receiver.recv().await {
            Ok(next) => Some(Heard::Next(next)),
            Err(RecvError::Lagged(lost)) => Some(Heard::Lagged(lost)),
            Err(RecvError::Closed) => None,
        }
    }
}

impl<T> Drop for Listener<T> {
    fn drop(&mut self) {
        self.listeners.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nothing_is_made_for_nobody_and_slow_listeners_are_told_what_they_lost() {
        let feed = Feed::<usize>::default();
        feed.tell(|| panic!("made for nobody"));
        let mut slow = feed.listen();
        for number in 0..BEHIND + 3 {
            feed.tell(|| number);
        }
        assert_eq!(slow.next().await, Some(Heard::Lagged(3)));
        assert_eq!(slow.next().await, Some(Heard::Next(Arc::new(3))));
        drop(slow);
        feed.tell(|| panic!("made for nobody again"));
        let mut late = feed.listen();
        drop(feed);
        assert_eq!(late.next().await, None);
    }
}
