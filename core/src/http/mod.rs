//! HTTP: the only place that knows statuses and headers.

mod accept;
mod body;
mod docs;
mod encoding;
pub mod problem;
mod reply;
mod router;
mod routes;
pub mod server;

pub use reply::Reply;
pub use server::Server;
