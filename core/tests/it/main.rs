//! Tests through the front door: a real Postgres, a real server, real requests.

mod api;
mod app;
mod catalogue;
mod fixture;
mod introspect;
mod layers;
mod matrix;
mod refusals;
mod serving;
mod survival;
