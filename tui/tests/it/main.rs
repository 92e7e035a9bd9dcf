//! The console without a terminal: states made by messages alone, painted into memory.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

mod acts;
mod docs;
mod fixture;
mod forms;
mod screens;
mod streams;
mod watch;
