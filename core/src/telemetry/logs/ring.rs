//! The last lines of the log, kept in memory beside what is written.
//!
//! Every request writes a line, so a place in the ring is used again and again: names and numbers are kept as they are,
//! texts are copied into one buffer, and nothing is formatted before somebody reads it.

use std::cell::Cell;
use std::collections::VecDeque;
use std::fmt::{self, Write};
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use super::LogLine;
use crate::telemetry::feed::{Feed, Listener};
use crate::telemetry::observation::unix_milliseconds;

/// Lines that are kept.
const KEPT: usize = 1000;
/// Warnings and errors that are kept when the lines after them have pushed them out: requests are many.
const TROUBLES: usize = 300;
/// Most bytes of text of one line, message and values together; the rest is cut off.
const LONGEST: usize = 4096;
/// A buffer that grew beyond this is not used again: few lines need it.
const USUAL: usize = 512;

thread_local! {
    /// The buffers of a line that left the ring, for the next one.
    static SPARE: Cell<(String, Vec<(&'static str, Value)>)> = const { Cell::new((String::new(), Vec::new())) };
}

/// The last lines, and those who listen to new ones.
#[derive(Debug, Default)]
pub struct Ring {
    kept: Mutex<Kept>,
    feed: Feed<LogLine>,
}

#[derive(Debug, Default)]
struct Kept {
    number: u64,
    /// Warnings and errors from before `lines`.
    troubles: VecDeque<Line>,
    lines: VecDeque<Line>,
}

/// A line as it was said.
#[derive(Debug, Clone)]
struct Line {
    number: u64,
    at: i64,
    said: &'static Metadata<'static>,
    text: String,
    values: Vec<(&'static str, Value)>,
}

#[derive(Debug, Clone)]
enum Value {
    /// A part of the text.
    Text(Range<usize>),
    Signed(i64),
    Unsigned(u64),
    Float(f64),
    Bool(bool),
}

impl Ring {
    /// The lines that are kept, oldest first.
    #[must_use]
    pub fn recent(&self) -> Vec<LogLine> {
        // Copied under the lock, which every request's line takes, and formatted after it.
        let kept = self.kept();
        let lines: Vec<Line> = kept.troubles.iter().chain(&kept.lines).cloned().collect();
        drop(kept);
        lines.iter().map(Line::told).collect()
    }

    /// Lines from now on.
    #[must_use]
    pub fn listen(&self) -> Listener<LogLine> {
        self.feed.listen()
    }

    fn keep(&self, event: &Event<'_>) {
        // Recorded before the lock is taken: a value that itself logs while it is written must not wait for us.
        let (mut text, mut values) = SPARE.take();
        text.clear();
        text.shrink_to(USUAL);
        values.clear();
        let mut line = Line {
            number: 0,
            at: unix_milliseconds(),
            said: event.metadata(),
            text,
            values,
        };
        event.record(&mut line);
        let mut kept = self.kept();
        kept.number += 1;
        line.number = kept.number;
        // Under the lock, so that listeners hear the lines in order.
        self.feed.tell(|| line.told());
        let old = if kept.lines.len() >= KEPT {
            kept.lines.pop_front()
        } else {
            None
        };
        kept.lines.push_back(line);
        let old = match old {
            Some(trouble) if *trouble.said.level() <= Level::WARN => {
                kept.troubles.push_back(trouble);
                (kept.troubles.len() > TROUBLES)
                    .then(|| kept.troubles.pop_front())
                    .flatten()
            }
            old => old,
        };
        drop(kept);
        if let Some(old) = old {
            SPARE.set((old.text, old.values));
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // A panic in somebody's `Debug` leaves at worst a line that is missing.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Hands every line of the log to a ring.
#[derive(Debug, Clone, Copy)]
pub struct RingLayer(pub &'static Ring);

impl<S: Subscriber> Layer<S> for RingLayer {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        self.0.keep(event);
    }
}

impl Line {
    fn told(&self) -> LogLine {
        let mut message = String::new();
        let mut fields = Vec::with_capacity(self.values.len());
        for (name, value) in &self.values {
            let value = match value {
                Value::Text(range) => self.text.get(range.clone()).unwrap_or_default().to_owned(),
                Value::Signed(number) => number.to_string(),
                Value::Unsigned(number) => number.to_string(),
                Value::Float(number) => number.to_string(),
                Value::Bool(yes) => yes.to_string(),
            };
            if *name == "message" {
                message = value;
            } else {
                fields.push(((*name).to_owned(), value));
            }
        }
        LogLine {
            number: self.number,
            at: self.at,
            level: self.said.level().as_str().to_owned(),
            target: self.said.target().to_owned(),
            message,
            fields,
        }
    }

    fn write(&mut self, field: &Field, write: impl FnOnce(&mut Cut<'_>) -> fmt::Result) {
        let start = self.text.len();
        // It fails where there is no more room.
        if write(&mut Cut(&mut self.text)).is_err() {
            self.text.push('…');
        }
        self.values.push((field.name(), Value::Text(start..self.text.len())));
    }
}

impl Visit for Line {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.write(field, |cut| cut.write_str(value));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.write(field, |cut| write!(cut, "{value:?}"));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.values.push((field.name(), Value::Signed(value)));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.values.push((field.name(), Value::Unsigned(value)));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.values.push((field.name(), Value::Float(value)));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.values.push((field.name(), Value::Bool(value)));
    }
}

/// Writes as much as there is room for.
struct Cut<'a>(&'a mut String);

impl Write for Cut<'_> {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        let room = LONGEST.saturating_sub(self.0.len());
        let end = part.floor_char_boundary(room);
        self.0.push_str(part.get(..end).unwrap_or_default());
        if end == part.len() { Ok(()) } else { Err(fmt::Error) }
    }
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::filter::LevelFilter;
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;
    use crate::telemetry::feed::Heard;

    fn ring() -> &'static Ring {
        Box::leak(Box::default())
    }

    fn logging(ring: &'static Ring, log: impl FnOnce()) {
        let subscriber = tracing_subscriber::registry()
            .with(LevelFilter::INFO)
            .with(RingLayer(ring));
        tracing::subscriber::with_default(subscriber, log);
    }

    #[test]
    fn lines_keep_their_fields() {
        let ring = ring();
        logging(ring, || {
            tracing::debug!("below the level");
            let code: Option<&str> = None;
            tracing::warn!(target: "postgres", state = "58P01", code, tries = 3_i32, left = 7_u64, ms = 0.25, last = true, who = ?"x", "no {}", "file");
        });
        let lines = ring.recent();
        assert_eq!(lines.len(), 1, "{lines:?}");
        let line = &lines[0];
        assert_eq!(
            (
                line.number,
                line.level.as_str(),
                line.target.as_str(),
                line.message.as_str()
            ),
            (1, "WARN", "postgres", "no file")
        );
        let fields: Vec<String> = line
            .fields
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        assert_eq!(
            fields.join(" "),
            "state=58P01 tries=3 left=7 ms=0.25 last=true who=\"x\""
        );
        assert!(line.at > 1_700_000_000_000);
    }

    #[test]
    fn lines_are_bounded_in_number_and_length() {
        let ring = ring();
        logging(ring, || {
            for number in 0..KEPT + 5 {
                tracing::info!("{number}");
            }
            tracing::info!(more = "abc", "{}", "ö".repeat(LONGEST));
            tracing::info!(more = "abc", "short");
        });
        let lines = ring.recent();
        assert_eq!((lines.len(), lines[0].number), (KEPT, 8));
        assert!(lines.is_sorted_by_key(|line| line.number));
        let long = &lines[KEPT - 2];
        assert!(
            long.message.ends_with("ö…") && long.message.len() < LONGEST + 8,
            "{}",
            long.message.len()
        );
        assert_eq!(
            long.fields,
            [("more".to_owned(), "…".to_owned())],
            "nothing is left for the rest"
        );
        assert_eq!(
            (lines[KEPT - 1].message.as_str(), lines[KEPT - 1].fields[0].1.as_str()),
            ("short", "abc")
        );
    }

    #[tokio::test]
    async fn listeners_hear_new_lines() {
        let ring = ring();
        logging(ring, || tracing::info!("before"));
        let mut listener = ring.listen();
        logging(ring, || tracing::info!("after"));
        let Some(Heard::Next(line)) = listener.next().await else {
            panic!("nothing was heard")
        };
        assert_eq!((line.number, line.message.as_str()), (2, "after"));
    }
}
