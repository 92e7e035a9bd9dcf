//! Windlass: a validated HTTP API over `PostgreSQL`, in one process.

pub mod db;
pub mod error;
