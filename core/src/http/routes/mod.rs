//! One file per route.

pub(super) mod call;
mod cost;
pub(super) mod create;
pub(super) mod delete;
pub(super) mod health;
pub(super) mod nearest;
pub(super) mod read;
mod reckon;
pub(super) mod replace;
pub(super) mod sql_route;
mod stream;
pub(super) mod update;
mod written;

use crate::db::lane::Reply;
use crate::error::{Code, Result};
use crate::telemetry::stages::{Stage, Stopwatch};

/// Ends the stage of the database: what was spent waiting for a lane is told apart.
fn lane(watch: &mut Stopwatch, reply: Result<Reply>) -> Result<Reply> {
    match &reply {
        Ok(reply) => watch.waited(reply.wait),
        Err(error) if error.code() == Code::PoolTimeout => watch.waited_in_vain(),
        Err(_) => {}
    }
    watch.enter(Stage::Http);
    reply
}
