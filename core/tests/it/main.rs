//! Tests through the front door: a real Postgres, a real server, real requests.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

mod admin;
mod api;
mod app;
mod auth;
mod catalogue;
mod cost;
mod dialect;
mod doctor;
mod fixture;
mod guards;
mod injection;
mod inspect;
mod introspect;
mod layers;
mod matrix;
mod paging;
mod refusals;
mod rpc;
mod serving;
mod sql_routes;
mod streams;
mod survival;
mod telemetry;
mod vectors;
mod writes;
