//! One file per route.

pub(super) mod create;
pub(super) mod delete;
pub(super) mod health;
pub(super) mod read;
pub(super) mod replace;
pub(super) mod update;
mod written;
