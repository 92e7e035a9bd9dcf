//! What a client asks, read from bytes: JSON bodies, queries, preferences. Pure, and without an HTTP type.

pub mod json;
