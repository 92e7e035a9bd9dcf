//! Migrations on a real cluster.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod applying;
mod dumping;
mod project;
mod rehearsing;
