//! Windlass: a validated HTTP API over `PostgreSQL`, in one process.
//!
//! The modules stand in the order in which they may use each other: each imports only from those above it.

pub mod diagnostic;
pub mod error;
pub mod suggest;

pub mod config;

pub mod catalog;
pub mod contract;
pub mod request;
pub mod validate;
pub mod plan;
pub mod sql;
pub mod openapi;
pub mod telemetry;
pub mod db;
pub mod app;
pub mod doctor;
pub mod guards;
pub mod http;
pub mod admin;
