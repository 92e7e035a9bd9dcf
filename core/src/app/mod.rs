//! The handles that a running service shares.

pub mod context;

pub use context::{Context, Limits, Published};
