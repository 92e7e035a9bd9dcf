//! The program as an operator runs it: the demo, its API, its docs in a real browser, its console in a real
//! terminal, its dialect with a real client.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod console;
mod docs;
mod postgrest_js;
mod service;
mod terminal;
