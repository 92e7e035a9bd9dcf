//! Notices that come often, but are to be told seldom.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The same notice is told at most once in such a time.
const PAUSE: Duration = Duration::from_mins(1);
/// More are not kept apart: what they are about comes from the project, not from clients.
const MOST: usize = 10_000;

/// What a notice is about, and its reason.
type Name = (String, &'static str);

/// Notices by what they are about.
#[derive(Debug, Default)]
pub struct Notices(Mutex<HashMap<Name, Told>>);

#[derive(Debug)]
struct Told {
    last: Instant,
    /// How many came since.
    since: u64,
}

impl Notices {
    /// Counts a notice. Gives how many there were since it was last told, this one among them, if it is time to tell it again.
    pub fn count(&self, about: &str, reason: &'static str, now: Instant) -> Option<u64> {
        let mut notices = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if notices.len() >= MOST {
            notices.clear();
        }
        let Some(told) = notices.get_mut(&(about.to_owned(), reason)) else {
            notices.insert((about.to_owned(), reason), Told { last: now, since: 0 });
            return Some(1);
        };
        told.since += 1;
        if now.saturating_duration_since(told.last) < PAUSE {
            return None;
        }
        told.last = now;
        Some(std::mem::take(&mut told.since))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_is_told_once_a_minute_with_its_number() {
        let (notices, start) = (Notices::default(), Instant::now());
        let at = |seconds, about, reason| notices.count(about, reason, start + Duration::from_secs(seconds));
        assert_eq!(at(0, "leads", "a"), Some(1));
        assert_eq!(at(1, "leads", "a"), None);
        assert_eq!(at(2, "leads", "b"), Some(1));
        assert_eq!(at(3, "events", "a"), Some(1));
        assert_eq!(at(61, "leads", "a"), Some(2));
        assert_eq!(at(62, "leads", "a"), None);
    }
}
