//! Everything that talks to Postgres.

pub mod introspect;
