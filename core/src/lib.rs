//! Windlass: a validated HTTP API over `PostgreSQL`, in one process.
//!
//! The modules stand in the order in which they may use each other: each imports only from those above it.

pub mod error;

pub mod catalog;
pub mod contract;
pub mod db;
