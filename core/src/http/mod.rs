//! HTTP: the only place that knows statuses and headers.

mod body;
mod challenge;
mod docs;
mod encoding;
mod forms;
mod links;
mod once;
pub mod problem;
mod profile;
mod refusal;
mod reply;
mod router;
mod routes;
pub mod server;
mod shared;

pub use refusal::Refusal;
pub use reply::Reply;
pub use server::Server;
