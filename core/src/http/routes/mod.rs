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

use std::convert::Infallible;
use std::pin::Pin;

use tokio::sync::oneshot;

use crate::db::lane::Reply;
use crate::error::{Code, Error, Result};
use crate::telemetry::stages::{Stage, Stopwatch};

/// Is there when a client has hung up.
type Gone = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What is kept as long as somebody waits, and what is there once it is dropped.
fn hold() -> (oneshot::Sender<Infallible>, Gone) {
    let (waiting, gone) = oneshot::channel::<Infallible>();
    (waiting, Box::pin(async move { _ = gone.await }))
}

/// Runs a read in a task of its own, so that its lane counts as taken until its statement has ended; what it is given is there
/// as soon as nobody waits for it any more, as the client has hung up.
async fn waited<F>(read: impl FnOnce(Gone) -> F) -> Result<Reply>
where
    F: Future<Output = Result<Reply>> + Send + 'static,
{
    let (waiting, gone) = hold();
    let task = tokio::spawn(read(gone));
    let reply = task.await.map_err(Error::internal)?;
    drop(waiting);
    reply
}

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
