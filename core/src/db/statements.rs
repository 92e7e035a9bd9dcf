//! How long each statement of the lanes took, by its text.
//!
//! A connection keeps the figures beside its prepared statement, so that a run costs a few additions and no search.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::inspect::SlowStatement;

/// Most statements that are remembered; the one that rested longest makes room.
const REMEMBERED: usize = 500;
/// Most bytes of a text that are remembered.
const KEPT_TEXT: usize = 8 * 1024;

/// The figures of all statements.
#[derive(Debug)]
pub(super) struct Statements {
    started: Instant,
    known: Mutex<HashMap<String, Arc<Figures>>>,
}

/// The figures of one statement.
#[derive(Debug)]
pub(super) struct Figures {
    started: Instant,
    calls: AtomicU64,
    total_ns: AtomicU64,
    max_ns: AtomicU64,
    rows: AtomicU64,
    /// When it ran last, in nanoseconds since `started`.
    last_ns: AtomicU64,
    forgotten: AtomicBool,
}

/// One run; it is counted when it ends, however it ends.
#[derive(Debug)]
pub(super) struct Run<'a> {
    figures: &'a Figures,
    started: Instant,
    pub(super) rows: u64,
}

impl Default for Statements {
    fn default() -> Self {
        Self {
            started: Instant::now(),
            known: Mutex::default(),
        }
    }
}

impl Statements {
    /// The figures of a statement.
    pub(super) fn of(&self, text: &str) -> Arc<Figures> {
        let text = text.get(..text.floor_char_boundary(KEPT_TEXT)).unwrap_or(text);
        let mut known = self.known();
        if let Some(figures) = known.get(text) {
            return Arc::clone(figures);
        }
        if known.len() >= REMEMBERED {
            let oldest = known
                .iter()
                .min_by_key(|(_, figures)| figures.last_ns.load(Ordering::Relaxed))
                .map(|(text, _)| text.clone());
            if let Some(figures) = oldest.and_then(|text| known.remove(&text)) {
                figures.forgotten.store(true, Ordering::Relaxed);
            }
        }
        let figures = Arc::new(Figures {
            started: self.started,
            calls: AtomicU64::new(0),
            total_ns: AtomicU64::new(0),
            max_ns: AtomicU64::new(0),
            rows: AtomicU64::new(0),
            // As if it had run: else the next newcomer would push it out before its first run ends.
            last_ns: AtomicU64::new(nanoseconds(self.started.elapsed())),
            forgotten: AtomicBool::new(false),
        });
        known.insert(text.to_owned(), Arc::clone(&figures));
        figures
    }

    /// All that ran, most total time first.
    pub(super) fn slow(&self) -> Vec<SlowStatement> {
        let known = self.known();
        let mut all: Vec<SlowStatement> = known
            .iter()
            .map(|(text, figures)| figures.told(text))
            .filter(|told| told.calls > 0)
            .collect();
        drop(known);
        all.sort_by(|a, b| b.total_ms.total_cmp(&a.total_ms));
        all
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, Arc<Figures>>> {
        // A panic elsewhere leaves at worst an entry too many.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Figures {
    /// Whether they made room for others: what is counted here is not seen any more.
    pub(super) fn is_forgotten(&self) -> bool {
        self.forgotten.load(Ordering::Relaxed)
    }

    /// Begins a run.
    pub(super) fn run(&self) -> Run<'_> {
        Run {
            figures: self,
            started: Instant::now(),
            rows: 0,
        }
    }

    fn told(&self, text: &str) -> SlowStatement {
        let calls = self.calls.load(Ordering::Relaxed);
        let milliseconds = |ns: &AtomicU64| Duration::from_nanos(ns.load(Ordering::Relaxed)).as_secs_f64() * 1e3;
        let total_ms = milliseconds(&self.total_ns);
        #[expect(clippy::cast_precision_loss, reason = "a mean needs no more digits")]
        let mean_ms = total_ms / calls.max(1) as f64;
        SlowStatement {
            statement: text.to_owned(),
            calls,
            total_ms,
            mean_ms,
            max_ms: milliseconds(&self.max_ns),
            rows: self.rows.load(Ordering::Relaxed),
        }
    }
}

impl Drop for Run<'_> {
    fn drop(&mut self) {
        let now = Instant::now();
        let took = nanoseconds(now - self.started);
        let figures = self.figures;
        figures.calls.fetch_add(1, Ordering::Relaxed);
        figures.total_ns.fetch_add(took, Ordering::Relaxed);
        figures.rows.fetch_add(self.rows, Ordering::Relaxed);
        if took > figures.max_ns.load(Ordering::Relaxed) {
            figures.max_ns.fetch_max(took, Ordering::Relaxed);
        }
        let last = nanoseconds(now.saturating_duration_since(figures.started));
        figures.last_ns.store(last, Ordering::Relaxed);
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_one_that_rested_longest_makes_room() {
        let statements = Statements::default();
        let run = |text: &str| statements.of(text).run().rows += 2;
        for number in 0..REMEMBERED {
            run(&format!("SELECT {number}"));
        }
        let (first, second) = (statements.of("SELECT 0"), statements.of("SELECT 1"));
        run("SELECT 0");
        run("SELECT new");
        assert!(!first.is_forgotten() && second.is_forgotten());
        let slow = statements.slow();
        assert_eq!(slow.len(), REMEMBERED);
        assert!(slow.is_sorted_by(|a, b| a.total_ms >= b.total_ms));
        let told = slow.iter().find(|told| told.statement == "SELECT 0").unwrap();
        assert_eq!((told.calls, told.rows), (2, 4));
        assert!(told.max_ms <= told.total_ms && told.mean_ms <= told.max_ms);
    }

    #[test]
    fn long_texts_are_cut_and_what_never_ran_is_not_told() {
        let statements = Statements::default();
        let long = "ä".repeat(KEPT_TEXT);
        drop(statements.of(&long).run());
        drop(statements.of("SELECT 1"));
        let slow = statements.slow();
        assert_eq!((slow.len(), slow[0].statement.len()), (1, KEPT_TEXT));
    }
}
